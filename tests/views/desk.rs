//! A client that renders views, with the server on the sample site; and what it shows in a browser.

use std::sync::Arc;

use erpnext_mcp::server::Server;
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, ExtensionCapabilities, Implementation,
    ReadResourceRequestParams,
};
use rmcp::service::RunningService;
use rmcp::{ClientHandler, RoleClient, RoleServer, ServiceExt};
use serde_json::{Map, Value, json};

use crate::browser::play;
use crate::sandbox::SampleSite;
use crate::support::{all, app_of};

struct Host;

impl ClientHandler for Host {
    fn get_info(&self) -> ClientConfig {
        let mut capabilities = ClientCapabilities::default();
        let settings = json!({"mimeTypes": ["text/html;profile=mcp-app"]});
        let settings = settings.as_object().unwrap().clone();
        capabilities.extensions =
            Some(ExtensionCapabilities::from([("io.modelcontextprotocol/ui".to_owned(), settings)]));
        ClientConfig::new(capabilities, Implementation::new("host", "1"))
    }
}

pub struct Desk {
    pub site: SampleSite,
    client: RunningService<RoleClient, Host>,
    tools: Vec<Value>,
}

const DOCTYPES: [&str; 6] = ["Customer", "Customer Group", "Sales Order", "Sales Invoice", "Task", "ToDo"];

impl Desk {
    pub async fn start() -> Self {
        let site = SampleSite::start().await;
        let mut rule = all();
        rule["report"] = json!(true);
        let doctypes: Map<String, Value> = DOCTYPES.iter().map(|name| ((*name).to_owned(), rule.clone())).collect();
        let mut config = site.config(
            json!({"confirm_argument": false, "doctypes": doctypes, "reports": ["*"], "default": {"read": true}}),
        );
        config["tools"] = json!({"include": ["*"]});
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let server = Server::new(Arc::new(app_of(&config)));
        tokio::spawn(async move { ServiceExt::<RoleServer>::serve(server, theirs).await.unwrap().waiting().await });
        let client = Host.serve(ours).await.unwrap();
        let tools = client.list_all_tools().await.unwrap();
        let tools = tools.into_iter().map(|tool| serde_json::to_value(tool).unwrap()).collect();
        Self { site, client, tools }
    }

    /// The result of a call, as the host hands it on.
    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        let request =
            CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments.as_object().unwrap().clone());
        serde_json::to_value(self.client.call_tool(request).await.unwrap()).unwrap()
    }

    /// The data of a result.
    pub async fn data(&self, tool: &str, arguments: Value) -> Value {
        data(&self.call(tool, arguments).await)
    }

    /// The name of the first document that fits.
    pub async fn first(&self, doctype: &str, filters: Value) -> String {
        let list = json!({"doctype": doctype, "filters": filters, "fields": ["name"], "limit": 1});
        let listed = self.data("list_generic_documents", list).await;
        listed["rows"][0][0].as_str().unwrap().to_owned()
    }

    /// What a host shows after this call, one that lets views call: nothing is done with it yet.
    pub async fn scenario(&self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments.clone()).await;
        let definition = self.tools.iter().find(|known| known["name"] == tool).unwrap_or_else(|| panic!("no {tool}"));
        let uri = definition["_meta"]["ui"]["resourceUri"].as_str().unwrap_or_else(|| panic!("{tool} has no view"));
        let read = self.client.read_resource(ReadResourceRequestParams::new(uri)).await.unwrap();
        let page = serde_json::to_value(read).unwrap()["contents"][0]["text"].clone();
        json!({"page": page, "tool": definition, "arguments": arguments, "result": result, "capabilities": {"serverTools": {}}})
    }
}

/// The data of a result.
pub fn data(result: &Value) -> Value {
    assert_ne!(result["isError"], true, "{result}");
    serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap()
}

/// The scenario with these steps: `{"click": selector}`, `{"read": selector}`, `{"send": message}` …
pub fn with(mut scenario: Value, steps: Value) -> Value {
    scenario["steps"] = steps;
    scenario
}

/// What reading gave, in order; whatever else should not have happened has not.
pub fn shown(name: &str, scenario: Value) -> Shown {
    let outcome = play(name, &[scenario]).remove(0);
    Shown::of(name, outcome)
}

/// What became of a scenario.
pub struct Shown {
    reads: Vec<Vec<String>>,
    /// The messages of the view.
    heard: Vec<Value>,
}

impl Shown {
    /// As it was, without an error, a request, or anything wider than its frame.
    pub fn of(name: &str, outcome: Value) -> Self {
        for nothing in ["violations", "loaded", "errors"] {
            assert_eq!(outcome[nothing], json!([]), "{name}: {nothing}");
        }
        assert_eq!(outcome["fits"], true, "{name}: as wide and high as its frame: {}", outcome["heard"]);
        let reads = serde_json::from_value(outcome["reads"].clone()).unwrap();
        Self { reads, heard: outcome["heard"].as_array().unwrap().clone() }
    }

    pub fn read(&self, at: usize) -> Vec<&str> {
        self.reads[at].iter().map(String::as_str).collect()
    }

    /// The parameters of what the view sent under that method.
    pub fn sent(&self, method: &str) -> Vec<&Value> {
        self.heard.iter().filter(|message| message["method"] == method).map(|message| &message["params"]).collect()
    }

    /// The view's answer to a request.
    pub fn answer(&self, id: &str) -> Option<&Value> {
        self.heard.iter().find(|message| message["id"] == id && message["method"].is_null())
    }
}
