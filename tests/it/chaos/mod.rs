//! Mixed calls by the hundred while every fault of the sandbox hits one request in twenty: what the model is told, what
//! the audit log says and what took effect agree. `ERPNEXT_MCP_CHAOS=10000` makes at least as many calls, by another
//! chance with `ERPNEXT_MCP_CHAOS_SEED`.

mod clerk;
mod ended;
mod errands;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use erpnext_mcp::app::{App, Connection};
use erpnext_mcp::audit::{Audit, Head, review, verify};
use erpnext_mcp::context::client_options;
use erpnext_mcp::site::{Client, ClientOptions, Cooldown, Retry};
use erpnext_sandbox::query::List;
use erpnext_sandbox::{Fault, FaultKind, Sandbox};
use erpnext_schema::flag;
use serde_json::{Value, json};

use crate::sandbox::SampleSite;
use crate::support::{all, load, stated};
use clerk::{Clerk, Known, Tally};

/// How many clerks call at once, each on documents of its own.
const CLERKS: usize = 16;
const ROUNDS: usize = 10;

fn turns() -> usize {
    stated("ERPNEXT_MCP_CHAOS").unwrap_or(100)
}

/// A server; all of one folder are servers of one machine, with one log.
fn app(site: &Sandbox, folder: &Path) -> Connection {
    let log = folder.join("audit.log");
    let mut config = load(&json!({
        "erpnext": {"url": site.url(), "api_key": "administrator", "api_secret": "secret", "concurrent_requests": CLERKS},
        "permissions": {"default": all(), "confirm_argument": true},
        "audit": {"enabled": true, "log_file": log},
        "cache": {"enabled": true},
    }));
    config.state_folder = Some(folder.to_owned());
    let options = ClientOptions {
        timeout: Duration::from_millis(400),
        retry: Retry { first: Duration::from_millis(1), longest: Duration::from_millis(20), times: 4 },
        cooldown: Cooldown {
            first: Duration::from_millis(1),
            longest: Duration::from_millis(5),
            ..Cooldown::default()
        },
        ..client_options(&config)
    };
    let audit = Audit::open(&config.audit).unwrap();
    App::with_client(&config, Client::new(options).unwrap(), audit).unwrap().1
}

/// The faults of one round: each kind of the sandbox, an error status in each form as the rounds go by.
fn faults(round: usize) -> impl Iterator<Item = FaultKind> {
    let in_turn = move |statuses: [u16; 3]| statuses[round % 3];
    FaultKind::EACH.into_iter().map(move |kind| match kind {
        // A second of patience for everybody, hundreds of times, would only make this long.
        FaultKind::TooManyRequests(_) => FaultKind::TooManyRequests(0),
        FaultKind::Json(_) => FaultKind::Json(in_turn([500, 502, 503])),
        FaultKind::Html(_) => FaultKind::Html(in_turn([502, 503, 500])),
        FaultKind::HtmlAfter(_) => FaultKind::HtmlAfter(in_turn([504, 502, 503])),
        FaultKind::JsonAfter(_) => FaultKind::JsonAfter(in_turn([524, 500, 504])),
        kind => kind,
    })
}

/// The lines about one attempt.
#[derive(Default)]
struct Attempt {
    tool: String,
    operation: String,
    doctype: String,
    intents: usize,
    results: Vec<String>,
}

impl Attempt {
    /// How often it may have been done, by what the log says.
    fn wanted(&self) -> RangeInclusive<usize> {
        let [result] = self.results.as_slice() else { panic!("{:?} of {}", self.results, self.tool) };
        match (self.operation.as_str(), result.as_str()) {
            ("READ", _) | (_, "FAILED" | "DENIED") => 0..=0,
            // A batch as a whole does nothing itself, and a key may find what was made before.
            (_, "ALLOWED") if self.is_batch() || self.doctype == "Note" => 0..=1,
            (_, "ALLOWED") => 1..=1,
            _ => 0..=1,
        }
    }

    fn is_batch(&self) -> bool {
        self.tool.contains("_bulk_")
    }

    fn is(&self, result: &str) -> bool {
        self.results == [result]
    }
}

fn attempts(log: &Path) -> BTreeMap<String, Attempt> {
    let mut attempts = BTreeMap::<String, Attempt>::new();
    for line in review::lines(log).unwrap() {
        let line: Value = serde_json::from_slice(&line.unwrap().bytes).unwrap();
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let attempt = attempts.entry(text("id")).or_default();
        (attempt.tool, attempt.operation, attempt.doctype) = (text("tool"), text("operation"), text("doctype"));
        match text("result") {
            intent if intent == "INTENT" => attempt.intents += 1,
            result => attempt.results.push(result),
        }
    }
    attempts
}

/// What this process holds in memory beside the documents of the site, in megabytes; nothing where the system does not say.
fn resident(site: &Sandbox) -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let all = pages.split(' ').nth(1)?.parse::<u64>().ok()? * 4_096;
    // The site keeps all that it is told, in this process.
    let of = |pragma: &str| {
        let rows = site.with(|site| site.sql(pragma, &[], &["n"])).ok()?;
        rows.first()?.get("n")?.as_u64()
    };
    let kept = of("PRAGMA page_count")? * of("PRAGMA page_size")?;
    Some(all.saturating_sub(kept) / 1_000_000)
}

/// A site whose Notes keep the key that a create was made with.
async fn site() -> Sandbox {
    let site = SampleSite::bench().await.sandbox;
    let added = site.with(|site| {
        let mut form = site.meta.form("Note").unwrap().clone();
        let mut field = form.fields[0].clone();
        (field.fieldname, field.flags) = ("idempotency_key".to_owned(), flag::CUSTOM | flag::UNIQUE);
        form.fields.push(field);
        site.meta.set(form);
        Ok(())
    });
    added.unwrap();
    site
}

/// Whether the stored document holds this; of rows the columns that are named.
fn holds(stored: &Value, wanted: &Value) -> bool {
    wanted.as_object().unwrap().iter().all(|(key, wanted)| match (wanted, &stored[key]) {
        (Value::Array(wanted), Value::Array(rows)) => {
            wanted.len() == rows.len() && wanted.iter().zip(rows).all(|(wanted, row)| holds(row, wanted))
        }
        (wanted, now) => wanted == now,
    })
}

/// That the documents are as their clerks were told.
fn check_documents(site: &Sandbox, tally: &Tally) {
    let stored = |doctype: &str, name: &str| site.with(|site| site.load(doctype, name)).ok().map(Value::Object);
    for Known { doctype, name, holds: wanted } in &tally.known {
        let now = stored(doctype, name).unwrap_or_else(|| panic!("{doctype} {name} is lost: {wanted}"));
        assert!(holds(&now, wanted), "{doctype} {name} is {now}, and its clerk was told {wanted}");
    }
    for name in &tally.gone {
        assert_eq!(stored("ToDo", name), None, "was told to be deleted");
    }
    let list = List { fields: json!(["idempotency_key"]), ..List::default() };
    let mut kept = BTreeMap::<String, usize>::new();
    for note in site.with(|site| site.list("Note", &list)).unwrap() {
        *kept.entry(note["idempotency_key"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    for (key, made) in &tally.keys {
        let times = kept.remove(key).unwrap_or_default();
        assert!(if made.is_empty() { times <= 1 } else { times == 1 }, "{times} documents with the key {key:?}");
        assert!(made.len() <= 1, "{made:?} were told to be made with the key {key:?}");
    }
    assert!(kept.is_empty(), "made without their keys: {kept:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_write_is_lost_or_doubled_whatever_goes_wrong() {
    // In a process of its own: what it holds in memory is then what the calls leave, and no other test's site.
    const ALONE: &str = "CHAOS_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let test = ["--exact", "chaos::no_write_is_lost_or_doubled_whatever_goes_wrong", "--nocapture"];
        let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
        let ran = alone.args(test).env(ALONE, "1").output().unwrap();
        let _ = std::io::stderr().write_all(&ran.stderr);
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
        return;
    }
    let (folder, turns) = (tempfile::tempdir().unwrap(), turns());
    let log = folder.path().join("audit.log");
    let site = site().await;
    let servers = [app(&site, folder.path()), app(&site, folder.path())];
    let seed = stated("ERPNEXT_MCP_CHAOS_SEED").unwrap_or(7);
    site.faults().seed(seed);
    let clerk = |id: usize| Clerk::new(&servers[id % servers.len()], id, seed);
    let mut clerks: Vec<Clerk<'_>> = (0..CLERKS).map(clerk).collect();
    let mut memory: Vec<u64> = resident(&site).into_iter().collect();
    for round in 0..ROUNDS {
        site.faults().clear();
        for kind in faults(round) {
            site.faults().add(Fault::new(kind).path("/api/").chance(0.05));
        }
        let share = turns.div_ceil(ROUNDS * CLERKS);
        let round = clerks.iter_mut().map(|clerk| Box::pin(clerk.turns(share)));
        futures_util::future::join_all(round).await;
        memory.extend(resident(&site));
    }
    let mut tally = Tally::default();
    clerks.into_iter().for_each(|clerk| tally.add(clerk.tally()));
    site.faults().clear();

    let head = Head::of(&log).unwrap();
    let lines = verify::verify(review::lines(&log).unwrap(), head.as_ref(), None).unwrap();
    assert!(lines.is_ok(), "the chain is broken: {lines:?}");
    let attempts = attempts(&log);
    let calls: usize = tally.told.values().sum();
    // Of a batch that was stopped, the account ends before the rows that were refused last: they are left for the next call.
    let beside = attempts.len().checked_sub(calls + tally.members).expect("every attempt is in the audit log");
    let refused = attempts.values().filter(|attempt| attempt.is_batch() && attempt.is("FAILED")).count();
    assert!(beside <= refused, "{beside} attempts that nobody made, and {refused} refused rows");
    let mut effects = BTreeMap::<String, usize>::new();
    for write in site.journal() {
        *effects.entry(write.request_id.unwrap_or_default()).or_default() += 1;
    }
    let (written, mut idle) = (effects.values().sum::<usize>(), 0);
    for (id, attempt) in &attempts {
        let (done, wanted) = (effects.remove(id).unwrap_or_default(), attempt.wanted());
        let Attempt { tool, operation, doctype, intents, results } = attempt;
        assert!(wanted.contains(&done), "{id}: {tool} {operation} {doctype} is {results:?} and was done {done} times");
        assert!(done <= *intents && *intents <= 1, "{id}: {tool} was done {done} times with {intents} intents");
        // What a key found was made before: nothing was to be sent.
        let found = doctype == "Note" && done == 0;
        assert!(operation == "READ" || !attempt.is("ALLOWED") || found || *intents == 1, "{id}: {tool} has no intent");
        idle += usize::from(attempt.is_batch() && attempt.is("ALLOWED") && done == 0);
    }
    assert!(effects.is_empty(), "writes that no attempt stands for: {effects:?}");
    assert_eq!(idle, tally.batches, "rows that are told as done and were not");
    check_documents(&site, &tally);
    let _ = writeln!(
        std::io::stderr(),
        "{calls} calls, {} documents in {} batches, {written} writes; told {:?}; {} documents as told, {} \
         keys; faults {:?}; resident MB at the start and by round {memory:?}",
        tally.members,
        tally.batches,
        tally.told,
        tally.known.len() + tally.gone.len(),
        tally.keys.len(),
        site.faults().hits()
    );
    // What each call leaves in the sandbox and the bounded stores fill up at first. A short run says nothing of memory.
    let long = turns >= 5_000;
    if let ([.., middle, _, _, _, _, last], true) = (&memory[..], long) {
        assert!(*last <= middle + 16, "memory grows: {memory:?}");
    }
}
