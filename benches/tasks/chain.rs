//! One document made from another, until it is paid.

use serde_json::json;

use crate::Task;

pub const TASKS: &[Task] = &[
    Task {
        name: "quotation to order",
        asked: "Kestrel takes its first open offer: make the order, for 18 December, and submit it.",
        solve: |desk| {
            Box::pin(async move {
                let open = json!({"party_name": "Kestrel Software", "status": "Open"});
                let first = json!({"limit": 1, "order_by": "name asc"});
                let found = desk.list("Quotation", json!(["name"]), open, first).await;
                let quotation = found[0]["name"].as_str().unwrap().to_owned();
                let by = json!({"delivery_date": "2026-12-18"});
                let order = desk.convert("Quotation", &quotation, "Sales Order", by).await;
                desk.submit("Sales Order", &order).await;
                let stored = desk.stored("Sales Order", &order);
                assert_eq!((&stored["docstatus"], &stored["customer"]), (&json!(1), &json!("Kestrel Software")));
                assert_eq!(stored["items"][0]["prevdoc_docname"], quotation);
            })
        },
    },
    Task {
        name: "deliver and bill",
        asked: "The oldest order that is neither delivered nor billed goes out today with its invoice.",
        solve: |desk| {
            Box::pin(async move {
                let first = json!({"limit": 1, "order_by": "name asc"});
                let open = json!({"status": "To Deliver and Bill"});
                let found = desk.list("Sales Order", json!(["name"]), open, first).await;
                let order = found[0]["name"].as_str().unwrap().to_owned();
                let note = desk.convert("Sales Order", &order, "Delivery Note", json!({})).await;
                desk.submit("Delivery Note", &note).await;
                let invoice = desk.convert("Delivery Note", &note, "Sales Invoice", json!({})).await;
                desk.submit("Sales Invoice", &invoice).await;
                let stored = desk.stored("Sales Invoice", &invoice);
                assert_eq!((&stored["docstatus"], &stored["items"][0]["delivery_note"]), (&json!(1), &json!(note)));
                assert_eq!(stored["items"][0]["sales_order"], order);
            })
        },
    },
    Task {
        name: "payment",
        asked: "The customer with the largest overdue invoice paid it on 20 November, reference BT-77.",
        solve: |desk| {
            Box::pin(async move {
                let largest = json!({"limit": 1, "order_by": "outstanding_amount desc"});
                let overdue = json!({"status": "Overdue"});
                let found = desk.list("Sales Invoice", json!(["name"]), overdue, largest).await;
                let invoice = found[0]["name"].as_str().unwrap().to_owned();
                let open = desk.stored("Sales Invoice", &invoice)["outstanding_amount"].clone();
                let paid = json!({"reference_no": "BT-77", "reference_date": "2026-11-20"});
                let payment = desk.convert("Sales Invoice", &invoice, "Payment Entry", paid).await;
                desk.submit("Payment Entry", &payment).await;
                let stored = desk.stored("Payment Entry", &payment);
                assert_eq!((&stored["docstatus"], &stored["paid_amount"]), (&json!(1), &open));
                assert_eq!(stored["references"][0]["reference_name"], invoice);
            })
        },
    },
    Task {
        name: "receive goods",
        asked: "What was ordered with the oldest open purchase order has come: book the receipt.",
        solve: |desk| {
            Box::pin(async move {
                let first = json!({"limit": 1, "order_by": "name asc"});
                let open = json!({"status": "To Receive and Bill"});
                let found = desk.list("Purchase Order", json!(["name"]), open, first).await;
                let order = found[0]["name"].as_str().unwrap().to_owned();
                let receipt = desk.convert("Purchase Order", &order, "Purchase Receipt", json!({})).await;
                desk.submit("Purchase Receipt", &receipt).await;
                let stored = desk.stored("Purchase Receipt", &receipt);
                assert_eq!((&stored["docstatus"], &stored["items"][0]["purchase_order"]), (&json!(1), &json!(order)));
            })
        },
    },
];
