//! What of a document is withheld is told by no draft that is made of it.

use serde_json::json;

use crate::sandbox::{SampleSite, first};
use crate::support::{all, call, refusal};

#[on_every_version]
async fn how_much_of_an_order_is_billed_is_told_by_no_payment_where_it_is_withheld() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"Sales Order": all()}));
    let open_orders = json!({"docstatus": 1, "per_billed": 0, "status": ["!=", "Closed"]});
    let unbilled = first(&open, "Sales Order", open_orders).await;
    let billed = first(&open, "Sales Order", json!({"docstatus": 1, "per_billed": 100})).await;
    let mut rule = all();
    rule["restricted_fields"] = json!(["per_billed"]);
    let app = site.app(json!({"Sales Order": rule, "Payment Entry": all()}));
    let mut told = Vec::new();
    for order in [&unbilled, &billed] {
        let asked = json!({"doctype": "Sales Order", "name": order, "to": "Payment Entry"});
        told.push(refusal(&app, "convert_document", asked).await.replace(order.as_str(), "ORDER"));
    }
    assert_eq!(told[0], told[1]);
    assert!(told[0].contains("it would tell per_billed of Sales Order"), "{told:?}");
}

#[on_every_version]
async fn when_an_invoice_is_due_is_told_by_no_payment_of_it_where_it_is_withheld() {
    let site = SampleSite::start().await;
    let due = json!({"docstatus": 1, "is_return": 0, "outstanding_amount": [">", 1]});
    let invoice = first(&site.app(json!({"Sales Invoice": all()})), "Sales Invoice", due).await;
    let mut rule = all();
    rule["restricted_fields"] = json!(["due_date"]);
    let app = site.app(json!({"Sales Invoice": rule, "Payment Entry": all()}));
    let asked = json!({"doctype": "Sales Invoice", "name": invoice, "to": "Payment Entry"});
    let told = call(&app, "convert_document", asked).await.unwrap();
    let row = &told["draft"]["references"][0];
    assert!(row["total_amount"].is_number() && row.get("due_date").is_none(), "{told}");
    let read = call(&app, "get_sales_invoice_document", json!({"name": invoice})).await.unwrap();
    let terms = read["document"]["payment_schedule"].as_array().unwrap();
    assert!(terms.iter().all(|term| term["payment_amount"].is_number() && term.get("due_date").is_none()), "{read}");
}
