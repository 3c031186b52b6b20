//! The tour: six calls with request and answer in colour, and what a model would say of each, for a person who looks at the demo
//! in a terminal.

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
const YELLOW: &str = "\x1b[33m";
const PLAIN: &str = "\x1b[0m";

/// Walks through the calls and says how to go on.
pub async fn run(connection: &Connection, audit_log: &Path) -> anyhow::Result<()> {
    let mut out = Screen { colour: std::env::var_os("NO_COLOR").is_none() };
    out.title("erpnext-mcp: a language model's way into ERPNext. This is a sample site; the calls are real.")?;

    let tools = connection.registry().tools();
    out.title(&format!("The tools: {}, each with an exact schema", tools.len()))?;
    let names: Vec<&str> = tools.iter().map(|tool| tool.name()).filter(|name| name.contains("sales_order")).collect();
    out.text(&names.join("  "))?;

    out.title("1. A list: which order is still a draft?")?;
    let asked = json!({"filters": {"docstatus": 0}, "fields": ["name"], "limit": 1});
    let drafts = out.call(connection, "list_sales_order_documents", asked).await?;
    let name =
        drafts.pointer("/rows/0/0").and_then(Value::as_str).context("the sample data has no draft order")?.to_owned();
    out.model(&format!("{name} is one. I'll look at what is in it."))?;

    out.title("2. A typed read: one order, the fields that matter")?;
    let fields = json!(["customer", "status", "grand_total", "currency", "items.item_code", "items.qty", "items.rate"]);
    let order = out.call(connection, "get_sales_order_document", json!({"name": name, "fields": fields})).await?;
    let of_order = |field: &str| shown(&order, &format!("/document/{field}"));
    let (customer, currency) = (of_order("customer"), of_order("currency"));
    let (item, quantity, total) = (of_order("items/0/item_code"), of_order("items/0/qty"), of_order("grand_total"));
    out.model(&format!("{customer} wants {quantity} of {item}; the order comes to {total} {currency}."))?;

    out.title("3. A question over many documents: who orders most?")?;
    let asked = json!({"doctype": "Sales Order", "measures": ["count", "sum(grand_total)"], "group_by": ["customer"],
        "filters": {"docstatus": 1}, "order_by": "sum(grand_total) desc", "limit": 3});
    let most = out.call(connection, "aggregate_documents", asked).await?;
    let of_first = |field: &str| shown(&most, &format!("/groups/0/{field}"));
    let (customer, currency) = (of_first("customer"), of_first("currency"));
    let (count, sum) = (of_first("count"), of_first("sum(grand_total)"));
    out.model(&format!("{customer}: {count} orders, {sum} {currency} together."))?;

    out.title("4. A field that the administrator withholds, even as a filter")?;
    out.call(connection, "list_customer_documents", json!({"filters": {"tax_id": ["like", "27%"]}})).await?;
    out.model("I may not see tax numbers here, nor search by them. Your administrator can allow it.")?;

    out.title("5. A call with mistakes: nothing is sent, and all of them come back at once")?;
    let wrong = json!({"customer_nme": "Zod Co", "customer_type": "Firm", "disabled": "no"});
    out.call(connection, "create_customer_document", json!({"data": wrong})).await?;
    out.model("No customer was made. I know what to write instead, and would call again.")?;

    out.title("6. One quantity changed: every other column and row stays, and the answer says what the site stored")?;
    let row = order.pointer("/document/items/0").context("the order has no row")?;
    let quantity = row["qty"].as_f64().context("the row has no quantity")?;
    let change = json!({"name": name, "data": {"items": {"patch": [{"name": row["name"], "qty": quantity + 1.0}]}}});
    let changed = out.call(connection, "update_sales_order_document", change).await?;
    let (before, after) = ("/also_changed/grand_total/from", "/also_changed/grand_total/to");
    let (before, after) = (shown(&changed, before), shown(&changed, after));
    out.model(&format!("One more of {item} is in {name}: the total went from {before} to {after}."))?;

    out.title("The audit log of all this: names of fields, never values")?;
    for line in review::lines(audit_log)?.filter_map(Result::ok) {
        out.text(&format!("{DIM}{}{PLAIN}", shortened(&line.text())))?;
    }

    out.title("Connect a client to this sample site: add this to its configuration")?;
    out.text(&client_configuration(connection.session().version.get()))?;
    out.title("For a site of your own: erpnext-mcp init")
}

/// What stands there in an answer, as a person writes it.
fn shown(answer: &Value, at: &str) -> String {
    match answer.pointer(at) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => {
            let number = number.as_f64().unwrap_or_default();
            if number.fract() == 0.0 { number.to_string() } else { format!("{number:.2}") }
        }
        _ => "(not shown)".to_owned(),
    }
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
        let codes = [BOLD, DIM, GREEN, RED, CYAN, YELLOW, PLAIN];
        let text = if self.colour {
            text.to_owned()
        } else {
            codes.iter().fold(text.to_owned(), |text, code| text.replace(code, ""))
        };
        Ok(writeln!(std::io::stdout().lock(), "{text}")?)
    }

    /// What a model would say of the last answer.
    fn model(&mut self, words: &str) -> anyhow::Result<()> {
        self.text(&format!("{YELLOW}model:{PLAIN} {words}"))
    }

    async fn call(&mut self, connection: &Connection, tool: &str, arguments: Value) -> anyhow::Result<Value> {
        self.text(&format!("{CYAN}→ {tool}{PLAIN} {arguments}"))?;
        let tool = connection.registry().find(tool).with_context(|| format!("no tool {tool}"))?;
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        match connection.call(tool, arguments, Some("tour".to_owned())).await {
            Ok((answer, _)) => {
                self.text(&format!("{GREEN}← {PLAIN}{answer}"))?;
                Ok(answer)
            }
            Err(error) => {
                self.text(&format!("{RED}← {}{PLAIN}", error.for_model()))?;
                Ok(Value::Null)
            }
        }
    }
}
