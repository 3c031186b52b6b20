//! What a collector of OpenTelemetry gets, from the program itself: spans, and the audit log where it is sent there.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::program::Program;
use super::{data, http, message};
use crate::sandbox::SampleSite;
use crate::stdio::command;
use crate::support::all;

/// How a collector answers that took all.
const TAKEN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// The bodies that came to a collector that answers so, one after the other, and its address.
async fn collector(answer: &str) -> (Arc<Mutex<Vec<u8>>>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let came = Arc::<Mutex<Vec<u8>>>::default();
    let kept = Arc::clone(&came);
    let answer = answer.to_owned();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (kept, answer) = (Arc::clone(&kept), answer.clone());
            tokio::spawn(async move {
                let mut buffer = vec![0; 1 << 16];
                while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                    kept.lock().unwrap().extend_from_slice(&buffer[..length]);
                    // Bodies of this test come with their head; a longer one would be answered twice, which does no harm.
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    (came, address)
}

#[tokio::test]
async fn a_collector_gets_spans_that_name_tools_and_nobody() {
    let site = SampleSite::start().await;
    let mut config = site.config(json!({"doctypes": {"Lead": all()}}));
    config["sign_in"] = json!({"own_keys": true});
    let (came, address) = collector(TAKEN).await;
    let stated =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", address.as_str()), ("OTEL_RESOURCE_ATTRIBUTES", "a=b, service.name=till-7")];
    let mut program = Program::start_with(&config, &stated).await;
    let call = async |id: Value, tool: &str, arguments| {
        let trace = json!({"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"});
        let mut call = message("tools/call", json!({"name": tool, "arguments": arguments, "_meta": trace}));
        call["id"] = id;
        let call = call.to_string();
        let request = http().post(program.url("/mcp")).header("content-type", "application/json").body(call);
        request.header("authorization", "token sales:secret").send().await.unwrap().json().await.unwrap()
    };
    let made = call(json!(471_147), "create_lead_document", json!({"data": {"lead_name": "canary"}})).await;
    let made = data(&made)["created"].as_str().unwrap().to_owned();
    call(json!("hidden-2"), "get_lead_document", json!({"name": "hidden-1"})).await;
    call(json!(8), "no_such_tool", json!({})).await;
    program.signal("TERM").await;
    assert!(program.child.wait().await.unwrap().success());
    let came = came.lock().unwrap().clone();
    let has = |bytes: &[u8]| came.windows(bytes.len()).any(|window| window == bytes);
    for told in [
        "POST /v1/traces",
        "erpnext-mcp",
        "tools/call create_lead_document",
        "tools/call get_lead_document",
        "gen_ai.tool.name",
        "execute_tool",
        "tool_error",
        "-32602",
        "http.response.status_code",
        "471147",
        "till-7",
    ] {
        assert!(has(told.as_bytes()), "{told}: {}", String::from_utf8_lossy(&came));
    }
    assert!(has(&0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes()), "the caller's trace goes on");
    for secret in ["sales", "secret", "canary", "hidden-1", "hidden-2", "no_such_tool", "example.com", &made] {
        assert!(!has(secret.as_bytes()), "{secret}: {}", String::from_utf8_lossy(&came));
    }
}

#[tokio::test]
async fn a_collector_gets_the_lines_of_the_audit_log_where_they_are_sent_there() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let log = folder.path().join("audit.log");
    let mut config = site.config(json!({"doctypes": {"Lead": all()}}));
    config["audit"] = json!({"enabled": true, "log_file": log, "ship": "otlp"});
    // Nobody begins to serve who does not know where to send them.
    let (mut alone, _folder) = command(&config);
    let ended = alone.args(["serve", "--http", "127.0.0.1:0"]).output().await.unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && said.contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{said}");

    let (came, address) = collector(TAKEN).await;
    let stated = format!("{address}/v1/logs");
    let mut program = Program::start_with(&config, &[("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", &stated)]).await;
    let create = json!({"name": "create_lead_document", "arguments": {"data": {"lead_name": "canary"}}});
    let request = http().post(program.url("/mcp")).header("content-type", "application/json");
    let answer = request.body(message("tools/call", create).to_string()).send().await.unwrap();
    data(&answer.json().await.unwrap());
    let written = std::fs::read_to_string(&log).unwrap();
    assert!(written.contains("\"INTENT\"") && written.contains("\"ALLOWED\""), "{written}");
    let started = Instant::now();
    let has = |text: &str| came.lock().unwrap().windows(text.len()).any(|window| window == text.as_bytes());
    while !written.lines().all(&has) {
        assert!(started.elapsed() < Duration::from_secs(20), "{}", String::from_utf8_lossy(&came.lock().unwrap()));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(has("POST /v1/logs") && !has("/v1/traces") && !has("canary"));
    program.signal("TERM").await;
    assert!(program.child.wait().await.unwrap().success());
    assert!(!program.log().contains("did not get to"), "{}", program.log());
}

#[tokio::test]
async fn lines_that_a_collector_does_not_take_are_told_as_such_and_sent_nowhere_else() {
    let (elsewhere, other) = collector(TAKEN).await;
    let moved = |status: &str| format!("HTTP/1.1 {status}\r\nlocation: {other}/v1/logs\r\ncontent-length: 0\r\n\r\n");
    let taken_as = |body: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    for answer in [
        moved("302 Found"),
        moved("307 Temporary Redirect"),
        "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_owned(),
        // One of the lines was rejected.
        taken_as("\x0a\x02\x08\x01"),
        taken_as("<html>"),
    ] {
        let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
        let mut config = site.config(json!({"doctypes": {"Lead": all()}}));
        config["audit"] = json!({"enabled": true, "log_file": folder.path().join("audit.log"), "ship": "otlp"});
        let (_came, address) = collector(&answer).await;
        let stated = format!("{address}/v1/logs");
        let mut program = Program::start_with(&config, &[("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", &stated)]).await;
        let list = message("tools/call", json!({"name": "list_lead_documents", "arguments": {}})).to_string();
        let request = http().post(program.url("/mcp")).header("content-type", "application/json").body(list);
        assert_eq!(request.send().await.unwrap().status(), 200);
        program.logged("did not get to").await;
        program.signal("TERM").await;
        assert!(program.child.wait().await.unwrap().success());
    }
    assert!(elsewhere.lock().unwrap().is_empty(), "{}", String::from_utf8_lossy(&elsewhere.lock().unwrap()));
}

#[tokio::test]
async fn a_collector_that_is_away_holds_nothing_up() {
    let site = SampleSite::start().await;
    let config = site.config(json!({"doctypes": {"Lead": all()}}));
    let away = format!("http://127.0.0.1:{}", crate::shared::free_port());
    let mut program = Program::start_with(&config, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &away)]).await;
    let call = message("tools/call", json!({"name": "list_lead_documents", "arguments": {}})).to_string();
    let request = http().post(program.url("/mcp")).header("content-type", "application/json").body(call);
    assert_eq!(request.send().await.unwrap().status(), 200);
    program.signal("TERM").await;
    let ended = tokio::time::timeout(std::time::Duration::from_secs(10), program.child.wait()).await;
    assert!(ended.unwrap().unwrap().success());
}
