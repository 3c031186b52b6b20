//! What a client sees of each fault over HTTP, and whether the journal has the write.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "common/wire.rs"]
mod wire;

use std::thread::{self, JoinHandle};

use erpnext_sandbox::{Fault, FaultKind, Options, Sandbox, Write};
use serde_json::{Value, json};
use wire::Answer;

async fn site() -> Sandbox {
    Sandbox::start(Options::default()).await.unwrap()
}

/// Makes a ToDo; `None` where the connection ends without a byte.
fn create(sandbox: &Sandbox, request_id: &str) -> JoinHandle<Option<Answer>> {
    let headers = [
        ("Authorization", "token administrator:secret"),
        ("Content-Type", "application/json"),
        ("X-Request-Id", request_id),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let body = json!({"description": "call back"}).to_string();
    let request = wire::request("POST", "/api/resource/ToDo", &headers, body.as_bytes());
    let address = sandbox.url().trim_start_matches("http://").to_owned();
    thread::spawn(move || wire::exchange(&address, &request).ok())
}

/// What of an answer arrived.
#[derive(Debug, PartialEq)]
enum Seen {
    Nothing,
    /// Less than its length says.
    Part(u16),
    /// All of it, and it is no JSON.
    Text(u16),
    Json(u16, Option<String>),
}

fn seen(answer: Option<&Answer>) -> Seen {
    let Some(answer) = answer else { return Seen::Nothing };
    let length: usize = answer.header("content-length").unwrap().parse().unwrap();
    match serde_json::from_slice::<Value>(&answer.body) {
        _ if answer.body.len() < length => Seen::Part(answer.status),
        Ok(body) => Seen::Json(answer.status, body["exc_type"].as_str().map(str::to_owned)),
        Err(_) => Seen::Text(answer.status),
    }
}

fn promised(kind: FaultKind) -> Seen {
    let error = |status, exc_type: &str| Seen::Json(status, Some(exc_type.to_owned()));
    match kind {
        FaultKind::Latency(_) => Seen::Json(200, None),
        FaultKind::TooManyRequests(_) => error(429, "TooManyRequestsError"),
        FaultKind::Json(status) => error(status, "OperationalError"),
        FaultKind::Refusal => error(417, "ValidationError"),
        FaultKind::Html(status) | FaultKind::HtmlAfter(status) => Seen::Text(status),
        FaultKind::JsonAfter(status) => Seen::Json(status, None),
        FaultKind::Maintenance => error(503, "SessionStopped"),
        FaultKind::ExpiredKey => error(401, "AuthenticationError"),
        FaultKind::CutBefore
        | FaultKind::CutAfter
        | FaultKind::StallBefore
        | FaultKind::StallAfter
        | FaultKind::Late(_) => Seen::Nothing,
        FaultKind::CutBody | FaultKind::StallBody => Seen::Part(200),
        FaultKind::Truncate => Seen::Text(200),
    }
}

fn modified(sandbox: &Sandbox, write: &Write) -> Value {
    sandbox.with(|site| Ok(site.load(&write.doctype, &write.name)?["modified"].clone())).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_shows_what_it_promises_and_the_journal_knows_what_took_effect() {
    let sandbox = site().await;
    for kind in FaultKind::EACH {
        let id = format!("{kind:?}");
        sandbox.faults().add(Fault::new(kind).method("POST").times(1));
        let answer = create(&sandbox, &id);
        let find = || sandbox.journal().into_iter().find(|write| write.request_id.as_ref() == Some(&id));
        if matches!(kind, FaultKind::StallBefore | FaultKind::StallAfter | FaultKind::StallBody) {
            while !sandbox.faults().hits().contains_key(&kind) || kind.takes_effect() && find().is_none() {
                tokio::task::yield_now().await;
            }
            assert!(!answer.is_finished(), "{kind:?} ended by itself");
            sandbox.faults().clear();
        }
        let answer = answer.join().unwrap();
        assert_eq!(seen(answer.as_ref()), promised(kind), "{kind:?}");
        if let FaultKind::TooManyRequests(seconds) = kind {
            assert_eq!(answer.unwrap().header("retry-after"), Some(seconds.to_string().as_str()));
        }
        while matches!(kind, FaultKind::Late(_)) && find().is_none() {
            tokio::task::yield_now().await;
        }
        let write = find();
        assert_eq!(write.is_some(), kind.takes_effect(), "{kind:?}");
        if let Some(write) = write {
            assert_eq!((&*write.verb, &*write.doctype, &*write.request), ("insert", "ToDo", "POST /api/resource/ToDo"));
            assert_eq!(modified(&sandbox, &write), write.at, "{kind:?}");
        }
        assert_eq!(sandbox.faults().hits()[&kind], 1);
    }
    let answer = create(&sandbox, "afterwards").join().unwrap();
    assert_eq!(seen(answer.as_ref()), Seen::Json(200, None), "nothing is left of the faults");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_key_opens_nothing_until_the_faults_are_taken_back() {
    let sandbox = site().await;
    sandbox.faults().expire("administrator");
    let refused = create(&sandbox, "1").join().unwrap();
    assert_eq!(seen(refused.as_ref()), promised(FaultKind::ExpiredKey));
    sandbox.faults().clear();
    assert_eq!(seen(create(&sandbox, "2").join().unwrap().as_ref()), Seen::Json(200, None));
    assert_eq!(sandbox.journal().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_can_be_set_over_http() {
    let sandbox = site().await;
    let address = sandbox.url().trim_start_matches("http://").to_owned();
    let post = |body: &Value| {
        let headers = [("Content-Type".to_owned(), "application/json".to_owned())];
        let request = wire::request("POST", "/sandbox/faults", &headers, body.to_string().as_bytes());
        wire::exchange(&address, &request).unwrap().status
    };
    assert_eq!(post(&json!({"kind": {"html": 503}, "method": "POST", "times": 1})), 200);
    assert_eq!(post(&json!({"kind": "cut_afterwards"})), 400);
    assert_eq!(seen(create(&sandbox, "1").join().unwrap().as_ref()), Seen::Text(503));
    assert_eq!(seen(create(&sandbox, "2").join().unwrap().as_ref()), Seen::Json(200, None));
}
