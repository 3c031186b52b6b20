use serde_json::{Value, json};

use super::Desk;

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
    assert_eq!((&ledger[0]["debit"], &ledger[1]["credit"]), (&json!(150.0), &json!(75.0)), "{shown}");
    assert!(ledger[0]["party"].is_string(), "{shown}");
    assert!(shown.get("warnings").is_none(), "{shown}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
    desk.submit("Sales Invoice", &invoice).await;

    // An advance that nothing takes is told.
    let customer = desk.get("Sales Invoice", &invoice).await["customer"].clone();
    let paid = json!({"party_type": "Customer", "party": customer, "invoices": [{"name": invoice}], "amount": 170,
        "advance": true, "reference_no": "BT-8"});
    let payment = desk.call("record_payment", paid).await["created"].as_str().unwrap().to_owned();
    let shown = desk.call("submit_document", dry("Payment Entry", &payment)).await;
    let warnings = shown["warnings"].to_string();
    assert!(warnings.contains("20 of the payment is allocated to nothing"), "{shown}");

    // A preview is no condition: what the site does not show is said to be not shown.
    let entry = desk.some("Journal Entry", json!({"docstatus": 0}), 1).await;
    if let Some(entry) = entry.first() {
        let shown = desk.call("submit_document", dry("Journal Entry", entry)).await;
        assert!(shown["accounts_ledger"].as_str().unwrap().contains("shows no preview"), "{shown}");
    }
}
