//! Large documents, whose steps the site takes and does later by a job.

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::COMPANY;

const ENTRY: &str = "Journal Entry";
const INVOICE: &str = "Sales Invoice";

fn named(doctype: &str, name: &str) -> Value {
    json!({"doctype": doctype, "name": name, "confirm": true})
}

/// An invoice, and a draft that pays so much of it, one in each row.
async fn entry(desk: &Desk, rows: usize) -> [String; 2] {
    let invoice = desk.invoice().await;
    let stored = desk.get(INVOICE, &invoice).await;
    let of = json!({"account_type": "Bank", "is_group": 0, "company": COMPANY});
    let bank = desk.some("Account", of, 1).await.remove(0);
    let paid = json!({
        "account": stored["debit_to"], "party_type": "Customer", "party": stored["customer"],
        "reference_type": INVOICE, "reference_name": invoice, "credit_in_account_currency": 1,
    });
    let got = json!({"account": bank, "debit_in_account_currency": rows});
    let accounts: Vec<Value> = std::iter::once(got).chain(std::iter::repeat_n(paid, rows)).collect();
    let data = json!({"company": COMPANY, "voucher_type": ENTRY, "posting_date": "2026-11-20", "accounts": accounts});
    let entry = desk.create(ENTRY, data).await;
    [invoice, entry]
}

/// A submitted one with so many rows.
async fn submitted(desk: &Desk, rows: usize) -> [String; 2] {
    let [invoice, entry] = entry(desk, rows).await;
    desk.call("submit_document", json!({"doctype": ENTRY, "name": entry})).await;
    desk.site.work();
    assert_eq!(desk.get(ENTRY, &entry).await["docstatus"], 1);
    [invoice, entry]
}

#[on_every_version]
async fn a_large_document_is_told_as_submitted_or_cancelled_only_once_it_is() {
    let desk = Desk::open().await;
    let [_, large] = entry(&desk, 101).await;
    let before = desk.site.journal().len();
    let submit = json!({"doctype": ENTRY, "name": large});
    let answer = desk.call("submit_document", submit.clone()).await;
    assert_eq!((&answer["in_background"], &answer["docstatus"]), (&json!(large), &json!(0)), "{answer}");
    assert!(answer.get("submitted").is_none() && answer["messages"].to_string().contains("may still fail"), "{answer}");
    let text = desk.refusal("submit_document", submit).await;
    assert!(text.contains("currently locked and queued"), "{text}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
    desk.site.work();
    assert_eq!(desk.journal(before), ["submit Journal Entry"]);
    assert_eq!(desk.get(ENTRY, &large).await["docstatus"], 1);
    let answer = desk.call("cancel_document", named(ENTRY, &large)).await;
    assert_eq!((&answer["in_background"], &answer["docstatus"]), (&json!(large), &json!(1)), "{answer}");
    assert!(
        answer.get("cancelled").is_none() && answer["messages"].to_string().contains("not cancelled yet"),
        "{answer}"
    );
    desk.site.work();
    assert_eq!(desk.journal(before), ["submit Journal Entry", "cancel Journal Entry"]);
}

#[on_every_version]
async fn a_cascade_stops_at_what_the_site_cancels_later_and_goes_on_after_it() {
    let desk = Desk::open().await;
    let [invoice, large] = submitted(&desk, 101).await;
    let before = desk.site.journal().len();
    let mut cascade = named(INVOICE, &invoice);
    cascade["cascade"] = json!(true);
    let text = desk.refusal("cancel_document", cascade.clone()).await;
    assert!(text.contains(&large) && text.contains("is not cancelled yet"), "{text}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
    desk.site.work();
    let answer = desk.call("cancel_document", cascade).await;
    assert_eq!((&answer["cancelled"], answer.get("also_cancelled")), (&json!(invoice), None), "{answer}");
    assert_eq!(desk.journal(before), ["cancel Journal Entry", "cancel Sales Invoice"]);
}

#[on_every_version]
async fn of_many_those_that_the_site_does_later_stand_apart() {
    let desk = Desk::open().await;
    let ([_, large], [_, small]) = (entry(&desk, 101).await, entry(&desk, 1).await);
    let before = desk.site.journal().len();
    let submit = json!({"doctype": ENTRY, "names": [large, small], "action": "submit", "confirm": true});
    let answer = desk.call("act_on_bulk_documents", submit).await;
    assert_eq!((&answer["done"], &answer["updated"]), (&json!(1), &json!([null, small])), "{answer}");
    assert_eq!(answer["in_background"], json!([{"row": 0, "name": large}]), "{answer}");
    assert!(answer["notes"].to_string().contains("not submitted yet"), "{answer}");
    assert_eq!(desk.journal(before), ["submit Journal Entry"]);
}
