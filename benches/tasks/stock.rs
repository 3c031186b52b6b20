//! What a buyer is asked for: orders that are changed, closed, received in part, and what is there.

use serde_json::{Value, json};

use crate::Task;

/// The name of the first document that fits.
async fn first(desk: &mut crate::Desk, doctype: &str, filters: Value) -> String {
    let more = json!({"limit": 1, "order_by": "name asc"});
    let found = desk.list(doctype, json!(["name"]), filters, more).await;
    found[0]["name"].as_str().unwrap().to_owned()
}

/// Calls a tool that asks first, and says yes.
async fn confirmed(desk: &mut crate::Desk, tool: &'static str, mut arguments: Value) -> Value {
    arguments["confirm_token"] = desk.call(tool, arguments.clone()).await["confirm_token"].clone();
    desk.call(tool, arguments).await
}

pub const TASKS: &[Task] = &[
    Task {
        name: "close an order",
        asked: "Nothing more comes of the first order that is to be delivered and billed: close it.",
        solve: |desk| {
            Box::pin(async move {
                let order = first(desk, "Sales Order", json!({"status": "To Deliver and Bill"})).await;
                let close = json!({"doctype": "Sales Order", "name": order, "to": "close"});
                desk.call("change_order_status", close).await;
                assert_eq!(desk.stored("Sales Order", &order)["status"], "Closed");
            })
        },
    },
    Task {
        name: "change a submitted order",
        asked: "Fifty of the first item in the first order that is to be delivered and billed.",
        solve: |desk| {
            Box::pin(async move {
                let order = first(desk, "Sales Order", json!({"status": "To Deliver and Bill"})).await;
                let patch = json!({"patch": [{"idx": 1, "qty": 50}]});
                let change = json!({"doctype": "Sales Order", "name": order, "items": patch});
                confirmed(desk, "update_order_items", change).await;
                let stored = desk.stored("Sales Order", &order);
                assert_eq!((&stored["docstatus"], &stored["items"][0]["qty"]), (&json!(1), &json!(50.0)));
            })
        },
    },
    Task {
        name: "cancel what went through",
        asked: "The first completed order never was: cancel it with all that was made of it.",
        solve: |desk| {
            Box::pin(async move {
                let order = first(desk, "Sales Order", json!({"status": "Completed"})).await;
                let cancel = json!({"doctype": "Sales Order", "name": order, "cascade": true});
                confirmed(desk, "cancel_document", cancel).await;
                assert_eq!(desk.stored("Sales Order", &order)["docstatus"], 2);
                let of_it = |doc: &Value| doc["items"].to_string().contains(&order);
                for doctype in ["Delivery Note", "Sales Invoice"] {
                    let made: Vec<Value> = desk.all(doctype).into_iter().filter(of_it).collect();
                    assert!(made.iter().all(|doc| doc["docstatus"] != 1), "{doctype}: {made:?}");
                }
            })
        },
    },
    Task {
        name: "ask for goods",
        asked: "Ten task chairs are needed by 10 December: ask for them, and order them from Ashgrove Sawmill.",
        solve: |desk| {
            Box::pin(async move {
                let row = json!({"item_code": "SEA-TASK", "qty": 10, "schedule_date": "2026-12-10",
                    "warehouse": "Main Store - AWF"});
                let data = json!({"material_request_type": "Purchase", "company": "Alderway Furniture",
                    "transaction_date": "2026-11-24", "schedule_date": "2026-12-10", "items": [row]});
                let request = desk.create("Material Request", data).await;
                desk.submit("Material Request", &request).await;
                let from = json!({"supplier": "Ashgrove Sawmill"});
                let order = desk.convert("Material Request", &request, "Purchase Order", from).await;
                let stored = desk.stored("Purchase Order", &order);
                assert_eq!(
                    (&stored["supplier"], &stored["items"][0]["qty"]),
                    (&json!("Ashgrove Sawmill"), &json!(10.0))
                );
                assert_eq!(stored["items"][0]["material_request"], request);
            })
        },
    },
    Task {
        name: "receive a part",
        asked: "One piece of the first row of the oldest open purchase order has come.",
        solve: |desk| {
            Box::pin(async move {
                let order = first(desk, "Purchase Order", json!({"status": "To Receive and Bill"})).await;
                let part = json!({"doctype": "Purchase Order", "name": order, "to": "Purchase Receipt",
                    "rows": [{"idx": 1, "qty": 1}], "save": true});
                let made = desk.call("convert_document", part).await["created"].as_str().unwrap().to_owned();
                let stored = desk.stored("Purchase Receipt", &made);
                let rows = stored["items"].as_array().unwrap();
                assert_eq!((rows.len(), &rows[0]["qty"], &rows[0]["purchase_order"]), (1, &json!(1.0), &json!(order)));
            })
        },
    },
    Task {
        name: "what is in stock",
        asked: "How many task chairs are on order?",
        solve: |desk| {
            Box::pin(async move {
                let told = desk.call("get_stock_balance", json!({"item_code": "SEA-TASK"})).await;
                let bins = desk.all("Bin").into_iter().filter(|bin| bin["item_code"] == "SEA-TASK");
                let ordered: f64 = bins.filter_map(|bin| bin["ordered_qty"].as_f64()).sum();
                assert_eq!(told["total"]["ordered_qty"].as_f64(), Some(ordered), "{told}");
            })
        },
    },
];
