//! The contract: what a real site answered, exchange by exchange, against what the sandbox answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod browser;
mod compare;
mod excerpt;
mod fixture;
mod guess;
mod names;
mod recordings;
mod scope;
#[path = "../../../tests/shared.rs"]
mod shared;
mod sight;
mod site;
#[path = "../common/wire.rs"]
mod wire;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use erpnext_sandbox::query::List;
use erpnext_sandbox::{Options, Sandbox, Version};
use serde_json::json;

use crate::browser::Browser;
use crate::compare::Compare;
use crate::names::Names;
use crate::recordings::{Exchange, SUITES, Suite};

/// At least this part of the exchanges that touch supported calls is comparable and equal, in per cent.
const LEAST: &[(Version, &str, usize)] = &[
    (Version::V15, include_str!("known_differences_15.toml"), 95),
    (Version::V16, include_str!("known_differences_16.toml"), 92),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the recordings of a real site"]
async fn the_sandbox_answers_as_the_recorded_site_of_15_did() {
    replay_all(Version::V15).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the recordings of a real site"]
async fn the_sandbox_answers_as_the_recorded_site_of_16_did() {
    replay_all(Version::V16).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sandbox_answers_as_a_site_did_in_the_excerpt() {
    let mut tally = Tally::default();
    replay_suite(&shared::excerpt(), &SUITES[0], &mut tally).await;
    tally.print();
    assert!(tally.equal >= 50 && tally.different.is_empty() && tally.beyond == 0, "see above");
}

#[test]
#[ignore = "needs the recordings of a real site"]
fn the_excerpt_says_what_the_recordings_say() {
    excerpt::compare(&shared::excerpt(), &shared::recordings());
}

async fn replay_all(version: Version) {
    let shared = shared::recordings();
    let (_, known, least) = LEAST.iter().find(|(own, ..)| *own == version).expect("a version has its differences");
    let known: BTreeMap<String, String> = toml::from_str(known).expect("known differences are a table of texts");
    let mut tally = Tally::default();
    for suite in SUITES.iter().filter(|suite| suite.version == version) {
        replay_suite(&shared, suite, &mut tally).await;
    }
    tally.print();
    tally.judge(&known, *least);
}

async fn replay_suite(shared: &Path, suite: &Suite, tally: &mut Tally) {
    let exchanges = recordings::read(shared, suite);
    // The excerpt has the exchanges only: what people added to the site is the bench of the sandbox there.
    let whole = shared.join("site").join(suite.metadata.0).exists();
    let day = Some(suite.day.parse().expect("a suite has a day"));
    let options = Options { version: suite.version, bench: !whole, day, ..Options::default() };
    let sandbox = Sandbox::start(options).await.expect("the sandbox starts");
    if whole {
        site::lay(shared, suite, &sandbox);
    } else {
        site::lay_of_the_country(&sandbox);
    }
    let reports = reports(&sandbox);
    let defs = sandbox.with(|site| Ok(site.meta.all().into_iter().map(|def| (def.name, def)).collect()));
    let fixture = fixture::read(defs.expect("the sandbox has DocTypes"), &exchanges);
    tally.recorded += exchanges.len();
    let (mut names, mut browser) = (Names::default(), Browser::default());
    let mut loaded = None;
    for exchange in &exchanges {
        if loaded != Some(exchange.stage) {
            loaded = Some(exchange.stage);
            fixture.load(&sandbox, exchange.stage).expect("the recorded state fits in");
        }
        site::unrecorded(&sandbox, &exchange.id);
        if !scope::is_supported(exchange, &reports) {
            tally.beyond += 1;
            scope::write(&sandbox, exchange);
        } else if let Some(reason) = scope::not_comparable(exchange) {
            *tally.not_comparable.entry(reason).or_default() += 1;
        } else {
            let found = replay(&sandbox, exchange, &mut names, &mut browser);
            tally.note(exchange, found);
        }
    }
}

/// The reports that the sandbox has by itself.
fn reports(sandbox: &Sandbox) -> HashSet<String> {
    let all = List { fields: json!(["name"]), length: None, ..List::default() };
    let rows = sandbox.with(|site| site.list("Report", &all)).expect("the sandbox lists its reports");
    rows.iter().filter_map(|row| row["name"].as_str().map(str::to_owned)).collect()
}

#[derive(Default)]
struct Tally {
    recorded: usize,
    beyond: usize,
    not_comparable: BTreeMap<&'static str, usize>,
    equal: usize,
    different: Vec<(String, Vec<String>)>,
}

impl Tally {
    fn note(&mut self, exchange: &Exchange, found: Vec<String>) {
        if found.is_empty() {
            self.equal += 1;
        } else {
            self.different.push((exchange.id.clone(), found));
        }
    }

    fn supported(&self) -> usize {
        self.recorded - self.beyond
    }

    fn print(&self) {
        for (id, found) in &self.different {
            eprintln!("different {id}");
            for line in found.iter().take(6) {
                eprintln!("            {line}");
            }
        }
        let comparable = self.equal + self.different.len();
        eprintln!("recorded exchanges                {:4}", self.recorded);
        eprintln!("  of calls that we support        {:4}", self.supported());
        for (reason, n) in &self.not_comparable {
            eprintln!("    not comparable: {n:4}  {reason}");
        }
        eprintln!("    comparable                    {comparable:4}");
        eprintln!("      equal                       {:4}  {}% of the supported", self.equal, self.percent());
        eprintln!("      different                   {:4}", self.different.len());
    }

    fn percent(&self) -> usize {
        self.equal * 100 / self.supported().max(1)
    }

    fn judge(&self, known: &BTreeMap<String, String>, least: usize) {
        let different = |id: &String| self.different.iter().any(|(own, _)| own == id);
        let new: Vec<&String> = self.different.iter().map(|(id, _)| id).filter(|id| !known.contains_key(*id)).collect();
        let gone: Vec<&String> = known.keys().filter(|id| !different(id)).collect();
        assert!(new.is_empty(), "differences that the list of known differences does not list: {new:#?}");
        assert!(gone.is_empty(), "the list of known differences lists what is equal now: {gone:#?}");
        assert!(self.percent() >= least, "{}% are comparable and equal, less than {least}%", self.percent());
    }
}

/// Sends the exchange and says where the answer differs.
fn replay(sandbox: &Sandbox, exchange: &Exchange, names: &mut Names, browser: &mut Browser) -> Vec<String> {
    let headers: Vec<(String, String)> =
        exchange.headers.iter().map(|(key, value)| (key.clone(), browser.own(&own_key(sandbox, value)))).collect();
    let sent = browser.password(exchange).unwrap_or_else(|| names.in_body(&exchange.sent));
    let request = wire::request(&exchange.method, &names.in_path(&exchange.target), &headers, &sent);
    if let Some(fault) = scope::fault(exchange) {
        sandbox.faults().add(fault);
    }
    let url = sandbox.url();
    let answer = match wire::exchange(url.trim_start_matches("http://"), &request) {
        Ok(answer) => answer,
        Err(error) => return vec![format!("no answer: {error}")],
    };
    browser.keep(&answer);
    let args = exchange.args();
    let ordered = args.contains_key("order_by") || args.contains_key("group_by");
    let mut compare =
        Compare { names, ordered, values: !exchange.by_form, by_form: exchange.by_form, found: Vec::new() };
    compare.answer(exchange, &answer);
    compare.found
}

/// `token <user>` with the sandbox's key of that user.
fn own_key(sandbox: &Sandbox, value: &str) -> String {
    let user = value.strip_prefix("token <").and_then(|rest| rest.strip_suffix('>'));
    match user.and_then(|user| sandbox.keys().iter().find(|key| key.user == user)) {
        Some(key) => format!("token {}:{}", key.key, key.secret),
        // The recording hides Administrator's.
        None => value.replace("REDACTED:REDACTED", "administrator:secret").replace("REDACTED:", "administrator:"),
    }
}
