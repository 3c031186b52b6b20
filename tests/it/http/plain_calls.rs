//! Most calls are answered without the protocol's library. Nobody sees which way one went: neither its client nor the log.

use std::time::Duration;

use erpnext_sandbox::{Fault, FaultKind};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{Served, http, message};
use crate::sandbox::{SampleSite, first};
use crate::stdio::STATELESS;
use crate::support::all;

/// Hexadecimal words of this length are random: a token.
const RANDOM: usize = 16;
/// And a cursor, which holds a moment.
const CURSOR: usize = 32;

/// A server on a site of its own, and its log.
struct Way {
    site: SampleSite,
    served: Served,
    log: tempfile::TempDir,
}

impl Way {
    async fn open(by_library: bool) -> Self {
        let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
        let doctypes = json!({"Customer": {"read": true}, "Lead": all()});
        // The last of the forms has no room for another one.
        let mut config = site.config(json!({"doctypes": doctypes, "quota": {"create": {"hour": 3}}}));
        config["permissions"]["confirm_argument"] = json!(false);
        config["audit"] = json!({"enabled": true, "log_file": log.path().join("audit.log")});
        let served = if by_library { Served::by_library(&config).await } else { Served::start(&config).await };
        Self { site, served, log }
    }

    /// What the log says of each call.
    fn lines(&self) -> Vec<Vec<Value>> {
        let text = std::fs::read_to_string(self.log.path().join("audit.log")).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        // A reason may name a moment.
        let told = |value: &Value| value.as_str().map_or(Value::Null, |text| json!(masked(text)));
        lines.map(|line| ["operation", "result", "reason", "client"].map(|key| told(&line[key])).to_vec()).collect()
    }
}

/// A text without its numbers and what is random in it.
fn masked(text: &str) -> String {
    let is_outside = |c: char| !c.is_ascii_alphanumeric();
    let shown = |part: &str| {
        let word = part.trim_end_matches(is_outside);
        let is_token = word.len() >= RANDOM && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_token || word.len() >= CURSOR {
            return part.replace(word, "~");
        }
        let mut signs: Vec<char> = part.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
        signs.dedup_by(|one, other| (*one, *other) == ('#', '#'));
        signs.into_iter().collect()
    };
    text.split_inclusive(is_outside).map(shown).collect()
}

/// Status, headers and body of an answer, without what is another at each time and place.
async fn seen(request: RequestBuilder) -> (u16, Vec<(String, String)>, String) {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer.text().await.unwrap();
    assert_eq!(headers["content-length"], body.len().to_string());
    let headers =
        headers.iter().filter(|(name, _)| !["content-length", "date", "x-request-id"].contains(&name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    (status, headers, masked(&body))
}

type Form = fn(&Served, &Value) -> RequestBuilder;

/// The request of somebody who can be asked in the answer.
fn asking(served: &Served, params: &Value) -> RequestBuilder {
    let mut params = params.clone();
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": STATELESS,
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
    });
    let name = params["name"].as_str().unwrap().to_owned();
    let request = served.post("/mcp", &message("tools/call", params)).header("mcp-protocol-version", STATELESS);
    request.header("mcp-method", "tools/call").header("mcp-name", name)
}

#[tokio::test]
async fn a_call_is_answered_as_the_library_answers_it() {
    let (own, library) = (Way::open(false).await, Way::open(true).await);
    let lead = first(&own.site.app(json!({"Lead": all()})), "Lead", json!({})).await;
    let forms: [Form; 4] = [
        |served, params| served.post("/mcp", &message("tools/call", params.clone())),
        |served, params| {
            let request = served.post("/mcp", &message("tools/call", params.clone()));
            request.header("mcp-protocol-version", "2025-11-25").header("user-agent", "Old/1")
        },
        |served, params| served.stateless("/mcp", "tools/call", params.clone()),
        asking,
    ];
    let mut bodies = String::new();
    for form in forms {
        for (tool, arguments) in [
            ("list_lead_documents", json!({"limit": 2})),
            ("get_lead_document", json!({"name": lead})),
            ("get_lead_document", json!({"name": "no such lead"})),
            ("list_lead_documents", json!({"limit": "many"})),
            ("no_such_tool", json!({})),
            ("delete_customer_document", json!({"name": "x"})),
            ("create_lead_document", json!({"data": {"no_such_field": 1}})),
            ("create_lead_document", json!({"data": {"lead_name": "plain"}})),
            ("delete_lead_document", json!({"name": lead})),
        ] {
            let params = json!({"name": tool, "arguments": arguments});
            let answer = seen(form(&own.served, &params)).await;
            assert_eq!(answer, seen(form(&library.served, &params)).await, "{params}");
            assert_eq!(answer.0, 200, "{params}: {answer:?}");
            bodies += &answer.2;
        }
    }
    // All kinds were among them: done, failed, refused, to be confirmed, asked about.
    for kind in
        ["created", "\"isError\":true", "\"error\":", "confirm_token", "input_required", "\"resultType\":\"complete\""]
    {
        assert!(bodies.contains(kind), "{kind}: {bodies}");
    }
    let of_leads = |way: &Way| way.site.writes().into_iter().filter(|write| write.contains(" Lead ")).count();
    assert_eq!((of_leads(&own), of_leads(&library)), (3, 3), "a quota counts both");
    assert_eq!(own.lines(), library.lines());
}

#[tokio::test]
async fn what_the_library_refuses_or_streams_is_so_still() {
    let (own, library) = (Way::open(false).await, Way::open(true).await);
    let list = json!({"name": "list_lead_documents", "arguments": {"limit": 1}});
    // What takes long tells of progress.
    for way in [&own, &library] {
        way.served.call("/mcp", "list_lead_documents", json!({"limit": 1})).await;
    }
    let forms: [(u16, Form); 6] = [
        (400, |served, params| {
            served.post("/mcp", &message("tools/call", params.clone())).header("mcp-protocol-version", STATELESS)
        }),
        (400, |served, params| {
            served.post("/mcp", &message("tools/call", params.clone())).header("mcp-protocol-version", "1999-01-01")
        }),
        (400, |served, params| served.stateless("/mcp", "tools/call", params.clone()).header("mcp-name", "another")),
        (400, |served, params| {
            let mut call = message("tools/call", params.clone());
            call["id"] = json!({});
            served.post("/mcp", &call)
        }),
        (406, |served, params| {
            let request = http().post(served.url("/mcp")).header("content-type", "application/json");
            let request = request.header("accept", "application/json;q=0, text/event-stream");
            request.body(message("tools/call", params.clone()).to_string())
        }),
        (200, |served, params| {
            let mut params = params.clone();
            params["_meta"] = json!({"progressToken": 1});
            served.post("/mcp", &message("tools/call", params))
        }),
    ];
    for (status, form) in forms {
        let answer = seen(form(&own.served, &list)).await;
        assert_eq!(answer, seen(form(&library.served, &list)).await);
        assert_eq!(answer.0, status, "{answer:?}");
    }
    // What takes long is told of on a stream.
    let slow = json!({
        "name": "list_lead_documents", "arguments": {"limit": 2, "fresh": true}, "_meta": {"progressToken": 1},
    });
    for way in [&own, &library] {
        way.site.sandbox.faults().add(Fault::new(FaultKind::Latency(2_500)));
        let answer = way.served.post("/mcp", &message("tools/call", slow.clone())).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert!(answer.text().await.unwrap().contains("notifications/progress"));
    }
}

#[tokio::test]
async fn a_read_whose_client_vanishes_is_recorded_alike() {
    let mut told = Vec::new();
    for by_library in [false, true] {
        let mut way = Way::open(by_library).await;
        way.site.sandbox.faults().add(Fault::new(FaultKind::Latency(20_000)));
        let list = json!({"name": "list_lead_documents", "arguments": {}});
        let gone = way.served.post("/mcp", &message("tools/call", list)).timeout(Duration::from_millis(300)).send();
        assert!(gone.await.is_err());
        tokio::time::sleep(Duration::from_millis(300)).await;
        way.served.turns.stop();
        way.served.ended().await;
        told.push(way.lines());
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].iter().map(|line| &line[1]).collect::<Vec<_>>(), ["FAILED"], "{told:?}");
}

#[tokio::test]
async fn a_call_under_way_has_its_place_until_it_is_answered() {
    let way = Way::open(false).await;
    way.served.call("/mcp", "list_lead_documents", json!({"limit": 1})).await;
    way.site.sandbox.faults().add(Fault::new(FaultKind::Latency(1_000)));
    let slow = async {
        let list = json!({"name": "list_lead_documents", "arguments": {"limit": 2}});
        let answer = way.served.post("/mcp", &message("tools/call", list)).send().await.unwrap();
        answer.status().as_u16()
    };
    let looks = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let load = way.served.turns.load();
        // The end waits for it, and begins nothing more.
        way.served.turns.stop();
        load
    };
    assert_eq!(tokio::join!(slow, looks), (200, (1, 0)));
}
