//! Every tool with its arguments, right ones and any others, on a site that answers anything.

use std::sync::{Mutex, OnceLock, PoisonError};

use erpnext_mcp::app::Connection;
use erpnext_mcp::error::ToolError;
use erpnext_mcp::tool::definition;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::{Stand, any_json, runner};
use crate::support::{all, app_of, config_json};

/// The methods of the site that change something.
const WRITING: &[&str] = &[
    "insert",
    "insert_many",
    "submit",
    "cancel",
    "apply_workflow",
    "rename_doc",
    "add",
    "remove",
    "add_tag",
    "remove_tag",
    "add_comment",
    "follow_document",
    "unfollow_document",
    "upload_file",
    "set_permission",
    "make",
    "update_status",
    "update_delivery_note_status",
    "update_purchase_receipt_status",
    "update_child_qty_rate",
];

fn writes(line: &str) -> bool {
    let method = line.strip_prefix("POST /api/method/").map(|method| method.rsplit('.').next().unwrap_or_default());
    !line.starts_with("GET ") && method.is_none_or(|method| WRITING.contains(&method))
}

/// A tool and the names of what it takes.
type Taking = (String, Vec<String>);

fn taking(app: &Connection) -> Vec<Taking> {
    let takes = |tool: &erpnext_mcp::tool::Tool| {
        let schema = definition::definition(&app.session(), *tool).input_schema;
        let names = schema["properties"].as_object().unwrap().keys().cloned().collect();
        (tool.name().to_owned(), names)
    };
    app.registry().tools().iter().map(takes).collect()
}

/// What the argument of that name may well be.
fn likely(name: &str) -> BoxedStrategy<Value> {
    let values = match name {
        "doctype" => vec![json!("Customer"), json!("Sales Order"), json!("User"), json!("Sales Order Item")],
        "name" | "party" | "item_code" => vec![json!("X-1"), json!(7), json!("a/b"), json!("..")],
        "data" => vec![
            json!({"customer_name": "x"}),
            json!({"items": {"patch": [{"idx": 1, "qty": 2}]}}),
            json!({"items": []}),
        ],
        "documents" => vec![json!([{"name": "x", "customer_name": "y"}]), json!([{}]), json!([])],
        "names" | "doctypes" | "only" => vec![json!(["Customer"]), json!(["x", "x"])],
        "filters" | "or_filters" => {
            vec![json!({"name": "x"}), json!([["modified", ">", "2026-01-01"]]), json!({"items.qty": [">", 1]})]
        }
        "fields" | "group_by" => vec![json!(["name"]), json!(["modified:month"]), json!(["items.qty"])],
        "measures" => vec![json!(["count", "sum(grand_total)"]), json!(["avg()"])],
        "tool" => vec![json!("get_generic_document"), json!("call_tool"), json!("delete_generic_document")],
        "arguments" => vec![json!({"doctype": "Customer", "name": "x"}), json!({"data": {}})],
        "confirm" | "dry_run" | "count" | "fresh" | "save" | "cascade" => vec![json!(true), json!(false)],
        _ => vec![json!("x"), json!("2026-01-01"), json!(1), json!("Customer")],
    };
    select(values).boxed()
}

fn permitted() -> Value {
    json!({"doctypes": {"Customer": all(), "Sales Order": all(), "User": all()}, "reports": ["*"]})
}

fn any_call() -> impl Strategy<Value = (String, Value)> {
    static TOOLS: OnceLock<Vec<Taking>> = OnceLock::new();
    let app = || app_of(&config_json("http://127.0.0.1:9", permitted()));
    let tools = TOOLS.get_or_init(|| taking(&app()));
    (0..tools.len()).prop_flat_map(|at| {
        let (tool, names) = tools[at].clone();
        let given = names.into_iter().map(|name| {
            let value = prop_oneof![6 => likely(&name).prop_map(Some), 2 => any_json().prop_map(Some), 3 => Just(None)];
            (Just(name), value)
        });
        (Just(tool), given.collect::<Vec<_>>()).prop_map(|(tool, given)| {
            let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
            (tool, Value::Object(given.collect()))
        })
    })
}

#[test]
fn any_arguments_of_any_tool_on_a_site_that_answers_anything() {
    let permitted = permitted();
    let stand = Mutex::new(Stand::new(&permitted));
    let document = json!({"name": "X-1", "doctype": "Customer", "modified": "2026-01-01 00:00:00", "docstatus": 0});
    let answer = prop_oneof![Just(json!([])), Just(document), any_json()];
    let mut runner = runner(1_200);
    let outcome = runner.run(&(any_call(), answer), |((tool, arguments), answer)| {
        let mut stand = stand.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = json!({"docs": [], "data": answer, "message": answer});
        let (result, sent) = stand.call(&permitted, &answer, &tool, arguments);
        drop(stand);
        if let Err(ToolError::Arguments { .. } | ToolError::Denied(_) | ToolError::Unconfirmed(_)) = result {
            prop_assert!(!sent.iter().any(|line| writes(line)), "{sent:?}");
        }
        Ok(())
    });
    outcome.unwrap();
}
