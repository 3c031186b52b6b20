//! Rows that take what is chosen for their document, as the desk's form has them do.

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::COMPANY;

/// What the rows of a document hold.
async fn held(desk: &Desk, doctype: &str, name: &str, column: &str) -> Vec<Value> {
    let asked = json!({"doctype": doctype, "name": name, "fields": [format!("items.{column}")]});
    let document = desk.call("get_generic_document", asked).await["document"].clone();
    document["items"].as_array().unwrap().iter().map(|row| row[column].clone()).collect()
}

#[on_every_version]
async fn another_day_of_delivery_is_that_of_the_rows_too() {
    let desk = Desk::open().await;
    let items = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 2).await;
    let rows: Vec<_> = items.iter().map(|item| json!({"item_code": item, "qty": 2, "rate": 10})).collect();
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let data = json!({"customer": customer, "company": COMPANY, "delivery_date": "2099-12-10", "items": rows});
    let order = desk.create("Sales Order", data).await;

    let change = |more: Value| {
        let mut change = json!({"doctype": "Sales Order", "name": order, "data": {"delivery_date": "2099-12-20"}});
        change.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        change
    };
    // The site takes the day of the order back to that of its rows.
    let plain = desk.call("update_generic_document", change(json!({"form_defaults": false}))).await;
    assert_eq!(plain["stored_differently"]["delivery_date"]["stored"], "2099-12-10", "{plain}");

    let shown = desk.call("update_generic_document", change(json!({"dry_run": true}))).await;
    assert!(shown["warnings"].to_string().contains("delivery_date of 2 follows delivery_date"), "{shown}");
    let answer = desk.call("update_generic_document", change(json!({}))).await;
    assert_eq!(answer.get("stored_differently"), None, "{answer}");
    assert_eq!(desk.get("Sales Order", &order).await["delivery_date"], "2099-12-20");
    let days = held(&desk, "Sales Order", &order, "delivery_date").await;
    assert_eq!(days, ["2099-12-20", "2099-12-20"]);

    // A submitted order takes another day too, and in its rows.
    desk.submit("Sales Order", &order).await;
    let change = json!({"doctype": "Sales Order", "name": order, "data": {"delivery_date": "2099-12-22"}});
    let answer = desk.call("update_generic_document", change).await;
    assert_eq!(answer["changed"]["delivery_date"]["to"], "2099-12-22", "{answer}");
    let days = held(&desk, "Sales Order", &order, "delivery_date").await;
    assert_eq!(days, ["2099-12-22", "2099-12-22"]);
}

#[on_every_version]
async fn what_is_received_goes_where_the_receipt_says() {
    let desk = Desk::open().await;
    let supplier = desk.some("Supplier", json!({}), 1).await.remove(0);
    let item =
        desk.some("Item", json!({"is_purchase_item": 1, "has_variants": 0, "is_stock_item": 1}), 1).await.remove(0);
    let warehouses = desk.some("Warehouse", json!({"is_group": 0}), 2).await;
    let (ordered, other) = (&warehouses[0], &warehouses[1]);
    let row = json!({"item_code": item, "qty": 10, "rate": 7, "warehouse": ordered});
    let data = json!({"supplier": supplier, "company": COMPANY, "schedule_date": "2099-12-10", "items": [row]});
    let order = desk.create("Purchase Order", data).await;
    desk.submit("Purchase Order", &order).await;
    let to = "Purchase Receipt";
    let part = json!({"doctype": "Purchase Order", "name": order, "to": to, "rows": [{"idx": 1, "qty": 4}],
        "data": {"set_warehouse": other}, "save": true});
    let answer = desk.call("convert_document", part).await;
    let told = answer["messages"].to_string();
    assert!(told.contains("warehouse of 1 follows set_warehouse"), "{answer}");
    assert_eq!(held(&desk, to, answer["created"].as_str().unwrap(), "warehouse").await, [json!(other)]);

    // Rows that are given keep what they have, and that is told.
    let rows = json!({"patch": [{"idx": 1, "qty": 3}]});
    let given = json!({"doctype": "Purchase Order", "name": order, "to": to, "save": true,
        "data": {"set_warehouse": other, "items": rows}});
    let answer = desk.call("convert_document", given).await;
    assert!(answer["messages"].to_string().contains("no warehouse is given keep theirs"), "{answer}");
    assert_eq!(held(&desk, to, answer["created"].as_str().unwrap(), "warehouse").await, [json!(ordered)]);
}

#[on_every_version]
async fn a_row_that_is_delivered_on_another_day_keeps_it() {
    let desk = Desk::open().await;
    let items = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 2).await;
    let row = |item: usize, day: &str| json!({"item_code": items[item], "qty": 2, "rate": 10, "delivery_date": day});
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let rows = [row(0, "2099-12-05"), row(1, "2099-12-10")];
    let data = json!({"customer": customer, "company": COMPANY, "delivery_date": "2099-12-10", "items": rows});
    let order = desk.create("Sales Order", data).await;
    let change = json!({"doctype": "Sales Order", "name": order, "data": {"delivery_date": "2099-12-20"}});
    desk.call("update_generic_document", change).await;
    assert_eq!(held(&desk, "Sales Order", &order, "delivery_date").await, ["2099-12-05", "2099-12-20"]);
}
