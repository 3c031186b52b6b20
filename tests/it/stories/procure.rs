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
