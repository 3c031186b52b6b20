//! Payments of less or more than what is open: what is written off of an invoice, and what a bank charges.

use serde_json::{Value, json};

use super::Desk;

const TOOL: &str = "record_payment";

/// An invoice over 150 that is open, its customer, and a row of deductions over that amount.
async fn owed(desk: &Desk, amount: f64) -> (String, Value, Value) {
    let invoice = desk.invoice().await;
    let customer = desk.get("Sales Invoice", &invoice).await["customer"].clone();
    let center = desk.some("Cost Center", json!({"is_group": 0}), 1).await.remove(0);
    let account = desk.some("Account", json!({"is_group": 0, "root_type": "Expense"}), 1).await.remove(0);
    (invoice, customer, json!([{"account": account, "cost_center": center, "amount": amount}]))
}

#[on_every_version]
async fn a_small_rest_is_written_off_and_the_invoice_is_settled() {
    let desk = Desk::open().await;
    let (invoice, customer, deductions) = owed(&desk, 2.0).await;
    let mut paid = json!({"party_type": "Customer", "party": customer, "invoices": [invoice], "amount": 148,
        "reference_no": "BT-1", "submit": true, "data": {"deductions": deductions}});
    let shown = desk.call(TOOL, paid.clone()).await;
    let share = &shown["allocation"][0];
    assert_eq!(
        (&share["allocated"], &share["stays_open"], &shown["stays_with_party"], &shown["deducted"]),
        (&json!(150.0), &json!(0.0), &json!(0.0), &json!(2.0)),
        "{shown}"
    );
    assert_eq!(shown.get("warnings"), None, "{shown}");
    paid["confirm_token"] = shown["confirm_token"].clone();
    let done = desk.call(TOOL, paid).await;
    assert_eq!((&done["docstatus"], done.get("not_submitted")), (&json!(1), None), "{done}");
    assert_eq!(done["open_now"][0]["open"], json!(0.0), "{done}");
    let stored = desk.get("Payment Entry", done["created"].as_str().unwrap()).await;
    assert_eq!((&stored["paid_amount"], &stored["total_allocated_amount"]), (&json!(148.0), &json!(150.0)), "{stored}");
    assert_eq!(desk.get("Sales Invoice", &invoice).await["status"], "Paid");
}

#[on_every_version]
async fn what_is_written_off_is_asked_about_as_such_and_without_an_amount_the_rest_is_paid() {
    let desk = Desk::open().await;
    let (invoice, customer, deductions) = owed(&desk, 2.0).await;
    let asked = |more: Value| {
        let mut asked = json!({"party_type": "Customer", "party": customer, "invoices": [invoice],
            "reference_no": "BT-2", "data": {"deductions": deductions}});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    let shown = desk.call(TOOL, asked(json!({"dry_run": true}))).await;
    assert_eq!((&shown["amount"], &shown["allocation"][0]["allocated"]), (&json!(148.0), &json!(150.0)), "{shown}");
    let told = desk.refusal(TOOL, asked(json!({"amount": 150}))).await;
    assert!(told.contains("150, with 2 in deductions, is 2 more than the 150"), "{told}");

    // A draft made by the conversion is not said to be wrong where it adds up, and its entries balance.
    let data = json!({"paid_amount": 148, "received_amount": 148, "reference_no": "BT-3",
        "reference_date": "2026-12-01", "deductions": deductions});
    let made = json!({"doctype": "Sales Invoice", "name": invoice, "to": "Payment Entry", "data": data, "save": true});
    let made = desk.call("convert_document", made).await;
    assert_eq!(made.get("warnings"), None, "{made}");
    let dry = json!({"doctype": "Payment Entry", "name": made["created"], "dry_run": true});
    let shown = desk.call("submit_document", dry).await;
    assert_eq!(shown.get("warnings"), None, "{shown}");
    let sum = |side: &str| -> f64 {
        shown["accounts_ledger"].as_array().unwrap().iter().filter_map(|entry| entry[side].as_f64()).sum()
    };
    assert!((sum("debit") - 150.0).abs() < 0.005 && (sum("credit") - 150.0).abs() < 0.005, "{shown}");
}

#[on_every_version]
async fn what_a_supplier_gets_is_less_than_what_is_paid_by_what_the_bank_charges() {
    let desk = Desk::open().await;
    let (_, _, deductions) = owed(&desk, 3.0).await;
    let unpaid = json!({"docstatus": 1, "status": "Unpaid"});
    let invoice = desk.some("Purchase Invoice", unpaid, 1).await.remove(0);
    let bill = desk.get("Purchase Invoice", &invoice).await;
    let open = bill["outstanding_amount"].as_f64().unwrap();
    let paid = json!({"party_type": "Supplier", "party": bill["supplier"], "invoices": [invoice],
        "amount": open + 3.0, "reference_no": "BT-4", "submit": true, "confirm": true,
        "data": {"deductions": deductions}});
    let done = desk.call(TOOL, paid).await;
    assert_eq!((&done["docstatus"], &done["open_now"][0]["open"]), (&json!(1), &json!(0.0)), "{done}");
}

#[on_every_version]
async fn what_is_written_off_in_another_currency_is_refused_with_what_does_it() {
    let desk = Desk::open().await;
    let (invoice, customer, deductions) = owed(&desk, 2.0).await;
    let debtors = foreign(&desk, &invoice).await;
    let bill = json!({"customer": customer, "currency": "USD", "conversion_rate": 0.9, "debit_to": debtors,
        "due_date": "2999-12-31", "items": [{"item_code": "SRV-REPAIR", "qty": 3, "rate": 50}]});
    let bill = desk.create("Sales Invoice", bill).await;
    desk.submit("Sales Invoice", &bill).await;
    let paid = json!({"party_type": "Customer", "party": customer, "invoices": [bill], "amount": 148,
        "reference_no": "BT-5", "data": {"received_amount": 133, "deductions": deductions}});
    let told = desk.refusal(TOOL, paid).await;
    assert!(told.contains("the party's account is kept in USD; nothing was made"), "{told}");
    assert!(told.contains("next: convert_document"), "{told}");
}

/// An account of debtors in USD, beside that of the invoice.
async fn foreign(desk: &Desk, invoice: &str) -> String {
    let own = desk.get("Sales Invoice", invoice).await["debit_to"].as_str().unwrap().to_owned();
    let parent = desk.get("Account", &own).await["parent_account"].clone();
    let debtors = json!({"account_name": "Debtors USD", "company": crate::sandbox::COMPANY, "parent_account": parent,
        "account_type": "Receivable", "account_currency": "USD"});
    desk.create("Account", debtors).await
}

#[on_every_version]
async fn what_is_left_of_a_payment_in_another_currency_is_matched_in_that_currency() {
    let desk = Desk::open().await;
    let (invoice, customer, _) = owed(&desk, 2.0).await;
    let debtors = foreign(&desk, &invoice).await;
    let bill = async || {
        let bill = json!({"customer": customer, "currency": "USD", "conversion_rate": 0.9, "debit_to": debtors,
            "due_date": "2999-12-31", "items": [{"item_code": "SRV-REPAIR", "qty": 3, "rate": 50}]});
        let bill = desk.create("Sales Invoice", bill).await;
        desk.submit("Sales Invoice", &bill).await;
        bill
    };
    let (first, second) = (bill().await, bill().await);
    let paid = json!({"party_type": "Customer", "party": customer, "invoices": [first], "amount": 200,
        "reference_no": "BT-6", "advance": true, "data": {"received_amount": 180}, "submit": true, "confirm": true});
    let paid = desk.call(TOOL, paid).await;
    assert_eq!((&paid["stays_with_party"], &paid["docstatus"]), (&json!(50.0), &json!(1)), "{paid}");
    let asked = json!({"party_type": "Customer", "party": customer, "account": debtors, "confirm": true,
        "allocations": [{"payment": paid["created"], "invoice": second, "amount": 50}]});
    let done = desk.call("reconcile_payments", asked).await;
    let row = &done["allocation"][0];
    assert_eq!(
        (&row["currency"], &row["invoice_open"]),
        (&json!("USD"), &json!({"before": 150.0, "after": 100.0})),
        "{done}"
    );
    assert_eq!(done["reconciled"], json!([paid["created"]]), "{done}");
    assert_eq!(desk.get("Sales Invoice", &second).await["outstanding_amount"], json!(100.0));
}

#[on_every_version]
async fn a_payment_names_its_party_by_the_title_and_its_account_without_the_companys_suffix() {
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    let customer = desk.get("Sales Invoice", &invoice).await["customer"].clone();
    let titled = json!({"customer_name": "Quay House"});
    let name = customer.as_str().unwrap();
    desk.site.with(|site| site.set("Customer", name, titled.as_object().unwrap())).unwrap();
    let asked =
        json!({"party_type": "Customer", "party": "quay house", "invoices": [invoice], "account": "Petty Cash"});
    let done = desk.call("record_payment", asked).await;
    assert!(done["messages"].to_string().contains(&format!("party: quay house is {name}")), "{done}");
    let stored = desk.get("Payment Entry", done["created"].as_str().unwrap()).await;
    assert_eq!((&stored["party"], &stored["paid_to"]), (&customer, &json!("Petty Cash - AWF")), "{stored}");
}
