//! A client that leaves while its call runs.

use std::time::{Duration, Instant};

use erpnext_sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use super::sign_in::hash;
use super::{Served, message};
use crate::sandbox::SampleSite;
use crate::support::all;

#[tokio::test]
async fn a_write_whose_client_vanishes_is_finished_and_settled() {
    // Whichever way the call goes.
    for by_library in [false, true] {
        let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
        let mut config = site.config(json!({"doctypes": {"Lead": all()}}));
        config["audit"] = json!({"enabled": true, "log_file": log.path().join("audit.log")});
        let mut served = if by_library { Served::by_library(&config).await } else { Served::start(&config).await };
        served.call("/mcp", "list_lead_documents", json!({"limit": 1})).await;
        site.sandbox.faults().add(Fault::new(FaultKind::Latency(600)));
        let before = site.writes().len();
        let gone = served.post("/mcp", &create("left behind")).timeout(Duration::from_millis(900)).send().await;
        assert!(gone.is_err(), "{gone:?}");
        // The end waits for it, too.
        served.turns.stop();
        served.ended().await;
        assert_eq!(site.writes().len(), before + 1, "{:?}", site.writes());
        let text = std::fs::read_to_string(log.path().join("audit.log")).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let outcomes: Vec<_> =
            lines.filter(|line| line["operation"] == "CREATE").map(|line| line["result"].clone()).collect();
        assert_eq!(outcomes, [json!("INTENT"), json!("ALLOWED")]);
    }
}

fn create(name: &str) -> Value {
    let arguments = json!({"data": {"lead_name": name}});
    message("tools/call", json!({"name": "create_lead_document", "arguments": arguments}))
}

#[tokio::test]
async fn a_write_that_is_asked_for_again_is_done_once() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let mut config = site.config(json!({"doctypes": {"Lead": all()}}));
    config["audit"] = json!({"enabled": true, "log_file": log.path().join("audit.log")});
    let served = Served::start(&config).await;
    served.call("/mcp", "list_lead_documents", json!({"limit": 1})).await;
    let before = site.writes().len();
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(600)).method("POST"));
    // While the first is under way: both get its answer.
    let (one, other) = tokio::join!(
        super::answered(served.post("/mcp", &create("twice"))),
        super::answered(served.post("/mcp", &create("twice")))
    );
    assert_eq!(super::data(&one)["created"], super::data(&other)["created"]);
    assert_eq!(site.writes().len(), before + 1, "{:?}", site.writes());
    // After its answer was lost: who asks again gets it.
    let lost = served.post("/mcp", &create("lost")).timeout(Duration::from_millis(300)).send().await;
    assert!(lost.is_err());
    let started = Instant::now();
    while site.writes().len() < before + 2 {
        assert!(started.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let again = super::data(&super::answered(served.post("/mcp", &create("lost"))).await);
    assert_eq!(site.writes().len(), before + 2, "{:?}", site.writes());
    // Once it arrived, the same is a new wish, as it is of another user's and with other values.
    let new = super::data(&super::answered(served.post("/mcp", &create("lost"))).await);
    assert_ne!(again["created"], new["created"]);
    assert_eq!(site.writes().len(), before + 3, "{:?}", site.writes());
    // Every request has its line.
    let text = std::fs::read_to_string(log.path().join("audit.log")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told: Vec<Value> =
        lines.filter(|line| line["operation"] == "CREATE").map(|line| line["result"].clone()).collect();
    let count = |result: &str| told.iter().filter(|told| **told == result).count();
    assert_eq!((count("ALLOWED"), count("REPEATED"), count("INTENT")), (3, 2, 3), "{told:?}");
}

#[tokio::test]
async fn what_one_token_asked_for_is_done_anew_for_another_of_the_same_user() {
    let site = SampleSite::start().await;
    let mut config = site.config(json!({"doctypes": {"Lead": all()}}));
    config["sign_in"] = json!({"tokens": {"one": {"sha256": hash("one")}, "other": {"sha256": hash("other")}}});
    let served = Served::start(&config).await;
    let by = async |token: &str, asked: &Value| {
        let request = served.post("/mcp", asked).header("authorization", format!("Bearer {token}"));
        super::data(&super::answered(request).await)
    };
    by("one", &message("tools/call", json!({"name": "list_lead_documents", "arguments": {"limit": 1}}))).await;
    let before = site.writes().len();
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(600)).method("POST"));
    let lost = served.post("/mcp", &create("lost")).header("authorization", "Bearer one");
    assert!(lost.timeout(Duration::from_millis(300)).send().await.is_err());
    let started = Instant::now();
    while site.writes().len() < before + 1 {
        assert!(started.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let anew = by("other", &create("lost")).await;
    assert_eq!(site.writes().len(), before + 2, "{:?}", site.writes());
    let again = by("one", &create("lost")).await;
    assert_eq!(site.writes().len(), before + 2, "its own token is answered as the first was: {:?}", site.writes());
    assert_ne!(anew["created"], again["created"]);
}

#[tokio::test]
async fn who_leaves_while_the_same_write_is_under_way_is_not_recorded_as_answered() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let mut config = site.config(json!({"doctypes": {"Lead": all()}}));
    config["audit"] = json!({"enabled": true, "log_file": log.path().join("audit.log")});
    let mut served = Served::start(&config).await;
    served.call("/mcp", "list_lead_documents", json!({"limit": 1})).await;
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(2_000)).method("POST"));
    let leaves = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        served.post("/mcp", &create("once")).timeout(Duration::from_millis(300)).send().await
    };
    let (first, left) = tokio::join!(super::answered(served.post("/mcp", &create("once"))), leaves);
    assert!(super::data(&first)["created"].is_string() && left.is_err(), "{first} {left:?}");
    served.turns.stop();
    served.ended().await;
    let text = std::fs::read_to_string(log.path().join("audit.log")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut told: Vec<String> = lines
        .filter(|line| line["operation"] == "CREATE")
        .map(|line| format!("{} {}", line["result"].as_str().unwrap(), line["reason"].as_str().unwrap_or_default()))
        .collect();
    told.sort();
    assert_eq!(told, ["ALLOWED ", "FAILED it was called off", "INTENT "]);
}

#[tokio::test]
async fn a_batch_whose_client_vanishes_is_not_begun_again_by_who_asks_again() {
    let site = SampleSite::start().await;
    let served = Served::start(&site.config(json!({"doctypes": {"Lead": all()}}))).await;
    served.call("/mcp", "list_lead_documents", json!({"limit": 1})).await;
    let rows: Vec<Value> = (0..40).map(|row| json!({"first_name": format!("Batch {row}")})).collect();
    let arguments = json!({"doctype": "Lead", "documents": rows});
    let batch = message("tools/call", json!({"name": "create_bulk_documents", "arguments": arguments}));
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(150)).method("POST"));
    let before = site.writes().len();
    let lost = served.post("/mcp", &batch).timeout(Duration::from_millis(1_200)).send().await;
    assert!(lost.is_err(), "{lost:?}");
    let mut stopped = 0;
    while stopped != site.writes().len() {
        stopped = site.writes().len();
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    assert!(stopped > before && stopped < before + 40, "{}", stopped - before);
    let told = super::data(&super::answered(served.post("/mcp", &batch)).await);
    assert_eq!(site.writes().len(), stopped, "it tells where to go on: {told}");
    let made = told["created"].as_array().map_or(0, Vec::len);
    assert_eq!((made, &told["stopped"]["start_at"]), (stopped - before, &json!(stopped - before)), "{told}");
}

#[tokio::test]
async fn a_write_that_was_called_off_before_it_began_is_done_when_it_is_asked_for_again() {
    let site = SampleSite::start().await;
    let served = Served::start(&site.config(json!({"doctypes": {"Lead": all()}}))).await;
    served.call("/mcp", "list_lead_documents", json!({"limit": 1})).await;
    let before = site.writes().len();
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(1_500)).method("GET"));
    let list = |limit: usize| {
        let asked = message("tools/call", json!({"name": "list_lead_documents", "arguments": {"limit": limit}}));
        super::answered(served.post("/mcp", &asked))
    };
    // All turns of the user are taken: the write waits for one, and its client leaves.
    let slow = futures_util::future::join_all((2..18).map(list));
    let left = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let write = create("left waiting");
        let lost = served.post("/mcp", &write).timeout(Duration::from_millis(300)).send().await;
        assert!(lost.is_err(), "{lost:?}");
    };
    tokio::join!(slow, left);
    site.sandbox.faults().clear();
    assert_eq!(site.writes().len(), before, "{:?}", site.writes());
    let made = super::data(&super::answered(served.post("/mcp", &create("left waiting"))).await);
    assert!(made["created"].is_string(), "{made}");
    assert_eq!(site.writes().len(), before + 1, "{:?}", site.writes());
}

#[tokio::test]
async fn one_user_who_asks_for_much_does_not_hold_up_another() {
    let site = SampleSite::start().await;
    let mut config = site.config(json!({"doctypes": {"Lead": all()}}));
    config["sign_in"] = json!({"own_keys": true});
    config["erpnext"]["concurrent_requests"] = json!(2);
    let served = Served::start(&config).await;
    let list = message("tools/call", json!({"name": "list_lead_documents", "arguments": {"limit": 1}}));
    let ask = |key: &'static str| {
        let request = served.post("/mcp", &list).header("authorization", format!("token {key}:secret"));
        async move { request.send().await.unwrap().status().as_u16() }
    };
    // Everybody is known.
    assert_eq!((ask("administrator").await, ask("sales").await), (200, 200));
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(100)));
    let many = futures_util::future::join_all((0..100).map(|_| ask("administrator")));
    let one = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let started = Instant::now();
        (ask("sales").await, started.elapsed())
    };
    let (many, (status, took)) = tokio::join!(many, one);
    // Alone it takes one round; behind the hundred it would take five seconds.
    assert!(status == 200 && took < Duration::from_millis(1_500), "{status} {took:?}");
    let refused = many.iter().filter(|status| **status == 503).count();
    assert!(refused > 20 && many.iter().all(|status| [200, 503].contains(status)), "{many:?}");
}

#[tokio::test]
async fn a_read_whose_client_vanishes_is_given_up() {
    let site = SampleSite::start().await;
    let mut served = Served::start(&site.config(json!({"doctypes": {"Lead": all()}}))).await;
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(20_000)));
    let list = json!({"name": "list_lead_documents", "arguments": {}});
    let started = Instant::now();
    let gone = served.post("/mcp", &message("tools/call", list)).timeout(Duration::from_millis(300)).send().await;
    assert!(gone.is_err());
    served.turns.stop();
    served.ended().await;
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}
