//! Who looks for a tool that the policy forbids is told so, and is shown no neighbour that takes something else away.

use erpnext_mcp::app::Connection;
use erpnext_mcp::tool::Effect;
use serde_json::{Value, json};

use crate::sandbox::{SampleSite, site};
use crate::support::{all, app_of, call};

const DOCTYPES: [&str; 6] = ["Customer", "Sales Order", "Item", "Payment Entry", "Customer Group", "Quotation"];

async fn found(app: &Connection, asked: Value) -> (Vec<String>, Value) {
    let found = call(app, "find_tools", asked).await.unwrap();
    let shown = found["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]);
    let named = found["more"].as_array().into_iter().flatten();
    (shown.chain(named).map(|name| name.as_str().unwrap().to_owned()).collect(), found)
}

#[on_every_version]
async fn a_question_for_what_is_forbidden_is_told_so_and_shown_nothing_that_destroys() {
    let (_site, app) = site(json!({"default": {"read": true, "create": true, "update": true}})).await;
    for doctype in DOCTYPES {
        for operation in ["delete", "submit", "cancel", "amend"] {
            for asked in [
                json!({"query": format!("{operation} a {doctype}")}),
                json!({"doctype": doctype, "operation": operation}),
            ] {
                let (names, found) = found(&app, asked).await;
                let note = found["note"].as_str().unwrap_or_default();
                let wanted = format!("{doctype}: {operation} is not permitted by this server's configuration");
                assert!(note.starts_with(&wanted), "{operation} {doctype}: {found}");
                assert!(note.contains(&format!("permissions.doctypes.{doctype}.{operation}: true")), "{note}");
                assert!(found["next"].as_str().unwrap().starts_with("No tool does this here"), "{found}");
                let effect = |name: &String| app.registry().find(name).unwrap().effect();
                let destroy: Vec<_> = names.iter().filter(|name| effect(name) == Effect::Destroys).collect();
                assert!(destroy.is_empty(), "{operation} {doctype}: {destroy:?}");
            }
        }
        let (names, _) = found(&app, json!({"query": format!("remove a {doctype}")})).await;
        assert!(!names.iter().any(|name| name == "untag_document"), "{doctype}: {names:?}");
    }
    // Words for any document name no DocType, neither Deleted Document.
    for query in ["delete something", "delete a document"] {
        let (_, found) = found(&app, json!({"query": query})).await;
        let note = found["note"].as_str().unwrap_or_default();
        assert!(note.starts_with("delete is permitted on no DocType"), "{query}: {found}");
    }
}

#[on_every_version]
async fn who_names_no_doctype_is_told_of_the_tool_that_is_not_permitted_too() {
    let (_site, app) = site(json!({"default": {"read": true}})).await;
    for query in ["make payment", "remove invoice"] {
        let (names, found) = found(&app, json!({"query": query})).await;
        let note = found["note"].as_str().unwrap_or_default();
        assert!(note.contains("not permitted by this server's configuration"), "{query}: {found}");
        assert!(found["next"].as_str().unwrap().starts_with("No tool does this here"), "{found}");
        let reads = |name: &String| app.registry().find(name).unwrap().effect() == Effect::Reads;
        assert!(names.iter().all(reads), "{query}: {names:?}");
    }
    // What is permitted and only left out is brought back by no permission.
    let sample = SampleSite::start().await;
    let mut config = sample.config(json!({"default": all()}));
    config["tools"] = json!({"exclude": ["*payment*"]});
    let (_, left_out) = found(&app_of(&config), json!({"query": "make payment"})).await;
    assert!(!left_out["note"].as_str().unwrap_or_default().contains("not permitted"), "{left_out}");
    // Who asks to read is told nothing of what may not be written.
    let (_, found) = found(&app, json!({"query": "list payments"})).await;
    assert!(found["note"].is_null(), "{found}");
}

#[on_every_version]
async fn what_is_permitted_or_done_in_another_way_is_found_as_ever() {
    let (_site, open) = site(json!({"default": all()})).await;
    let (_other, app) = site(json!({"default": {"read": true, "create": true, "update": true}})).await;
    for (app, query, wanted) in [
        (&open, "delete a customer", "delete_customer_document"),
        (&app, "remove a tag from a customer", "untag_document"),
        (&app, "delete an attachment of a customer", "delete_attachment"),
        (&app, "add a comment to a customer", "add_comment"),
        (&app, "list cancelled sales orders", "list_sales_order_documents"),
        (&app, "update a customer", "update_customer_document"),
    ] {
        let (names, found) = found(app, json!({"query": query})).await;
        assert!(names.iter().take(3).any(|name| name == wanted), "{query}: {names:?}");
        assert!(found["note"].is_null(), "{query}: {found}");
    }
}
