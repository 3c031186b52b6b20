use erpnext_schema::Version;
use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::COMPANY;
use crate::support::version;

/// A submitted order over 8 of a service, which no warehouse has to hold.
async fn order(desk: &Desk) -> String {
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let data = json!({"customer": customer, "company": COMPANY, "delivery_date": "2026-12-24",
        "items": [{"item_code": "SRV-REPAIR", "qty": 8, "rate": 50}]});
    let order = desk.create("Sales Order", data).await;
    desk.submit("Sales Order", &order).await;
    order
}

/// Makes a part of the first row into another document, and submits it.
async fn part(desk: &Desk, from: (&str, &str), to: (&str, &str), qty: u32) -> String {
    let mut asked =
        json!({"doctype": from.0, "name": from.1, "to": to.0, "rows": [{"idx": 1, "qty": qty}], "save": true});
    if to.1 == "Sales Invoice" {
        asked["data"] = json!({"due_date": "2999-12-31"});
    }
    let made = desk.call("convert_document", asked).await["created"].as_str().unwrap().to_owned();
    desk.submit(to.1, &made).await;
    made
}

fn load(desk: &Desk, doctype: &str, name: &str) -> Value {
    Value::Object(desk.site.with(|site| site.load(doctype, name)).unwrap())
}

async fn drafted(desk: &Desk, doctype: &str, name: &str, to: &str) -> Value {
    let shown = desk.call("convert_document", json!({"doctype": doctype, "name": name, "to": to})).await;
    shown["draft"]["items"].clone()
}

#[on_every_version]
async fn what_is_delivered_and_billed_is_left_out_of_what_is_made_next() {
    let desk = Desk::open().await;
    let order = order(&desk).await;
    let note = ("Delivery Note", "Delivery Note");
    part(&desk, ("Sales Order", &order), note, 3).await;
    assert_eq!(drafted(&desk, "Sales Order", &order, "Delivery Note").await[0]["qty"], 5.0);
    part(&desk, ("Sales Order", &order), ("Sales Invoice", "Sales Invoice"), 6).await;
    assert_eq!(drafted(&desk, "Sales Order", &order, "Sales Invoice").await[0]["qty"], 2.0);
    let stored = load(&desk, "Sales Order", &order);
    assert_eq!((&stored["per_delivered"], &stored["per_billed"]), (&json!(37.5), &json!(75.0)), "{stored}");

    // Two drafts for the rest: one of them is one too many.
    let rest = json!({"doctype": "Sales Order", "name": order, "to": "Delivery Note", "save": true});
    let mut drafts = Vec::new();
    for _ in 0..2 {
        drafts.push(desk.call("convert_document", rest.clone()).await["created"].as_str().unwrap().to_owned());
    }
    desk.submit("Delivery Note", &drafts[0]).await;
    let text = desk.refusal("submit_document", json!({"doctype": "Delivery Note", "name": drafts[1]})).await;
    assert!(text.contains("OverAllowanceError") && text.contains("13, over the limit of 8"), "{text}");
    let stored = load(&desk, "Sales Order", &order);
    assert_eq!((&stored["items"][0]["delivered_qty"], &stored["status"]), (&json!(8.0), &json!("To Bill")), "{stored}");
}

#[on_every_version]
async fn what_comes_back_is_counted_and_no_more_than_went_out_does() {
    let desk = Desk::open().await;
    let order = order(&desk).await;
    let note = part(&desk, ("Sales Order", &order), ("Delivery Note", "Delivery Note"), 3).await;
    let back = part(&desk, ("Delivery Note", &note), ("Sales Return", "Delivery Note"), 2).await;
    let is_called = if version() > Version::V15 { "Return" } else { "To Bill" };
    assert_eq!(load(&desk, "Delivery Note", &back)["status"], is_called);
    let of = |doctype: &str, name: &str| load(&desk, doctype, name)["items"][0].clone();
    let (ordered, delivered) = (of("Sales Order", &order), of("Delivery Note", &note));
    assert_eq!((&ordered["delivered_qty"], &ordered["returned_qty"]), (&json!(1.0), &json!(2.0)), "{ordered}");
    assert_eq!(delivered["returned_qty"], 2.0, "{delivered}");
    assert_eq!(drafted(&desk, "Delivery Note", &note, "Sales Return").await[0]["qty"], -1.0);
    // What came back is not billed.
    assert_eq!(drafted(&desk, "Delivery Note", &note, "Sales Invoice").await[0]["qty"], 1.0);

    let sold = load(&desk, "Delivery Note", &note);
    let row = json!({"item_code": "SRV-REPAIR", "qty": -2, "rate": 50, "dn_detail": sold["items"][0]["name"]});
    let more = json!({"doctype": "Delivery Note", "customer": sold["customer"], "company": COMPANY, "is_return": 1,
        "return_against": note, "items": [row]});
    let more = more.as_object().unwrap().clone();
    let told = desk.site.with(|site| site.insert(more)).unwrap_err().text;
    assert!(told.contains("no more than 1 of item"), "{told}");

    part(&desk, ("Delivery Note", &note), ("Sales Return", "Delivery Note"), 1).await;
    let note = load(&desk, "Delivery Note", &note);
    assert_eq!((&note["status"], &note["per_returned"]), (&json!("Return Issued"), &json!(100.0)), "{note}");
    assert_eq!(load(&desk, "Sales Order", &order)["per_delivered"], 0.0);
}

#[on_every_version]
async fn a_credit_note_is_called_a_return_and_what_it_settled_is_credited() {
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    let credit = desk.convert("Sales Invoice", &invoice, "Credit Note", json!({})).await;
    desk.submit("Sales Invoice", &credit).await;
    assert_eq!(load(&desk, "Sales Invoice", &credit)["status"], "Return");
    let stored = load(&desk, "Sales Invoice", &invoice);
    let mut settle = json!({"party_type": "Customer", "party": stored["customer"], "company": COMPANY,
        "allocations": [{"payment": credit, "invoice": invoice, "amount": 150}]});
    settle["confirm_token"] = desk.call("reconcile_payments", settle.clone()).await["confirm_token"].clone();
    desk.call("reconcile_payments", settle).await;
    assert_eq!(load(&desk, "Sales Invoice", &invoice)["status"], "Credit Note Issued");
    assert_eq!(load(&desk, "Sales Invoice", &credit)["status"], "Return");
}

#[on_every_version]
async fn an_offer_and_a_request_are_told_what_is_ordered_of_them() {
    let desk = Desk::open().await;
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let offered = json!({"quotation_to": "Customer", "party_name": customer, "company": COMPANY,
        "items": [{"item_code": "SRV-REPAIR", "qty": 4, "rate": 50}]});
    let offer = desk.create("Quotation", offered).await;
    desk.submit("Quotation", &offer).await;
    for (qty, status) in [(1, "Partially Ordered"), (3, "Ordered")] {
        let asked = json!({"doctype": "Quotation", "name": offer, "to": "Sales Order", "save": true,
            "rows": [{"idx": 1, "qty": qty}], "data": {"delivery_date": "2026-12-24"}});
        let made = desk.call("convert_document", asked).await["created"].as_str().unwrap().to_owned();
        desk.submit("Sales Order", &made).await;
        assert_eq!(load(&desk, "Quotation", &offer)["status"], status);
    }

    let supplier = desk.some("Supplier", json!({}), 1).await.remove(0);
    let row =
        json!({"item_code": "SEA-TASK", "qty": 5, "schedule_date": "2026-12-10", "warehouse": "Main Store - AWF"});
    let wanted = json!({"material_request_type": "Purchase", "company": COMPANY, "transaction_date": "2026-11-24",
        "schedule_date": "2026-12-10", "items": [row]});
    let request = desk.create("Material Request", wanted).await;
    desk.submit("Material Request", &request).await;
    for (qty, left, status) in [(2, json!(3.0), "Partially Ordered"), (3, Value::Null, "Ordered")] {
        let asked = json!({"doctype": "Material Request", "name": request, "to": "Purchase Order", "save": true,
            "rows": [{"idx": 1, "qty": qty}], "data": {"supplier": supplier}});
        let order = desk.call("convert_document", asked).await["created"].as_str().unwrap().to_owned();
        desk.submit("Purchase Order", &order).await;
        assert_eq!(load(&desk, "Material Request", &request)["status"], status);
        if !left.is_null() {
            assert_eq!(drafted(&desk, "Material Request", &request, "Purchase Order").await[0]["qty"], left);
        }
    }
}

/// What is rejected was received all the same, and comes to no stock of what is accepted.
#[on_every_version]
async fn what_is_rejected_is_received_of_an_order_as_well() {
    let desk = Desk::open().await;
    let supplier = desk.some("Supplier", json!({}), 1).await.remove(0);
    let row = json!({"item_code": "SEA-TASK", "qty": 4, "rate": 7, "schedule_date": "2026-12-10",
        "warehouse": "Main Store - AWF"});
    let data = json!({"supplier": supplier, "company": COMPANY, "transaction_date": "2026-11-24",
        "schedule_date": "2026-12-10", "items": [row]});
    let order = desk.create("Purchase Order", data).await;
    desk.submit("Purchase Order", &order).await;
    let patch =
        json!({"items": {"patch": [{"idx": 1, "qty": 3, "rejected_qty": 1, "rejected_warehouse": "Returns - AWF"}]}});
    let receipt = desk.convert("Purchase Order", &order, "Purchase Receipt", patch).await;
    desk.submit("Purchase Receipt", &receipt).await;
    let order = load(&desk, "Purchase Order", &order);
    assert_eq!((&order["items"][0]["received_qty"], &order["per_received"]), (&json!(4.0), &json!(100.0)), "{order}");
}
