//! Finding, counting, reporting: the goal is the right answer.

use serde_json::{Value, json};

use crate::Task;
use crate::desk::rows;

pub const TASKS: &[Task] = &[
    Task {
        name: "find a customer",
        asked: "In which territory is Kestrel?",
        solve: |desk| {
            Box::pin(async move {
                let like = json!({"customer_name": ["like", "%kestrel%"]});
                let found = desk.list("Customer", json!(["name", "territory"]), like, json!({})).await;
                assert_eq!(found.len(), 1);
                assert_eq!(found[0]["territory"], desk.stored("Customer", "Kestrel Software")["territory"]);
            })
        },
    },
    Task {
        name: "count",
        asked: "How many sales invoices are overdue, and how much is open on them?",
        solve: |desk| {
            Box::pin(async move {
                let asked = json!({"doctype": "Sales Invoice", "measures": ["count", "sum(outstanding_amount)"],
                    "filters": {"status": "Overdue"}});
                let told = rows(&desk.call("aggregate_documents", asked).await).remove(0);
                let overdue: Vec<Value> =
                    desk.all("Sales Invoice").into_iter().filter(|invoice| invoice["status"] == "Overdue").collect();
                let open: f64 = overdue.iter().filter_map(|invoice| invoice["outstanding_amount"].as_f64()).sum();
                assert_eq!(told["count"], overdue.len());
                assert!((told["sum(outstanding_amount)"].as_f64().unwrap() - open).abs() < 0.01, "{told} {open}");
            })
        },
    },
    Task {
        name: "best customers",
        asked: "Which three customers ordered most, by value?",
        solve: |desk| {
            Box::pin(async move {
                let asked = json!({"doctype": "Sales Order", "measures": ["sum(grand_total)"], "group_by": ["customer"],
                    "filters": {"docstatus": 1}, "order_by": "sum(grand_total) desc", "limit": 3});
                let told = rows(&desk.call("aggregate_documents", asked).await);
                let orders = desk.all("Sales Order");
                let of = |customer: &Value| -> f64 {
                    let own = orders.iter().filter(|order| order["docstatus"] == 1 && order["customer"] == *customer);
                    own.filter_map(|order| order["grand_total"].as_f64()).sum()
                };
                let best = orders.iter().map(|order| of(&order["customer"])).fold(0.0, f64::max);
                assert_eq!(told.len(), 3);
                assert!((of(&told[0]["customer"]) - best).abs() < 0.01, "{told:?}");
            })
        },
    },
    Task {
        name: "receivables",
        asked: "Who owes us money, and how much altogether?",
        solve: |desk| {
            Box::pin(async move {
                let asked =
                    json!({"name": "Accounts Receivable Summary", "filters": {"company": "Alderway Furniture"}});
                let told = desk.call("run_report", asked).await.to_string();
                let invoices = desk.all("Sales Invoice");
                let open =
                    invoices.iter().filter(|i| i["docstatus"] == 1 && i["outstanding_amount"].as_f64() > Some(0.0));
                for invoice in open {
                    assert!(told.contains(invoice["customer"].as_str().unwrap()), "{} in {told}", invoice["customer"]);
                }
            })
        },
    },
    Task {
        name: "follow an order",
        asked: "Which invoices were made from the newest completed order?",
        solve: |desk| {
            Box::pin(async move {
                let newest = json!({"limit": 1, "order_by": "name desc"});
                let order = desk.list("Sales Order", json!(["name"]), json!({"status": "Completed"}), newest).await;
                let order = order[0]["name"].clone();
                let linked = json!({"doctype": "Sales Order", "name": order});
                let told = desk.call("get_linked_documents", linked).await.to_string();
                let of_it = |invoice: &&Value| {
                    invoice["items"].as_array().unwrap().iter().any(|row| row["sales_order"] == order)
                };
                let invoices = desk.all("Sales Invoice");
                let made: Vec<&Value> = invoices.iter().filter(of_it).collect();
                assert!(!made.is_empty());
                assert!(made.iter().all(|invoice| told.contains(invoice["name"].as_str().unwrap())), "{told}");
            })
        },
    },
];
