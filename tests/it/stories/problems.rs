//! What is wrong with a call in several places is told in one answer.

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::COMPANY;

async fn told(desk: &Desk, tool: &'static str, asked: Value, wanted: &[&str]) {
    let before = desk.site.journal().len();
    let text = desk.refusal(tool, asked).await;
    for wanted in wanted {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn a_payment_tells_all_that_is_wrong_with_it() {
    let desk = Desk::open().await;
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let asked = |party: &str| {
        json!({
            "party_type": "Customer", "party": party, "company": COMPANY, "date": "2026-13-01", "invoices": ["SINV-NOPE"],
            "mode_of_payment": "Crad", "data": {"nope": 1},
        })
    };
    let of_all = ["there are 4 problems", "date: ", "SINV-NOPE", "named \"Crad\"", "data.nope: no such field"];
    told(&desk, "record_payment", asked(&customer), &of_all).await;
    // Without the party no invoice is looked for.
    let of_party = ["there are 3 problems", "date: ", "party: there is no Customer named \"Nobody\"", "data.nope: "];
    told(&desk, "record_payment", asked("Nobody"), &of_party).await;
}

#[on_every_version]
async fn a_conversion_tells_what_is_wrong_with_its_document_and_with_what_is_said_of_the_next() {
    let desk = Desk::open().await;
    let draft = desk.invoice_draft().await;
    let asked = json!({"doctype": "Sales Invoice", "name": draft, "to": "Delivery Note", "data": {"nope": 1}});
    told(&desk, "convert_document", asked, &["data.nope: no such field", "cannot become a Delivery Note now"]).await;
    let order = desk.some("Sales Order", json!({"docstatus": 1, "per_delivered": 0}), 1).await.remove(0);
    let rows = json!([{"idx": 99}]);
    let asked = json!({"doctype": "Sales Order", "name": order, "to": "Payment Entry", "rows": rows, "amount": 1e12});
    told(&desk, "convert_document", asked, &["- rows", "- amount: "]).await;
}
