//! What clients of both eras do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use erpnext_sandbox::{Fault, FaultKind};
use rmcp::ClientHandler;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientConfig, ClientRequest, ProgressNotificationParam, ProtocolVersion,
};
use rmcp::service::{
    ClientLifecycleMode, ClientServiceExt, NotificationContext, PeerRequestOptions, RoleClient, ServiceExt,
};
use rmcp::transport::StreamableHttpClientTransport;
use serde_json::{Value, json};

use super::{Served, answered, data, message};
use crate::sandbox::{SampleSite, first};
use crate::stdio::STATELESS;
use crate::support::all;

async fn served() -> (SampleSite, Served, tempfile::TempDir) {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let mut config = site.config(json!({"doctypes": {"Customer": {"read": true}, "Lead": all()}}));
    config["permissions"]["confirm_argument"] = json!(false);
    config["audit"] = json!({"enabled": true, "log_file": log.path().join("audit.log")});
    let served = Served::start(&config).await;
    (site, served, log)
}

fn lines(log: &tempfile::TempDir) -> Vec<Value> {
    let text = std::fs::read_to_string(log.path().join("audit.log")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn rmcps_client_lists_calls_and_confirms() {
    let (site, served, _log) = served().await;
    let lead = first(&site.app(json!({"Lead": all()})), "Lead", json!({})).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client =
        ClientConfig::default().serve(StreamableHttpClientTransport::from_uri(served.url("/mcp"))).await.unwrap();
    assert!(client.peer_info().unwrap().instructions.as_ref().unwrap().contains("Customer"));
    let tools = client.list_all_tools().await.unwrap();
    assert!(tools.iter().any(|tool| tool.name == "delete_lead_document"));
    let call = async |arguments: Value| {
        let arguments = arguments.as_object().unwrap().clone();
        let call = CallToolRequestParams::new("delete_lead_document").with_arguments(arguments);
        let result = serde_json::to_value(client.call_tool(call).await.unwrap()).unwrap();
        data(&json!({"result": result}))
    };
    let preview = call(json!({"name": lead})).await;
    assert!(site.stored("Lead", &lead).is_some());
    call(json!({"name": lead, "confirm_token": preview["confirm_token"]})).await;
    assert!(site.stored("Lead", &lead).is_none());
    client.cancel().await.unwrap();
}

/// A client that counts what it is told of progress.
#[derive(Clone, Default)]
struct Watcher(Arc<AtomicUsize>);

impl ClientHandler for Watcher {
    async fn on_progress(&self, _: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn rmcps_client_is_told_of_progress_and_cancels_in_both_eras() {
    let (site, served, _log) = served().await;
    let stateless = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    for (at, era) in [ClientLifecycleMode::Initialize, stateless].into_iter().enumerate() {
        let watcher = Watcher::default();
        let transport = StreamableHttpClientTransport::from_uri(served.url("/mcp"));
        let client = watcher.clone().serve_with_lifecycle(transport, era.clone()).await.unwrap();
        let call = async |rows: usize| {
            let rows: Vec<_> = (0..rows).map(|row| json!({"first_name": format!("Era {at} {row}")})).collect();
            let arguments = json!({"doctype": "Lead", "documents": rows}).as_object().unwrap().clone();
            let call = CallToolRequestParams::new("create_bulk_documents").with_arguments(arguments);
            let request = ClientRequest::CallToolRequest(CallToolRequest::new(call));
            client.send_cancellable_request(request, PeerRequestOptions::no_options()).await.unwrap()
        };
        call(5).await.await_response().await.unwrap();
        assert!(watcher.0.load(Ordering::Relaxed) >= 5, "{era:?}: {watcher:?}", watcher = watcher.0);
        let before = site.writes().len();
        site.sandbox.faults().add(Fault::new(FaultKind::Latency(100)));
        let long = call(200).await;
        while site.writes().len() == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        long.cancel(None).await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        let stopped = site.writes().len();
        tokio::time::sleep(Duration::from_millis(500)).await;
        site.sandbox.faults().clear();
        assert_eq!(site.writes().len(), stopped, "{era:?}");
        assert!(stopped < before + 100, "{era:?}: {}", stopped - before);
        client.cancel().await.unwrap();
    }
}

#[tokio::test]
async fn both_eras_are_served_on_one_path_and_the_audit_line_says_from_where() {
    let (_site, served, log) = served().await;
    let hello = json!({
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"},
    });
    let answer = served.post("/mcp", &message("initialize", hello)).send().await.unwrap();
    assert!(!answer.headers().contains_key("mcp-session-id"));
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
    let told = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(served.post("/mcp", &told).send().await.unwrap().status(), 202);
    let call = json!({"name": "list_lead_documents", "arguments": {"limit": 1}});
    let old = served.post("/mcp", &message("tools/call", call.clone())).header("user-agent", "Old/1");
    let old = old.header("mcp-protocol-version", "2025-11-25").send().await.unwrap();
    let request = old.headers()["x-request-id"].to_str().unwrap().to_owned();
    let old = data(&old.json().await.unwrap());
    let new = data(&answered(served.stateless("/mcp", "tools/call", call)).await);
    assert_eq!(old["rows"], new["rows"]);
    let discovered = answered(served.stateless("/mcp", "server/discover", json!({}))).await;
    let versions = discovered["result"]["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!(STATELESS)), "{discovered}");
    let lines = lines(&log);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!((&lines[0]["client"], &lines[1]["client"]), (&json!("Old/1"), &json!("tests 1")));
    assert_eq!(lines[0]["id"], json!(request));
    assert!(lines.iter().all(|line| line["address"] == "127.0.0.1"), "{lines:?}");
}

#[tokio::test]
async fn a_client_without_a_session_calls_off_its_own_call_and_no_other() {
    let (site, served, _log) = served().await;
    let call = |agent: &'static str, id: u64, of: &str| {
        let rows: Vec<_> = (0..100).map(|row| json!({"first_name": format!("{of} {row}")})).collect();
        let arguments = json!({"doctype": "Lead", "documents": rows});
        let mut call = message("tools/call", json!({"name": "create_bulk_documents", "arguments": arguments}));
        call["id"] = json!(id);
        tokio::spawn(served.post("/mcp", &call).header("user-agent", agent).send())
    };
    let call_off = async |agent: &str, id: u64| {
        let params = json!({"requestId": id, "reason": "enough"});
        let told = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params});
        let told = served.post("/mcp", &told).header("user-agent", agent).send().await.unwrap();
        assert_eq!(told.status(), 202);
    };
    let made_by = |of: &str| {
        let filters = json!([["first_name", "like", format!("{of} %")]]);
        let list = erpnext_sandbox::query::List { filters, ..Default::default() };
        site.sandbox.with(|site| site.count("Lead", &list)).unwrap()
    };
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(50)));
    // Another client of the same person gave out the same id, and one client the same id twice.
    let calls = [
        call("One/1", 7, "One"),
        call("Other/1", 7, "Other"),
        call("Twice/1", 8, "First"),
        call("Twice/1", 8, "Second"),
    ];
    while ["One", "Other", "First", "Second"].into_iter().any(|of| made_by(of) < 2) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    call_off("One/1", 7).await;
    call_off("Twice/1", 8).await;
    call_off("One/1", 9).await;
    for call in calls {
        let _ = call.await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(made_by("One") < 100);
    assert_eq!(["Other", "First", "Second"].map(made_by), [100; 3]);
}

#[tokio::test]
async fn many_requests_on_one_connection_are_answered_without_delay() {
    let (_site, served, _log) = served().await;
    let client = super::http();
    let mut took = Vec::new();
    for _ in 0..50 {
        let started = std::time::Instant::now();
        let ping = client.post(served.url("/mcp")).header("content-type", "application/json");
        let answer = ping.body(message("ping", json!({})).to_string()).send().await.unwrap();
        assert_eq!(answer.json::<Value>().await.unwrap()["result"], json!({}));
        took.push(started.elapsed());
    }
    // With small packets held back until the last one is acknowledged, each takes 40 ms once a connection has warmed up; of a
    // machine that is busy, the quickest is not.
    assert!(took[25..].iter().min().unwrap().as_millis() < 20, "{took:?}");
}
