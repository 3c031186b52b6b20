//! Fields without a value: no comparison counts them unasked.

use erpnext_mcp::app::Connection;
use serde_json::{Value, json};

use crate::sandbox::{SampleSite, site};
use crate::support::{call, refusal};

const LIST: &str = "list_generic_documents";

async fn todos(app: &Connection, filters: Value) -> Value {
    let asked = json!({"doctype": "ToDo", "filters": filters, "fields": ["name", "date", "color"], "limit": 500});
    call(app, LIST, asked).await.unwrap()
}

/// A site with ToDos that have no date and no colour, and some that have.
async fn with_todos() -> (erpnext_sandbox::Sandbox, Connection) {
    let (site, app) = site(json!({"default": {"read": true, "create": true}})).await;
    for at in 0..6 {
        let mut todo = json!({"description": format!("Call {at}")});
        if at % 2 == 0 {
            todo["color"] = ["#ff0000", "#00ff00", "#0000ff"][at / 2].into();
        }
        let made = call(&app, "create_todo_document", json!({"data": todo})).await.unwrap();
        super::pages::without_date(&site, &made["created"]);
    }
    (site, app)
}

#[on_every_version]
async fn documents_without_a_value_are_no_answer_to_a_comparison_unless_they_are_asked_for() {
    let (_site, app) = with_todos().await;
    let all = todos(&app, json!({})).await;
    let all = all["documents"].as_array().unwrap();
    let without = |field: &str| all.iter().filter(|todo| todo[field].is_null() || todo[field] == "").count();
    for (field, operator, value, found) in [
        ("color", "!=", json!("#ff0000"), 2),
        ("color", "not in", json!(["#ff0000", "#00ff00"]), 1),
        ("color", "not like", json!("#ff%"), 2),
        ("date", "<", json!("1999-01-01"), 0),
        ("date", "<=", json!("1999-01-01"), 0),
        ("date", "!=", json!("1999-01-01"), all.len() - without("date")),
    ] {
        assert!(without(field) >= 3, "{field}");
        let answer = todos(&app, json!({field: [operator, value]})).await;
        assert_eq!(answer["count"], found, "{field} {operator}: {answer}");
        let left_out = format!("documents without {field} are left out: \"{operator} or empty\" takes them too");
        assert_eq!(answer["note"], left_out);
        let answer = todos(&app, json!({field: [format!("{operator} or empty"), value]})).await;
        assert_eq!(answer["count"], found + without(field), "{field} {operator} or empty: {answer}");
        assert_eq!(answer["note"], format!("documents without {field} count too"));
    }
    // What is never empty needs no note.
    for filters in [json!({"status": ["!=", "Open"]}), json!({"name": ["not in", ["x"]]}), json!({"color": ["!=", ""]})]
    {
        assert_eq!(todos(&app, filters.clone()).await["note"], Value::Null, "{filters}");
    }
}

#[on_every_version]
async fn a_negation_of_a_column_of_rows_says_what_it_finds() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": {"read": true}}));
    let filters = json!({"items.item_code": ["not in", ["DESK-OAK-140"]]});
    let answer = call(&app, "list_sales_order_documents", json!({"filters": filters})).await.unwrap();
    let note = answer["note"].as_str().unwrap_or_default();
    assert!(note.contains("documents with any row in items that is another"), "{answer}");
}

#[on_every_version]
async fn a_negation_is_one_of_several_choices_only_with_the_empty_ones() {
    let (_site, app) = with_todos().await;
    let either = |operator: &str| json!([["color", operator, "#ff0000"], ["description", "like", "%1%"]]);
    let told = refusal(&app, LIST, json!({"doctype": "ToDo", "or_filters": either("!=")})).await;
    assert!(told.contains(r##"did you mean ["color","!= or empty","#ff0000"]?"##), "{told}");
    call(&app, LIST, json!({"doctype": "ToDo", "or_filters": either("!= or empty")})).await.unwrap();
}

#[on_every_version]
async fn what_is_not_below_a_node_has_a_place_in_the_tree_whatever_stands_below() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Lead": {"read": true, "create": true}, "Territory": {"read": true}}));
    call(&app, "create_lead_document", json!({"data": {"lead_name": "Nowhere", "company_name": "Nowhere"}}))
        .await
        .unwrap();
    let count = async |filters: Value| {
        let asked = json!({"doctype": "Lead", "filters": filters, "fields": ["territory"], "count": true, "limit": 1});
        call(&app, LIST, asked).await.unwrap()
    };
    let placed = count(json!({"territory": ["is", "set"]})).await["total"].clone();
    // Below a leaf stands nothing; below the root all others.
    for (operator, node, found) in [
        ("not descendants of", "North", &placed),
        ("not descendants of", "All Territories", &json!(0)),
        ("not ancestors of", "All Territories", &placed),
    ] {
        let answer = count(json!({"territory": [operator, node]})).await;
        assert_eq!(answer["total"], *found, "{operator} {node}: {answer}");
        assert!(answer["note"].as_str().unwrap_or_default().contains("without territory are left out"), "{answer}");
    }
    let answer = count(json!({"territory": ["descendants of", "Nroth"]})).await;
    assert!(answer["note"].as_str().unwrap_or_default().contains("there is no Territory \"Nroth\""), "{answer}");
}

#[on_every_version]
async fn rows_of_one_doctype_in_two_tables_are_not_compared_at_once() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Job Card": {"read": true}}));
    let (one, other) = (json!(["is", "set"]), json!([">", 0]));
    let both = json!({"employee.employee": one, "time_logs.completed_qty": other});
    for tool in [LIST, "aggregate_documents"] {
        let told = refusal(&app, tool, json!({"doctype": "Job Card", "filters": both})).await;
        assert!(told.contains("employee and time_logs hold rows of one DocType"), "{tool}: {told}");
    }
    let alone = json!({"time_logs.employee": one, "time_logs.completed_qty": other});
    call(&app, LIST, json!({"doctype": "Job Card", "filters": alone})).await.unwrap();
}
