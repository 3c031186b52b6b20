//! A return: credited, and paid back.

use serde_json::json;

use super::Desk;

#[on_every_version]
async fn a_returned_invoice_is_credited_and_paid_back() {
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    let credit = desk.convert("Sales Invoice", &invoice, "Credit Note", json!({})).await;
    desk.submit("Sales Invoice", &credit).await;
    let stored = desk.get("Sales Invoice", &credit).await;
    assert_eq!((&stored["is_return"], &stored["return_against"]), (&json!(true), &json!(invoice)), "{stored}");
    assert_eq!((&stored["items"][0]["qty"], &stored["grand_total"]), (&json!(-3.0), &json!(-150.0)), "{stored}");
    let text = desk
        .refusal("convert_document", json!({"doctype": "Sales Invoice", "name": credit, "to": "Credit Note"}))
        .await;
    assert!(text.contains("its is_return is set"), "{text}");
    let paid = json!({"reference_no": "BT-9", "reference_date": "2026-12-30"});
    let payment = desk.convert("Sales Invoice", &credit, "Payment Entry", paid).await;
    assert_eq!(desk.get("Payment Entry", &payment).await["payment_type"], "Pay");
}

#[on_every_version]
async fn a_return_that_would_charge_once_more_is_refused() {
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    let sold = desk.get("Sales Invoice", &invoice).await;
    let row = |qty: i32| json!({"item_code": sold["items"][0]["item_code"], "qty": qty, "rate": 50});
    let credit = |qty: i32| {
        let data = json!({"customer": sold["customer"], "company": sold["company"], "due_date": "2026-12-31",
            "is_return": true, "return_against": invoice, "items": [row(qty)]});
        json!({"doctype": "Sales Invoice", "data": data})
    };
    let text = desk.refusal("create_generic_document", credit(1)).await;
    assert!(text.contains("The site refused this"), "{text}");
    let made = desk.call("create_generic_document", credit(-1)).await;
    assert_eq!(desk.get("Sales Invoice", made["created"].as_str().unwrap()).await["grand_total"], -50.0, "{made}");
}
