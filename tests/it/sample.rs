//! Whole tasks on the sample site: what a model asks for, what it is told, and what the site has afterwards.

use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{all, call};

#[tokio::test]
async fn a_document_is_made_read_changed_and_deleted() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"ToDo": all()}));
    let made = call(&app, "create_todo_document", json!({"data": {"description": "call back"}})).await.unwrap();
    let name = made["created"].as_str().unwrap();
    let read = call(&app, "get_todo_document", json!({"name": name})).await.unwrap();
    assert_eq!(read["document"]["description"], "call back");
    let change = json!({"name": name, "data": {"status": "Closed", "priority": "High"}});
    call(&app, "update_todo_document", change).await.unwrap();
    assert_eq!(site.stored("ToDo", name).unwrap()["priority"], "High");
    call(&app, "delete_todo_document", json!({"name": name, "confirm": true})).await.unwrap();
    assert_eq!(site.stored("ToDo", name), None);
    assert_eq!(site.writes(), ["insert", "update", "delete"].map(|verb| format!("{verb} ToDo {name}")));
}

#[tokio::test]
async fn one_quantity_changes_and_what_else_the_rows_hold_stays() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": all()}));
    let name = first(&app, "Sales Order", json!({"docstatus": 0})).await;
    let before = site.stored("Sales Order", &name).unwrap();
    let rows = before["items"].as_array().unwrap();
    let quantity = rows[0]["qty"].as_f64().unwrap() + 1.0;
    let kept = rows.iter().skip(1).map(|row| json!({"name": row["name"]}));
    let sent: Vec<Value> = std::iter::once(json!({"name": rows[0]["name"], "qty": quantity})).chain(kept).collect();
    call(&app, "update_sales_order_document", json!({"name": name, "data": {"items": sent}})).await.unwrap();
    let after = site.stored("Sales Order", &name).unwrap();
    assert_eq!(after["items"][0]["qty"], quantity);
    assert_eq!(typed_in(&after), typed_in(&before));
}

/// Of every row of an order what a person gives, not what the site works out; but for the quantity.
fn typed_in(order: &Value) -> Vec<Value> {
    let column =
        |row: &Value| ["name", "item_code", "uom", "rate", "warehouse", "delivery_date"].map(|key| row[key].clone());
    order["items"].as_array().unwrap().iter().map(|row| json!(column(row))).collect()
}
