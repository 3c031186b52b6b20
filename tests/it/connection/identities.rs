//! Two people of one site in one server: nothing of one reaches the other.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use erpnext_mcp::app::{App, Connection};
use erpnext_mcp::audit::Audit;
use erpnext_mcp::config::Config;
use erpnext_mcp::context::client_options;
use erpnext_mcp::error::ToolError;
use erpnext_mcp::site::{Caller, Client, ClientOptions, Credentials, SiteUrl};
use serde_json::{Value, json};

use crate::sandbox::SampleSite;
use crate::support::{all, call, stated};

/// How many calls are made, in all; more with `ERPNEXT_MCP_IDENTITIES`.
const CALLS: usize = 1_000;
/// How many of them are under way at once.
const AT_ONCE: usize = 8;

/// A server for Administrator, who sees all customers, and for a salesperson, who sees those of one territory.
struct Pair {
    site: SampleSite,
    log: tempfile::TempDir,
    people: [Connection; 2],
}

const NAMES: [&str; 2] = ["Administrator", "sales@example.com"];

impl Pair {
    async fn start(narrow: impl Fn(ClientOptions) -> ClientOptions) -> Self {
        let site = SampleSite::start().await;
        let log = tempfile::tempdir().unwrap();
        let rules = json!({"doctypes": {"Customer": all(), "Lead": all(), "Sales Order": all()}});
        let mut config = site.config(rules);
        config["permissions"]["confirm_argument"] = json!(false);
        config["cache"] = json!({"enabled": true});
        config["audit"] = json!({"enabled": true, "log_file": log.path().join("audit.log")});
        let config = Config::from_text(&config.to_string()).unwrap();
        let client = Client::new(narrow(client_options(&config))).unwrap();
        let audit = Audit::open(&config.audit).unwrap();
        let (app, administrator) = App::with_client(&config, client, audit).unwrap();
        let url = SiteUrl::parse(&config.erpnext.url, false).unwrap();
        let credentials = Credentials::new("sales".into(), "secret".into()).unwrap();
        let sales = app.connect(Caller::new(url, credentials)).unwrap();
        Self { site, log, people: [administrator, sales] }
    }

    /// The names of the customers that a person is shown.
    async fn customers(&self, who: usize) -> BTreeSet<String> {
        let answer = call(&self.people[who], "list_customer_documents", json!({"limit": 500})).await.unwrap();
        answer["documents"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    }
}

/// One call of the mix, and what must hold of its answer.
async fn one(pair: &Pair, at: usize, customers: &[BTreeSet<String>; 2], leads: &[String; 2]) {
    let who = at % 2;
    let (me, other) = (&pair.people[who], &pair.people[1 - who]);
    match at / 2 % 6 {
        0 => assert_eq!(pair.customers(who).await, customers[who], "{}", NAMES[who]),
        1 => {
            // A customer that only Administrator sees.
            let hidden = customers[0].difference(&customers[1]).nth(at % 3).unwrap();
            let seen = call(me, "get_customer_document", json!({"name": hidden})).await;
            assert_eq!(seen.is_ok(), who == 0, "{}: {hidden}", NAMES[who]);
        }
        2 => {
            let told = call(me, "test_connection", json!({})).await.unwrap();
            assert_eq!(told["user"], NAMES[who]);
        }
        3 => {
            // The same key, of two people, is two documents.
            let key = format!("key-{}", at / 12);
            let made = call(
                me,
                "create_lead_document",
                json!({"data": {"lead_name": format!("of {}", NAMES[who])}, "idempotency_key": key}),
            );
            let name = made.await.unwrap()["created"].as_str().unwrap().to_owned();
            let stored = pair.site.stored("Lead", &name).unwrap();
            assert_eq!(stored["owner"], NAMES[who], "{stored}");
        }
        4 => {
            // What one was shown the other cannot confirm.
            let delete = json!({"name": leads[who]});
            let Err(ToolError::Unconfirmed(waits)) = call(me, "delete_lead_document", delete).await else {
                panic!("it was not asked for a confirmation")
            };
            let stolen = json!({"name": leads[who], "confirm_token": waits.token});
            assert!(call(other, "delete_lead_document", stolen).await.is_err());
            assert!(pair.site.stored("Lead", &leads[who]).is_some());
        }
        _ => {
            let counted = json!({"filters": {"name": ["is", "set"]}, "count": true, "limit": 1});
            let answer = call(me, "list_customer_documents", counted).await.unwrap();
            assert_eq!(answer["total"], json!(customers[who].len()), "{}", NAMES[who]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_one_person_reaches_another() {
    let pair = Pair::start(|options| options).await;
    let customers = [pair.customers(0).await, pair.customers(1).await];
    assert!(customers[1].len() < customers[0].len() && customers[1].is_subset(&customers[0]));
    let mut leads = [String::new(), String::new()];
    for (who, lead) in leads.iter_mut().enumerate() {
        let made = call(&pair.people[who], "create_lead_document", json!({"data": {"lead_name": "to be kept"}})).await;
        *lead = made.unwrap()["created"].as_str().unwrap().to_owned();
    }
    let calls = stated("ERPNEXT_MCP_IDENTITIES").unwrap_or(CALLS);
    for first in (0..calls).step_by(AT_ONCE) {
        let some = (first..first + AT_ONCE).map(|at| one(&pair, at, &customers, &leads));
        futures_util::future::join_all(some).await;
    }
    // Each line of the log names who called, and tells of no document of the other's.
    let lines = std::fs::read_to_string(pair.log.path().join("audit.log")).unwrap();
    let mut of = [0, 0];
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let who = NAMES.iter().position(|name| line["user"] == *name).unwrap_or_else(|| panic!("{line}"));
        of[who] += 1;
        let made = line["document"].as_str().filter(|_| line["tool"] == "create_lead_document");
        if let Some(stored) = made.and_then(|name| pair.site.stored("Lead", name)) {
            assert_eq!(stored["owner"], NAMES[who], "{line}");
        }
    }
    assert!(of.iter().all(|lines| *lines >= calls / 2), "{of:?}");
}

#[tokio::test]
async fn one_person_at_the_limit_does_not_stop_another() {
    let few = NonZeroU32::new(4);
    let pair = Pair::start(|mut options| {
        options.rates.per_hour = few;
        options.cache = None;
        options
    })
    .await;
    let read = json!({"limit": 1});
    let mut refused = None;
    for _ in 0..8 {
        refused = call(&pair.people[0], "list_lead_documents", read.clone()).await.err();
    }
    assert!(refused.is_some_and(|error| error.for_model().contains("limit")));
    call(&pair.people[1], "list_lead_documents", read).await.unwrap();
}
