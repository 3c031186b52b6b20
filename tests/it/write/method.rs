use erpnext_mcp::audit::Audit;
use serde_json::{Value, json};

use crate::sandbox::{config, site};
use crate::support::{app_of, app_with, call, load, refusal};

const BALANCE: &str = "erpnext.stock.utils.get_stock_balance";

fn methods() -> Value {
    json!({
        BALANCE: {
            "description": "Stock of an item.", "write": false,
            "arguments": {
                "item_code": {"type": "string", "required": true, "description": "the item"},
                "warehouse": {"type": "string", "required": true},
                "with_valuation_rate": {"type": "integer"},
                "mood": {"type": "string", "enum": ["good", "bad"]},
            },
        },
        "frappe.share.add": {"description": "Shares a document.", "arguments": {
            "doctype": {"type": "string", "required": true}, "name": {"type": "string", "required": true},
            "user": {"type": "string", "required": true}, "read": {"type": "integer"},
        }},
    })
}

#[on_every_version]
async fn only_the_methods_that_are_listed_are_there() {
    let (site, none) = site(json!({"default": {"read": true, "update": true}})).await;
    assert!(none.registry().find("call_method").is_none());
    let mut file = config(&site, "administrator", json!({}));
    file["methods"] = methods();
    let app = app_of(&file);
    let listed = call(&app, "call_method", json!({})).await.unwrap();
    assert_eq!(listed["methods"][0]["method"], BALANCE);
    assert_eq!(listed["methods"][0]["arguments"]["required"], json!(["item_code", "warehouse"]));
    assert_eq!((&listed["methods"][0]["writes"], &listed["methods"][1]["writes"]), (&json!(false), &json!(true)));
    let told = refusal(&app, "call_method", json!({"method": "frappe.ping"})).await;
    assert!(told.contains("the section methods does not name it"), "{told}");
    let near = refusal(&app, "call_method", json!({"method": "erpnext.stock.utils.get_stock_balanc"})).await;
    assert!(near.contains(&format!("did you mean {BALANCE}?")), "{near}");
}

#[on_every_version]
async fn arguments_are_checked_before_anything_is_sent() {
    let (site, _) = site(json!({})).await;
    let mut file = config(&site, "administrator", json!({}));
    file["methods"] = methods();
    let app = app_of(&file);
    let arguments = json!({"item_cod": "X", "warehouse": 5, "mood": "goo"});
    let told = refusal(&app, "call_method", json!({"method": BALANCE, "arguments": arguments})).await;
    for line in [
        "there are 4 problems",
        "arguments.item_cod: no such argument",
        "did you mean item_code?",
        "arguments.warehouse: expected string, found 5",
        "did you mean good?",
        "arguments.item_code: is mandatory (string)",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let arguments = json!({"item_code": "No such", "warehouse": "None"});
    let answer = call(&app, "call_method", json!({"method": BALANCE, "arguments": arguments})).await.unwrap();
    assert_eq!(answer["answer"], 0.0);
}

#[on_every_version]
async fn a_method_that_writes_is_recorded_before_it_is_sent() {
    let (site, open) = site(json!({"default": {"read": true}})).await;
    let customer = call(&open, "list_generic_documents", json!({"doctype": "Customer", "limit": 1})).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut file = config(&site, "administrator", json!({}));
    file["methods"] = methods();
    file["audit"] = json!({"enabled": true, "log_file": folder.path().join("audit.log")});
    let app = app_with(&file, Audit::open(&load(&file).audit).unwrap());
    let arguments = json!({"doctype": "Customer", "name": customer["documents"][0]["name"], "user": "reader@example.com", "read": 1});
    call(&app, "call_method", json!({"method": "frappe.share.add", "arguments": arguments})).await.unwrap();
    let log = std::fs::read_to_string(folder.path().join("audit.log")).unwrap();
    assert!(log.contains("INTENT") && log.contains("call_method"), "{log}");
    assert!(!log.contains("reader@example.com"), "{log}");
}
