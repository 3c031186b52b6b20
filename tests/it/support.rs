//! What the tests share: a stand-in for the site that keeps what it was sent, and the server's inside to call.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Mutex;
use std::time::Duration;

use erpnext_mcp::app::{App, Connection};
use erpnext_mcp::audit::Audit;
use erpnext_mcp::config::Config;
use erpnext_mcp::context::client_options;
use erpnext_mcp::error::ToolError;
use erpnext_mcp::site::{Client, ClientOptions, Retry};
use erpnext_schema::DocTypeDef;
pub use erpnext_schema::Version;
use serde_json::{Map, Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockGuard, MockServer, Request, ResponseTemplate};

/// The key and secret that every test uses; neither may ever be seen in what the server writes.
pub const KEY: &str = "canary-key-71c2";
pub const SECRET: &str = "canary-secret-9e4f";

/// Every operation that tools do with documents.
pub fn all() -> Value {
    let operations = ["read", "create", "update", "delete", "submit", "cancel", "amend", "print"];
    operations.iter().map(|operation| ((*operation).to_owned(), json!(true))).collect()
}

/// The configuration file that the server would read. No metadata is read that no call needs.
///
/// `confirm: true` is taken for a confirmation unless the permissions say otherwise: most tests are about what follows it.
pub fn config_json(url: &str, mut permissions: Value) -> Value {
    permissions.as_object_mut().unwrap().entry("confirm_argument").or_insert(json!(true));
    let erpnext =
        json!({"url": url, "api_key": KEY, "api_secret": SECRET, "timeout": 20, "version": version().major()});
    json!({"erpnext": erpnext, "permissions": permissions, "schema": {"overlay": "off"}})
}

/// The number that a variable of the environment states, such as how long a long test is.
pub fn stated<T: FromStr<Err: Debug>>(name: &str) -> Option<T> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

tokio::task_local! {
    static RUN_ON: Version;
}

/// Runs a test on sites of that version: what `#[on_every_version]` stands for.
pub fn run_on(version: Version, test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(RUN_ON.scope(version, test));
}

/// The version of the sites that this test runs against; 15 in a test that does not run on every version.
pub fn version() -> Version {
    RUN_ON.try_with(|version| *version).unwrap_or(Version::V15)
}

/// The table of that name in this version.
pub fn table(doctype: &str) -> Option<&'static DocTypeDef> {
    erpnext_doctypes::get(version(), doctype)
}

/// The tables of this version.
pub fn tables() -> impl Iterator<Item = &'static DocTypeDef> {
    erpnext_doctypes::all(version())
}

/// Writes a configuration file; it is gone with the folder.
pub fn write_config(config: &Value) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    std::fs::write(&file, config.to_string()).unwrap();
    (folder, file)
}

pub fn load(config: &Value) -> Config {
    let (_folder, file) = write_config(config);
    Config::load(Some(&file), &|_| None).unwrap()
}

/// The inside of a server under that configuration.
pub fn app_of(config: &Value) -> Connection {
    app_with(config, Audit::default())
}

/// The same with an audit log.
pub fn app_with(config: &Value, audit: Audit) -> Connection {
    app_from(&load(config), audit)
}

/// The same under a configuration that was read.
pub fn app_from(config: &Config, audit: Audit) -> Connection {
    // This process is no program that reads files.
    erpnext_mcp::extract::by(env!("CARGO_BIN_EXE_erpnext-mcp").into());
    // As the server does, but in haste.
    let retry = Retry { first: Duration::from_millis(1), longest: Duration::from_millis(4), ..Retry::default() };
    let site = Client::new(ClientOptions { retry, ..client_options(config) }).unwrap();
    App::with_client(config, site, audit).unwrap().1
}

/// The inside of a server without a site, that opens every DocType which is no child table for everything.
pub fn app_of_all() -> Connection {
    app_of(&config_json("http://127.0.0.1:9", json!({"doctypes": every_doctype()})))
}

/// Permissions that name every DocType with tools.
pub fn every_doctype() -> Value {
    let with_tools = tables().filter(|def| !def.tools.is_empty());
    with_tools.map(|def| (def.name.to_owned(), all())).collect::<Map<_, _>>().into()
}

/// Changes the first line of what is kept of a site, below which its tables stand.
pub fn change_kept(file: &Path, change: impl FnOnce(&mut Value)) {
    let text = std::fs::read_to_string(file).unwrap();
    let (first, tables) = text.split_once('\n').unwrap_or((&text, ""));
    let mut kept = serde_json::from_str(first).unwrap();
    change(&mut kept);
    std::fs::write(file, format!("{kept}\n{tables}").trim_end()).unwrap();
}

/// Calls a tool by name.
pub async fn call(app: &Connection, tool: &str, arguments: Value) -> Result<Value, ToolError> {
    let tool = app.registry().find(tool).unwrap_or_else(|| panic!("no tool {tool}"));
    let answer = app.call(tool, arguments.as_object().unwrap().clone(), None).await;
    answer.map(|(data, _)| by_name(data))
}

/// A list's answer with its rows as objects under `documents`, and how many they are as `count`: what tests read best.
/// Other answers as they are.
pub fn by_name(mut answer: Value) -> Value {
    let names = |columns: &Value| -> Option<Vec<String>> {
        columns.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
    };
    let (Some(columns), Some(rows)) = (names(&answer["columns"]), answer["rows"].as_array()) else { return answer };
    let document = |row: &Value| {
        let cells = columns.iter().cloned().zip(row.as_array().unwrap().iter().cloned());
        Value::Object(cells.filter(|(_, value)| !value.is_null()).collect())
    };
    let documents: Vec<Value> = rows.iter().map(document).collect();
    let answer = answer.as_object_mut().unwrap();
    for key in ["shown", "columns", "rows"] {
        assert!(answer.remove(key).is_some(), "{key}");
    }
    answer.insert("count".to_owned(), json!(documents.len()));
    answer.insert("documents".to_owned(), json!(documents));
    answer.clone().into()
}

/// Calls a tool that must refuse, and gives what the model is told.
pub async fn refusal(app: &Connection, tool: &str, arguments: Value) -> String {
    call(app, tool, arguments).await.unwrap_err().for_model()
}

/// A stand-in for the site. What nobody prepared an answer for is a 404 without a body.
pub struct Site {
    server: MockServer,
    /// Whether the metadata that a server asks 16 for, to know what it masks (H84), says that nothing is masked, and is not
    /// told of among what was sent: until a test gives metadata of its own.
    masks_nothing: Mutex<Option<MockGuard>>,
}

impl Site {
    pub async fn start() -> Self {
        // Not one of those that tests hand on: it has counted what they did.
        let site = Self { server: MockServer::builder().start().await, masks_nothing: Mutex::default() };
        site.mask_nothing().await;
        site
    }

    async fn mask_nothing(&self) {
        if version() < Version::V16 {
            return;
        }
        let answer = ResponseTemplate::new(200).set_body_json(json!({"docs": []}));
        let mock = Mock::given(method("GET")).and(path(META)).respond_with(answer).with_priority(1);
        let guard = mock.mount_as_scoped(&self.server).await;
        *self.masks_nothing.lock().unwrap() = Some(guard);
    }

    pub fn url(&self) -> String {
        self.server.uri()
    }

    /// A server that uses this site, with these DocTypes permitted.
    pub fn app(&self, doctypes: Value) -> Connection {
        app_of(&config_json(&self.url(), json!({"doctypes": doctypes})))
    }

    /// The same for a site of that version.
    pub fn app_on(&self, version: Version, doctypes: Value) -> Connection {
        let mut config = config_json(&self.url(), json!({"doctypes": doctypes}));
        config["erpnext"]["version"] = json!(version.major());
        app_of(&config)
    }

    /// A server that uses this site and may do everything through the generic tools.
    pub fn open_app(&self) -> Connection {
        app_of(&config_json(&self.url(), json!({"default": all()})))
    }

    /// Answers every request with this verb and encoded path.
    pub async fn answer(&self, verb: &str, at: &str, status: u16, body: Value) {
        if (verb, at) == ("GET", META) {
            drop(self.masks_nothing.lock().unwrap().take());
        }
        let answer = ResponseTemplate::new(status).set_body_json(body);
        Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(&self.server).await;
    }

    /// Answers every request with this verb.
    pub async fn answer_anywhere(&self, verb: &str, body: Value) {
        self.respond_anywhere(verb, ResponseTemplate::new(200).set_body_json(body)).await;
    }

    /// The same with any answer.
    pub async fn respond_anywhere(&self, verb: &str, answer: ResponseTemplate) {
        Mock::given(method(verb)).respond_with(answer).mount(&self.server).await;
    }

    /// Forgets what was sent, and the answers.
    pub async fn reset(&self) {
        drop(self.masks_nothing.lock().unwrap().take());
        self.server.reset().await;
        self.mask_nothing().await;
    }

    /// Answers the next such request only.
    pub async fn answer_once(&self, verb: &str, at: &str, status: u16, body: Value) {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        let mock = Mock::given(method(verb)).and(path(at)).respond_with(answer);
        mock.up_to_n_times(1).mount(&self.server).await;
    }

    /// Answers with a body that is no JSON, or late.
    pub async fn respond(&self, verb: &str, at: &str, answer: ResponseTemplate) {
        Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(&self.server).await;
    }

    /// A list or document under `data`.
    pub async fn data(&self, verb: &str, at: &str, data: Value) {
        self.answer(verb, at, 200, json!({"data": data})).await;
    }

    /// What a method returns, under `message`.
    pub async fn method(&self, name: &str, message: Value) {
        self.answer("POST", &format!("/api/method/{name}"), 200, json!({"message": message})).await;
    }

    /// The live metadata of a DocType and its child tables.
    pub async fn metadata(&self, docs: Value) {
        self.answer("GET", META, 200, json!({"docs": docs})).await;
    }

    /// What was sent since the start: `GET /api/resource/Customer`, with the query or the body as JSON.
    pub async fn sent(&self) -> Vec<(String, Value)> {
        let received = self.server.received_requests().await.unwrap();
        let silent = self.masks_nothing.lock().unwrap().is_some();
        received.iter().filter(|request| !silent || request.url.path() != META).map(sent).collect()
    }

    /// The `Authorization` of each request.
    pub async fn authorizations(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.unwrap();
        let header = |request: &Request| Some(request.headers.get("authorization")?.to_str().ok()?.to_owned());
        requests.iter().filter_map(header).collect()
    }

    /// The verbs and encoded paths of what was sent.
    pub async fn lines(&self) -> Vec<String> {
        self.sent().await.into_iter().map(|(line, _)| line).collect()
    }

    /// What was sent that could change a document.
    pub async fn writes(&self) -> Vec<String> {
        let reads = |line: &String| line.starts_with("GET ") || line.starts_with("POST /api/method/");
        self.lines().await.into_iter().filter(|line| !reads(line)).collect()
    }
}

/// Where live metadata comes from.
pub const META: &str = "/api/method/frappe.desk.form.load.getdoctype";

fn sent(request: &Request) -> (String, Value) {
    let line = format!("{} {}", request.method, request.url.path());
    let pairs = |text: &[u8]| {
        let url = wiremock::http::Url::parse(&format!("http://x/?{}", String::from_utf8_lossy(text))).unwrap();
        let read = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        Value::Object(url.query_pairs().map(|(key, value)| (key.into_owned(), read(&value))).collect())
    };
    let form =
        request.headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www"));
    let body = match (&request.body, request.url.query()) {
        (body, _) if form => pairs(body),
        // A file that is sent is no JSON.
        (body, _) if !body.is_empty() => {
            serde_json::from_slice(body).unwrap_or_else(|_| json!(String::from_utf8_lossy(body)))
        }
        (_, Some(query)) => pairs(query.as_bytes()),
        _ => Value::Null,
    };
    (line, body)
}
