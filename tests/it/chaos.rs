//! Mixed calls by the hundred while every fault of the sandbox hits one request in twenty: what the model is told, what
//! the audit log says and what took effect agree. `ERPNEXT_MCP_CHAOS=10000` makes as many calls.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use erpnext_mcp::audit::{Audit, review};
use erpnext_mcp::call::{App, client_options};
use erpnext_mcp::caller::{Caller, Credentials};
use erpnext_mcp::site::{Client, ClientOptions, Rest, Retry, SiteUrl};
use erpnext_sandbox::{Fault, Kind, Options, Sandbox};
use serde_json::{Value, json};

use crate::support::{all, load};

/// How many callers call at once, each on documents of its own.
const CALLERS: usize = 16;

fn calls() -> usize {
    std::env::var("ERPNEXT_MCP_CHAOS").ok().and_then(|calls| calls.parse().ok()).unwrap_or(500)
}

fn app(site: &Sandbox, log: &Path) -> App {
    let config = load(&json!({
        "erpnext": {"url": site.url(), "api_key": "administrator", "api_secret": "secret", "concurrent_requests": CALLERS},
        "permissions": {"default": all(), "confirm_argument": true},
        "audit": {"enabled": true, "log_file": log},
        "cache": {"enabled": true},
    }));
    let options = ClientOptions {
        timeout: Duration::from_millis(400),
        retry: Retry { first: Duration::from_millis(1), longest: Duration::from_millis(20), times: 4 },
        rest: Rest { first: Duration::from_millis(1), longest: Duration::from_millis(5), ..Rest::default() },
        ..client_options(&config)
    };
    let url = SiteUrl::parse(&config.erpnext.url, false).unwrap();
    let credentials = Credentials::new(config.erpnext.api_key.clone(), config.erpnext.api_secret.clone()).unwrap();
    let audit = Audit::open(&config.audit).unwrap();
    App::new(&config, Client::new(options).unwrap(), Caller::new(url, credentials), audit)
}

/// A caller that remembers which documents it made.
struct Model<'a> {
    app: &'a App,
    id: usize,
    random: u64,
    documents: Vec<String>,
    told: BTreeMap<&'static str, usize>,
}

impl<'a> Model<'a> {
    fn new(app: &'a App, id: usize) -> Self {
        Self { app, id, random: id as u64, documents: Vec::new(), told: BTreeMap::new() }
    }

    fn throw(&mut self, sides: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % sides
    }

    async fn call(&mut self, tool: &str, mut arguments: Value) -> Option<Value> {
        arguments["doctype"] = json!("ToDo");
        let tool = self.app.registry.find(tool).unwrap();
        let arguments = arguments.as_object().unwrap().clone();
        match self.app.call(tool, arguments, None).await {
            Ok((data, _)) => {
                *self.told.entry("ALLOWED").or_default() += 1;
                Some(data)
            }
            Err(error) => {
                *self.told.entry(error.outcome().as_str()).or_default() += 1;
                None
            }
        }
    }

    async fn calls(mut self, times: usize) -> BTreeMap<&'static str, usize> {
        for i in 0..times {
            let words = format!("caller {} call {i}", self.id);
            let known = self.documents.last().cloned();
            match (self.throw(10), known) {
                (0..=2, _) | (_, None) => {
                    let made = self.call("create_generic_document", json!({"data": {"description": words}})).await;
                    self.documents.extend(made.and_then(|made| Some(made.get("created")?.as_str()?.to_owned())));
                }
                (3..=5, Some(name)) => {
                    let data = json!({"description": words, "priority": "High"});
                    self.call("update_generic_document", json!({"name": name, "data": data})).await;
                }
                (6, Some(name)) => {
                    self.documents.pop();
                    self.call("delete_generic_document", json!({"name": name, "confirm": true})).await;
                }
                (7, Some(name)) => {
                    self.call("get_generic_document", json!({ "name": name })).await;
                }
                (8, _) => {
                    self.call("list_generic_documents", json!({"filters": {"priority": "High"}, "count": true})).await;
                }
                _ => {
                    self.call("search_generic_documents", json!({"search_term": "call"})).await;
                }
            }
        }
        self.told
    }
}

/// The lines about one attempt.
#[derive(Default)]
struct Attempt {
    intents: usize,
    results: Vec<String>,
}

fn attempts(log: &Path) -> BTreeMap<String, Attempt> {
    let mut attempts = BTreeMap::<String, Attempt>::new();
    for line in review::lines(log).unwrap() {
        let line: Value = serde_json::from_str(&line.unwrap().text).unwrap();
        let attempt = attempts.entry(line["id"].as_str().unwrap().to_owned()).or_default();
        match line["result"].as_str().unwrap() {
            "INTENT" => attempt.intents += 1,
            result => attempt.results.push(format!("{} {result}", line["operation"].as_str().unwrap())),
        }
    }
    attempts
}

/// What this process holds in memory, sandbox included, in megabytes; nothing where the system does not say.
fn resident() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    pages.split(' ').nth(1)?.parse::<u64>().ok().map(|pages| pages * 4_096 / 1_000_000)
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
    let (folder, calls) = (tempfile::tempdir().unwrap(), calls());
    let log = folder.path().join("audit.log");
    let site = Sandbox::start(Options::default()).await.unwrap();
    let app = app(&site, &log);
    site.faults().seed(7);
    for kind in Kind::EACH {
        // A second of patience for everybody, hundreds of times, would only make this long.
        let kind = if matches!(kind, Kind::TooManyRequests(_)) { Kind::TooManyRequests(0) } else { kind };
        site.faults().add(Fault::new(kind).path("/api/").chance(0.05));
    }
    let mut told = BTreeMap::new();
    let mut memory = Vec::new();
    for round in 0..10 {
        let callers = (0..CALLERS).map(|id| {
            let share = calls / 10 / CALLERS + usize::from(id < calls / 10 % CALLERS);
            Box::pin(Model::new(&app, round * CALLERS + id).calls(share))
        });
        for some in futures_util::future::join_all(callers).await {
            some.into_iter().for_each(|(outcome, count)| *told.entry(outcome).or_insert(0) += count);
        }
        memory.extend(resident());
    }
    site.faults().clear();

    let lines = review::verify(review::lines(&log).unwrap()).unwrap();
    assert!(lines.is_ok(), "the chain is broken: {lines:?}");
    let attempts = attempts(&log);
    assert_eq!(attempts.len(), calls / 10 * 10, "every attempt is in the audit log");
    let mut effects = BTreeMap::<String, usize>::new();
    for write in site.journal() {
        *effects.entry(write.request_id.unwrap_or_default()).or_default() += 1;
    }
    for (id, attempt) in &attempts {
        let done = effects.remove(id).unwrap_or_default();
        let [result] = attempt.results.as_slice() else { panic!("{id}: {:?}", attempt.results) };
        let (operation, result) = result.split_once(' ').unwrap();
        let wanted = match (operation, result) {
            ("READ", _) | (_, "FAILED" | "DENIED") => 0..=0,
            (_, "ALLOWED") => 1..=1,
            _ => 0..=1,
        };
        assert!(wanted.contains(&done), "{id}: {operation} is {result} and was done {done} times");
        assert!(done <= attempt.intents, "{id}: done without an intent");
    }
    assert!(effects.is_empty(), "writes that no attempt stands for: {effects:?}");
    let _ = writeln!(
        std::io::stderr(),
        "{calls} calls, told {told:?}; faults {:?}; resident MB by round {memory:?}",
        site.faults().hits()
    );
    // What each call leaves in the sandbox and the bounded stores fill up at first. The memory of other tests in this
    // process would count too, so only a run of its own says anything.
    let alone = std::env::var_os("ERPNEXT_MCP_CHAOS").is_some();
    if let ([.., middle, _, _, _, _, last], true) = (&memory[..], alone) {
        assert!(*last <= middle + 40, "memory grows: {memory:?}");
    }
}
