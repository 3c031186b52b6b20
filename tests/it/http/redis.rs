//! Servers as programs over a Redis, which are killed while fifty people work, and Redis ended once in between.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use erpnext_mcp::shared::{Away, BadAddress, Redis};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::operations::certificate;
use super::program::Program;
use super::{http, message};
use crate::sandbox::SampleSite;
use crate::shared::free_port;
use crate::support::stated;

const PEOPLE: usize = 50;
/// How many calls; more with `ERPNEXT_MCP_REPLICAS`.
const CALLS: usize = 2_000;
/// How many calls one wish takes at the least: a question, its answer, and a reading.
const OF_A_WISH: usize = 3;
/// How often a server is killed.
const KILLS: usize = 6;

/// A Redis that loses nothing that it has acknowledged.
struct RedisServer {
    port: u16,
    /// Whether it is asked over TLS, with the certificate `new.pem`.
    tls: bool,
    folder: tempfile::TempDir,
    child: Child,
}

impl RedisServer {
    async fn start() -> Self {
        Self::listening(false).await
    }

    async fn listening(tls: bool) -> Self {
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let child = Self::begin(port, tls, &folder).await;
        Self { port, tls, folder, child }
    }

    async fn begin(port: u16, tls: bool, folder: &tempfile::TempDir) -> Child {
        let mut command = Command::new("redis-server");
        let (plain, encrypted) = if tls { (0, port) } else { (port, 0) };
        command.args(["--port", &plain.to_string(), "--tls-port", &encrypted.to_string()]);
        if tls {
            let [certificate, key] = ["new.pem", "new.key"].map(certificate);
            command.args(["--tls-cert-file", &certificate, "--tls-key-file", &key, "--tls-ca-cert-file", &certificate]);
            command.args(["--tls-auth-clients", "no"]);
        }
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]);
        command.args(["--appendfsync", "always", "--loglevel", "warning", "--dir"]).arg(folder.path());
        let child = command.stdout(std::process::Stdio::null()).kill_on_drop(true).spawn().unwrap();
        let started = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "redis-server does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        child
    }

    /// Ended as by a crash, away for a while, and back with what it had.
    async fn restart(&mut self, away: Duration) {
        self.child.kill().await.unwrap();
        tokio::time::sleep(away).await;
        self.child = Self::begin(self.port, self.tls, &self.folder).await;
    }

    fn config(&self, config: &mut Value) {
        let key = self.folder.path().join("key");
        std::fs::write(&key, "5c".repeat(32)).unwrap();
        config["http"] = json!({"redis": {"url": format!("redis://127.0.0.1:{}", self.port), "key_file": key}});
    }

    /// Everything that is in it, as it lies on the disk.
    fn content(&self) -> Vec<u8> {
        let mut files = vec![self.folder.path().to_owned()];
        let mut content = Vec::new();
        while let Some(path) = files.pop() {
            match std::fs::read_dir(&path) {
                Ok(inside) => files.extend(inside.map(|file| file.unwrap().path())),
                Err(_) if path.ends_with("key") => {}
                Err(_) => content.extend(std::fs::read(path).unwrap()),
            }
        }
        content
    }
}

/// Where the servers are now.
#[derive(Clone)]
struct Office {
    servers: Arc<Mutex<[SocketAddr; 2]>>,
    http: reqwest::Client,
    calls: Arc<AtomicUsize>,
}

impl Office {
    /// What a tool says through one of the servers, or that it failed; none where no answer came.
    async fn call(&self, server: usize, who: usize, tool: &str, arguments: Value) -> Option<Result<String, String>> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let address = self.servers.lock().unwrap()[server % 2];
        let body = message("tools/call", json!({"name": tool, "arguments": arguments})).to_string();
        let request = self.http.post(format!("http://{address}/mcp")).header("content-type", "application/json");
        let request = request.header("accept", "application/json, text/event-stream").body(body);
        let answer = request.header("authorization", format!("token {}:secret", key(who))).send().await.ok()?;
        // Where many wait, or the site was asked whose key it is and did not answer.
        let answer: Value = if answer.status() == 200 { answer.json().await.ok()? } else { return None };
        let text = answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        Some(if answer["result"]["isError"] == true { Err(text) } else { Ok(text) })
    }
}

fn key(who: usize) -> String {
    format!("person{who}")
}

async fn wait() {
    tokio::time::sleep(Duration::from_millis(150)).await;
}

/// How many documents were made of each wish.
fn made(site: &SampleSite) -> HashMap<String, usize> {
    let mut made = HashMap::new();
    for write in site.sandbox.journal().iter().filter(|write| write.verb == "insert" && write.doctype == "ToDo") {
        let wish = site.stored("ToDo", &write.name).and_then(|doc| doc["description"].as_str().map(str::to_owned));
        *made.entry(wish.unwrap_or_default()).or_default() += 1;
    }
    made
}

/// One document that somebody wants, whatever becomes of the servers meanwhile.
async fn fulfil(office: &Office, site: &SampleSite, who: usize, at: usize) {
    let wish = format!("wish {who} {at}");
    let arguments = |more: Value| {
        let mut arguments = json!({"data": {"description": wish}});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    let mut key = at.is_multiple_of(2).then(|| wish.clone());
    for attempt in 0..200 {
        assert!(attempt < 199, "{wish} is never done");
        let server = who + at + attempt;
        let keyed = key.as_ref().map_or(json!({}), |key| json!({"idempotency_key": key}));
        let shown = office.call(server, who, "create_todo_document", arguments(keyed.clone())).await;
        let token = match shown {
            Some(Ok(text)) => match serde_json::from_str::<Value>(&text).unwrap() {
                Value::Object(told) if told.contains_key("confirm_token") => told["confirm_token"].clone(),
                // The key is known: it was made.
                told => return assert!(told["created"].is_string(), "{told}"),
            },
            Some(Err(why)) if why.contains("whether it made") => {
                // As it says: look, and only if it was not done, call with another key.
                tokio::time::sleep(Duration::from_secs(1)).await;
                if made(site).contains_key(&wish) {
                    return;
                }
                key = Some(format!("{wish} after {attempt}"));
                continue;
            }
            // A server was ended at it.
            Some(Err(why)) if why.contains("through another server") => {
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
            _ => {
                wait().await;
                continue;
            }
        };
        if key.is_some() {
            let mut confirmed = keyed;
            confirmed["confirm_token"] = token;
            // Who asks elsewhere than where it was shown is known there, too.
            if let Some(Ok(text)) = office.call(server + 1, who, "create_todo_document", arguments(confirmed)).await
                && text.contains("\"created\"")
            {
                return;
            }
        } else {
            // Two calls that the repeat guard does not take for one: it is the token that is used once.
            let (plain, said) = (json!({"confirm_token": token}), json!({"confirm_token": token, "confirm": true}));
            let both = join(
                office.call(0, who, "create_todo_document", arguments(plain)),
                office.call(1, who, "create_todo_document", arguments(said)),
            );
            let (one, other) = both.await;
            let done = [&one, &other]
                .iter()
                .filter(|answer| matches!(answer, Some(Ok(text)) if text.contains("\"created\"")))
                .count();
            assert!(done <= 1, "{wish}: {one:?} {other:?}");
            if done == 1 {
                return;
            }
            // What was cut may have been done, and what is begun is told by no server but that one.
            tokio::time::sleep(Duration::from_secs(1)).await;
            if made(site).contains_key(&wish) {
                return;
            }
        }
        wait().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Redis"]
async fn nothing_is_lost_or_doubled_whatever_server_is_killed() {
    let calls = stated("ERPNEXT_MCP_REPLICAS").unwrap_or(CALLS);
    let (site, mut redis) = (SampleSite::start().await, RedisServer::start().await);
    for who in 0..PEOPLE {
        site.sandbox.add_user(&key(who), &["System Manager"]).unwrap();
    }
    let todo = json!({"read": true, "create": true});
    let permissions = json!({"doctypes": {"ToDo": todo}, "confirm": ["create"], "confirm_argument": false});
    let mut config = site.config(permissions);
    config["sign_in"] = json!({"own_keys": true});
    redis.config(&mut config);
    let mut programs = [Program::start(&config).await, Program::start(&config).await];
    let servers = Arc::new(Mutex::new([programs[0].address, programs[1].address]));
    // It has the library for TLS set up.
    drop(http());
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(90)).build().unwrap();
    let office = Office { servers: Arc::clone(&servers), http: client, calls: Arc::default() };
    let wishes = calls.div_ceil(PEOPLE * OF_A_WISH);
    let done = AtomicUsize::new(0);
    let (done, office, site) = (&done, &office, &site);
    let people = join_all((0..PEOPLE).map(|who| async move {
        for at in 0..wishes {
            fulfil(office, site, who, at).await;
            done.fetch_add(1, Ordering::Relaxed);
            let read = json!({"filters": {"description": format!("wish {who} {at}")}, "limit": 1});
            // A server that is just killed answers nobody.
            if let Some(read) = office.call(at, who, "list_todo_documents", read).await {
                assert!(read.is_ok_and(|read| read.contains(&format!("wish {who} {at}"))));
            }
        }
    }));
    let trouble = async {
        let all = PEOPLE * wishes;
        for kill in 0..KILLS {
            while done.load(Ordering::Relaxed) < all * (kill + 1) / (KILLS + 2) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            if kill == KILLS / 2 {
                redis.restart(Duration::from_secs(2)).await;
            }
            let which = kill % 2;
            programs[which].signal("KILL").await;
            programs[which] = Program::start(&config).await;
            servers.lock().unwrap()[which] = programs[which].address;
        }
    };
    join(people, trouble).await;
    let made = made(site);
    assert_eq!(made.len(), PEOPLE * wishes);
    assert!(
        made.values().all(|times| *times == 1),
        "{:?}",
        made.iter().filter(|(_, times)| **times > 1).collect::<Vec<_>>()
    );
    assert!(office.calls.load(Ordering::Relaxed) >= calls, "{:?} calls", office.calls);
    // What lies there tells nobody anything.
    let content = String::from_utf8_lossy(&redis.content()).into_owned();
    assert!(content.contains("erpnext-mcp:{"));
    for secret in ["wish", "person1", "ToDo", "secret", "127.0.0.1"] {
        assert!(!content.contains(secret), "{secret}");
    }
}

#[tokio::test]
#[ignore = "needs a Redis"]
async fn who_held_something_too_long_keeps_nothing_by_it_and_holds_it_on_no_more() {
    let redis = RedisServer::start().await;
    let store = Redis::connect(&format!("redis://127.0.0.1:{}", redis.port), None).unwrap();
    let (short, long) = (Duration::from_secs(1), Duration::from_secs(60));
    let keep = |by: &'static str| store.put_held(("held", by), "value", by.as_bytes().to_vec(), long);
    assert_eq!(store.hold("held", "one", short).await, Ok(true));
    assert_eq!(store.lengthen("held", "one", short).await, Ok(true));
    assert_eq!((store.hold("held", "other", long).await, keep("other").await), (Ok(false), Ok(false)));
    assert_eq!(keep("one").await, Ok(true));
    tokio::time::sleep(short * 2).await;
    assert_eq!((store.lengthen("held", "one", long).await, keep("one").await), (Ok(false), Ok(false)));
    assert_eq!((store.hold("held", "other", long).await, keep("one").await), (Ok(true), Ok(false)));
    assert_eq!((keep("other").await, store.release("held", "other").await), (Ok(true), Ok(true)));
    assert_eq!((store.lengthen("held", "one", long).await, keep("one").await), (Ok(false), Ok(false)));
    assert_eq!(store.get("value").await, Ok(Some(b"other".to_vec())));
}

#[test]
fn what_is_no_authority_is_blamed_on_its_file_and_not_on_the_address() {
    let pem = |bytes: &str| format!("-----BEGIN CERTIFICATE-----\n{bytes}\n-----END CERTIFICATE-----\n");
    for file in [String::new(), "x".to_owned(), pem("AAAA"), pem("?")] {
        let said = Redis::check("rediss://localhost:6379", Some(file.as_bytes())).unwrap_err();
        assert!(said.to_string().contains("ca_file"), "{file}: {said}");
    }
    let own = std::fs::read(certificate("new.pem")).unwrap();
    Redis::check("rediss://localhost:6379", Some(&own)).unwrap();
}

#[tokio::test]
#[ignore = "needs a Redis"]
async fn a_redis_over_tls_is_believed_by_the_authority_that_is_named_and_by_no_other() {
    let redis = RedisServer::listening(true).await;
    let address = format!("rediss://localhost:{}", redis.port);
    let pem = |name| std::fs::read(certificate(name)).unwrap();
    let (own, other) = (pem("new.pem"), pem("old.pem"));
    let store = Redis::connect(&address, Some(&own)).unwrap();
    assert_eq!(store.put("name", b"value".to_vec(), Duration::from_secs(60)).await, Ok(()));
    assert_eq!(store.get("name").await, Ok(Some(b"value".to_vec())));
    for authority in [Some(other.as_slice()), None] {
        assert_eq!(Redis::connect(&address, authority).unwrap().get("name").await, Err(Away));
    }
    assert!(matches!(Redis::check(&address, Some(&pem("new.key"))), Err(BadAddress::Authority)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Redis"]
async fn limits_and_quotas_hold_over_all_servers() {
    let (site, redis, logs) = (SampleSite::start().await, RedisServer::start().await, tempfile::tempdir().unwrap());
    for who in 0..PEOPLE {
        site.sandbox.add_user(&key(who), &["System Manager"]).unwrap();
    }
    let quota = json!({"create": {"hour": 40}});
    let mut config = site.config(json!({"doctypes": {"ToDo": {"read": true, "create": true}}, "quota": quota}));
    config["sign_in"] = json!({"own_keys": true});
    config["rate_limiting"] = json!({"enabled": true, "requests_per_minute": 100_000, "requests_per_hour": 100_000,
        "total_per_minute": 600});
    redis.config(&mut config);
    config["http"]["status_listen"] = json!("127.0.0.1:0");
    let mut programs = Vec::new();
    for name in ["one", "other"] {
        config["audit"] = json!({"enabled": true, "log_file": logs.path().join(name).join("audit.log")});
        programs.push(Program::start(&config).await);
    }
    let servers = Arc::new(Mutex::new([programs[0].address, programs[1].address]));
    let office = Office { servers, http: http(), calls: Arc::default() };
    // One who makes documents through both, and has a quota for both.
    let create = |n: usize| {
        let create = json!({"data": {"description": format!("counted {n}")}});
        office.call(n, 0, "create_todo_document", create)
    };
    for some in (0..60).collect::<Vec<_>>().chunks(10) {
        join_all(some.iter().map(|n| create(*n))).await;
    }
    let made = site.writes().iter().filter(|write| write.starts_with("insert ToDo")).count();
    assert_eq!(made, 40);
    // Once the first minute's requests are used up, what passes in a time is what comes back in it.
    let (refused, office) = (&AtomicUsize::new(0), &office);
    let hammer = |until: Instant, refusals: usize| {
        join_all((1..PEOPLE).map(move |who| async move {
            let mut at = who;
            while Instant::now() < until && refused.load(Ordering::Relaxed) < refusals {
                let list = office.call(at, who, "list_todo_documents", json!({"limit": 1, "fresh": true})).await;
                if !matches!(list, Some(Ok(_))) {
                    refused.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                at += 1;
            }
        }))
    };
    hammer(Instant::now() + Duration::from_secs(120), PEOPLE).await;
    assert!(refused.load(Ordering::Relaxed) >= PEOPLE, "the limit is never reached");
    let asked = async || sent_by(&programs[0]).await + sent_by(&programs[1]).await;
    let (before, since) = (asked().await, Instant::now());
    hammer(since + Duration::from_secs(20), usize::MAX).await;
    let (passed, due) = (asked().await - before, since.elapsed().as_secs_f64() * 10.0);
    let off = (passed as f64 - due).abs() / due;
    assert!(off < 0.05, "{passed} were sent where {due} were due");
}

/// How many requests a server has sent to its site.
async fn sent_by(program: &Program) -> usize {
    let told = program.logged("telling how the server is at http://").await;
    let address = told.split_whitespace().next().unwrap().to_owned();
    let text = http().get(format!("http://{address}/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("erpnext_mcp_shared_up{site=\"erpnext\"} 1"), "{text}");
    let counts = text.lines().filter(|line| line.starts_with("erpnext_mcp_site_requests_total"));
    counts.map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap()).sum()
}
