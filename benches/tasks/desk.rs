//! A clerk's desk: a client of the server on a sample site of its own, that counts what goes over the wire.

use std::io::Write as _;
use std::ops::Add;
use std::sync::Arc;

use erpnext_mcp::app::{App, Connection};
use erpnext_mcp::audit::Audit;
use erpnext_mcp::config::Config;
use erpnext_mcp::server::Server;
use erpnext_sandbox::{Data, Image, Options, Sandbox, Version};
use rmcp::model::CallToolRequestParams;
use rmcp::service::RunningService;
use rmcp::{RoleClient, ServiceExt};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

/// What a task costs: the calls, the bytes of their names and arguments, the bytes of what the model reads.
#[derive(Clone, Copy, Default, Debug)]
pub struct Cost {
    pub calls: usize,
    pub sent: usize,
    pub received: usize,
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { calls: self.calls + other.calls, sent: self.sent + other.sent, received: self.received + other.received }
    }
}

pub struct Desk {
    site: Sandbox,
    client: RunningService<RoleClient, ()>,
    cost: Cost,
}

static SAMPLE: [OnceCell<Image>; Version::COUNT] = [const { OnceCell::const_new() }; Version::COUNT];

/// A server's inside for Administrator, everything permitted.
fn app(url: &str, version: Version) -> Connection {
    let operations = ["read", "create", "update", "delete", "submit", "cancel", "amend"];
    let all: Map<String, Value> = operations.iter().map(|name| ((*name).to_owned(), json!(true))).collect();
    let config = json!({
        "erpnext": {"url": url, "api_key": "administrator", "api_secret": "secret", "timeout": 60,
            "version": version.major()},
        "permissions": {"default": all, "reports": ["*"]},
    });
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(config.to_string().as_bytes()).unwrap();
    let config = Config::load(Some(file.path()), &|_| None).unwrap();
    App::from_config(&config, Audit::default()).unwrap().1
}

impl Desk {
    pub async fn open(version: Version) -> Self {
        let plain = || Options { version, ..Options::default() };
        let sample = async { Sandbox::start(Options { sample: Some(1), ..plain() }).await.unwrap().image().unwrap() };
        let data = Data::Image(SAMPLE[version as usize].get_or_init(|| sample).await.clone());
        let site = Sandbox::start(Options { data, ..plain() }).await.unwrap();
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let server = Server::new(Arc::new(app(&site.url(), version)));
        tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
        Self { client: ().serve(ours).await.unwrap(), site, cost: Cost::default() }
    }

    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// Calls a tool that must work: what the model reads.
    pub async fn call(&mut self, tool: &'static str, arguments: Value) -> Value {
        self.cost.calls += 1;
        self.cost.sent += tool.len() + arguments.to_string().len();
        let request = CallToolRequestParams::new(tool).with_arguments(arguments.as_object().unwrap().clone());
        let result = serde_json::to_value(self.client.call_tool(request).await.unwrap()).unwrap();
        let parts = result["content"].as_array().unwrap();
        let text: String = parts.iter().filter_map(|part| part["text"].as_str()).collect();
        let structured = result.get("structuredContent").filter(|value| !value.is_null());
        self.cost.received += text.len() + structured.map_or(0, |value| value.to_string().len());
        assert_ne!(result["isError"], true, "{tool} {arguments}: {text}");
        structured.cloned().unwrap_or_else(|| serde_json::from_str(&text).unwrap())
    }

    /// Lists documents: each row as an object, in whatever form the answer has them.
    pub async fn list(&mut self, doctype: &str, fields: Value, filters: Value, more: Value) -> Vec<Value> {
        let mut asked = json!({"doctype": doctype, "fields": fields, "filters": filters});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        rows(&self.call("list_generic_documents", asked).await)
    }

    /// Makes a document; its name.
    pub async fn create(&mut self, doctype: &str, data: Value) -> String {
        let made = self.call("create_generic_document", json!({"doctype": doctype, "data": data})).await;
        made["created"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }

    /// Saves the next document of a chain; its name.
    pub async fn convert(&mut self, doctype: &str, name: &str, to: &str, data: Value) -> String {
        let arguments = json!({"doctype": doctype, "name": name, "to": to, "data": data, "save": true});
        let made = self.call("convert_document", arguments).await;
        made["created"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }

    pub async fn submit(&mut self, doctype: &str, name: &str) {
        self.call("submit_document", json!({"doctype": doctype, "name": name})).await;
    }

    /// A document as the site has it, past the server.
    pub fn stored(&self, doctype: &str, name: &str) -> Value {
        Value::Object(self.site.with(|site| site.load(doctype, name)).unwrap())
    }

    /// Every document of a DocType as the site has it.
    pub fn all(&self, doctype: &str) -> Vec<Value> {
        let every = erpnext_sandbox::query::List { fields: json!(["name"]), length: None, ..Default::default() };
        let rows = self.site.with(|site| site.list(doctype, &every)).unwrap();
        rows.iter().map(|row| self.stored(doctype, row["name"].as_str().unwrap())).collect()
    }
}

/// The rows of a list: objects, or columns and rows apart.
pub fn rows(answer: &Value) -> Vec<Value> {
    if let Some(rows) = answer["documents"].as_array().or_else(|| answer["groups"].as_array()) {
        return rows.clone();
    }
    let columns = answer["columns"].as_array().unwrap_or_else(|| panic!("no rows: {answer}"));
    let name = |column: &Value| column.as_str().or_else(|| column["field"].as_str()).unwrap().to_owned();
    let object = |row: &Value| {
        if row.is_object() {
            return row.clone();
        }
        let cells = row.as_array().unwrap().iter().cloned();
        columns.iter().map(name).zip(cells).collect::<Map<_, _>>().into()
    };
    answer["rows"].as_array().unwrap_or_else(|| panic!("no rows: {answer}")).iter().map(object).collect()
}
