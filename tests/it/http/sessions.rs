//! Sessions of clients of the handshake era, where `http.sessions` has them: each is its user's at any server, until it ends.

use std::sync::Arc;
use std::time::Duration;

use erpnext_mcp::shared::{Memory, Store};
use erpnext_sandbox::{Fault, FaultKind};
use futures_util::future::join_all;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::{Served, answered, data, http, message, refused};
use crate::person::{Answers, Person};
use crate::sandbox::{SampleSite, first};
use crate::support::all;

const ADMINISTRATOR: &str = "administrator";

fn config(site: &SampleSite, log: &tempfile::TempDir) -> Value {
    let mut config = site.config(json!({"doctypes": {"Customer": {"read": true}, "Lead": all()}}));
    config["permissions"]["confirm_argument"] = json!(false);
    config["audit"] = json!({"enabled": true, "log_file": log.path().join("audit.log")});
    config["sign_in"] = json!({"own_keys": true});
    config["http"] = json!({"sessions": true});
    config
}

fn of(user: &str, request: RequestBuilder) -> RequestBuilder {
    request.header("authorization", format!("token {user}:secret"))
}

fn within(session: &str, request: RequestBuilder) -> RequestBuilder {
    of(ADMINISTRATOR, request).header("mcp-session-id", session).header("mcp-protocol-version", "2025-11-25")
}

fn end(served: &Served, session: &str) -> RequestBuilder {
    within(session, http().delete(served.url("/mcp")))
}

fn ping() -> Value {
    message("ping", json!({}))
}

fn list() -> Value {
    message("tools/call", json!({"name": "list_lead_documents", "arguments": {"limit": 1}}))
}

fn delete(lead: &str) -> Value {
    message("tools/call", json!({"name": "delete_lead_document", "arguments": {"name": lead}}))
}

fn yes(id: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": {"action": "accept", "content": {"confirm": true}}})
}

/// The session that a client begins which asks its user.
async fn begun(served: &Served) -> String {
    let hello = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {"elicitation": {}},
        "clientInfo": {"name": "tests", "version": "1"},
    });
    let answer = of(ADMINISTRATOR, served.post("/mcp", &message("initialize", hello))).send().await.unwrap();
    answer.headers()["mcp-session-id"].to_str().unwrap().to_owned()
}

async fn two(config: &Value) -> [Served; 2] {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    [Served::over(config, &store).await, Served::over(config, &store).await]
}

#[tokio::test]
async fn a_session_is_good_at_every_server_for_its_user_alone_and_names_the_client_in_the_audit_log() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let [one, other] = two(&config(&site, &log)).await;
    let session = begun(&one).await;
    for served in [&one, &other] {
        data(&answered(within(&session, served.post("/mcp", &list()))).await);
        let foreign = of("sales", served.post("/mcp", &list())).header("mcp-session-id", &session);
        let (status, words) = refused(foreign).await;
        assert!(status == 404 && words.contains("initialize"), "{status} {words}");
    }
    let text = std::fs::read_to_string(log.path().join("audit.log")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let named = lines[0]["session"].as_str().unwrap();
    assert!(!named.is_empty() && named.len() < 64, "{named}");
    assert!(lines.iter().all(|line| line["session"] == named && line["client"] == "tests 1"), "{lines:?}");
}

#[tokio::test]
async fn a_session_that_was_ended_is_over_at_every_server() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let config = config(&site, &log);
    let alone = Served::start(&config).await;
    let [one, other] = two(&config).await;
    for (ends, used) in [(&alone, &alone), (&one, &other)] {
        let (session, kept) = (begun(ends).await, begun(ends).await);
        let foreign = of("sales", http().delete(ends.url("/mcp"))).header("mcp-session-id", &session);
        assert_eq!(refused(foreign).await.0, 404);
        assert_eq!(end(ends, &session).send().await.unwrap().status(), 204);
        assert_eq!(refused(within(&session, used.post("/mcp", &ping()))).await.0, 404);
        assert_eq!(refused(end(used, &session)).await.0, 404);
        assert_eq!(within(&kept, used.post("/mcp", &ping())).send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn without_its_session_a_request_is_told_to_begin_one_and_the_stateless_era_needs_none() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let served = Served::start(&config(&site, &log)).await;
    let session = begun(&served).await;
    let twice = within(&session, served.post("/mcp", &ping())).header("mcp-session-id", &session);
    for (what, request, status) in [
        ("none", of(ADMINISTRATOR, served.post("/mcp", &ping())), 400),
        ("two", twice, 400),
        ("an end of none", of(ADMINISTRATOR, http().delete(served.url("/mcp"))), 400),
        ("an unknown one", within("canary", served.post("/mcp", &ping())), 404),
        ("a stream", within(&session, http().get(served.url("/mcp"))), 405),
    ] {
        let (found, words) = refused(request).await;
        assert_eq!(found, status, "{what}: {words}");
        assert!(!words.contains("canary") && (status == 405 || words.contains("initialize")), "{what}: {words}");
    }
    let call = json!({"name": "list_lead_documents", "arguments": {"limit": 1}});
    let call = of(ADMINISTRATOR, served.stateless("/mcp", "tools/call", call)).header("mcp-session-id", "ignored");
    let answer = call.send().await.unwrap();
    assert!(!answer.headers().contains_key("mcp-session-id"));
    data(&answer.json().await.unwrap());
}

#[tokio::test]
async fn a_client_with_a_session_is_asked_as_over_stdio() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let mut config = config(&site, &log);
    config.as_object_mut().unwrap().remove("sign_in");
    let served = Served::start(&config).await;
    let lead = first(&site.app(json!({"Lead": all()})), "Lead", json!({})).await;
    for (answers, is_gone) in [(Answers::no(), false), (Answers::yes(), true)] {
        let client = Person::who(answers).over_http(served.url("/mcp")).await;
        client.call("delete_lead_document", json!({"name": lead})).await;
        assert_eq!(client.asked().len(), 1);
        assert_eq!(site.stored("Lead", &lead).is_none(), is_gone);
    }
}

/// The id of the question on a stream.
async fn question(stream: &mut Response) -> String {
    let mut text = String::new();
    while let Some(part) = stream.chunk().await.unwrap() {
        text.push_str(std::str::from_utf8(&part).unwrap());
        let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data:")?).ok());
        if let Some(asked) = messages.into_iter().find(|message| message["method"] == "elicitation/create") {
            return asked["id"].as_str().unwrap().to_owned();
        }
    }
    panic!("nobody was asked: {text}");
}

#[tokio::test]
async fn an_answer_reaches_its_question_through_another_server_and_no_other_session_gives_it() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let [one, other] = two(&config(&site, &log)).await;
    let lead = first(&site.app(json!({"Lead": all()})), "Lead", json!({})).await;
    let (session, another) = (begun(&one).await, begun(&one).await);
    let mut stream = within(&session, one.post("/mcp", &delete(&lead))).send().await.unwrap();
    let id = question(&mut stream).await;
    for served in [&one, &other] {
        assert_eq!(refused(within(&another, served.post("/mcp", &yes(&id)))).await.0, 400);
    }
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(site.stored("Lead", &lead).is_some());
    assert_eq!(within(&session, other.post("/mcp", &yes(&id))).send().await.unwrap().status(), 202);
    let answer = stream.text().await.unwrap();
    assert!(answer.contains("\"result\""), "{answer}");
    assert!(site.stored("Lead", &lead).is_none());
}

#[tokio::test]
async fn an_answer_for_which_nobody_waits_is_refused() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let config = config(&site, &log);
    let [one, _] = two(&config).await;
    for served in [Served::start(&config).await, one] {
        let session = begun(&served).await;
        let (status, words) = refused(within(&session, served.post("/mcp", &yes("1-q0")))).await;
        assert!(status == 400 && words.contains("nobody waits"), "{status} {words}");
    }
}

#[tokio::test]
async fn an_answer_gets_in_where_all_places_of_its_user_are_taken() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let served = Served::start(&config(&site, &log)).await;
    let lead = first(&site.app(json!({"Lead": all()})), "Lead", json!({})).await;
    let session = begun(&served).await;
    let mut stream = within(&session, served.post("/mcp", &delete(&lead))).send().await.unwrap();
    let id = question(&mut stream).await;
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(1_500)).method("GET"));
    let many = join_all((0..60).map(|_| within(&session, served.post("/mcp", &list())).send()));
    let answered = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let (full, _) = refused(within(&session, served.post("/mcp", &ping()))).await;
        let off = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 99}});
        let answer = within(&session, served.post("/mcp", &yes(&id))).send().await.unwrap();
        let off = within(&session, served.post("/mcp", &off)).send().await.unwrap();
        (full, answer.status().as_u16(), off.status().as_u16())
    };
    let (_, told) = tokio::join!(many, answered);
    assert_eq!(told, (503, 202, 202));
    site.sandbox.faults().clear();
    let answer = stream.text().await.unwrap();
    assert!(answer.contains("\"result\"") && site.stored("Lead", &lead).is_none(), "{answer}");
}

#[tokio::test]
async fn the_same_write_of_another_session_is_told_that_a_person_is_asked_and_is_done_once() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let [one, other] = two(&config(&site, &log)).await;
    let lead = first(&site.app(json!({"Lead": all()})), "Lead", json!({})).await;
    let (session, another) = (begun(&one).await, begun(&one).await);
    let mut stream = within(&session, one.post("/mcp", &delete(&lead))).send().await.unwrap();
    let id = question(&mut stream).await;
    let before = site.writes().len();
    for served in [&one, &other] {
        let told = within(&another, served.post("/mcp", &delete(&lead))).timeout(Duration::from_secs(10));
        let told = answered(told).await["result"].clone();
        let words = told["content"][0]["text"].as_str().unwrap();
        assert!(told["isError"] == true && words.contains("A person is asked"), "{words}");
    }
    assert_eq!(within(&session, one.post("/mcp", &yes(&id))).send().await.unwrap().status(), 202);
    let answer = stream.text().await.unwrap();
    assert!(answer.contains("\"result\"") && site.stored("Lead", &lead).is_none(), "{answer}");
    assert_eq!(site.writes().len(), before + 1, "{:?}", site.writes());
    let text = std::fs::read_to_string(log.path().join("audit.log")).unwrap();
    assert_eq!(text.matches("a person is asked about the same write").count(), 2, "{text}");
}

#[tokio::test]
async fn the_end_of_a_session_is_a_no_to_what_is_asked_in_it_through_whichever_server() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let config = config(&site, &log);
    let alone = Served::start(&config).await;
    let [one, other] = two(&config).await;
    let lead = first(&site.app(json!({"Lead": all()})), "Lead", json!({})).await;
    for (asks, ends) in [(&alone, &alone), (&one, &other)] {
        let session = begun(asks).await;
        let mut stream = within(&session, asks.post("/mcp", &delete(&lead))).send().await.unwrap();
        let id = question(&mut stream).await;
        assert_eq!(end(ends, &session).send().await.unwrap().status(), 204);
        let answer = tokio::time::timeout(Duration::from_secs(10), stream.text()).await.unwrap().unwrap();
        assert!(answer.contains("did not confirm"), "{answer}");
        assert_eq!(refused(within(&session, asks.post("/mcp", &yes(&id)))).await.0, 404);
        assert!(site.stored("Lead", &lead).is_some());
    }
}

#[tokio::test]
async fn what_is_asked_after_the_end_of_its_session_is_a_no_at_once() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let config = config(&site, &log);
    let alone = Served::start(&config).await;
    let [one, other] = two(&config).await;
    let lead = first(&site.app(json!({"Lead": all()})), "Lead", json!({})).await;
    for (asks, ends) in [(&alone, &alone), (&one, &other)] {
        let session = begun(asks).await;
        site.sandbox.faults().add(Fault::new(FaultKind::Latency(1_000)).method("GET"));
        let call =
            async { within(&session, asks.post("/mcp", &delete(&lead))).send().await.unwrap().text().await.unwrap() };
        let ended = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            end(ends, &session).send().await.unwrap().status().as_u16()
        };
        let both = async { tokio::join!(call, ended) };
        let (answer, ended) = tokio::time::timeout(Duration::from_secs(30), both).await.unwrap();
        site.sandbox.faults().clear();
        assert!(ended == 204 && answer.contains("did not confirm"), "{ended} {answer}");
        assert!(site.stored("Lead", &lead).is_some());
    }
}

#[tokio::test]
async fn nobody_is_asked_about_a_large_call_which_would_be_held_until_they_answer() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let served = Served::start(&config(&site, &log)).await;
    let lead = first(&site.app(json!({"Lead": all()})), "Lead", json!({})).await;
    let session = begun(&served).await;
    let mut large = delete(&lead);
    large["params"]["_meta"] = json!({"example.com/note": "x".repeat(2 << 20)});
    let told = answered(within(&session, served.post("/mcp", &large))).await;
    assert!(told["result"]["content"][0]["text"].as_str().unwrap().contains("confirm_token"), "{told}");
    assert!(site.stored("Lead", &lead).is_some());
}

#[tokio::test]
async fn a_user_listens_to_so_many_streams_and_has_their_other_places_beside_them() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let mut config = config(&site, &log);
    config["schema"]["overlay"] = json!("live");
    let served = Served::start(&config).await;
    let listen = || {
        let wanted = json!({"notifications": {"toolsListChanged": true}});
        of(ADMINISTRATOR, served.stateless("/mcp", "subscriptions/listen", wanted)).send()
    };
    // The site is asked once who it is.
    let mut streams = vec![listen().await.unwrap()];
    streams.extend(join_all((1..48).map(|_| listen())).await.into_iter().map(Result::unwrap));
    let statuses: Vec<u16> = streams.iter().map(|stream| stream.status().as_u16()).collect();
    assert_eq!(statuses, [200; 48]);
    assert_eq!(listen().await.unwrap().status(), 503);
    let call = json!({"name": "list_lead_documents", "arguments": {"limit": 1}});
    data(&answered(of(ADMINISTRATOR, served.stateless("/mcp", "tools/call", call))).await);
    let other = of("sales", served.stateless("/mcp", "tools/list", json!({})));
    assert_eq!(other.send().await.unwrap().status(), 200);
}
