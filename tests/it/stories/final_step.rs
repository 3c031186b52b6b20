//! What is shown before a step that cannot be taken back: the entries of a submit, and those that a cancel takes back.

use erpnext_schema::Version;
use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::{COMPANY, config, first};
use crate::support::{all, app_of, call};

fn dry(doctype: &str, name: &str) -> Value {
    json!({"doctype": doctype, "name": name, "dry_run": true})
}

#[on_every_version]
async fn a_submit_shows_the_entries_that_it_will_make_and_what_is_regretted() {
    let desk = Desk::open().await;
    let invoice = desk.invoice_draft().await;
    let before = desk.site.journal().len();
    let shown = desk.call("submit_document", dry("Sales Invoice", &invoice)).await;
    let ledger = &shown["accounts_ledger"];
    assert_eq!((&ledger[0]["debit"], &ledger[1]["credit"]), (&json!(150.0), &json!(150.0)), "{shown}");
    let customer = desk.get("Sales Invoice", &invoice).await["customer"].clone();
    assert_eq!((&ledger[0]["party"], ledger[1].get("party")), (&customer, None), "{shown}");
    assert!(!shown["warnings"].to_string().contains("allocated"), "{shown}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
    desk.submit("Sales Invoice", &invoice).await;
    // What was shown is what the ledger has.
    let posted = json!({"doctype": "GL Entry", "filters": {"voucher_no": invoice}, "order_by": "debit desc",
        "fields": ["account", "debit", "credit", "party"]});
    let posted = desk.call("list_generic_documents", posted).await["documents"].clone();
    assert_eq!(posted.as_array().unwrap().len(), ledger.as_array().unwrap().len(), "{posted} {ledger}");
    for (posted, shown) in posted.as_array().unwrap().iter().zip(ledger.as_array().unwrap()) {
        assert_eq!((&posted["account"], posted.get("party")), (&shown["account"], shown.get("party")), "{posted}");
        let amount = |entry: &Value| ["debit", "credit"].map(|side| entry[side].as_f64().unwrap_or(0.0));
        assert_eq!(amount(posted), amount(shown), "{posted} {shown}");
    }

    // An advance that nothing takes is told.
    let paid = json!({"party_type": "Customer", "party": customer, "invoices": [{"name": invoice}], "amount": 170,
        "advance": true, "reference_no": "BT-8"});
    let payment = desk.call("record_payment", paid).await["created"].as_str().unwrap().to_owned();
    let shown = desk.call("submit_document", dry("Payment Entry", &payment)).await;
    let warnings = shown["warnings"].to_string();
    assert!(warnings.contains("20 of the payment is allocated to nothing"), "{shown}");

    // An empty list would say that nothing moves: on 15 a Stock Entry is shown so, whatever it moves.
    let item = desk.some("Item", json!({"is_stock_item": 1, "has_variants": 0}), 1).await.remove(0);
    let row = json!({"item_code": item, "qty": 1, "transfer_qty": 1, "conversion_factor": 1, "uom": "Nos",
        "stock_uom": "Nos", "t_warehouse": "Main Store - AWF", "basic_rate": 5});
    let entry = json!({"doctype": "Stock Entry", "naming_series": "MAT-STE-.YYYY.-", "company": COMPANY,
        "stock_entry_type": "Material Receipt", "purpose": "Material Receipt", "items": [row]});
    let entry = desk.site.with(|site| site.insert(entry.as_object().unwrap().clone())).unwrap();
    let is_shown = desk.site.with(|site| Ok(site.version() > Version::V15)).unwrap();
    let shown = desk.call("submit_document", dry("Stock Entry", entry["name"].as_str().unwrap())).await;
    let is_untold = |ledger: &str| shown[ledger].as_str().is_some_and(|told| told.contains("works none out before"));
    assert!(is_untold("accounts_ledger") && is_untold("stock_ledger") != is_shown, "{shown}");
    assert_eq!(is_shown, shown["stock_ledger"][0]["item_code"] == json!(item), "{shown}");

    // A preview is no condition: what the site does not show is said to be not shown.
    let entry = desk.some("Journal Entry", json!({"docstatus": 0}), 1).await;
    if let Some(entry) = entry.first() {
        let shown = desk.call("submit_document", dry("Journal Entry", entry)).await;
        assert!(shown["accounts_ledger"].as_str().unwrap().contains("shows no preview"), "{shown}");
    }
}

#[on_every_version]
async fn a_cancel_shows_what_it_takes_back_in_the_ledgers_of_accounts_and_stock() {
    let desk = Desk::open().await;
    let sold = json!({"docstatus": 1, "is_return": 0, "outstanding_amount": [">", 0]});
    let invoice = desk.some("Sales Invoice", sold, 1).await.remove(0);
    let total = desk.get("Sales Invoice", &invoice).await["grand_total"].clone();
    let before = desk.site.journal().len();
    let shown = desk.call("cancel_document", dry("Sales Invoice", &invoice)).await;
    let undone = &shown["accounts_undone"];
    assert_eq!((&undone["entries"], &undone["currency"]), (&json!(3), &json!("EUR")), "{shown}");
    let of = |account: &str| {
        let totals = undone["totals"].as_array().unwrap();
        totals.iter().find(|row| row["account"].as_str().unwrap().starts_with(account)).unwrap().clone()
    };
    assert_eq!((&of("Debtors")["debit"], of("Debtors").get("credit")), (&total, None), "{shown}");
    let credits = of("Sales")["credit"].as_f64().unwrap() + of("VAT")["credit"].as_f64().unwrap();
    assert!((credits - total.as_f64().unwrap()).abs() < 0.001, "{shown}");
    assert!(shown.get("stock_undone").is_none(), "{shown}");
    assert_eq!(desk.journal(before), Vec::<String>::new());

    // What was delivered comes back; a row of each warehouse.
    let stocked = json!({"actual_qty": [">", 5], "warehouse": ["like", "Main Store%"]});
    let bin = desk.some("Bin", stocked, 1).await.remove(0);
    let bin = desk.get("Bin", &bin).await;
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let row = json!({"item_code": bin["item_code"], "warehouse": bin["warehouse"], "qty": 2, "rate": 10});
    let note = json!({"customer": customer, "company": COMPANY, "items": [row.clone(), row]});
    let note = desk.create("Delivery Note", note).await;
    desk.submit("Delivery Note", &note).await;
    let shown = desk.call("cancel_document", dry("Delivery Note", &note)).await;
    assert_eq!(shown["accounts_undone"], json!({"entries": 0}), "{shown}");
    let moved = json!({"item_code": bin["item_code"], "warehouse": bin["warehouse"], "actual_qty": -4.0});
    let mut undone = shown["stock_undone"].clone();
    let value = undone["totals"][0].as_object_mut().unwrap().remove("stock_value_difference").unwrap();
    let worth = -4.0 * bin["valuation_rate"].as_f64().unwrap();
    assert!((value.as_f64().unwrap() - worth).abs() < 0.01, "{shown}");
    assert_eq!(undone, json!({"entries": 2, "totals": [moved]}), "{shown}");
    // Who is asked sees the same.
    let asked = desk.call("cancel_document", json!({"doctype": "Delivery Note", "name": note})).await;
    assert_eq!(asked["stock_undone"], shown["stock_undone"], "{asked}");

    // Of the ledgers nothing is told where they, or what tells whose entries they are, may not be read.
    for (ledger, told) in [
        (json!({"create": true}), "reading GL Entry is not permitted"),
        (json!({"read": true, "restricted_fields": ["voucher_no"]}), "only some GL Entry"),
        (json!({"read": true, "conditions": {"read": {"account": ["Debtors"]}}}), "only some GL Entry"),
    ] {
        let doctypes = json!({"Sales Invoice": all(), "GL Entry": ledger});
        let app = app_of(&config(&desk.site, "administrator", json!({"doctypes": doctypes})));
        let shown = call(&app, "cancel_document", dry("Sales Invoice", &invoice)).await.unwrap();
        assert!(shown["accounts_undone"].as_str().unwrap().contains(told), "{shown}");
    }
    let partly = json!({"read": true, "restricted_fields": ["credit"]});
    let doctypes = json!({"Sales Invoice": all(), "GL Entry": partly});
    let app = app_of(&config(&desk.site, "administrator", json!({"doctypes": doctypes})));
    let shown = call(&app, "cancel_document", dry("Sales Invoice", &invoice)).await.unwrap();
    let totals = shown["accounts_undone"]["totals"].to_string();
    assert!(totals.contains("debit") && !totals.contains("credit"), "{shown}");
}

#[on_every_version]
async fn a_workflow_action_that_submits_shows_what_a_submit_would() {
    let site = crate::policy::with_a_workflow().await;
    let app = app_of(&site.config(json!({"default": all()})));
    let item = first(&app, "Item", json!({"is_sales_item": 1, "has_variants": 0})).await;
    let customer = first(&app, "Customer", json!({})).await;
    let order = async |rate: u64| {
        let row = json!({"item_code": item, "qty": 1, "rate": rate});
        let data = json!({"customer": customer, "company": COMPANY, "delivery_date": "2026-12-24", "items": [row]});
        let made =
            call(&app, "create_generic_document", json!({"doctype": "Sales Order", "data": data})).await.unwrap();
        let name = made["created"].as_str().unwrap().to_owned();
        let open = json!({"workflow_state": "Open"});
        site.sandbox.with(|site| site.set("Sales Order", &name, open.as_object().unwrap())).unwrap();
        name
    };
    let act = |order: &str, dry: bool| {
        let taken = json!({"doctype": "Sales Order", "name": order, "action": "Approve", "dry_run": dry});
        call(&app, "apply_workflow_action", taken)
    };
    act(&order(100).await, false).await.unwrap();
    let shown = act(&order(151).await, true).await.unwrap();
    assert!(shown["warnings"].to_string().contains("is far from the 100 in the last Sales Order"), "{shown}");
    assert_eq!(shown["would_change"]["docstatus"], json!({"from": 0, "to": 1}), "{shown}");
    assert!(shown["would_change"].get("warnings").is_none(), "{shown}");
}
