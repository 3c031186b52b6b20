//! Load: no answer and no crowd of calls takes the machine or the site.

use std::io::Write as _;
use std::time::{Duration, Instant};

use erpnext_mcp::app::{App, Connection};
use erpnext_mcp::audit::Audit;
use erpnext_mcp::context::client_options;
use erpnext_mcp::site::{Client, ClientOptions, Retry};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::future::join_all;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::{Site, all, call, config_json, load, refusal, stated};

const TODOS: &str = "/api/resource/ToDo";
/// How many large answers are asked for at once; more with `ERPNEXT_MCP_LARGE`.
#[cfg(target_os = "linux")]
const LARGE: usize = 8;

/// A list of `count` equal rows, packed.
fn packed(row: &str, count: usize) -> ResponseTemplate {
    /// How many are written at once.
    const MANY: usize = 10_000;
    let mut body = GzEncoder::new(Vec::new(), Compression::fast());
    body.write_all(b"{\"data\":[").unwrap();
    let (begun, many) = (format!("{row},"), format!("{row},").repeat(MANY));
    for _ in 0..(count - 1) / MANY {
        body.write_all(many.as_bytes()).unwrap();
    }
    body.write_all(begun.repeat((count - 1) % MANY).as_bytes()).unwrap();
    body.write_all(row.as_bytes()).unwrap();
    body.write_all(b"]}").unwrap();
    let body = body.finish().unwrap();
    ResponseTemplate::new(200).insert_header("content-encoding", "gzip").set_body_raw(body, "application/json")
}

/// Lists documents often at once; what each call came to.
#[cfg(target_os = "linux")]
async fn at_once(server: &mut crate::stdio::Server, calls: usize) -> Vec<String> {
    for at in 0..calls {
        let arguments = json!({"name": "list_todo_documents", "arguments": {"fields": ["name"], "limit": 500 - at}});
        server.post("tools/call", arguments).await;
    }
    let mut said = Vec::new();
    while said.len() < calls {
        let message = server.message().await;
        if message.get("id").is_some() {
            said.push(message["result"]["content"][0]["text"].as_str().unwrap().to_owned());
        }
    }
    said
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_answer_takes_more_than_512_megabytes() {
    use crate::stdio::Server;
    let mb = |bytes: usize| bytes >> 20;
    let cached = json!({"enabled": true, "ttl": 600, "max_size": 1000});
    let calls = stated("ERPNEXT_MCP_LARGE").unwrap_or(LARGE);
    for (row, count, fits) in [
        // 100 kB that unpack to 52 MB, and those to 2 GB.
        ("{}", 17_000_000, false),
        ("{\"a\":1}", 3_000_000, false),
        ("[[[[[[]]]]]]", 2_000_000, false),
        // What is just taken.
        ("{\"name\":\"x\"}", 100_000, true),
        ("{\"name\":\"x\",\"status\":\"Open\",\"priority\":\"Low\",\"owner\":\"a@b.c\"}", 48_000, true),
    ] {
        let site = Site::start().await;
        site.respond("GET", TODOS, packed(row, count)).await;
        let mut config = config_json(&site.url(), json!({"doctypes": {"ToDo": all()}}));
        config["cache"] = cached.clone();
        // A busy machine takes its time to unpack.
        config["erpnext"]["timeout"] = json!(120);
        let mut server = Server::initialized(&config).await;

        for said in at_once(&mut server, calls).await {
            assert_eq!(said.starts_with("The site's answer is too large"), !fits, "{row}: {said:.200}");
            assert!(fits || said.contains("next: Ask for less"), "{said}");
        }

        let most = if fits { 512 } else { 160 };
        assert!(mb(server.peak()) < most, "{count} of {row}: {} MB", mb(server.peak()));
        server.end().await;
    }
}

fn server(site: &Site, options: impl FnOnce(ClientOptions) -> ClientOptions) -> Connection {
    let config = load(&config_json(&site.url(), json!({"doctypes": {"ToDo": all()}})));
    let retry = Retry { times: 0, ..Retry::default() };
    let options = options(ClientOptions { retry, ..client_options(&config) });
    App::with_client(&config, Client::new(options).unwrap(), Audit::default()).unwrap().1
}

#[tokio::test]
async fn waiting_for_a_turn_is_no_failure_of_the_site() {
    let site = Site::start().await;
    let slow = ResponseTemplate::new(200).set_body_json(json!({"data": []})).set_delay(Duration::from_millis(350));
    site.respond("GET", TODOS, slow).await;
    let app = server(&site, |options| ClientOptions { concurrent: 1, timeout: Duration::from_millis(1200), ..options });
    let lists = (0..24).map(|at| call(&app, "list_todo_documents", json!({"limit": at + 1})));
    let said: Vec<_> =
        join_all(lists).await.into_iter().filter_map(Result::err).map(|error| error.for_model()).collect();
    assert!(said.len() > 10, "they crowd: {said:?}");
    assert!(said.iter().all(|said| !said.contains("left alone")), "{said:?}");
    call(&app, "list_todo_documents", json!({})).await.unwrap();
}

#[tokio::test]
async fn one_word_on_when_to_come_back_pauses_for_a_minute_at_most_and_is_told() {
    let site = Site::start().await;
    let limited = ResponseTemplate::new(429).insert_header("retry-after", "86400").set_body_json(json!({}));
    site.respond("GET", TODOS, limited).await;
    let app = server(&site, |options| ClientOptions { timeout: Duration::from_secs(5), ..options });
    let begun = Instant::now();
    refusal(&app, "list_todo_documents", json!({})).await;
    let said = refusal(&app, "list_todo_documents", json!({})).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "nobody waits for it");
    assert_eq!(site.lines().await.len(), 1, "{said}");
    let seconds: u64 = said.split("Wait ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((50..=60).contains(&seconds) && said.contains("nothing was sent"), "{said}");
}
