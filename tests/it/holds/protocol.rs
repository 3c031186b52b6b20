//! The protocol: every request gets one answer, whatever it looks like.

use serde_json::{Value, json};

use crate::stdio::Server;
use crate::support::{all, config_json};

async fn server() -> Server {
    Server::initialized(&config_json("http://127.0.0.1:9", json!({"doctypes": {"ToDo": all()}}))).await
}

/// A call of a tool with these arguments, as it stands on the wire.
fn asked(id: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"tools/call","params":{{"name":"list_doctypes","arguments":{arguments}}},"id":{id}}}"#
    )
}

async fn answer_to(server: &mut Server, line: &str) -> Value {
    server.send(line).await;
    server.message().await
}

#[tokio::test]
async fn every_request_gets_an_answer() {
    let mut server = server().await;
    let deep = "[".repeat(5_000);
    let long = format!(r#"{{"search":"{}"}}"#, "x".repeat(17 << 20));
    let wide = format!(r#"{{"search":[{}1]}}"#, "[],".repeat(1 << 18));
    for (what, line, code, id) in [
        ("a lone surrogate", asked("101", r#"{"search":"\ud800"}"#), -32700, json!(101)),
        ("a number out of range", asked("102", r#"{"limit":1e400}"#), -32700, json!(102)),
        ("too deep", asked("\"a-1\"", &deep), -32700, Value::Null),
        ("too deep, after the id", format!(r#"{{"id":"a-2","params":{deep}"#), -32700, json!("a-2")),
        ("too long", asked("103", &long), -32700, json!(103)),
        ("too many values", asked("104", &wide), -32600, json!(104)),
        ("no JSON", "garbage".to_owned(), -32700, Value::Null),
        ("not UTF-8", format!(r#"{{"id":105,"method":"{}"}}"#, "\u{fffd}"), -32600, json!(105)),
        ("no version", r#"{"id":106,"method":"ping"}"#.to_owned(), -32600, json!(106)),
        ("a batch", format!("[{}]", asked("107", "{}")), -32600, Value::Null),
        ("no name", r#"{"jsonrpc":"2.0","id":108,"method":"tools/call","params":{}}"#.to_owned(), -32602, json!(108)),
        ("no params", r#"{"jsonrpc":"2.0","id":109,"method":"tools/call"}"#.to_owned(), -32602, json!(109)),
        ("no object", asked("110", "[1]"), -32602, json!(110)),
        ("a name of another kind", asked("111", "{}").replace(r#""list_doctypes""#, "5"), -32602, json!(111)),
        (
            "params that are a list",
            r#"{"jsonrpc":"2.0","id":114,"method":"tools/call","params":[]}"#.to_owned(),
            -32602,
            json!(114),
        ),
        (
            "a cursor of nobody's",
            r#"{"jsonrpc":"2.0","id":115,"method":"tools/list","params":{"cursor":"x"}}"#.to_owned(),
            -32602,
            json!(115),
        ),
        ("a key twice", asked("116", r#"{"search":"a","search":"b"}"#), -32602, json!(116)),
        ("a key twice, further in", asked("117", r#"{"a":[{"b":{"qty":1,"qty":2}}]}"#), -32602, json!(117)),
        ("an id that is no whole number", asked("1.5", "{}"), -32600, json!(1.5)),
        ("no such method", r#"{"jsonrpc":"2.0","id":112,"method":"tools/steal"}"#.to_owned(), -32601, json!(112)),
    ] {
        let answer = answer_to(&mut server, &line).await;
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(code), &id), "{what}: {answer}");
        assert!(!answer["error"]["message"].as_str().unwrap().is_empty(), "{what}");
    }
    // What nobody waits for gets none; the next answer is that of the next request.
    for line in [
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[]}}"#,
        r#"{"jsonrpc":"2.0","method":"window/log"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":5}"#,
        "",
    ] {
        server.send(line).await;
    }
    assert_eq!(answer_to(&mut server, &asked("113", "{}")).await["id"], 113);
}

#[tokio::test]
async fn the_id_of_an_answer_is_that_of_its_request_exactly() {
    let mut server = server().await;
    for id in [
        "1.5",
        "-7",
        "0",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551616",
        "1e400",
        "\"\"",
        "\"é\"",
    ] {
        server.send(&asked(id, "{}")).await;
        let line = server.line().await;
        assert!(line.contains(&format!(r#""id":{id},"#)), "{id}: {line}");
    }
}

#[tokio::test]
async fn a_request_before_initialize_is_told_so_and_the_session_can_still_begin() {
    let mut server = Server::start(&config_json("http://127.0.0.1:9", json!({"doctypes": {"ToDo": all()}})));
    for line in [asked("1", "{}"), r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#.to_owned()] {
        let answer = answer_to(&mut server, &line).await;
        assert_eq!(answer["error"]["code"], -32600, "{answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains("send initialize"), "{answer}");
    }
    assert!(answer_to(&mut server, r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#).await["result"].is_object());
    server.initialize().await;
    assert!(answer_to(&mut server, &asked("4", "{}")).await["result"].is_object());
}

#[tokio::test]
async fn bytes_that_are_no_text_get_an_answer() {
    let mut server = server().await;
    server.send_bytes(b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"\xff\"}\n").await;
    let answer = server.message().await;
    assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(-32700), &json!(7)), "{answer}");
}

#[tokio::test]
async fn an_id_that_is_in_use_is_refused_and_free_again_after_its_answer() {
    let site = crate::support::Site::start().await;
    let slow = wiremock::ResponseTemplate::new(200)
        .set_body_json(json!({"data": []}))
        .set_delay(std::time::Duration::from_millis(300));
    site.respond("GET", "/api/resource/ToDo", slow).await;
    let mut server = Server::initialized(&config_json(&site.url(), json!({"doctypes": {"ToDo": all()}}))).await;
    let list = asked("7", "{}").replace("list_doctypes", "list_todo_documents");
    server.send(&list).await;
    let refused = answer_to(&mut server, &list).await;
    assert_eq!((&refused["error"]["code"], &refused["id"]), (&json!(-32600), &json!(7)), "{refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains("this one was not begun"), "{refused}");
    assert!(server.message().await["result"].is_object());
    assert!(answer_to(&mut server, &list).await["result"].is_object());
    assert_eq!(site.lines().await.len(), 2);
}

#[tokio::test]
async fn filters_of_megabytes_are_refused_before_anything_is_built() {
    let site = crate::support::Site::start().await;
    let mut server = Server::initialized(&config_json(&site.url(), json!({"doctypes": {"ToDo": all()}}))).await;
    let names: Vec<String> = (0..450_000).map(|at| format!("TODO-{at}")).collect();
    for filters in [json!({"name": ["in", names]}), json!(json!({"name": ["in", names]}).to_string())] {
        let said = server.error("list_todo_documents", json!({"filters": filters})).await;
        assert!(said.contains("filters") && said.contains("262144 bytes"), "{said:.400}");
        assert!(said.len() < 1_000, "{}", said.len());
    }
    assert!(site.lines().await.is_empty());
}

#[tokio::test]
async fn texts_of_megabytes_are_refused_before_anything_is_sent() {
    let site = crate::support::Site::start().await;
    let mut server = Server::initialized(&config_json(&site.url(), json!({"doctypes": {"ToDo": all()}}))).await;
    let long = "x".repeat(5_000_000);
    for (tool, argument, arguments) in [
        ("global_search", "text", json!({"text": long})),
        ("search_link", "text", json!({"doctype": "ToDo", "text": long})),
        ("get_generic_document", "doctype", json!({"doctype": long, "name": "x"})),
        ("add_comment", "content", json!({"doctype": "ToDo", "name": "x", "content": long})),
    ] {
        let said = server.error(tool, arguments).await;
        assert!(
            said.contains(&format!("{argument}: holds 5000000 bytes")) && said.len() < 1_000,
            "{tool}: {said:.400}"
        );
    }
    assert!(site.lines().await.is_empty());
}

#[cfg(unix)]
mod ends {
    //! SIGTERM and SIGINT.

    use std::time::Duration;

    use erpnext_sandbox::{Fault, FaultKind};

    use super::*;
    use crate::sandbox::SampleSite;
    use crate::support::call;

    const LATE: FaultKind = FaultKind::Latency(700);

    async fn begun(site: &SampleSite) {
        for _ in 0..600 {
            if site.sandbox.faults().hits().contains_key(&LATE) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no write was begun");
    }

    #[tokio::test]
    async fn a_signal_lets_writes_finish_and_batches_tell_where_to_go_on() {
        for signal in ["TERM", "INT"] {
            let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
            let log = folder.path().join("audit.log");
            let mut config = site.config(json!({"doctypes": {"ToDo": {"create": true}}}));
            config["audit"] = json!({"enabled": true, "log_file": log});
            site.sandbox.faults().add(Fault::new(LATE).method("POST").path("/api/resource/ToDo"));
            let mut server = Server::initialized(&config).await;
            let rows: Vec<Value> = (0..40).map(|at| json!({"description": format!("row {at}")})).collect();
            let batch = json!({"name": "create_bulk_documents", "arguments": {"doctype": "ToDo", "documents": rows}});
            server.post("tools/call", batch).await;
            begun(&site).await;
            server.signal(signal);
            let answer = loop {
                let message = server.message().await;
                if message.get("id").is_some() {
                    break message;
                }
            };
            let told: Value = serde_json::from_str(answer["result"]["content"][0]["text"].as_str().unwrap()).unwrap();
            let ended = server.ended().await;
            assert!(ended.status.success(), "{signal}: {:?} {}", ended.status, ended.stderr);
            let made = site.writes().len();
            assert!((1..=8).contains(&made), "{signal}: {made}");
            assert_eq!(told["done"], made, "{signal}: {told}");
            assert_eq!(told["stopped"]["start_at"], made, "{signal}: {told}");
            let lines = std::fs::read_to_string(&log).unwrap();
            let of = |result: &str| lines.matches(&format!("\"result\":\"{result}\"")).count();
            assert_eq!(of("INTENT"), made + 1, "{signal}, the batch itself too: {lines}");
            assert_eq!(of("ALLOWED"), made + 1, "{signal}: {lines}");
        }
    }

    /// `where` would select again what is done.
    #[tokio::test]
    async fn a_batch_by_where_that_a_signal_stops_names_the_documents_that_are_left() {
        let site = SampleSite::start().await;
        let open = site.app(json!({"ToDo": all()}));
        let rows: Vec<Value> = (0..40).map(|at| json!({"description": format!("left {at}")})).collect();
        call(&open, "create_bulk_documents", json!({"doctype": "ToDo", "documents": rows})).await.unwrap();
        site.sandbox.faults().add(Fault::new(LATE).method("POST").path("add_comment"));
        let mut server = Server::initialized(&site.config(json!({"doctypes": {"ToDo": all()}}))).await;
        let mut step = json!({"doctype": "ToDo", "where": {"description": ["like", "left%"]}, "action": "comment",
            "value": "seen", "confirm": true});
        server.post("tools/call", json!({"name": "act_on_bulk_documents", "arguments": step})).await;
        begun(&site).await;
        server.signal("TERM");
        let answer = loop {
            let message = server.message().await;
            if message.get("id").is_some() {
                break message;
            }
        };
        let told: Value = serde_json::from_str(answer["result"]["content"][0]["text"].as_str().unwrap()).unwrap();
        assert!(server.ended().await.status.success());
        let comments = || site.writes().iter().filter(|write| write.starts_with("insert Comment")).count();
        let (done, stopped) = (comments(), &told["stopped"]);
        assert!(told["done"] == done && (1..40).contains(&done), "{done}: {told}");
        assert_eq!((&stopped["left"], stopped.get("start_at")), (&json!(40 - done), None), "{told}");
        // What it says goes on.
        site.sandbox.faults().clear();
        step.as_object_mut().unwrap().remove("where");
        step["names"] = stopped["names"].clone();
        let rest = call(&open, "act_on_bulk_documents", step).await.unwrap();
        assert_eq!((&rest["done"], comments()), (&json!(40 - done), 40), "{rest}");
    }

    #[tokio::test]
    async fn a_signal_ends_a_server_that_has_nothing_to_do_at_once() {
        for initialized in [true, false] {
            let config = config_json("http://127.0.0.1:9", json!({"doctypes": {"ToDo": all()}}));
            let server = if initialized { Server::initialized(&config).await } else { Server::start(&config) };
            tokio::time::sleep(Duration::from_millis(300)).await;
            let begun = std::time::Instant::now();
            server.signal("TERM");
            let ended = server.ended().await;
            assert!(ended.status.success() && begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        }
    }
}
