//! From a Quotation to a paid invoice.

use serde_json::json;

use super::Desk;
use crate::sandbox::COMPANY;

#[on_every_version]
async fn a_quotation_becomes_a_paid_invoice() {
    let desk = Desk::open().await;
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 1).await.remove(0);
    let offered = json!({"quotation_to": "Customer", "party_name": customer, "company": COMPANY, "items": [{"item_code": item, "qty": 4, "rate": 50}]});
    let quotation = desk.create("Quotation", offered).await;

    let named = json!({"doctype": "Quotation", "name": quotation});
    let ways = desk.call("list_conversions", named.clone()).await;
    assert_eq!(ways["conversions"][0]["to"], "Sales Order");
    assert_eq!(ways["conversions"][0]["possible"], false, "{ways}");
    assert!(ways["conversions"][0]["why_not"].as_str().unwrap().contains("submit_document first"), "{ways}");
    desk.submit("Quotation", &quotation).await;
    assert_eq!(desk.call("list_conversions", named).await["conversions"][0]["possible"], true);

    let before = desk.site.journal().len();
    let shown =
        desk.call("convert_document", json!({"doctype": "Quotation", "name": quotation, "to": "Sales Order"})).await;
    assert_eq!(shown["draft"]["customer"], json!(customer), "{shown}");
    assert_eq!(shown["draft"]["items"][0]["prevdoc_docname"], json!(quotation), "{shown}");
    let (draft, row) = (shown["draft"].as_object().unwrap(), shown["draft"]["items"][0].as_object().unwrap());
    for shown in [draft, row] {
        let twin = |key: &&String| key.strip_prefix("base_").is_some_and(|of| shown.get(of) == shown.get(*key));
        assert_eq!(shown.keys().find(twin), None, "{shown:?}");
        assert!(!shown.values().any(|value| value.is_null() || *value == "" || *value == "{}"), "{shown:?}");
    }
    assert_eq!(desk.journal(before), Vec::<String>::new(), "a draft that is only shown is not stored");

    let order = desk.convert("Quotation", &quotation, "Sales Order", json!({"delivery_date": "2026-12-24"})).await;
    desk.submit("Sales Order", &order).await;
    let note = desk.convert("Sales Order", &order, "Delivery Note", json!({})).await;
    desk.submit("Delivery Note", &note).await;
    let invoice = desk.convert("Delivery Note", &note, "Sales Invoice", json!({"due_date": "2026-12-31"})).await;
    desk.submit("Sales Invoice", &invoice).await;
    let paid = json!({"reference_no": "BT-77", "reference_date": "2026-12-30"});
    let payment = desk.convert("Sales Invoice", &invoice, "Payment Entry", paid).await;
    desk.submit("Payment Entry", &payment).await;

    let payment = desk.get("Payment Entry", &payment).await;
    assert_eq!((&payment["payment_type"], &payment["party"]), (&json!("Receive"), &json!(customer)));
    assert_eq!((&payment["paid_amount"], &payment["reference_no"]), (&json!(200.0), &json!("BT-77")));
    assert_eq!(payment["references"][0]["reference_name"], json!(invoice));
    let invoice = desk.get("Sales Invoice", &invoice).await;
    assert_eq!(invoice["items"][0]["delivery_note"], json!(note));
    assert_eq!(invoice["items"][0]["sales_order"], json!(order));
}

#[on_every_version]
async fn what_cannot_be_made_is_refused_with_what_can() {
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    let to = |to: &str| json!({"doctype": "Sales Invoice", "name": invoice, "to": to});
    let text = desk.refusal("convert_document", to("Credit Notes")).await;
    assert!(text.contains("a Sales Invoice makes: Delivery Note, Payment Entry, Credit Note"), "{text}");
    assert!(text.contains("did you mean") && text.contains("Credit Note"), "{text}");
    let text = desk.refusal("convert_document", to("Lieferschein")).await;
    assert!(text.contains("did you mean Delivery Note?"), "{text}");
    for called in ["credit note", "Credit_Note", "credit"] {
        let drafted = desk.call("convert_document", to(called)).await;
        assert_eq!(drafted["draft"]["is_return"], true, "{called}: {drafted}");
    }
    let mut rows = to("Credit Note");
    rows["data"] = json!({"items": []});
    let text = desk.refusal("convert_document", rows).await;
    assert!(text.contains("data.items: is mandatory and needs at least one row"), "{text}");
    let text = desk.refusal("convert_document", json!({"doctype": "ToDo", "name": "x", "to": "Task"})).await;
    assert!(text.contains("nothing is made from a ToDo"), "{text}");
    // What the site maps from no order is created by hand, and how is told.
    let order = desk.some("Sales Order", json!({"docstatus": 1}), 1).await.remove(0);
    let ways = desk.call("list_conversions", json!({"doctype": "Sales Order", "name": order})).await;
    let by_hand = json!({"doctype": "Work Order", "tool": "create_generic_document", "names_it_in": "sales_order"});
    assert!(ways["by_hand"].as_array().unwrap().contains(&by_hand), "{ways}");
    let text =
        desk.refusal("convert_document", json!({"doctype": "Sales Order", "name": order, "to": "Work Order"})).await;
    assert!(text.contains("create_generic_document makes a Work Order") && text.contains("in sales_order"), "{text}");
    let todo = desk.create("ToDo", json!({"description": "x"})).await;
    let of_customer = desk.some("Opportunity", json!({"opportunity_from": "Customer"}), 1).await.remove(0);
    let ways = desk.call("list_conversions", json!({"doctype": "Opportunity", "name": of_customer})).await;
    let way = ways["conversions"].as_array().unwrap().iter().find(|way| way["to"] == "Customer").unwrap();
    assert_eq!((&way["possible"], &way["why_not"]), (&json!(false), &json!("its opportunity_from is Customer")));
    let ways = desk.call("list_conversions", json!({"doctype": "ToDo", "name": todo})).await;
    assert!(ways["note"].as_str().unwrap().contains("get_linked_documents shows"), "{ways}");
}

#[on_every_version]
async fn what_is_finished_makes_nothing_more_and_says_why() {
    let desk = Desk::open().await;
    let finished = async |doctype: &str, filters: serde_json::Value, to: &str, why: &str| {
        let name = desk.some(doctype, filters, 1).await.remove(0);
        let ways = desk.call("list_conversions", json!({"doctype": doctype, "name": name})).await;
        let way = ways["conversions"].as_array().unwrap().iter().find(|way| way["to"] == to).unwrap().clone();
        assert_eq!(way["possible"], false, "{ways}");
        assert!(way["why_not"].as_str().unwrap().contains(why), "{ways}");
        let text = desk.refusal("convert_document", json!({"doctype": doctype, "name": name, "to": to})).await;
        assert!(text.contains(why) && text.contains("list_conversions tells"), "{text}");
    };
    let paid = json!({"docstatus": 1, "outstanding_amount": 0, "is_return": 0});
    finished("Sales Invoice", paid, "Payment Entry", "nothing is left to pay").await;
    finished("Sales Order", json!({"docstatus": 1, "per_billed": 100}), "Sales Invoice", "per_billed is 100").await;
}

#[on_every_version]
async fn rows_of_a_draft_are_changed_by_their_number_and_links_have_candidates() {
    let desk = Desk::open().await;
    let order = desk.some("Sales Order", json!({"docstatus": 1, "per_billed": 0}), 1).await.remove(0);
    let to = |data| json!({"doctype": "Sales Order", "name": order, "to": "Sales Invoice", "data": data});
    let shown =
        desk.call("convert_document", to(json!({"items": {"patch": [{"idx": 1, "description": "by hand"}]}}))).await;
    assert_eq!(shown["draft"]["items"][0]["description"], "by hand", "{shown}");
    let mut saved = to(json!({"set_warehouse": "Main Stor"}));
    saved["save"] = json!(true);
    let text = desk.refusal("convert_document", saved).await;
    assert!(text.contains("did you mean \"Main Store - AWF\"?"), "{text}");
}

#[on_every_version]
async fn what_names_no_company_is_of_the_sites_own_from_the_offer_to_the_bill() {
    let desk = Desk::open().await;
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 1).await.remove(0);
    let rows = json!([{"item_code": item, "qty": 2, "rate": 50}]);
    let offered = json!({"quotation_to": "Customer", "party_name": customer, "items": rows});
    let quotation = desk.create("Quotation", offered).await;
    desk.submit("Quotation", &quotation).await;
    let order = desk.convert("Quotation", &quotation, "Sales Order", json!({"delivery_date": "2026-12-24"})).await;
    desk.submit("Sales Order", &order).await;
    let note = desk.convert("Sales Order", &order, "Delivery Note", json!({})).await;
    desk.submit("Delivery Note", &note).await;
    let invoice = desk.convert("Delivery Note", &note, "Sales Invoice", json!({"due_date": "2026-12-31"})).await;
    desk.submit("Sales Invoice", &invoice).await;
    let invoice = desk.get("Sales Invoice", &invoice).await;
    assert_eq!((&invoice["company"], &invoice["currency"]), (&json!(COMPANY), &json!("EUR")), "{invoice}");
}
