//! A client that leaves while its call runs.

use std::time::{Duration, Instant};

use erpnext_sandbox::{Fault, Kind};
use serde_json::{Value, json};

use super::{Served, message};
use crate::sandbox::SampleSite;
use crate::support::all;

#[tokio::test]
async fn a_write_whose_client_vanishes_is_finished_and_settled() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let mut config = site.config(json!({"doctypes": {"Lead": all()}}));
    config["audit"] = json!({"enabled": true, "log_file": log.path().join("audit.log")});
    let mut served = Served::start(&config).await;
    served.call("/mcp", "list_lead_documents", json!({"limit": 1})).await;
    site.sandbox.faults().add(Fault::new(Kind::Latency(600)));
    let before = site.writes().len();
    let create = json!({"name": "create_lead_document", "arguments": {"data": {"lead_name": "left behind"}}});
    let gone = served.post("/mcp", &message("tools/call", create)).timeout(Duration::from_millis(900)).send().await;
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

#[tokio::test]
async fn a_read_whose_client_vanishes_is_given_up() {
    let site = SampleSite::start().await;
    let mut served = Served::start(&site.config(json!({"doctypes": {"Lead": all()}}))).await;
    site.sandbox.faults().add(Fault::new(Kind::Latency(20_000)));
    let list = json!({"name": "list_lead_documents", "arguments": {}});
    let started = Instant::now();
    let gone = served.post("/mcp", &message("tools/call", list)).timeout(Duration::from_millis(300)).send().await;
    assert!(gone.is_err());
    served.turns.stop();
    served.ended().await;
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}
