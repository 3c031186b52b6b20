//! Each hazard of a real site: what is lost by a plain request, and that nothing is lost through the tools.
//! `docs/hazards.md` says what each number stands for; the tests are named after them.

mod lists;
mod masks;
mod metadata;
mod random;
mod reads;
mod rows;
mod shapes;
mod states;
mod values;
mod versions;

use erpnext_mcp::app::Connection;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::sandbox::SampleSite;
use crate::support::{all, app_of, call, refusal};

/// The sample site, the plain way to it, and the tools as Administrator with everything permitted.
pub struct Place {
    pub site: SampleSite,
    app: Connection,
}

impl Place {
    pub async fn new() -> Self {
        let site = SampleSite::bench().await;
        let app = app_of(&site.config(json!({"default": all()})));
        Self { site, app }
    }

    /// The tools as the user of another key, with these permissions.
    pub fn app_as(&self, key: &str, permissions: Value) -> Connection {
        app_of(&self.site.config_of(key, permissions))
    }

    /// A request without any defence: status and body, as text where it is no JSON.
    pub async fn raw(&self, key: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = self.site.sandbox.url();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let host = url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).await.unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: token {key}:secret\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or_else(|_| json!(body)))
    }

    /// A plain update as Administrator that the site takes; what it answers.
    pub async fn put(&self, doctype: &str, name: &str, body: Value) -> Value {
        let (status, answer) = self.raw("administrator", "PUT", &at(doctype, name), body).await;
        assert_eq!(status, 200, "{answer}");
        answer["data"].clone()
    }

    /// A plain create as Administrator that the site takes; what it answers.
    pub async fn post(&self, doctype: &str, body: Value) -> Value {
        let path = format!("/api/resource/{}", encoded(doctype));
        let (status, answer) = self.raw("administrator", "POST", &path, body).await;
        assert_eq!(status, 200, "{answer}");
        answer["data"].clone()
    }

    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        let told = call(&self.app, tool, arguments.clone()).await;
        told.unwrap_or_else(|error| panic!("{tool} {arguments}: {}", error.for_model()))
    }

    pub async fn refusal(&self, tool: &str, arguments: Value) -> String {
        refusal(&self.app, tool, arguments).await
    }

    /// What is stored now, as the tool shows it: others may have changed it.
    pub async fn look(&self, doctype: &str, name: &str) -> Value {
        self.call("get_generic_document", json!({"doctype": doctype, "name": name})).await["document"].clone()
    }

    pub async fn update(&self, doctype: &str, name: &str, data: Value) -> Value {
        self.call("update_generic_document", json!({"doctype": doctype, "name": name, "data": data})).await
    }

    pub async fn refused_update(&self, doctype: &str, name: &str, data: Value) -> String {
        self.refusal("update_generic_document", json!({"doctype": doctype, "name": name, "data": data})).await
    }

    pub fn stored(&self, doctype: &str, name: &str) -> Value {
        self.site.stored(doctype, name).unwrap_or_else(|| panic!("no {doctype} {name}"))
    }

    /// Sets columns past every rule.
    pub fn set(&self, doctype: &str, name: &str, columns: Value) {
        let columns: &Map<String, Value> = columns.as_object().unwrap();
        self.site.sandbox.with(|site| site.set(doctype, name, columns)).unwrap();
    }

    /// The name of a document that fits.
    pub async fn some(&self, doctype: &str, filters: Value) -> String {
        let list =
            json!({"doctype": doctype, "filters": filters, "fields": ["name"], "order_by": "name asc", "limit": 1});
        let found = self.call("list_generic_documents", list).await;
        found["documents"][0]["name"].as_str().unwrap_or_else(|| panic!("no such {doctype}")).to_owned()
    }

    /// A draft order of as many rows, each with a price and a note of its own; its name.
    pub async fn order(&self, rows: usize) -> String {
        let list = json!({"doctype": "Item", "filters": {"is_sales_item": 1, "has_variants": 0}, "fields": ["name"], "order_by": "name asc", "limit": rows});
        let items = self.call("list_generic_documents", list).await["documents"].clone();
        let row = |(i, item): (usize, &Value)| {
            json!({
                "item_code": item["name"], "qty": 2, "rate": 100 + i, "additional_notes": format!("note {i}"),
                "delivery_date": "2026-12-24",
            })
        };
        let rows: Vec<Value> = items.as_array().unwrap().iter().enumerate().map(row).collect();
        let customer = self.some("Customer", json!({"territory": "North"})).await;
        let data = json!({"customer": customer, "company": "Alderway Furniture", "delivery_date": "2026-12-24", "items": rows});
        let made = self.call("create_generic_document", json!({"doctype": "Sales Order", "data": data})).await;
        made["created"].as_str().unwrap().to_owned()
    }
}

pub fn at(doctype: &str, name: &str) -> String {
    format!("/api/resource/{}/{}", encoded(doctype), encoded(name))
}

/// The address of a list with these arguments.
pub fn raw_list(doctype: &str, arguments: &[(&str, Value)]) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs = arguments.iter().map(|(key, value)| format!("{key}={}", encoded(&text(value))));
    format!("/api/resource/{}?{}", encoded(doctype), pairs.collect::<Vec<_>>().join("&"))
}

pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The rows of a table.
pub fn rows(doc: &Value, table: &str) -> Vec<Value> {
    doc[table].as_array().cloned().unwrap_or_default()
}

/// What people typed into the rows of an order, without what the site works out.
pub fn typed_in(order: &Value) -> Vec<Value> {
    let columns = ["name", "idx", "item_code", "qty", "rate", "uom", "warehouse", "delivery_date", "additional_notes"];
    let row = |row: Value| columns.iter().map(|key| ((*key).to_owned(), row[*key].clone())).collect::<Map<_, _>>();
    rows(order, "items").into_iter().map(|it| Value::Object(row(it))).collect()
}
