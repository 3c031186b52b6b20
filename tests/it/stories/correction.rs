//! A submitted document corrected: cancelled with what stands in the way, and amended.

use erpnext_sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::COMPANY;
use crate::support::{all, app_of, call, refusal};

const INVOICE: &str = "Sales Invoice";

fn named(doctype: &str, name: &str) -> Value {
    json!({"doctype": doctype, "name": name})
}

#[on_every_version]
async fn a_submitted_invoice_is_corrected_by_cancelling_and_amending() {
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    let text = desk.refusal("submit_document", named(INVOICE, &invoice)).await;
    assert!(text.contains("is submitted already") && text.contains("cancel_document, then amend_document"), "{text}");
    let text = desk.refusal("amend_document", named(INVOICE, &invoice)).await;
    assert!(text.contains("cancel_document first"), "{text}");

    let cancelled = desk.call("cancel_document", json!({"doctype": INVOICE, "name": invoice, "confirm": true})).await;
    assert_eq!((&cancelled["docstatus"], &cancelled["status"]), (&json!(2), &json!("Cancelled")), "{cancelled}");
    let text = desk.refusal("submit_document", named(INVOICE, &invoice)).await;
    assert!(text.contains("is cancelled and stays so"), "{text}");

    let amended = desk.call("amend_document", named(INVOICE, &invoice)).await;
    let draft = amended["created"].as_str().unwrap().to_owned();
    assert_eq!((draft.as_str(), &amended["docstatus"]), (format!("{invoice}-1").as_str(), &json!(0)), "{amended}");
    let (old, new) = (desk.get(INVOICE, &invoice).await, desk.get(INVOICE, &draft).await);
    assert_eq!(new["amended_from"], json!(invoice));
    for field in ["customer", "due_date", "grand_total", "company"] {
        assert_eq!(old[field], new[field], "{field}");
    }
    assert_ne!(old["items"][0]["name"], new["items"][0]["name"]);
    assert_eq!(old["items"][1]["item_code"], new["items"][1]["item_code"]);
    let text = desk.refusal("amend_document", named(INVOICE, &invoice)).await;
    assert!(text.contains("is amended already"), "{text}");
    desk.submit(INVOICE, &draft).await;
}

#[on_every_version]
async fn a_document_without_states_has_none_of_these_tools() {
    let desk = Desk::open().await;
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    for tool in ["submit_document", "cancel_document", "amend_document"] {
        let text = desk.refusal(tool, named("Customer", &customer)).await;
        assert!(text.contains("Customer is not submittable"), "{text}");
    }
    assert!(desk.journal(0).iter().all(|write| write != "submit Customer"));
}

/// An order with an invoice that is paid: what has to go first comes last in the chain.
async fn chain(desk: &Desk) -> [String; 3] {
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 1).await.remove(0);
    let row = json!({"item_code": item, "qty": 1, "rate": 10, "delivery_date": "2026-12-24"});
    let order = desk
        .create(
            "Sales Order",
            json!({"customer": customer, "company": COMPANY, "delivery_date": "2026-12-24", "items": [row]}),
        )
        .await;
    desk.submit("Sales Order", &order).await;
    let invoice = desk.convert("Sales Order", &order, INVOICE, json!({"due_date": "2026-12-31"})).await;
    desk.submit(INVOICE, &invoice).await;
    let paid = json!({"reference_no": "BT-3", "reference_date": "2026-12-30"});
    let payment = desk.convert(INVOICE, &invoice, "Payment Entry", paid).await;
    desk.submit("Payment Entry", &payment).await;
    [order, invoice, payment]
}

#[on_every_version]
async fn a_cascade_cancels_what_stands_in_the_way_last_first() {
    let desk = Desk::open().await;
    let [order, invoice, payment] = chain(&desk).await;
    let before = desk.site.journal().len();
    let text = desk.refusal("cancel_document", json!({"doctype": "Sales Order", "name": order, "confirm": true})).await;
    for wanted in [&invoice, &payment] {
        assert!(text.contains(wanted.as_str()), "{text}");
    }
    assert!(text.contains("\"cascade\": true"), "{text}");
    // Nobody is asked about it; a payment the site may let go of, and who is asked sees it.
    for more in [json!({}), json!({"dry_run": true})] {
        let mut asked = named("Sales Order", &order);
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let text = desk.refusal("cancel_document", asked).await;
        assert!(text.contains(invoice.as_str()) && text.contains("\"cascade\": true"), "{text}");
        assert!(!text.contains("confirm_token"), "{text}");
    }
    let shown = desk.call("cancel_document", named(INVOICE, &invoice)).await;
    let links = shown["would_change"]["submitted_links"].as_str().unwrap_or_else(|| panic!("{shown}"));
    assert!(links.contains(payment.as_str()) && shown["confirm_token"].is_string(), "{shown}");
    let cascade = json!({"doctype": "Sales Order", "name": order, "cascade": true});
    let shown = desk.call("cancel_document", cascade.clone()).await;
    assert_eq!(shown["would_change"]["cancelled_first"].as_array().unwrap().len(), 2, "{shown}");
    let card = &shown["document"];
    assert!(
        card["grand_total"].is_number() && card["customer_name"].is_string() && card["currency"] == "EUR",
        "{shown}"
    );
    assert_eq!(desk.journal(before), Vec::<String>::new(), "nothing goes without confirmation");

    let mut confirmed = cascade;
    confirmed["confirm"] = json!(true);
    let answer = desk.call("cancel_document", confirmed).await;
    assert_eq!(desk.journal(before), ["cancel Payment Entry", "cancel Sales Invoice", "cancel Sales Order"]);
    let first = [named("Payment Entry", &payment), named(INVOICE, &invoice)];
    assert_eq!((&answer["cancelled"], &answer["also_cancelled"]), (&json!(order), &json!(first)), "{answer}");
}

#[on_every_version]
async fn nobody_is_asked_to_cancel_an_invoice_that_is_credited() {
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    let credit = desk.convert(INVOICE, &invoice, "Credit Note", json!({})).await;
    let shown = desk.call("cancel_document", named(INVOICE, &invoice)).await;
    assert!(shown["confirm_token"].is_string(), "a draft stands in nobody's way: {shown}");
    desk.submit(INVOICE, &credit).await;
    let text = desk.refusal("cancel_document", named(INVOICE, &invoice)).await;
    assert!(text.contains("cannot be cancelled while these are submitted") && text.contains(&credit), "{text}");
    // What follows is cancelled by itself.
    let shown = desk.call("cancel_document", named(INVOICE, &credit)).await;
    assert!(shown["confirm_token"].is_string(), "{shown}");
}

#[on_every_version]
async fn what_stands_in_the_way_is_named_and_cancelled_only_where_it_may_be_read() {
    let desk = Desk::open().await;
    let [order, invoice, payment] = chain(&desk).await;
    let before = desk.site.journal().len();
    let unread = json!({"submit": true, "cancel": true});
    let scoped = json!({"read": true, "cancel": true, "conditions": {"read": {"party": ["Nobody"]}}});
    for (payments, invoices, told) in
        [(unread.clone(), json!({"read": true, "cancel": true}), "; others that"), (scoped, unread, ": documents that")]
    {
        let doctypes = json!({"Sales Order": all(), "Sales Invoice": invoices, "Payment Entry": payments});
        let config = crate::sandbox::config(&desk.site, "administrator", json!({"doctypes": doctypes}));
        let app = app_of(&config);
        for cascade in [false, true] {
            let asked = json!({"name": order, "cascade": cascade, "confirm": true});
            let text = refusal(&app, "cancel_sales_order_document", asked).await;
            assert!(text.contains(told) && text.contains("does not let be read"), "{text}");
            assert_eq!(text.contains(&invoice), told.starts_with(';'), "{text}");
            // How many there are is not told.
            assert!(!text.contains("1 doc") && !text.contains("2 doc"), "{text}");
            assert!(!text.contains(&payment) && !text.contains("\"cascade\": true"), "{text}");
        }
    }
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn what_links_by_a_withheld_field_is_not_told_to_stand_in_the_way() {
    let desk = Desk::open().await;
    let [order, invoice, payment] = chain(&desk).await;
    let mut some = all();
    some["restricted_fields"] = json!(["items.sales_order"]);
    let doctypes = json!({"Sales Order": all(), "Sales Invoice": some, "Payment Entry": all()});
    let app = app_of(&crate::sandbox::config(&desk.site, "administrator", json!({"doctypes": doctypes})));
    let asked = json!({"name": order, "cascade": true, "confirm": true});
    let text = refusal(&app, "cancel_sales_order_document", asked).await;
    assert!(text.contains(": documents that") && !text.contains(&invoice) && !text.contains(&payment), "{text}");
}

#[on_every_version]
async fn a_cascade_goes_through_documents_whose_names_the_site_may_not_be_quoted_with() {
    let desk = Desk::open().await;
    let [order, ..] = chain(&desk).await;
    let before = desk.site.journal().len();
    let mut some = all();
    some["restricted_fields"] = json!(["remarks"]);
    let doctypes = json!({"Sales Order": all(), "Sales Invoice": some, "Payment Entry": some});
    let app = app_of(&crate::sandbox::config(&desk.site, "administrator", json!({"doctypes": doctypes})));
    let asked = json!({"name": order, "cascade": true, "confirm": true});
    call(&app, "cancel_sales_order_document", asked).await.unwrap();
    assert_eq!(desk.journal(before), ["cancel Payment Entry", "cancel Sales Invoice", "cancel Sales Order"]);
}

#[on_every_version]
async fn a_cascade_that_stops_says_what_is_cancelled_and_what_is_not() {
    let desk = Desk::open().await;
    let [order, invoice, payment] = chain(&desk).await;
    let before = desk.site.journal().len();
    // The order and the invoice are refused, the payment passes; then with the invoice the site fails.
    let once = |kind| Fault::new(kind).path("frappe.client.cancel").times(1);
    for _ in 0..3 {
        desk.site.faults().add(once(FaultKind::Latency(0)));
    }
    desk.site.faults().add(once(FaultKind::Json(500)));
    let cascade = json!({"doctype": "Sales Order", "name": order, "cascade": true, "confirm": true});
    let text = desk.refusal("cancel_document", cascade.clone()).await;
    assert!(text.contains(&format!("Stopped at Sales Invoice {invoice:?}")), "{text}");
    assert!(text.contains(&format!("Cancelled: Payment Entry {payment:?}")), "{text}");
    assert!(text.contains(&format!("Still submitted: Sales Invoice {invoice:?}, Sales Order {order:?}")), "{text}");
    assert_eq!(desk.journal(before), ["cancel Payment Entry"]);
    desk.call("cancel_document", cascade).await;
    assert_eq!(desk.journal(before).len(), 3, "the same call goes on where it stopped");
}

#[on_every_version]
async fn a_note_whose_batch_is_cancelled_along_with_it_is_cancelled_at_once() {
    let desk = Desk::open().await;
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 1).await.remove(0);
    let row = json!({"item_code": item, "qty": 1, "rate": 10});
    let note = desk.create("Delivery Note", json!({"customer": customer, "company": COMPANY, "items": [row]})).await;
    desk.submit("Delivery Note", &note).await;
    let bundle = json!({
        "doctype": "Serial and Batch Bundle", "company": COMPANY, "item_code": item, "type_of_transaction": "Outward",
        "voucher_type": "Delivery Note", "voucher_no": note, "entries": [{"qty": -1}], "docstatus": 1,
    });
    let bundle = desk.site.with(|site| site.insert(bundle.as_object().unwrap().clone())).unwrap()["name"].clone();
    let row = desk.get("Delivery Note", &note).await["items"][0]["name"].clone();
    let column = json!({"serial_and_batch_bundle": bundle});
    desk.site.with(|site| site.set("Delivery Note Item", row.as_str().unwrap(), column.as_object().unwrap())).unwrap();
    let before = desk.site.journal().len();
    let shown = desk
        .call("cancel_document", json!({"doctype": "Delivery Note", "name": note, "cascade": true, "dry_run": true}))
        .await;
    assert_eq!(shown["would_change"], json!({"docstatus": {"from": 1, "to": 2}}), "{shown}");
    let cancel = json!({"doctype": "Delivery Note", "name": note, "cascade": true, "confirm": true});
    let answer = desk.call("cancel_document", cancel).await;
    assert_eq!((&answer["docstatus"], answer.get("also_cancelled")), (&json!(2), None), "{answer}");
    assert_eq!(desk.journal(before), ["cancel Delivery Note"]);
}

#[on_every_version]
async fn a_cascade_leaves_alone_what_does_not_stand_in_the_way() {
    let desk = Desk::open().await;
    let [order, invoice, payment] = chain(&desk).await;
    let before = desk.site.journal().len();
    let cascade = json!({"doctype": INVOICE, "name": invoice, "cascade": true, "confirm": true});
    let answer = desk.call("cancel_document", cascade).await;
    assert_eq!(answer["also_cancelled"], json!([named("Payment Entry", &payment)]), "{answer}");
    assert_eq!(desk.journal(before), ["cancel Payment Entry", "cancel Sales Invoice"]);
    assert_eq!(desk.get("Sales Order", &order).await["docstatus"], 1);
}

/// The amendment of an earlier day is posted on the day itself, whatever the cancelled one says.
#[on_every_version]
async fn an_amendment_that_the_site_would_post_on_another_day_is_told_and_shown_without_what_says_nothing() {
    let desk = Desk::open().await;
    let unpaid = json!({"docstatus": 1, "status": "Unpaid", "set_posting_time": 0});
    let invoice = desk.some(INVOICE, unpaid, 1).await.remove(0);
    let day = desk.get(INVOICE, &invoice).await["posting_date"].clone();
    desk.call("cancel_document", json!({"doctype": INVOICE, "name": invoice, "confirm": true})).await;
    let mut asked = named(INVOICE, &invoice);
    asked["dry_run"] = json!(true);
    let dry = desk.call("amend_document", asked).await;
    assert!(dry["warnings"].to_string().contains("posting_date: the site posts on the day itself"), "{dry}");
    let draft = dry["would_create"].as_object().unwrap();
    assert_eq!((&draft["posting_date"], &draft["amended_from"]), (&day, &json!(invoice)), "{dry}");
    let twin = |key: &&String| key.strip_prefix("base_").is_some_and(|of| draft.get(of) == draft.get(*key));
    assert!(draft.keys().find(twin).is_none(), "{dry}");
    assert!(["is_pos", "in_words"].into_iter().all(|field| !draft.contains_key(field)), "{dry}");
    for (table, repeats) in
        [("items", &["net_rate", "net_amount"][..]), ("taxes", &["tax_amount_after_discount_amount"][..])]
    {
        let rows = draft[table].as_array().unwrap();
        assert!(rows.iter().all(|row| repeats.iter().all(|repeat| row.get(*repeat).is_none())), "{table}: {dry}");
    }
    let amended = desk.call("amend_document", named(INVOICE, &invoice)).await;
    let told = &amended["stored_differently"]["posting_date"];
    assert_eq!(told["sent"], day, "{amended}");
    assert!(told["why"].to_string().contains("unless set_posting_time is true"), "{amended}");
    assert!(amended["customer_name"].is_string() && amended.get("title").is_none(), "{amended}");
}
