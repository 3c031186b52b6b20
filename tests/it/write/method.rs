//! Methods of the site that the configuration lists.

use erpnext_mcp::audit::Audit;
use erpnext_mcp::tool::definition::definition;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::sandbox::{config, site};
use crate::support::{Site, app_of, app_with, call, config_json, load, refusal};

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
async fn a_method_that_ends_in_a_redirect_may_have_done_its_work() {
    let share = json!({"method": "frappe.share.add",
        "arguments": {"doctype": "ToDo", "name": "x", "user": "ann@example.com"}});
    for (to, is_known) in [("/app/todo/x", false), ("https://erp.example.com/api/method/frappe.share.add", true)] {
        let site = Site::start().await;
        let answer = ResponseTemplate::new(302).insert_header("location", to);
        site.respond("POST", "/api/method/frappe.share.add", answer).await;
        let mut file = config_json(&site.url(), json!({}));
        file["methods"] = methods();
        let told = refusal(&app_of(&file), "call_method", share.clone()).await;
        assert_eq!(told.contains("Whether it was done is not known"), !is_known, "{told}");
        assert_eq!(told.contains("do not call it again"), !is_known, "{told}");
        assert!(!told.contains(to), "{told}");
    }
}

#[on_every_version]
async fn a_published_method_is_a_tool_of_its_own() {
    let (site, open) = site(json!({"default": {"read": true}})).await;
    let customer = call(&open, "list_generic_documents", json!({"doctype": "Customer", "limit": 1})).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut file = config(&site, "administrator", json!({"confirm": ["update"]}));
    file["methods"] = methods();
    file["publish"] = json!({
        "get_balance": {"description": "Stock of an item in a warehouse.", "method": BALANCE},
        "share_it": {"description": "Shares a document.", "method": "frappe.share.add"},
    });
    file["audit"] = json!({"enabled": true, "log_file": folder.path().join("audit.log")});
    let app = app_with(&file, Audit::open(&load(&file).audit).unwrap());

    // The schema is what the section methods says; one that reads takes nothing of a write.
    let shown = |tool: &str| definition(&app.session(), app.registry().find(tool).unwrap()).to_json();
    let balance = shown("get_balance");
    assert_eq!(balance["inputSchema"]["required"], json!(["item_code", "warehouse"]), "{balance}");
    assert_eq!(balance["inputSchema"]["properties"]["mood"], json!({"type": "string", "enum": ["good", "bad"]}));
    assert_eq!(
        (&balance["annotations"]["readOnlyHint"], &shown("share_it")["annotations"]["destructiveHint"]),
        (&json!(true), &json!(true))
    );
    let answer = call(&app, "get_balance", json!({"item_code": "No such", "warehouse": "None"})).await.unwrap();
    assert_eq!((&answer["method"], &answer["answer"]), (&json!(BALANCE), &json!(0.0)), "{answer}");
    let told = refusal(&app, "get_balance", json!({"item_cod": "X", "mood": "goo"})).await;
    for line in ["item_cod: no such argument", "did you mean good?", "warehouse: is mandatory"] {
        assert!(told.contains(line), "{line}: {told}");
    }

    // One that writes waits for who confirms it, and is recorded first.
    let before = site.journal().len();
    let mut share = json!({"doctype": "Customer", "name": customer["documents"][0]["name"], "user": "reader@example.com", "read": 1});
    let waits: Value = serde_json::from_str(&refusal(&app, "share_it", share.clone()).await).unwrap();
    assert_eq!(waits["would_call"]["method"], "frappe.share.add", "{waits}");
    assert_eq!(site.journal().len(), before);
    share["confirm_token"] = waits["confirm_token"].clone();
    call(&app, "share_it", share).await.unwrap();
    let log = std::fs::read_to_string(folder.path().join("audit.log")).unwrap();
    assert!(log.contains("INTENT") && log.contains("share_it") && log.contains("frappe.share.add"), "{log}");

    file["tools"] = json!({"read_only": true});
    let reads = app_of(&file);
    assert!(reads.registry().find("get_balance").is_some() && reads.registry().find("share_it").is_none());
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
