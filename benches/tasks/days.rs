//! What goes wrong where a tool is silent: times, empty values, pages, texts, many documents at once, what was changed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::Task;
use crate::desk::rows;

pub const TASKS: &[Task] = &[
    Task {
        name: "a time with an offset",
        asked: "Put a fitting into the calendar, at eleven on 1 December by the clocks of Berlin.",
        solve: |desk| {
            Box::pin(async move {
                let data =
                    json!({"subject": "Fitting", "event_type": "Private", "starts_on": "2026-12-01T11:00:00+01:00"});
                let name = desk.create("Event", data).await;
                // The sample site keeps UTC.
                assert_eq!(desk.stored("Event", &name)["starts_on"], "2026-12-01 10:00:00");
            })
        },
    },
    Task {
        name: "late, not undated",
        asked: "How many to-dos were due before 20 November?",
        solve: |desk| {
            Box::pin(async move {
                let asked = json!({"doctype": "ToDo", "filters": {"date": ["<", "2026-11-20"]}});
                let told = rows(&desk.call("aggregate_documents", asked).await).remove(0);
                let late = |todo: &Value| todo["date"].as_str().is_some_and(|date| date < "2026-11-20");
                let todos = desk.all("ToDo");
                assert_eq!(told["count"], todos.iter().filter(|todo| late(todo)).count());
            })
        },
    },
    Task {
        name: "every page",
        asked: "Name all customers, twenty at a time.",
        solve: |desk| {
            Box::pin(async move {
                let (mut named, mut cursor) = (Vec::new(), Value::Null);
                loop {
                    let mut asked = json!({"doctype": "Customer", "fields": ["name"], "order_by": "customer_name asc",
                        "limit": 20});
                    if cursor.is_string() {
                        asked["cursor"] = cursor;
                    }
                    let page = desk.call("list_generic_documents", asked).await;
                    named.extend(rows(&page).iter().map(|row| row["name"].to_string()));
                    cursor = page["next_cursor"].clone();
                    if cursor.is_null() {
                        break;
                    }
                }
                let once: BTreeSet<&String> = named.iter().collect();
                assert_eq!((named.len(), once.len()), (desk.all("Customer").len(), named.len()));
            })
        },
    },
    Task {
        name: "a text goes on",
        asked: "Add to the description of the task chair, in bold, that it comes flat.",
        solve: |desk| {
            Box::pin(async move {
                let get = json!({"doctype": "Item", "name": "SEA-TASK", "fields": ["description"]});
                let read = desk.call("get_generic_document", get).await["document"]["description"].clone();
                let text = format!("{}\n\n**Comes flat.**", read.as_str().unwrap());
                let data = json!({"description": text});
                desk.call("update_generic_document", json!({"doctype": "Item", "name": "SEA-TASK", "data": data}))
                    .await;
                let stored = desk.stored("Item", "SEA-TASK")["description"].as_str().unwrap().to_owned();
                assert!(stored.contains("Task Chair") && stored.contains("<strong>Comes flat.</strong>"), "{stored}");
            })
        },
    },
    Task {
        name: "one row",
        asked: "Seven of the first item in the first draft order.",
        solve: |desk| {
            Box::pin(async move {
                let first = json!({"limit": 1, "order_by": "name asc"});
                let found = desk.list("Sales Order", json!(["name"]), json!({"docstatus": 0}), first).await;
                let name = found[0]["name"].as_str().unwrap().to_owned();
                let data = json!({"items": {"patch": [{"idx": 1, "qty": 7}]}});
                desk.call("update_generic_document", json!({"doctype": "Sales Order", "name": name, "data": data}))
                    .await;
                assert_eq!(desk.stored("Sales Order", &name)["items"][0]["qty"], 7.0);
            })
        },
    },
    Task {
        name: "mark what is overdue",
        asked: "Tag all overdue invoices with chase.",
        solve: |desk| {
            Box::pin(async move {
                let mut tag = json!({"doctype": "Sales Invoice", "action": "tag", "value": "chase",
                    "where": {"status": "Overdue"}});
                let shown = desk.call("act_on_bulk_documents", tag.clone()).await;
                tag["confirm_token"] = shown["confirm_token"].clone();
                desk.call("act_on_bulk_documents", tag).await;
                let invoices = desk.all("Sales Invoice");
                let links = desk.all("Tag Link");
                let tagged = |invoice: &Value| {
                    links.iter().any(|link| link["tag"] == "chase" && link["document_name"] == invoice["name"])
                };
                assert!(invoices.iter().all(|invoice| tagged(invoice) == (invoice["status"] == "Overdue")));
                assert!(invoices.iter().any(tagged));
            })
        },
    },
    Task {
        name: "by another's field",
        asked: "Which items sold best, by quantity, and how many orders are of customers in the North?",
        solve: |desk| {
            Box::pin(async move {
                let best = json!({"doctype": "Sales Order", "measures": ["sum(items.qty)"],
                    "group_by": ["items.item_code"], "filters": {"docstatus": 1}, "order_by": "sum(items.qty) desc",
                    "limit": 3});
                assert_eq!(rows(&desk.call("aggregate_documents", best).await).len(), 3);
                let north = json!({"doctype": "Sales Order", "filters": {"customer.territory": "North"}});
                let told = rows(&desk.call("aggregate_documents", north).await).remove(0);
                let is_north = |order: &&Value| {
                    desk.stored("Customer", order["customer"].as_str().unwrap())["territory"] == "North"
                };
                assert_eq!(told["count"], desk.all("Sales Order").iter().filter(is_north).count());
            })
        },
    },
];
