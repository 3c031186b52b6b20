//! The hazards of a real site, each by its number and asked over raw HTTP: what answers 200 there and loses, lies or leaks
//! does so here too; a sandbox that is kinder would leave our safety untested.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod answers;
mod forms;
mod oauth;
mod reads;
mod shapes;
mod versions;
#[path = "../common/wire.rs"]
#[allow(dead_code, reason = "each test reads what it needs of an answer")]
mod wire;
mod writes;

use erpnext_sandbox::{Data, Image, Options, Sandbox, Version};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// A site with the sample data, of its own for each test.
pub struct Desk {
    pub version: Version,
    sandbox: Sandbox,
}

static SAMPLES: [OnceCell<Image>; Version::COUNT] = [const { OnceCell::const_new() }; Version::COUNT];

impl Desk {
    /// A site of this version.
    pub async fn open(version: Version) -> Self {
        let plain = || Options { version, bench: true, ..Options::default() };
        let sample = async { Sandbox::start(Options { sample: Some(1), ..plain() }).await.unwrap().image().unwrap() };
        let data = Data::Image(SAMPLES[version as usize].get_or_init(|| sample).await.clone());
        Self { version, sandbox: Sandbox::start(Options { data, ..plain() }).await.unwrap() }
    }

    /// One of each version, for what is the same on both.
    pub async fn each() -> [Self; Version::COUNT] {
        [Self::open(Version::V15).await, Self::open(Version::V16).await]
    }

    /// A user's request: the status, and the body where it is JSON.
    pub fn ask(&self, key: &str, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let headers = [("Authorization", format!("token {key}:secret")), ("Content-Type", "application/json".into())];
        let headers = headers.map(|(name, value)| (name.to_owned(), value));
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.send(&wire::request(method, target, &headers, &body));
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    /// A request without a key, and the whole answer.
    pub fn guest(&self, method: &str, target: &str) -> wire::Answer {
        self.send(&wire::request(method, target, &[], b""))
    }

    fn send(&self, request: &[u8]) -> wire::Answer {
        wire::exchange(self.sandbox.url().trim_start_matches("http://"), request).unwrap()
    }

    /// The data of an answer with 200.
    pub fn done(&self, key: &str, method: &str, target: &str, body: &Value) -> Value {
        let (status, body) = self.ask(key, method, target, body);
        assert_eq!(status, 200, "{method} {target}: {body}");
        body.get("data").or_else(|| body.get("message")).cloned().unwrap_or(body)
    }

    /// The status and the exc_type of a refusal.
    pub fn refused(&self, key: &str, method: &str, target: &str, body: &Value) -> (u16, String) {
        let (status, body) = self.ask(key, method, target, body);
        assert!(status >= 400, "{method} {target} is taken: {body}");
        (status, body["exc_type"].as_str().unwrap_or_default().to_owned())
    }

    pub fn get(&self, target: &str) -> Value {
        self.done("administrator", "GET", target, &Value::Null)
    }

    pub fn put(&self, target: &str, body: &Value) -> Value {
        self.done("administrator", "PUT", target, body)
    }

    pub fn post(&self, target: &str, body: &Value) -> Value {
        self.done("administrator", "POST", target, body)
    }

    /// The path of a new Odd Thing.
    pub fn thing(&self, data: &Value) -> String {
        let mut doc = json!({"title": "thing"});
        doc.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
        let made = self.post("/api/resource/Odd%20Thing", &doc);
        format!("/api/resource/Odd%20Thing/{}", made["name"].as_str().unwrap())
    }

    /// A user's list of a DocType; the arguments as text or as JSON.
    pub fn list(&self, key: &str, doctype: &str, arguments: &Value) -> (u16, Value) {
        self.ask(key, "GET", &list(doctype, arguments), &Value::Null)
    }

    /// The rows of Administrator's list.
    pub fn rows(&self, doctype: &str, arguments: &Value) -> Vec<Value> {
        self.get(&list(doctype, arguments)).as_array().unwrap().clone()
    }
}

fn list(doctype: &str, arguments: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs = arguments.as_object().unwrap().iter();
    let pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}={}", encode(&text(value)))).collect();
    format!("/api/resource/{}?{}", encode(doctype), pairs.join("&"))
}

/// Text as one part of a path or a query.
pub fn encode(text: &str) -> String {
    let byte =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(byte).collect()
}
