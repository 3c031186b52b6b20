//! Whatever a configuration permits, documents hold and a client asks: no value that the configuration forbids is in
//! anything that leaves the server. Every value is a canary, which stands nowhere else; so a leak is found by search.
//!
//! A run makes 200 cases; `ERPNEXT_MCP_CANARY=100000 cargo test --test it canary::` as many, and
//! `ERPNEXT_MCP_CANARY_CASE=1234` only the one that a failure names.

mod added;
mod calls;
mod chance;
mod data;
mod filled;
mod rules;
mod search;
mod session;
mod twin;
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use erpnext_mcp::app::Connection;
use erpnext_mcp::audit::Audit;
use erpnext_sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::sandbox::SampleSite;
use crate::support::{app_from, load, stated};
use calls::{Call, Caller};
use chance::Chance;
use rules::Rules;
use session::{Session, Sink};
use world::World;

/// After so many cases a site is left: what its server made of the documents stays on it.
const CASES_ON_A_SITE: u64 = 150;

/// What came of the cases, so that a run which tried nothing is seen.
#[derive(Default)]
struct Tally {
    cases: AtomicU64,
    calls: AtomicU64,
    refused: AtomicU64,
    forbidden: AtomicU64,
    written: AtomicU64,
}

#[test]
fn no_value_of_a_forbidden_field_leaves_the_server() {
    let (first, last) = match stated("ERPNEXT_MCP_CANARY_CASE") {
        Some(case) => (case, case + 1),
        None => (0, stated("ERPNEXT_MCP_CANARY").unwrap_or(200)),
    };
    let (next, tally) = (AtomicU64::new(first), Tally::default());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(|| work(&next, last, &tally))).collect();
        let failed: Vec<_> = workers.into_iter().filter_map(|worker| worker.join().err()).collect();
        if let Some(failed) = failed.into_iter().next() {
            std::panic::resume_unwind(failed);
        }
    });
    let [cases, calls, refused, forbidden, written] =
        [&tally.cases, &tally.calls, &tally.refused, &tally.forbidden, &tally.written]
            .map(|count| count.load(Ordering::Relaxed));
    eprintln!(
        "{cases} cases, {calls} calls, {refused} of them refused; {forbidden} values were forbidden, {written} bytes searched"
    );
    assert!(
        cases == last - first && (cases < 100 || calls > cases && refused < calls * 8 / 10 && forbidden > cases * 10)
    );
}

fn work(next: &AtomicU64, last: u64, tally: &Tally) {
    // One thread: the log is each thread's own.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    loop {
        let site = runtime.block_on(SampleSite::bench());
        site.sandbox.with(added::add_fields).unwrap();
        for _ in 0..CASES_ON_A_SITE {
            let case = next.fetch_add(1, Ordering::Relaxed);
            if case >= last {
                return;
            }
            if let Err(leak) = runtime.block_on(run(&site, case, tally)) {
                next.store(last, Ordering::Relaxed);
                panic!("{leak}");
            }
        }
    }
}

/// A server's inside by chance, on the site and with an audit log.
fn app(site: &SampleSite, chance: &mut Chance, rules: &Rules, log: &std::path::Path) -> (Connection, Value) {
    let key = if chance.percent(80) { "administrator" } else { "sales" };
    let mut config = site.config_of(key, rules.0.clone());
    config["audit"] = json!({"enabled": true, "log_file": log, "format": chance.pick(&["json", "text"])});
    config["export"] = json!({"directory": log.parent().unwrap().join("files")});
    config["cache"] = json!({"enabled": chance.percent(50)});
    config["tools"] = json!({"results": chance.pick(&["text", "structured", "both"])});
    let read = load(&config);
    (app_from(&read, Audit::open(&read.audit).unwrap()), config)
}

/// One case: documents, permissions and calls, and a search through all that was written.
async fn run(site: &SampleSite, case: u64, tally: &Tally) -> Result<(), String> {
    let mut chance = Chance::of(case);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("audit.log");
    let files = folder.path().join("files");
    std::fs::create_dir(&files).unwrap();
    let world = site.sandbox.with(|site| World::plant(site, &mut chance)).unwrap();
    let rules = Rules::throw(&mut chance, &world);
    let (app, config) = app(site, &mut chance, &rules, &log);
    let app = Arc::new(app);
    let sink = Sink::default();
    let _log = sink.take_log();
    let mut session =
        Session::begin(Arc::clone(&app), chance.percent(60), chance.percent(20), chance.percent(50)).await;
    let caller = Caller { app: &app, world: &world, rules: &rules };
    if chance.percent(30) {
        site.sandbox.faults().seed(case);
        site.sandbox.faults().say(refusal(&mut chance, &world));
        site.sandbox
            .faults()
            .add(Fault::new(FaultKind::Refusal).method(chance.pick(&["POST", "PUT", "DELETE", "GET"])).chance(0.5));
    }
    let (mut said, mut wrong) = (Vec::new(), None);
    for _ in 0..1 + chance.throw(2) {
        let Call { method, mut params, must_fail } = caller.throw(&mut chance);
        let mut answer = session.request(method, params.clone()).await;
        said.push(format!("{method} {params}\n  → {answer}"));
        if let Some(token) = token(&answer).filter(|_| chance.percent(70)) {
            let given = if params["arguments"].get("arguments").is_some() {
                &mut params["arguments"]["arguments"]
            } else {
                &mut params["arguments"]
            };
            given["confirm_token"] = json!(token);
            answer = session.request(method, params.clone()).await;
            said.push(format!("{method} {params}\n  → {answer}"));
        }
        tally.calls.fetch_add(1, Ordering::Relaxed);
        let refused = answer.get("error").is_some() || answer["result"]["isError"] == true;
        tally.refused.fetch_add(u64::from(refused), Ordering::Relaxed);
        if must_fail && !refused {
            wrong = Some("a question about a field that may not be seen was answered".to_owned());
        }
    }
    site.sandbox.faults().clear();
    site.sandbox.with(|site| world.uproot(site)).unwrap();
    let written = [
        session.heard.clone(),
        sink.text(),
        std::fs::read_to_string(&log).unwrap_or_default(),
        format!("{:?}{:?}", app.session().site, app.session().user.tokens),
        exported(&files),
    ];
    let reported = session.sent.contains("report");
    let forbidden = rules.forbidden(&world, reported);
    let sent = search::candidates(&session.sent);
    for (text, place) in written.iter().zip(["an answer", "the log", "the audit log", "Debug", "a file"]) {
        tally.written.fetch_add(text.len() as u64, Ordering::Relaxed);
        let leaked = search::candidates(text)
            .into_iter()
            .find(|found| forbidden.contains(found.as_str()) && !sent.contains(found));
        wrong = wrong
            .or_else(|| leaked.map(|leaked| format!("{leaked}, of {}, stands in {place}", places(&world, &leaked))));
    }
    tally.cases.fetch_add(1, Ordering::Relaxed);
    tally.forbidden.fetch_add(forbidden.len() as u64, Ordering::Relaxed);
    wrong.map_or(Ok(()), |wrong| {
        let documents: Vec<String> = world.documents.iter().map(|there| format!("{} {}", there.def.name, json!(there.stored))).collect();
        let config = json!({"permissions": config["permissions"], "tools": config["tools"], "user": config["erpnext"]["api_key"]});
        Err(format!(
            "case {case}: {wrong}\n\nconfiguration: {config}\n\ndocuments:\n{}\n\ncalls:\n{}\n\nlog:\n{}",
            documents.join("\n"), said.join("\n"), written[1]
        ))
    })
}

/// What was exported, all of it.
fn exported(files: &std::path::Path) -> String {
    let files = std::fs::read_dir(files).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    files.collect()
}

/// A refusal that quotes what stands in documents, which nobody may have read: bold, quoted and plain, numbers as people
/// write them. Half of them stand behind the name of the DocType that holds them, as a title does.
fn refusal(chance: &mut Chance, world: &World) -> String {
    let mut canaries: Vec<&String> = world.canaries.keys().collect();
    canaries.sort();
    let mut quoted = || {
        let canary = chance.one(&canaries).map_or("", |canary| canary.as_str());
        let holder = world.canaries.get(canary).and_then(|places| match places.first()? {
            // What the site alone withholds there, by its level, is told like the name of a document.
            world::Place::Field(of, path) => {
                let def = world.documents[*of].def;
                let is_level_0 = def.field(path).is_none_or(|field| field.permlevel == 0);
                (is_level_0 && !added::is_leveled(path)).then_some(def.name)
            }
            _ => None,
        });
        let behind = holder.filter(|_| chance.percent(50)).map_or_else(String::new, |name| format!("{name} "));
        let spelled = match (canary.parse::<u64>(), canary.len()) {
            (Ok(_), 4..) => format!("{},{}.00", &canary[..canary.len() - 3], &canary[canary.len() - 3..]),
            _ => canary.to_owned(),
        };
        let marks = [("<b>", "</b>"), ("'", "'"), ("(", "/7.5)"), ("", ""), ("Rs ", "")];
        let (before, after) = marks[chance.throw(marks.len())];
        format!("{behind}{before}{spelled}{after}")
    };
    format!(
        "Limit of {} has been crossed by {}.<br>Please ask {} for more than {}",
        quoted(),
        quoted(),
        quoted(),
        quoted()
    )
}

/// Where a canary stands.
fn places(world: &World, canary: &str) -> String {
    let name = |of: &usize| format!("{} {}", world.documents[*of].def.name, world.documents[*of].name);
    let place = |place: &world::Place| match place {
        world::Place::Name(of) => format!("the name of {}", name(of)),
        world::Place::Field(of, path) => format!("{path} of {}", name(of)),
        world::Place::Copy((of, path), (from, source)) => {
            format!("{path} of {}, copied from {source} of {}", name(of), name(from))
        }
        world::Place::Beside(of, by) => format!("a {by} on {}", name(of)),
    };
    world.canaries[canary].iter().map(place).collect::<Vec<_>>().join(" and ")
}

/// The token of a write that waits for a confirmation.
fn token(answer: &Value) -> Option<String> {
    let text = answer.to_string().replace('\\', "");
    let (_, after) = text.split_once("\"confirm_token\":\"")?;
    Some(after.split('"').next()?.to_owned())
}
