//! Payments matched with invoices afterwards.

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::COMPANY;

const TOOL: &str = "reconcile_payments";

/// A payment of the customer of `Desk::invoice` of which 60 are left, and the customer.
async fn advance(desk: &Desk) -> (String, String) {
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let paid = json!({"party_type": "Customer", "party": customer, "invoices": [{"name": desk.invoice().await}],
        "amount": 210, "advance": true, "mode_of_payment": "Cash", "submit": true, "confirm": true});
    let paid = desk.call("record_payment", paid).await;
    assert_eq!((&paid["stays_with_party"], &paid["docstatus"]), (&json!(60.0), &json!(1)), "{paid}");
    (paid["created"].as_str().unwrap().to_owned(), customer)
}

fn with(asked: &Value, key: &str, value: Value) -> Value {
    let mut asked = asked.clone();
    asked[key] = value;
    asked
}

#[on_every_version]
async fn what_is_left_of_a_payment_is_matched_to_an_invoice_after_it_was_shown() {
    let desk = Desk::open().await;
    let (payment, customer) = advance(&desk).await;
    let invoice = desk.invoice().await;
    let before = desk.site.journal().len();
    let asked = json!({"party_type": "Customer", "party": customer,
        "allocations": [{"payment": payment, "invoice": invoice, "amount": 40}]});

    // What is open before and after is told, and nothing is done.
    let dry = desk.call(TOOL, with(&asked, "dry_run", json!(true))).await;
    let row = &dry["allocation"][0];
    assert_eq!(row["payment_open"], json!({"before": 60.0, "after": 20.0}), "{dry}");
    assert_eq!(row["invoice_open"], json!({"before": 150.0, "after": 110.0}), "{dry}");
    assert_eq!(row["currency"], desk.get("Sales Invoice", &invoice).await["currency"], "{dry}");
    assert_eq!(dry["payments_left"][0]["open"], json!(20.0), "{dry}");
    let waits = desk.call(TOOL, asked.clone()).await;
    assert!(waits["not_done_yet"].as_str().unwrap().starts_with("match 1 payment of"), "{waits}");
    assert_eq!(waits["allocation"], dry["allocation"], "{waits}");
    assert_eq!(desk.journal(before), Vec::<String>::new());

    let done = desk.call(TOOL, with(&asked, "confirm_token", waits["confirm_token"].clone())).await;
    assert_eq!((&done["reconciled"], &done["open_now"][0]["open"]), (&json!([payment]), &json!(110.0)), "{done}");
    assert_eq!(desk.journal(before), ["update Payment Entry"]);
    let stored = desk.get("Payment Entry", &payment).await;
    assert_eq!((&stored["unallocated_amount"], &stored["docstatus"]), (&json!(20.0), &json!(1)), "{stored}");
    let matched = stored["references"].as_array().unwrap().iter().find(|row| row["reference_name"] == json!(invoice));
    assert_eq!(matched.unwrap()["allocated_amount"], json!(40.0), "{stored}");
    assert_eq!(desk.get("Sales Invoice", &invoice).await["outstanding_amount"], json!(110.0));

    // Of what was shown less is open now: the same cannot be done twice.
    let again = desk.refusal(TOOL, with(&asked, "confirm_token", waits["confirm_token"].clone())).await;
    assert!(again.contains("40 is more than the 20 that is left of"), "{again}");
    assert_eq!(desk.journal(before), ["update Payment Entry"]);
}

#[on_every_version]
async fn without_allocations_the_oldest_are_matched() {
    let desk = Desk::open().await;
    let (payment, customer) = advance(&desk).await;
    let filters = json!({"customer": customer, "docstatus": 1, "outstanding_amount": [">", 0]});
    let listed = json!({"doctype": "Sales Invoice", "filters": filters, "order_by": "posting_date asc, name asc",
        "fields": ["name"], "limit": 1});
    let oldest = desk.call("list_generic_documents", listed).await["documents"].clone();
    let asked = json!({"party_type": "Customer", "party": customer, "company": COMPANY});
    desk.invoice().await;
    let waits = desk.call(TOOL, asked.clone()).await;
    let rows = waits["allocation"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["payment"] == json!(payment)), "{waits}");
    let sum: f64 = rows.iter().map(|row| row["amount"].as_f64().unwrap()).sum();
    assert!((sum - 60.0).abs() < 0.001 && waits["payments_left"] == json!([]), "{waits}");
    if let Some(oldest) = oldest[0]["name"].as_str() {
        assert_eq!(rows[0]["invoice"], oldest, "{waits}");
    }
    let done = desk.call(TOOL, with(&asked, "confirm_token", waits["confirm_token"].clone())).await;
    assert_eq!(done["reconciled"], json!([payment]), "{done}");
    let nothing = desk.refusal(TOOL, asked).await;
    assert!(nothing.contains("nothing can be matched"), "{nothing}");
}

#[on_every_version]
async fn what_cannot_be_matched_is_refused_before_anything_is_sent() {
    let desk = Desk::open().await;
    let (payment, customer) = advance(&desk).await;
    let (invoice, draft) = (desk.invoice().await, desk.invoice_draft().await);
    let foreign = json!({"docstatus": 1, "outstanding_amount": [">", 0], "customer": ["!=", customer]});
    let foreign = desk.some("Sales Invoice", foreign, 1).await.remove(0);
    let before = desk.site.journal().len();
    let asked = json!({"party_type": "Customer", "party": customer});
    let row = |invoice: &str, amount: Value| json!([{"payment": payment, "invoice": invoice, "amount": amount}]);
    for (allocations, told) in [
        (row(&invoice, json!(61)), "61 is more than the 60 that is left of"),
        (row(&invoice, json!(-1)), "allocations[0].amount: expected a number above 0"),
        (row(&draft, json!(1)), "is no invoice of this party"),
        (row(&foreign, json!(1)), "is no invoice of this party"),
        (
            json!([{"payment": "ACC-PAY-NONE", "invoice": invoice}]),
            "allocations[0].payment: \"ACC-PAY-NONE\" is no payment",
        ),
        (json!([{"payment": payment}]), "allocations[0].invoice: is mandatory"),
        (json!([{"payment": payment, "invoice": invoice, "sum": 1}]), "allocations[0].sum: no such key"),
        (json!([]), "allocations: is empty"),
    ] {
        let text = desk.refusal(TOOL, with(&asked, "allocations", allocations.clone())).await;
        assert!(text.contains(told), "{allocations}: {text}");
    }
    let text = desk.refusal(TOOL, with(&asked, "party", json!("Nobody"))).await;
    assert!(text.contains("party: there is no Customer named \"Nobody\""), "{text}");
    let elsewhere = with(&with(&asked, "company", json!(COMPANY)), "account", json!("Nowhere"));
    let text = desk.refusal(TOOL, elsewhere).await;
    assert!(text.contains("0 payments and 0 invoices"), "{text}");
    // What is in no account that was looked at may be recorded all the same.
    assert!(text.contains("list Payment Entry of this party with unallocated_amount above 0"), "{text}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn what_the_policy_withholds_is_neither_matched_nor_told() {
    use crate::sandbox::SampleSite;
    use crate::support::{all, app_of, refusal};
    let site = SampleSite::start().await;
    let asked = json!({"party_type": "Customer", "party": "Anybody"});
    let before = site.sandbox.journal().len();
    let payments = |doctypes: Value| app_of(&site.config(json!({ "doctypes": doctypes })));
    let mut hides = all();
    hides["restricted_fields"] = json!(["outstanding_amount"]);
    let app = payments(json!({"Payment Entry": all(), "Sales Invoice": hides}));
    let told = refusal(&app, TOOL, asked).await;
    assert!(told.contains("does not permit reading outstanding_amount of Sales Invoice"), "{told}");
    let app = payments(json!({"Payment Entry": {"read": true, "update": true}, "Sales Invoice": all()}));
    assert!(app.registry().find(TOOL).is_none(), "what is matched is posted anew, as by a submit");
    assert_eq!(site.sandbox.journal().len(), before);
}

#[on_every_version]
async fn an_invoice_out_of_sight_is_neither_matched_nor_told() {
    use crate::sandbox::config;
    use crate::support::{all, app_of, call, refusal};
    let desk = Desk::open().await;
    let (payment, customer) = advance(&desk).await;
    let (hidden, seen) = (desk.invoice().await, desk.invoice().await);
    let rule = json!({"read": true, "conditions": {"read": {"name": seen}}});
    let doctypes = json!({"Payment Entry": all(), "Sales Invoice": rule});
    let app = app_of(&config(&desk.site, "administrator", json!({ "doctypes": doctypes })));
    let asked = json!({"party_type": "Customer", "party": customer, "dry_run": true});
    let told = call(&app, TOOL, asked.clone()).await.unwrap();
    assert_eq!((&told["allocation"][0]["invoice"], &told["allocation"][0]["amount"]), (&json!(seen), &json!(60.0)));
    assert!(!told.to_string().contains(&hidden), "{told}");
    // How many others there are would tell of what may not be read.
    for table in ["payments", "invoices"] {
        let others = format!("other {table} may be open that are not told here");
        assert!(told["left_out"].to_string().contains(&others), "{told}");
    }
    let whole = desk.call(TOOL, asked.clone()).await;
    assert!(!whole.to_string().contains("not told here"), "{whole}");
    let given = json!([{"payment": payment, "invoice": hidden, "amount": 1}]);
    let told = refusal(&app, TOOL, with(&asked, "allocations", given)).await;
    assert!(told.contains("is no invoice of this party"), "{told}");
}

#[on_every_version]
async fn that_advances_in_another_account_are_not_looked_at_is_told_unless_there_are_none() {
    use crate::sandbox::config;
    use crate::support::{all, app_of, call};
    const NOT_LOOKED_AT: &str = "advances in an account of their own are not looked at";
    let desk = Desk::open().await;
    let (_, customer) = advance(&desk).await;
    desk.invoice().await;
    let asked = json!({"party_type": "Customer", "party": customer, "dry_run": true});
    let told = desk.call(TOOL, asked.clone()).await.to_string();
    assert!(!told.contains(NOT_LOOKED_AT), "{told}");
    let doctypes = json!({"Payment Entry": all(), "Sales Invoice": all()});
    let app = app_of(&config(&desk.site, "administrator", json!({ "doctypes": doctypes })));
    let told = call(&app, TOOL, asked.clone()).await.unwrap();
    assert!(told["left_out"].to_string().contains(NOT_LOOKED_AT), "the company may not be read: {told}");

    let elsewhere = json!({"book_advance_payments_in_separate_party_account": 1});
    desk.site.with(|site| site.set("Company", COMPANY, elsewhere.as_object().unwrap())).unwrap();
    let told = desk.call(TOOL, asked).await;
    assert!(told["left_out"].to_string().contains(NOT_LOOKED_AT), "{told}");
}
