//! Two servers of one site, of which one has a cache: what that one decides by, and what it is asked for anew, is read from
//! the site, whatever it kept.

use erpnext_mcp::policy::Operation;
use erpnext_mcp::tool::arguments::may_take_kept;
use erpnext_mcp::tool::{Effect, Tool};
use erpnext_mcp::tools::ALL;
use serde_json::{Value, json};

use crate::sandbox::{COMPANY, SampleSite, first};
use crate::support::{all, app_of, app_of_all, call, refusal};

fn made(answer: &Value) -> Value {
    answer["created"].clone()
}

#[on_every_version]
async fn what_a_draft_or_a_payment_is_decided_by_is_read_from_the_site() {
    let site = SampleSite::start().await;
    let mut config = site.config(json!({"default": all()}));
    let other = app_of(&config);
    config["cache"] = json!({"enabled": true});
    let app = app_of(&config);
    let customer = first(&other, "Customer", json!({})).await;
    let items = json!([{"item_code": "SRV-REPAIR", "qty": 2, "rate": 50}]);

    let data = json!({"customer": customer, "company": COMPANY, "delivery_date": "2026-12-24", "items": items});
    let order =
        made(&call(&other, "create_generic_document", json!({"doctype": "Sales Order", "data": data})).await.unwrap());
    let named = json!({"doctype": "Sales Order", "name": order});
    call(&app, "get_generic_document", named.clone()).await.unwrap();
    let asked = json!({"doctype": "Sales Order", "name": order, "to": "Sales Invoice"});
    let said = refusal(&app, "convert_document", asked.clone()).await;
    assert!(said.contains("it is a draft"), "{said}");
    call(&other, "submit_document", named.clone()).await.unwrap();
    let shown = call(&app, "convert_document", asked).await.unwrap();
    assert_eq!(shown["draft"]["customer"], json!(customer), "{shown}");
    let ways = call(&app, "list_conversions", named).await.unwrap();
    let way = ways["conversions"].as_array().unwrap().iter().find(|way| way["to"] == "Sales Invoice");
    assert_eq!((&way.unwrap()["possible"], ways.get("age_s")), (&json!(true), None), "{ways}");

    let data = json!({"customer": customer, "company": COMPANY, "due_date": "2026-12-31", "items": items});
    let invoice = made(
        &call(&other, "create_generic_document", json!({"doctype": "Sales Invoice", "data": data})).await.unwrap(),
    );
    let named = json!({"doctype": "Sales Invoice", "name": invoice});
    call(&other, "submit_document", named.clone()).await.unwrap();
    let pay = json!({"party_type": "Customer", "party": customer, "invoices": [{"name": invoice}],
        "mode_of_payment": "Bank Transfer", "reference_no": "BT-5", "date": "2026-11-20"});
    let with = |key: &str| {
        let mut asked = pay.clone();
        asked[key] = json!(true);
        asked
    };
    call(&app, "get_generic_document", named).await.unwrap();
    let shown = call(&app, "record_payment", with("dry_run")).await.unwrap();
    assert_eq!((&shown["amount"], shown.get("age_s")), (&json!(100.0), None), "{shown}");
    let mut paid = with("submit");
    paid["confirm"] = json!(true);
    call(&other, "record_payment", paid).await.unwrap();
    let said = refusal(&app, "record_payment", with("dry_run")).await;
    assert!(said.contains("nothing is open of it"), "{said}");
}

#[on_every_version]
async fn a_poll_an_export_and_a_test_of_the_connection_ask_the_site() {
    let site = SampleSite::start().await;
    let mut operations = all();
    operations["export"] = json!(true);
    let mut config = site.config(json!({"default": operations}));
    let other = app_of(&config);
    let folder = tempfile::tempdir().unwrap();
    config["cache"] = json!({"enabled": true});
    config["export"] = json!({"directory": folder.path()});
    let app = app_of(&config);
    let poll = json!({"doctypes": ["ToDo"], "since": "2020-01-01", "limit": 500});
    let mut found = Vec::new();
    for file in ["one.csv", "two.csv"] {
        let tested = call(&app, "test_connection", json!({})).await.unwrap();
        assert_eq!(tested.get("age_s"), None, "{tested}");
        let changes = call(&app, "get_changes_since", poll.clone()).await.unwrap();
        let export = json!({"doctype": "ToDo", "fields": ["name"], "file_name": file});
        let exported = call(&app, "export_documents", export).await.unwrap();
        found.push((changes["count"].as_u64().unwrap(), exported["rows"].as_u64().unwrap()));
        let todo = json!({"doctype": "ToDo", "data": {"description": "of another server"}});
        call(&other, "create_generic_document", todo).await.unwrap();
    }
    assert_eq!(found[1], (found[0].0 + 1, found[0].1 + 1));
}

#[test]
fn no_tool_that_writes_or_exports_may_be_answered_from_the_cache() {
    let app = app_of_all();
    for tool in app.registry().tools().iter().copied().chain(ALL.iter().copied().map(Tool::Named)) {
        let decides = tool.effect() != Effect::Reads || tool.operation() == Operation::Export;
        assert!(!(decides && may_take_kept(&tool)), "{}", tool.name());
    }
}
