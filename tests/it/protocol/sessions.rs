//! The protocol as clients speak it: both revisions over stdio, what is no protocol, many calls at once, and the end.

use std::time::{Duration, Instant};

use erpnext_sandbox::{Fault, FaultKind};
use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::TokioChildProcess;
use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::stdio::{STATELESS, Server, command};
use crate::support::all;

async fn site() -> (SampleSite, Value) {
    let site = SampleSite::start().await;
    let config = site.config_of("sales", json!({"doctypes": {"Customer": {"read": true}}}));
    (site, config)
}

/// Lets the requests pass, counted.
const COUNTED: FaultKind = FaultKind::Latency(0);

/// Waits until the fault has hit so many requests.
async fn hits(site: &SampleSite, kind: FaultKind, wanted: u32) {
    let started = Instant::now();
    while site.sandbox.faults().hits().get(&kind).is_none_or(|hits| *hits < wanted) {
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", site.sandbox.faults().hits());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn rmcps_client_lists_tools_and_calls_one() {
    let (site, config) = site().await;
    let (command, _folder) = command(&config);
    let client = ().serve(TokioChildProcess::new(command).unwrap()).await.unwrap();
    let info = client.peer_info().unwrap();
    assert_eq!(info.server_info.as_ref().unwrap().name, "erpnext-mcp");
    assert!(info.instructions.as_ref().unwrap().contains("Customer"));
    let tools = client.list_all_tools().await.unwrap();
    assert!(tools.iter().any(|tool| tool.name == "list_customer_documents"));
    let result = client.call_tool(CallToolRequestParams::new("test_connection")).await.unwrap();
    let result = serde_json::to_value(result).unwrap();
    let data: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(data["user"], "sales@example.com");
    assert_eq!(data["site"], site.sandbox.url());
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn the_handshake_agrees_on_the_revision_asked_for() {
    let (_site, config) = site().await;
    let mut server = Server::start(&config);
    let answer = server.initialize().await;
    assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(answer["result"]["serverInfo"]["name"], "erpnext-mcp");
    assert!(answer["result"]["capabilities"]["tools"].is_object());
    assert_eq!(server.request("ping", json!({})).await["result"], json!({}));
    let ended = server.end().await;
    assert!(ended.status.success());
}

#[tokio::test]
async fn the_stateless_revision_needs_no_handshake() {
    let (_site, config) = site().await;
    let mut server = Server::stateless(&config);
    let discovered = server.request("server/discover", json!({})).await;
    let versions = discovered["result"]["supportedVersions"].as_array().unwrap_or_else(|| panic!("{discovered}"));
    assert!(versions.contains(&json!(STATELESS)), "{discovered}");
    let named = |tools: &[Value]| tools.iter().any(|tool| tool["name"] == "get_customer_document");
    assert!(named(&server.tools().await));
    assert_eq!(server.data("test_connection", json!({})).await["user"], "sales@example.com");
    assert!(server.end().await.status.success());
}

#[tokio::test]
async fn the_end_of_input_before_initialize_is_no_failure() {
    let (_site, config) = site().await;
    let ended = Server::start(&config).end().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
}

#[tokio::test]
async fn an_unknown_tool_is_an_invalid_parameter_and_names_the_nearest() {
    let (_site, config) = site().await;
    let mut server = Server::initialized(&config).await;
    let answer = server.request("tools/call", json!({"name": "list_customers_documents", "arguments": {}})).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("did you mean list_customer_documents?"), "{answer}");
    let answer = server.request("no/such/method", json!({})).await;
    assert_eq!(answer["error"]["code"], -32601, "{answer}");
}

#[tokio::test]
async fn garbage_lines_do_not_end_the_session() {
    let (_site, config) = site().await;
    let mut server = Server::initialized(&config).await;
    let deep = "[".repeat(100_000);
    for garbage in ["", "garbage", "{", "[]", "null", "{\"jsonrpc\":\"2.0\"}", "\u{0}\u{fffd}", &deep] {
        server.send(garbage).await;
    }
    assert_eq!(server.data("test_connection", json!({})).await["ok"], true);
    let ended = server.end().await;
    assert!(ended.status.success(), "{}", ended.stderr);
    assert!(ended.stdout.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{}", ended.stdout);
}

#[tokio::test]
async fn two_hundred_calls_at_once_are_all_answered() {
    let (site, config) = site().await;
    let name = first(&site.app(json!({"Customer": all()})), "Customer", json!({"territory": "North"})).await;
    site.sandbox.faults().add(Fault::new(COUNTED).path("/api/resource/Customer/"));
    let mut server = Server::initialized(&config).await;
    let mut waiting = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let call = json!({"name": "get_customer_document", "arguments": {"name": name}});
        waiting.insert(server.post("tools/call", call).await);
    }
    while !waiting.is_empty() {
        let answer = server.message().await;
        assert_ne!(answer["result"]["isError"], true, "{answer}");
        assert!(waiting.remove(&answer["id"].as_u64().unwrap()), "answered twice: {answer}");
    }
    assert_eq!(site.sandbox.faults().hits()[&COUNTED], 200);
}

#[tokio::test]
async fn cancelled_calls_make_room_for_others() {
    let (site, config) = site().await;
    site.sandbox.faults().add(Fault::new(FaultKind::StallBefore).path("/api/resource/Customer/Slow"));
    let mut server = Server::initialized(&config).await;
    let mut slow = Vec::new();
    // As many as the server works on at once, most of them waiting for a turn at the site: what comes now has to wait.
    for _ in 0..64 {
        let call = json!({"name": "get_customer_document", "arguments": {"name": "Slow"}});
        slow.push(server.post("tools/call", call).await);
    }
    hits(&site, FaultKind::StallBefore, 8).await;
    for id in slow {
        let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
        server.send(&cancel.to_string()).await;
    }
    assert_eq!(server.data("test_connection", json!({})).await["ok"], true);
}

/// A server that is making a ToDo while the site takes its time; the call's id.
async fn making(site: &SampleSite) -> (Server, u64) {
    let config = site.config(json!({"doctypes": {"ToDo": {"create": true}}}));
    let late = FaultKind::Latency(500);
    site.sandbox.faults().add(Fault::new(late).method("POST").path("/api/resource/ToDo"));
    site.sandbox.faults().add(Fault::new(COUNTED).method("GET").path("/api/resource/ToDo/"));
    let mut server = Server::initialized(&config).await;
    let call = json!({"name": "create_todo_document", "arguments": {"data": {"description": "call"}}});
    let id = server.post("tools/call", call).await;
    hits(site, late, 1).await;
    (server, id)
}

#[tokio::test]
async fn a_cancelled_write_that_has_begun_is_finished() {
    let site = SampleSite::start().await;
    let (mut server, id) = making(&site).await;
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
    server.send(&cancel.to_string()).await;
    // What was made is read back, as if nobody had cancelled.
    hits(&site, COUNTED, 1).await;
    assert_eq!(site.writes().len(), 1, "{:?}", site.writes());
    assert!(server.end().await.status.success());
}

#[tokio::test]
async fn a_call_with_the_id_of_one_that_was_called_off_gets_its_own_answer() {
    let site = SampleSite::start().await;
    let (mut server, id) = making(&site).await;
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
    server.send(&cancel.to_string()).await;
    // It takes as long as the first, which ends before it.
    let call = json!({"name": "create_todo_document", "arguments": {"data": {"description": "second"}}});
    server.send(&json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": call}).to_string()).await;
    let answer = server.message().await;
    assert_eq!(answer["id"], json!(id), "{answer}");
    let made: Value = serde_json::from_str(answer["result"]["content"][0]["text"].as_str().unwrap()).unwrap();
    let stored = site.stored("ToDo", made["created"].as_str().unwrap()).unwrap();
    assert!(stored["description"].as_str().unwrap().contains("second"), "{answer}: {stored}");
    assert_eq!(server.request("ping", json!({})).await["result"], json!({}), "nothing comes of the first");
}

#[tokio::test]
async fn a_write_is_finished_when_the_client_leaves() {
    let site = SampleSite::start().await;
    let (server, _) = making(&site).await;
    assert!(server.end().await.status.success());
    assert_eq!((site.writes().len(), site.sandbox.faults().hits()[&COUNTED]), (1, 1), "{:?}", site.writes());
}

#[tokio::test]
async fn a_bad_configuration_ends_the_start_with_every_error_and_nothing_on_stdout() {
    let config = json!({"erpnxt": {}, "permissions": {"doctypes": {"Customer": {"raed": true}}}});
    let ended = Server::start(&config).end().await;
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(ended.stdout, "");
    for wanted in ["erpnxt", "erpnext", "raed", "read"] {
        assert!(ended.stderr.contains(wanted), "{wanted}: {}", ended.stderr);
    }
}
