//! From a Material Request to a paid purchase.

use serde_json::json;

use super::Desk;
use crate::sandbox::COMPANY;

#[on_every_version]
async fn a_material_request_becomes_a_paid_purchase() {
    let desk = Desk::open().await;
    let supplier = desk.some("Supplier", json!({}), 1).await.remove(0);
    let item =
        desk.some("Item", json!({"is_purchase_item": 1, "has_variants": 0, "is_stock_item": 1}), 1).await.remove(0);
    let warehouse = desk.some("Warehouse", json!({"is_group": 0}), 1).await.remove(0);
    let row = json!({"item_code": item, "qty": 10, "schedule_date": "2026-12-10", "rate": 7, "warehouse": warehouse});
    let wanted = json!({"material_request_type": "Purchase", "company": COMPANY, "transaction_date": "2026-11-24", "schedule_date": "2026-12-10", "items": [row]});
    let request = desk.create("Material Request", wanted).await;
    desk.submit("Material Request", &request).await;
    let order = desk.convert("Material Request", &request, "Purchase Order", json!({"supplier": supplier})).await;
    desk.submit("Purchase Order", &order).await;
    let receipt = desk.convert("Purchase Order", &order, "Purchase Receipt", json!({})).await;
    desk.submit("Purchase Receipt", &receipt).await;
    let invoice = desk.convert("Purchase Receipt", &receipt, "Purchase Invoice", json!({"bill_no": "S-1"})).await;
    desk.submit("Purchase Invoice", &invoice).await;
    let data = json!({"reference_no": "BT-1", "reference_date": "2026-12-15"});
    let payment = desk.convert("Purchase Invoice", &invoice, "Payment Entry", data).await;
    desk.submit("Payment Entry", &payment).await;

    let order = desk.get("Purchase Order", &order).await;
    assert_eq!(order["items"][0]["material_request"], json!(request));
    let invoice = desk.get("Purchase Invoice", &invoice).await;
    assert_eq!((&invoice["items"][0]["purchase_receipt"], &invoice["grand_total"]), (&json!(receipt), &json!(70.0)));
    let payment = desk.get("Payment Entry", &payment).await;
    assert_eq!((&payment["payment_type"], &payment["paid_amount"]), (&json!("Pay"), &json!(70.0)));
}

#[on_every_version]
async fn a_material_request_that_is_not_for_purchase_is_not_ordered() {
    let desk = Desk::open().await;
    let item = desk.some("Item", json!({"is_stock_item": 1, "has_variants": 0}), 1).await.remove(0);
    let warehouse = desk.some("Warehouse", json!({"is_group": 0}), 1).await.remove(0);
    let row = json!({"item_code": item, "qty": 1, "schedule_date": "2026-12-10", "warehouse": warehouse});
    let wanted = json!({"material_request_type": "Material Issue", "transaction_date": "2026-11-24", "schedule_date": "2026-12-10", "items": [row]});
    let request = desk.create("Material Request", wanted).await;
    desk.submit("Material Request", &request).await;
    let text = desk
        .refusal("convert_document", json!({"doctype": "Material Request", "name": request, "to": "Purchase Order"}))
        .await;
    assert!(text.contains("its material_request_type is not Purchase"), "{text}");
}

#[on_every_version]
async fn what_the_site_maps_from_no_such_document_is_not_told_to_be_possible() {
    let desk = Desk::open().await;
    let way = async |doctype: &str, name: &str, to: &str| {
        let ways = desk.call("list_conversions", json!({"doctype": doctype, "name": name})).await;
        let ways = ways["conversions"].as_array().unwrap();
        ways.iter().find(|way| way["to"] == to).unwrap().clone()
    };
    let item = desk.some("Item", json!({"is_stock_item": 1, "has_variants": 0}), 1).await.remove(0);
    let warehouse = desk.some("Warehouse", json!({"is_group": 0}), 1).await.remove(0);
    let row = json!({"item_code": item, "qty": 1, "schedule_date": "2026-12-10", "warehouse": warehouse});
    for (kind, orders, moves) in [
        ("Purchase", true, false),
        ("Manufacture", false, false),
        ("Material Issue", false, true),
        ("Material Transfer", false, true),
    ] {
        let wanted = json!({"material_request_type": kind, "transaction_date": "2026-11-24", "schedule_date": "2026-12-10", "items": [row]});
        let request = desk.create("Material Request", wanted).await;
        desk.submit("Material Request", &request).await;
        for (to, expected) in [("Purchase Order", orders), ("Request for Quotation", orders), ("Stock Entry", moves)] {
            let way = way("Material Request", &request, to).await;
            assert_eq!(way["possible"], expected, "{kind}: {way}");
        }
    }

    // What is packed is not delivered yet.
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let stocked = json!({"actual_qty": [">", 5], "warehouse": ["like", "Main Store%"]});
    let bin = desk.some("Bin", stocked, 1).await.remove(0);
    let bin = desk.get("Bin", &bin).await;
    let row = json!({"item_code": bin["item_code"], "warehouse": bin["warehouse"], "qty": 1, "rate": 10});
    let note = json!({"customer": customer, "company": COMPANY, "items": [row]});
    let note = desk.create("Delivery Note", note).await;
    let packed = way("Delivery Note", &note, "Packing Slip").await;
    assert_eq!(packed["possible"], true, "{packed}");
    desk.submit("Delivery Note", &note).await;
    let packed = way("Delivery Note", &note, "Packing Slip").await;
    assert!(packed["why_not"].as_str().unwrap().contains("is made of a draft"), "{packed}");
    let back = desk.convert("Delivery Note", &note, "Sales Return", json!({})).await;
    let packed = way("Delivery Note", &back, "Packing Slip").await;
    assert!(packed["why_not"].as_str().unwrap().contains("is_return is set"), "{packed}");

    // What came back is credited, and nothing else is.
    assert_eq!(way("Delivery Note", &note, "Credit Note").await["why_not"], "its is_return is not set");
    desk.submit("Delivery Note", &back).await;
    assert_eq!(way("Delivery Note", &back, "Credit Note").await["doctype"], "Sales Invoice");
    let credit = desk.convert("Delivery Note", &back, "Credit Note", json!({})).await;
    let credit = desk.get("Sales Invoice", &credit).await;
    assert_eq!((&credit["is_return"], &credit["items"][0]["qty"]), (&json!(true), &json!(-1.0)), "{credit}");
}

#[on_every_version]
async fn what_is_offered_of_the_samples_documents_is_made() {
    let desk = Desk::open().await;
    let chains = [
        "Lead",
        "Opportunity",
        "Quotation",
        "Sales Order",
        "Delivery Note",
        "Sales Invoice",
        "Material Request",
        "Purchase Order",
        "Purchase Receipt",
        "Purchase Invoice",
    ];
    let mut made = 0;
    for doctype in chains {
        let mut seen: Vec<String> = Vec::new();
        for name in desk.some(doctype, json!({}), 60).await {
            let ways = desk.call("list_conversions", json!({"doctype": doctype, "name": name})).await;
            for way in ways["conversions"].as_array().unwrap().iter().filter(|way| way["possible"] == true) {
                let to = way["to"].as_str().unwrap();
                if seen.iter().filter(|known| *known == to).count() < 2 {
                    seen.push(to.to_owned());
                    desk.call("convert_document", json!({"doctype": doctype, "name": name, "to": to})).await;
                    made += 1;
                }
            }
        }
        assert!(!seen.is_empty(), "{doctype}");
    }
    assert!(made > 40, "{made}");
}

#[on_every_version]
async fn what_was_delivered_or_received_before_it_was_billed_is_not_once_more() {
    let desk = Desk::open().await;
    for (bill, from, to) in [
        ("Sales Invoice", "items.delivery_note", "Delivery Note"),
        ("Purchase Invoice", "items.purchase_receipt", "Purchase Receipt"),
    ] {
        let made = json!({"docstatus": 1, "is_return": 0, from: ["is", "set"]});
        let name = desk.some(bill, made, 1).await.remove(0);
        let asked = json!({"doctype": bill, "name": name, "to": to});
        let text = desk.refusal("convert_document", asked).await;
        assert!(text.contains("its rows were made of") && text.contains(from), "{text}");
    }
}
