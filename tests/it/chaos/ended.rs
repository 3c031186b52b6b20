//! Servers that are ended by a signal amid their writes: what was told, what was recorded and what the site did agree.

#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use erpnext_mcp::audit::{Head, review, verify};
use erpnext_sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{attempts, turns};
use crate::sandbox::SampleSite;
use crate::stdio::Server;
use crate::support::all;

/// How many documents one batch makes beside the single ones.
const ROWS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_ended_amid_its_writes_tells_and_records_what_the_site_did() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let log = folder.path().join("audit.log");
    let mut config = site.config(json!({"doctypes": {"ToDo": all()}}));
    config["audit"] = json!({"enabled": true, "log_file": log});
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(40)).method("POST").path("/api/resource/ToDo"));
    let (mut named, mut stopped) = (BTreeSet::<String>::new(), 0);
    for run in 0..turns().div_ceil(50).clamp(4, 100) {
        let mut servers = [Server::initialized(&config).await, Server::initialized(&config).await];
        for (at, server) in servers.iter_mut().enumerate() {
            let words = |row: usize| json!({"description": format!("run {run} of {at}, {row}"), "priority": "High"});
            let rows: Vec<Value> = (0..ROWS).map(words).collect();
            let batch = json!({"name": "create_bulk_documents", "arguments": {"doctype": "ToDo", "documents": rows}});
            server.post("tools/call", batch).await;
            for row in ROWS..ROWS + 4 {
                let create = json!({"name": "create_todo_document", "arguments": {"data": words(row)}});
                server.post("tools/call", create).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(20 * (run as u64 % 16))).await;
        for server in servers {
            server.signal(if run % 2 == 0 { "TERM" } else { "INT" });
            let ended = server.ended().await;
            assert!(ended.status.success(), "run {run}: {:?} {}", ended.status, ended.stderr);
            for line in ended.stdout.lines() {
                let answer: Value = serde_json::from_str(line).unwrap();
                let Some(text) = answer["result"]["content"][0]["text"].as_str() else { continue };
                // A call that was not begun says so in words.
                let Ok(told) = serde_json::from_str::<Value>(text) else { continue };
                stopped += usize::from(told.get("stopped").is_some());
                match &told["created"] {
                    Value::Array(names) => {
                        named.extend(names.iter().filter_map(|name| name.as_str().map(str::to_owned)))
                    }
                    name => named.extend(name.as_str().map(str::to_owned)),
                }
            }
        }
    }
    let head = Head::of(&log).unwrap();
    let whole = verify::verify(review::lines(&log).unwrap(), head.as_ref(), None).unwrap();
    assert!(whole.is_ok(), "{whole:?}");
    assert!(review::open_writes(review::lines(&log).unwrap()).unwrap().is_empty(), "every intent has its end");
    let mut made = BTreeMap::new();
    for write in site.sandbox.journal() {
        assert!(made.insert(write.request_id.unwrap(), write.name).is_none(), "an attempt was done twice");
    }
    let names: BTreeSet<String> = made.values().cloned().collect();
    assert_eq!(named, names, "what was told to be made is what was made");
    for (id, attempt) in &attempts(&log) {
        let done = usize::from(made.contains_key(id));
        assert!(attempt.wanted().contains(&done), "{id}: {:?} of {}, done {done} times", attempt.results, attempt.tool);
    }
    assert!(stopped > 0 && !names.is_empty(), "no batch was stopped amid its rows: {}", names.len());
}
