//! What people do with an ERP from beginning to end, on the sandbox, by an MCP client.

mod approval;
mod bank;
mod bulk;
mod copies;
mod correction;
mod credit;
mod doubts;
mod export;
mod files;
mod final_step;
mod follow;
mod import;
mod import_cut;
mod import_tables;
mod large;
mod left;
mod long;
mod mail;
mod many;
mod marks;
mod month_end;
mod offsets;
mod orders;
mod part;
mod payment;
mod payment_exact;
mod price;
mod price_days;
mod problems;
mod procure;
mod production;
mod reconcile;
mod rows;
mod rules;
mod saved;
mod sell;
mod stock;
mod sums;
mod taxes;
mod trees;
mod workbooks;
mod write_off;

use std::sync::{Arc, Mutex};

use erpnext_mcp::app::Connection;
use erpnext_mcp::server::Server;
use erpnext_sandbox::Sandbox;
use rmcp::model::{CallToolRequestParams, ProgressNotificationParam};
use rmcp::service::{NotificationContext, RunningService};
use rmcp::{ClientHandler, RoleClient, ServiceExt};
use serde_json::{Value, json};

use crate::sandbox::{COMPANY, SampleSite, config};
use crate::support::{all, app_of, by_name};

/// A sample site, and a client that works on it as Administrator.
pub struct Desk {
    pub site: Sandbox,
    client: RunningService<RoleClient, Listener>,
    told: Arc<Mutex<Vec<f64>>>,
}

/// Keeps the progress that it is told.
pub struct Listener(Arc<Mutex<Vec<f64>>>);

impl ClientHandler for Listener {
    async fn on_progress(&self, params: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.0.lock().unwrap().push(params.progress);
    }
}

/// A server on the site for the user of a key, everything permitted.
pub fn app(site: &Sandbox, key: &str) -> Connection {
    app_within(site, key, 20)
}

/// The same with so many seconds for each request.
fn app_within(site: &Sandbox, key: &str, seconds: u64) -> Connection {
    let mut config = config(site, key, json!({"default": all(), "reports": ["*"]}));
    config["erpnext"]["timeout"] = json!(seconds);
    app_of(&config)
}

impl Desk {
    pub async fn open() -> Self {
        Self::within(20).await
    }

    /// The same with so many seconds for each request: so long a write is looked for that no answer came to.
    pub async fn within(seconds: u64) -> Self {
        let site = SampleSite::start().await.sandbox;
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let server = Server::new(Arc::new(app_within(&site, "administrator", seconds)));
        tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
        let told = Arc::<Mutex<Vec<f64>>>::default();
        let client = Listener(told.clone()).serve(ours).await.unwrap();
        Self { site, client, told }
    }

    /// The result of a tool as it goes over the wire.
    pub async fn result(&self, tool: &'static str, arguments: Value) -> Value {
        let request = CallToolRequestParams::new(tool).with_arguments(arguments.as_object().unwrap().clone());
        serde_json::to_value(self.client.call_tool(request).await.unwrap()).unwrap()
    }

    /// The answer of a tool, or what the model is told instead.
    pub async fn attempt(&self, tool: &'static str, arguments: Value) -> Result<Value, String> {
        let result = self.result(tool, arguments).await;
        let text = result["content"][0]["text"].as_str().unwrap().to_owned();
        match result["isError"] == true {
            true => Err(text),
            false => Ok(by_name(serde_json::from_str(&text).unwrap())),
        }
    }

    /// The answer of a tool that must work.
    pub async fn call(&self, tool: &'static str, arguments: Value) -> Value {
        self.attempt(tool, arguments.clone()).await.unwrap_or_else(|error| panic!("{tool} {arguments}: {error}"))
    }

    /// What the model is told by a tool that must refuse.
    pub async fn refusal(&self, tool: &'static str, arguments: Value) -> String {
        match self.attempt(tool, arguments.clone()).await {
            Err(error) => error,
            Ok(answer) => panic!("{tool} {arguments}: {answer}"),
        }
    }

    /// The progress that the client was told.
    pub fn progress(&self) -> Vec<f64> {
        self.told.lock().unwrap().clone()
    }

    pub async fn create(&self, doctype: &str, data: Value) -> String {
        let made = self.call("create_generic_document", json!({"doctype": doctype, "data": data})).await;
        made["created"].as_str().unwrap().to_owned()
    }

    pub async fn get(&self, doctype: &str, name: &str) -> Value {
        self.call("get_generic_document", json!({"doctype": doctype, "name": name})).await["document"].clone()
    }

    pub async fn submit(&self, doctype: &str, name: &str) -> Value {
        let answer = self.call("submit_document", json!({"doctype": doctype, "name": name})).await;
        assert_eq!((&answer["submitted"], &answer["docstatus"]), (&json!(name), &json!(1)), "{answer}");
        answer
    }

    /// Saves the next document of a chain; its name.
    pub async fn convert(&self, doctype: &str, name: &str, to: &str, data: Value) -> String {
        let arguments = json!({"doctype": doctype, "name": name, "to": to, "data": data, "save": true});
        let answer = self.call("convert_document", arguments).await;
        answer["created"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// The names of the first documents of a list.
    pub async fn some(&self, doctype: &str, filters: Value, limit: u64) -> Vec<String> {
        let asked =
            json!({"doctype": doctype, "filters": filters, "fields": ["name"], "limit": limit, "order_by": "name asc"});
        let list = self.call("list_generic_documents", asked).await;
        let names = list["documents"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned());
        names.collect()
    }

    /// What the site wrote, as `verb DocType`, since the journal had that many lines.
    pub fn journal(&self, since: usize) -> Vec<String> {
        self.site.journal().into_iter().skip(since).map(|write| format!("{} {}", write.verb, write.doctype)).collect()
    }

    /// A submitted invoice over two rows, 150 in all.
    pub async fn invoice(&self) -> String {
        let name = self.invoice_draft().await;
        self.submit("Sales Invoice", &name).await;
        name
    }

    /// The same, not submitted.
    pub async fn invoice_draft(&self) -> String {
        let items = self.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 2).await;
        let rows: Vec<_> = items.iter().map(|item| json!({"item_code": item, "qty": 3, "rate": 25})).collect();
        let customer = self.some("Customer", json!({}), 1).await.remove(0);
        let data = json!({"customer": customer, "company": COMPANY, "due_date": "2026-12-31", "items": rows});
        self.create("Sales Invoice", data).await
    }
}
