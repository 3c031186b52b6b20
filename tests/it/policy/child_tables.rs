//! Rows of child tables by themselves: no tool gives or changes any, since the rule on them is their document's.

use erpnext_mcp::tool::definition;
use serde_json::{Map, Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{all, app_of, call, refusal};

/// What speaks of DocTypes and not of their documents.
const OF_METADATA: &[&str] = &["get_doctype_schema", "get_doctype_permissions"];

/// The argument of that name in a call about the row.
fn argument(name: &str, row: &str, schema: &Value) -> Value {
    match name {
        _ if schema["enum"].is_array() => schema["enum"][0].clone(),
        "doctype" => json!("Sales Order Item"),
        "doctypes" | "only" => json!(["Sales Order Item"]),
        "name" => json!(row),
        "names" => json!([row]),
        "data" => json!({"qty": 2}),
        "documents" => json!([{"name": row, "item_code": "TBL-OAK-160", "qty": 2}]),
        "measures" => json!(["count"]),
        _ if schema["type"] == "object" => json!({"patch": []}),
        _ => json!("x"),
    }
}

#[on_every_version]
async fn no_tool_gives_or_changes_a_row_of_a_child_table_by_itself() {
    let site = SampleSite::start().await;
    let order = first(&site.app(json!({"Sales Order": all()})), "Sales Order", json!({"docstatus": 0})).await;
    let row = site.stored("Sales Order", &order).unwrap()["items"][0]["name"].as_str().unwrap().to_owned();
    let rule =
        json!({"read": true, "restricted_fields": ["items.item_code"], "conditions": {"read": {"name": "None"}}});
    let app =
        app_of(&site.config(json!({"default": all(), "doctypes": {"Sales Order": rule, "Sales Order Item": all()}})));
    let mut tried = 0;
    for tool in app.registry().general() {
        let schema = json!(definition::definition(&app.session(), *tool).input_schema);
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let many = ["doctypes"].into_iter().filter(|name| schema["properties"].get(name).is_some());
        let named: Vec<&str> = required.into_iter().chain(many).collect();
        if !named.iter().any(|name| name.starts_with("doctype")) || OF_METADATA.contains(&tool.name()) {
            continue;
        }
        let argument = |name: &str| argument(name, &row, &schema["properties"][name]);
        let given: Map<String, Value> = named.into_iter().map(|name| (name.to_owned(), argument(name))).collect();
        let text = refusal(&app, tool.name(), given.into()).await;
        assert!(text.contains("Sales Order Item is a child table"), "{}: {text}", tool.name());
        tried += 1;
    }
    assert!(tried > 30, "{tried}");
    assert_eq!(site.writes(), Vec::<String>::new());
    for tool in OF_METADATA {
        call(&app, tool, json!({"doctype": "Sales Order Item"})).await.unwrap();
    }
}
