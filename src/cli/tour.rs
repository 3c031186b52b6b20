//! The tour: six calls with request and answer in colour, for a person who looks at the demo in a terminal.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use erpnext_mcp::app::Connection;
use erpnext_mcp::audit::review;
use serde_json::{Value, json};

use super::demo::client_configuration;

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const CYAN: &str = "\x1b[36m";
const PLAIN: &str = "\x1b[0m";

/// Walks through the calls and says how to go on.
pub async fn run(connection: &Connection, audit_log: &Path) -> anyhow::Result<()> {
    let mut out = Screen { colour: std::env::var_os("NO_COLOR").is_none() };
    out.title("erpnext-mcp: a language model's way into ERPNext. This is a sample site; the calls are real.")?;

    let tools = connection.registry().tools();
    out.title(&format!("1. The tools: {}, each with an exact schema", tools.len()))?;
    let names: Vec<&str> = tools.iter().map(|tool| tool.name()).filter(|name| name.contains("sales_order")).collect();
    out.text(&names.join("  "))?;

    let draft = json!({"filters": {"docstatus": 0}, "fields": ["name"], "limit": 1});
    let draft = quiet(connection, "list_sales_order_documents", draft).await?;
    let name =
        draft.pointer("/rows/0/0").and_then(Value::as_str).context("the sample data has no draft order")?.to_owned();

    out.title("2. A typed read: one order, the fields that matter")?;
    let fields = json!(["customer", "status", "grand_total", "currency", "items.item_code", "items.qty", "items.rate"]);
    let order = out.call(connection, "get_sales_order_document", json!({"name": name, "fields": fields})).await?;

    out.title("3. A question over many documents")?;
    let asked = json!({"doctype": "Sales Order", "measures": ["count", "sum(grand_total)"], "group_by": ["customer"],
        "filters": {"docstatus": 1}, "order_by": "sum(grand_total) desc", "limit": 3});
    out.call(connection, "aggregate_documents", asked).await?;

    out.title("4. A field that the administrator withholds, even as a filter")?;
    out.call(connection, "list_customer_documents", json!({"filters": {"tax_id": ["like", "27%"]}})).await?;

    out.title("5. One quantity changed: every other column and row stays, and the answer says what the site stored")?;
    let rows = order.pointer("/document/items").and_then(Value::as_array).cloned().unwrap_or_default();
    let rows = rows.iter().enumerate().map(|(i, row)| {
        let quantity = row.get("qty").and_then(Value::as_f64).unwrap_or_default();
        if i == 0 { json!({"name": row["name"], "qty": quantity + 1.0}) } else { json!({"name": row["name"]}) }
    });
    let change = json!({"name": name, "data": {"items": rows.collect::<Vec<_>>()}});
    out.call(connection, "update_sales_order_document", change).await?;

    out.title("6. The audit log of all this: names of fields, never values")?;
    for line in review::lines(audit_log)?.filter_map(Result::ok) {
        out.text(&format!("{DIM}{}{PLAIN}", shortened(&line.text())))?;
    }

    out.title("Connect a client: add this to its configuration")?;
    out.text(&client_configuration(connection.session().version.get()))?;
    out.text("With a site of your own: README.md, or erpnext-mcp --help.")
}

async fn quiet(connection: &Connection, tool: &str, arguments: Value) -> anyhow::Result<Value> {
    let tool = connection.registry().find(tool).with_context(|| format!("no tool {tool}"))?;
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    connection
        .call(tool, arguments, Some("tour".to_owned()))
        .await
        .map(|(data, _)| data)
        .map_err(|error| anyhow::anyhow!(error.for_model()))
}

/// A JSON line without what only a program needs.
fn shortened(line: &str) -> String {
    let Ok(Value::Object(mut entry)) = serde_json::from_str(line) else { return line.to_owned() };
    entry.retain(|key, _| !matches!(key.as_str(), "id" | "prev" | "client" | "bytes" | "tool"));
    Value::Object(entry).to_string()
}

struct Screen {
    colour: bool,
}

impl Screen {
    fn title(&mut self, text: &str) -> anyhow::Result<()> {
        self.text(&format!("\n{BOLD}{text}{PLAIN}"))
    }

    fn text(&mut self, text: &str) -> anyhow::Result<()> {
        let codes = [BOLD, DIM, GREEN, RED, CYAN, PLAIN];
        let text = if self.colour {
            text.to_owned()
        } else {
            codes.iter().fold(text.to_owned(), |text, code| text.replace(code, ""))
        };
        Ok(writeln!(std::io::stdout().lock(), "{text}")?)
    }

    async fn call(&mut self, connection: &Connection, tool: &str, arguments: Value) -> anyhow::Result<Value> {
        self.text(&format!("{CYAN}→ {tool}{PLAIN} {arguments}"))?;
        match quiet(connection, tool, arguments).await {
            Ok(answer) => {
                self.text(&format!("{GREEN}← {PLAIN}{answer}"))?;
                Ok(answer)
            }
            Err(error) => {
                self.text(&format!("{RED}← {error}{PLAIN}"))?;
                Ok(Value::Null)
            }
        }
    }
}
