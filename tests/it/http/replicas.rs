//! Several servers of one site that share what all of them must know. Here they are in one process, and what they share is in
//! its memory; `redis.rs` has them as programs over a Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use erpnext_mcp::oauth::Lifetimes;
use erpnext_mcp::shared::{Counted, Memory, Rate, Redis, Store, StoreFuture, Window};
use erpnext_sandbox::{Fault, FaultKind};
use futures_util::future::{FutureExt, join_all};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{Served, answered, data, message};
use crate::sandbox::SampleSite;
use crate::shared::free_port;
use crate::support::all;

async fn two(config: &Value) -> [Served; 2] {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    [Served::over(config, &store).await, Served::over(config, &store).await]
}

fn create(name: &str, key: Option<&str>) -> Value {
    let mut arguments = json!({"data": {"lead_name": name}});
    arguments.as_object_mut().unwrap().extend(key.map(|key| ("idempotency_key".to_owned(), json!(key))));
    message("tools/call", json!({"name": "create_lead_document", "arguments": arguments}))
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test]
async fn equal_keys_make_one_document_through_whichever_servers_they_come() {
    let site = SampleSite::start().await;
    let mut config = site.config(json!({"doctypes": {"Lead": all()}}));
    config["sign_in"] = json!({"own_keys": true});
    let [one, other] = two(&config).await;
    let ask = |served: &Served, n: usize| {
        // The same wish in other words, so that it is the key that tells.
        let mut body = create("keyed", Some("k-1"));
        body["params"]["arguments"]["return_document"] = json!(n.is_multiple_of(2));
        let key = if n < 6 { "administrator" } else { "sales" };
        answered(served.post("/mcp", &body).header("authorization", format!("token {key}:secret")))
    };
    ask(&one, 0).await;
    let before = site.writes().len();
    let answers = join_all((1..6).map(|n| ask(if n % 2 == 0 { &one } else { &other }, n))).await;
    let made = data(&ask(&one, 0).await)["created"].clone();
    let known: Vec<_> = answers.iter().filter(|answer| answer["result"]["isError"] != true).collect();
    assert!(!known.is_empty());
    known.iter().for_each(|answer| assert_eq!(data(answer)["created"], made));
    assert_eq!(site.writes().len(), before, "{:?}", site.writes());
    // A key is its user's.
    let of_another = data(&ask(&other, 6).await);
    assert_ne!(of_another["created"], made);
}

#[tokio::test]
async fn a_confirmation_is_good_at_every_server_and_once_at_all() {
    let site = SampleSite::start().await;
    let permissions = json!({"doctypes": {"Lead": all()}, "confirm": ["create"], "confirm_argument": false});
    let [one, other] = two(&site.config(permissions)).await;
    for n in 0..5 {
        let preview = data(&answered(one.post("/mcp", &create(&format!("asked about {n}"), None))).await);
        let confirmed = |said: bool| {
            let mut body = create(&format!("asked about {n}"), None);
            let arguments = body["params"]["arguments"].as_object_mut().unwrap();
            arguments.insert("confirm_token".to_owned(), preview["confirm_token"].clone());
            // It is another call then, for the same token.
            arguments.extend(said.then(|| ("confirm".to_owned(), json!(true))));
            body
        };
        let before = site.writes().len();
        // The one that has asked hears of it last.
        let first = data(&answered(other.post("/mcp", &confirmed(n > 2))).await);
        assert!(first["created"].is_string(), "{first}");
        let late = data(&answered(one.post("/mcp", &confirmed(n <= 2))).await);
        assert!(late["confirm_token"].is_string() && late["created"].is_null(), "{late}");
        assert_eq!(site.writes().len(), before + 1, "{:?}", site.writes());
        // At both at once.
        let preview = late;
        let again = |said: bool| {
            let mut body = confirmed(said);
            body["params"]["arguments"]["confirm_token"] = preview["confirm_token"].clone();
            body
        };
        let both =
            join_all([(&one, true), (&other, false)].map(|(served, said)| answered(served.post("/mcp", &again(said)))));
        let done = both.await.iter().filter(|answer| data(answer)["created"].is_string()).count();
        assert_eq!((done, site.writes().len()), (1, before + 2), "{:?}", site.writes());
    }
}

#[tokio::test]
async fn the_same_write_is_done_by_one_server_and_its_lost_answer_is_told_by_another() {
    let site = SampleSite::start().await;
    let config = site.config(json!({"doctypes": {"Lead": all()}}));
    let [one, other] = two(&config).await;
    one.call("/mcp", "list_lead_documents", json!({"limit": 1})).await;
    other.call("/mcp", "list_lead_documents", json!({"limit": 1})).await;
    let before = site.writes().len();
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(600)).method("POST"));
    // The client of the first one is there: to the other one it is told that the write was begun.
    let (first, second) = tokio::join!(answered(one.post("/mcp", &create("twice", None))), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        answered(other.post("/mcp", &create("twice", None))).await
    });
    assert!(data(&first)["created"].is_string());
    assert_eq!(second["result"]["isError"], true, "{second}");
    assert!(text(&second).contains("through another server"), "{second}");
    assert_eq!(site.writes().len(), before + 1, "{:?}", site.writes());
    // It has left: the other one waits and tells what came of it.
    let lost = one.post("/mcp", &create("lost", None)).timeout(Duration::from_millis(300)).send().await;
    assert!(lost.is_err());
    let again = data(&answered(other.post("/mcp", &create("lost", None))).await);
    assert_eq!(site.stored("Lead", again["created"].as_str().unwrap()).unwrap()["lead_name"], "lost");
    assert_eq!(site.writes().len(), before + 2, "{:?}", site.writes());
    // Now the same is a new wish, at whichever server.
    for served in [&one, &other] {
        let new = data(&answered(served.post("/mcp", &create("lost", None))).await);
        assert_ne!(new["created"], again["created"]);
    }
}

#[tokio::test]
async fn a_call_that_is_called_off_while_another_server_is_at_the_same_is_in_the_log() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let mut config = site.config(json!({"doctypes": {"Lead": all()}}));
    let one = Served::over(&config, &store).await;
    config["audit"] = json!({"enabled": true, "log_file": log.path().join("audit.log")});
    let other = Served::over(&config, &store).await;
    one.call("/mcp", "list_lead_documents", json!({"limit": 1})).await;
    other.call("/mcp", "list_lead_documents", json!({"limit": 1})).await;
    let before = site.writes().len();
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(1_500)).method("POST"));
    let (first, left) = tokio::join!(answered(one.post("/mcp", &create("slow", None))), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        other.post("/mcp", &create("slow", None)).timeout(Duration::from_millis(300)).send().await
    });
    assert!(data(&first)["created"].is_string() && left.is_err(), "{left:?}");
    assert_eq!(site.writes().len(), before + 1, "{:?}", site.writes());
    let text = std::fs::read_to_string(log.path().join("audit.log")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told: Vec<Value> = lines
        .filter(|line| line["operation"] == "CREATE")
        .map(|line| json!([line["result"], line["reason"]]))
        .collect();
    assert_eq!(told, [json!(["FAILED", "it was called off"])], "{text}");
}

#[tokio::test]
async fn an_answer_that_was_lost_twice_is_there_for_who_asks_a_third_time() {
    let site = SampleSite::start().await;
    let [one, other] = two(&site.config(json!({"doctypes": {"Lead": all()}}))).await;
    other.call("/mcp", "list_lead_documents", json!({"limit": 1})).await;
    let before = site.writes().len();
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(900)).method("POST"));
    for (served, patience) in [(&one, 300), (&other, 200)] {
        let lost = served.post("/mcp", &create("lost", None)).timeout(Duration::from_millis(patience)).send().await;
        assert!(lost.is_err());
    }
    let again = data(&answered(other.post("/mcp", &create("lost", None))).await);
    assert_eq!(site.stored("Lead", again["created"].as_str().unwrap()).unwrap()["lead_name"], "lost");
    assert_eq!(site.writes().len(), before + 1, "{:?}", site.writes());
}

#[tokio::test]
async fn limits_and_quotas_are_those_of_all_servers() {
    let (site, logs) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let quota = json!({"create": {"hour": 4}});
    let mut config = site.config(json!({"doctypes": {"Lead": all()}, "quota": quota}));
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let mut served = Vec::new();
    for name in ["one", "other"] {
        // Each has a log of its own.
        config["audit"] = json!({"enabled": true, "log_file": logs.path().join(name).join("audit.log")});
        served.push(Served::over(&config, &store).await);
    }
    let create = |n: usize| {
        let served = &served[n % 2];
        async move { answered(served.post("/mcp", &create(&format!("counted {n}"), None))).await }
    };
    let mut told = Vec::new();
    for n in 0..4 {
        told.push(data(&create(n).await)["quota"].clone());
    }
    assert!(told[3].as_str().is_some_and(|told| told.starts_with("0 of 4 times create")), "{told:?}");
    let full = create(4).await;
    assert!(text(&full).contains("may send 4 of these an hour, and has; the next is free at 2"), "{full}");
    // The site is asked no more often than one server may ask it.
    let mut limited = site.config(json!({"doctypes": {"Lead": all()}}));
    limited["rate_limiting"] = json!({"enabled": true, "requests_per_minute": 1_000, "requests_per_hour": 30});
    let [one, other] = two(&limited).await;
    let list = message("tools/call", json!({"name": "list_lead_documents", "arguments": {"limit": 1, "fresh": true}}));
    let asked = (0..60).map(|n| answered(if n % 2 == 0 { &one } else { &other }.post("/mcp", &list)));
    let read = join_all(asked).await.iter().filter(|answer| answer["result"]["isError"] != true).count();
    // Each server has asked for the site's version, too.
    assert!((26..=30).contains(&read), "{read}");
}

#[tokio::test]
async fn a_write_that_the_site_refuses_is_not_counted_by_any_server() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let mut config = site.config(json!({"doctypes": {"Lead": all()}, "quota": {"create": {"hour": 2}}}));
    config["audit"] = json!({"enabled": true, "log_file": log.path().join("audit.log")});
    let [one, other] = two(&config).await;
    site.sandbox.faults().add(Fault::new(FaultKind::Refusal).method("POST").times(3));
    for n in 0..3 {
        let refused = answered(one.post("/mcp", &create(&format!("refused {n}"), None))).await;
        assert_eq!(refused["result"]["isError"], true, "{refused}");
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    for served in [&one, &other] {
        let made = answered(served.post("/mcp", &create(&format!("made {}", served.address), None))).await;
        assert!(data(&made)["created"].is_string());
    }
    let full = answered(one.post("/mcp", &create("one more", None))).await;
    assert!(text(&full).contains("may send 2"), "{full}");
}

#[tokio::test]
async fn while_what_is_shared_is_away_writes_are_refused_and_reads_go_on() {
    let site = SampleSite::start().await;
    let mut config = site.config(json!({"doctypes": {"Lead": all()}}));
    config["rate_limiting"] = json!({"enabled": true, "requests_per_minute": 1_000, "requests_per_hour": 5});
    let log = tempfile::tempdir().unwrap();
    config["audit"] = json!({"enabled": true, "log_file": log.path().join("audit.log")});
    let store = Redis::connect(&format!("redis://127.0.0.1:{}", free_port()), None).unwrap();
    let served = Served::over(&config, &store).await;
    let before = site.writes().len();
    let refused = answered(served.post("/mcp", &create("refused", Some("k")))).await;
    assert_eq!(refused["result"]["isError"], true, "{refused}");
    assert!(text(&refused).contains("http.redis") && text(&refused).contains("nothing was sent"), "{refused}");
    assert_eq!(site.writes().len(), before);
    let lines = std::fs::read_to_string(log.path().join("audit.log")).unwrap();
    assert!(lines.contains("whether another server does the same is not known"), "{lines}");
    // This server counts for itself.
    let list = message("tools/call", json!({"name": "list_lead_documents", "arguments": {"limit": 1, "fresh": true}}));
    let answers = join_all((0..10).map(|_| answered(served.post("/mcp", &list)))).await;
    let read = answers.iter().filter(|answer| answer["result"]["isError"] != true).count();
    assert!((1..=5).contains(&read), "{read}");
    assert!(!store.is_up());
}

#[tokio::test]
async fn who_signed_in_at_one_server_is_known_to_all_and_a_refresh_token_is_used_once() {
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), "ab".repeat(32)).unwrap();
    let lifetimes = Lifetimes { grace: Duration::ZERO, ..Lifetimes::default() };
    let with = |endpoint: erpnext_mcp::transport::Endpoint| endpoint.with_lifetimes(lifetimes);
    let change = |config: &mut Value| config["sign_in"]["oauth"]["key_file"] = json!(key.path());
    let mut scene = super::oauth::Scene::at("https://mcp.example.com", "127.0.0.1:0", with, change).await;
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let (one, other) = (scene.another(with, &store).await, scene.another(with, &store).await);
    scene.served = one;
    let (client, tokens) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    let one = std::mem::replace(&mut scene.served, other);
    assert_eq!(scene.status(&tokens).await, 200);
    // At both at once: one gets a pair, and all ends, as two have the token.
    let (_, next) = super::oauth::answered(scene.refresh(&client, &tokens)).await;
    assert_eq!(scene.status(&next).await, 200);
    let other = std::mem::replace(&mut scene.served, one);
    let (status, told) = super::oauth::answered(scene.refresh(&client, &tokens)).await;
    assert_eq!((status, &told["error"]), (400, &json!("invalid_grant")));
    scene.served = other;
    assert_eq!(scene.status(&next).await, 401);
}

/// A store whose next server to keep something that it holds sleeps until it is woken; what it held runs out meanwhile.
#[derive(Debug, Default)]
struct Asleep {
    memory: Memory,
    is_next: AtomicBool,
    sleeps: Notify,
    woken: Notify,
}

impl Store for Asleep {
    fn put<'a>(&'a self, name: &'a str, value: Vec<u8>, lives: Duration) -> StoreFuture<'a, ()> {
        self.memory.put(name, value, lives)
    }

    fn get<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        self.memory.get(name)
    }

    fn take<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        self.memory.take(name)
    }

    fn hold<'a>(&'a self, name: &'a str, by: &'a str, lives: Duration) -> StoreFuture<'a, bool> {
        self.memory.hold(name, by, lives)
    }

    fn lengthen<'a>(&'a self, name: &'a str, by: &'a str, lives: Duration) -> StoreFuture<'a, bool> {
        self.memory.lengthen(name, by, lives)
    }

    fn release<'a>(&'a self, name: &'a str, by: &'a str) -> StoreFuture<'a, bool> {
        self.memory.release(name, by)
    }

    fn put_held<'a>(
        &'a self,
        (held, by): (&'a str, &'a str),
        name: &'a str,
        value: Vec<u8>,
        lives: Duration,
    ) -> StoreFuture<'a, bool> {
        async move {
            if self.is_next.swap(false, Ordering::SeqCst) {
                self.memory.release(held, by).await?;
                self.sleeps.notify_one();
                self.woken.notified().await;
            }
            self.memory.put_held((held, by), name, value, lives).await
        }
        .boxed()
    }

    fn pass(&self, rates: Vec<(String, Rate)>) -> StoreFuture<'_, Result<(), Duration>> {
        self.memory.pass(rates)
    }

    fn count<'a>(
        &'a self,
        name: &'a str,
        entry: Option<String>,
        times: u64,
        windows: &'a [Window],
    ) -> StoreFuture<'a, Counted> {
        self.memory.count(name, entry, times, windows)
    }

    fn uncount<'a>(&'a self, name: &'a str, entry: &'a str, times: u64) -> StoreFuture<'a, ()> {
        self.memory.uncount(name, entry, times)
    }

    fn is_up(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_server_that_slept_over_its_turn_puts_no_old_grant_in_the_place_of_the_one_since_then() {
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), "ab".repeat(32)).unwrap();
    let change = |config: &mut Value| config["sign_in"]["oauth"]["key_file"] = json!(key.path());
    let mut scene =
        super::oauth::Scene::at("https://mcp.example.com", "127.0.0.1:0", |endpoint| endpoint, change).await;
    let asleep = Arc::new(Asleep::default());
    let store: Arc<dyn Store> = asleep.clone();
    let (one, other) = (scene.another(|it| it, &store).await, scene.another(|it| it, &store).await);
    scene.served = one;
    let (client, tokens) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    asleep.is_next.store(true, Ordering::SeqCst);
    let late = tokio::spawn(super::oauth::answered(scene.refresh(&client, &tokens)));
    tokio::time::timeout(Duration::from_secs(20), asleep.sleeps.notified()).await.unwrap();
    // Both servers are kept alive.
    let _one = std::mem::replace(&mut scene.served, other);
    let (status, next) = super::oauth::answered(scene.refresh(&client, &tokens)).await;
    assert_eq!(status, 200, "{next}");
    asleep.woken.notify_one();
    let (status, told) = late.await.unwrap();
    assert_eq!((status, &told["error"]), (503, &json!("temporarily_unavailable")));
    assert_eq!(scene.status(&next).await, 200);
    let (status, last) = super::oauth::answered(scene.refresh(&client, &next)).await;
    assert_eq!((status, scene.status(&last).await), (200, 200));
}
