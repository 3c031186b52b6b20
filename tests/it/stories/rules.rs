//! What ERPNext's own code does after a write, and refuses: the tools tell it with its reason.

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::COMPANY;

/// A good of which a store has plenty, and the store.
async fn stocked(desk: &Desk) -> (String, String) {
    let asked = json!({"doctype": "Bin", "filters": {"warehouse": ["like", "Main Store%"], "actual_qty": [">=", 10]},
        "fields": ["item_code", "warehouse"], "order_by": "name asc", "limit": 1});
    let bin = desk.call("list_generic_documents", asked).await["documents"][0].clone();
    let text = |key: &str| bin[key].as_str().unwrap().to_owned();
    (text("item_code"), text("warehouse"))
}

async fn stock(desk: &Desk, item: &str, warehouse: &str) -> f64 {
    let asked = json!({"item_code": item, "warehouse": warehouse});
    desk.call("get_stock_balance", asked).await["warehouses"][0]["actual_qty"].as_f64().unwrap()
}

#[on_every_version]
async fn an_invoice_is_paid_once_and_owed_again_when_the_payment_is_cancelled() {
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    let owed = async || {
        let invoice = desk.get("Sales Invoice", &invoice).await;
        (invoice["outstanding_amount"].as_f64().unwrap(), invoice["status"].as_str().unwrap().to_owned())
    };
    let (whole, unpaid) = owed().await;
    let data = json!({"reference_no": "BT-1", "reference_date": "2026-11-30"});
    let [first, second] = [
        desk.convert("Sales Invoice", &invoice, "Payment Entry", data.clone()).await,
        desk.convert("Sales Invoice", &invoice, "Payment Entry", data).await,
    ];
    desk.submit("Payment Entry", &first).await;
    assert_eq!(owed().await, (0.0, "Paid".to_owned()));
    let text = desk.refusal("submit_document", json!({"doctype": "Payment Entry", "name": second})).await;
    assert!(text.contains("Allocated Amount cannot be greater than outstanding amount"), "{text}");
    let cancel = json!({"doctype": "Payment Entry", "name": first, "confirm": true});
    desk.call("cancel_document", cancel).await;
    assert_eq!(owed().await, (whole, unpaid));
}

#[on_every_version]
async fn a_delivery_moves_stock_and_its_cancellation_moves_it_back() {
    let desk = Desk::open().await;
    let (item, warehouse) = stocked(&desk).await;
    let before = stock(&desk, &item, &warehouse).await;
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let note = async |qty: f64| {
        let rows = json!([{"item_code": item, "qty": qty, "rate": 5, "warehouse": warehouse}]);
        desk.create("Delivery Note", json!({"customer": customer, "company": COMPANY, "items": rows})).await
    };
    let delivered = note(4.0).await;
    desk.submit("Delivery Note", &delivered).await;
    assert_eq!(stock(&desk, &item, &warehouse).await, before - 4.0);
    let ledger =
        json!({"doctype": "Stock Ledger Entry", "filters": {"voucher_no": delivered}, "fields": ["actual_qty"]});
    let ledger = desk.call("list_generic_documents", ledger).await;
    assert_eq!(ledger["documents"][0]["actual_qty"], -4.0, "{ledger}");
    let cancel = json!({"doctype": "Delivery Note", "name": delivered, "confirm": true});
    desk.call("cancel_document", cancel).await;
    assert_eq!(stock(&desk, &item, &warehouse).await, before);
    let too_much = note(before + 1.0).await;
    let text = desk.refusal("submit_document", json!({"doctype": "Delivery Note", "name": too_much})).await;
    assert!(text.contains("needed in Warehouse") && text.contains("NegativeStockError"), "{text}");
    assert_eq!(stock(&desk, &item, &warehouse).await, before);
}

#[on_every_version]
async fn what_the_site_s_own_code_refuses_is_told_with_its_reason() {
    let desk = Desk::open().await;
    let (item, _) = stocked(&desk).await;
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let order = |qty: i32, more: Value| {
        let mut order = json!({"customer": customer, "company": COMPANY, "items": [{"item_code": item, "qty": qty}]});
        order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        order
    };
    let posted = json!({"set_posting_time": true, "posting_date": "2026-12-24", "due_date": "2026-12-01"});
    for (doctype, data, reason) in [
        ("Sales Order", order(1, json!({})), "Please enter Delivery Date"),
        ("Sales Order", order(0, json!({"delivery_date": "2026-12-24"})), "cannot be zero"),
        ("Sales Invoice", order(-1, json!({"due_date": "2026-12-24"})), "quantity must be positive"),
        ("Sales Invoice", order(1, posted), "must be after"),
        ("Task", json!({"subject": "x", "progress": 150}), "cannot be more than 100"),
        (
            "Task",
            json!({"subject": "x", "exp_start_date": "2026-12-02", "exp_end_date": "2026-12-01"}),
            "must be after",
        ),
    ] {
        let text = desk.refusal("create_generic_document", json!({"doctype": doctype, "data": data})).await;
        assert!(text.contains(reason), "{doctype} {data}: {text}");
    }
}
