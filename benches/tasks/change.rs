//! Correcting, approving, passing on.

use serde_json::{Value, json};

use crate::Task;

/// The first draft order.
async fn draft(desk: &mut crate::Desk, fields: Value) -> Value {
    let first = json!({"limit": 1, "order_by": "name asc"});
    desk.list("Sales Order", fields, json!({"docstatus": 0}), first).await.remove(0)
}

pub const TASKS: &[Task] = &[
    Task {
        name: "correct a master",
        asked: "The website of Umber Gallery is umber.example.",
        solve: |desk| {
            Box::pin(async move {
                let change =
                    json!({"doctype": "Customer", "name": "Umber Gallery", "data": {"website": "umber.example"}});
                desk.call("update_generic_document", change).await;
                assert_eq!(desk.stored("Customer", "Umber Gallery")["website"], "umber.example");
            })
        },
    },
    Task {
        name: "correct a quantity",
        asked: "One more of the first item in the first draft order.",
        solve: |desk| {
            Box::pin(async move {
                let name = draft(desk, json!(["name"])).await["name"].as_str().unwrap().to_owned();
                let before = desk.stored("Sales Order", &name);
                let get = json!({"doctype": "Sales Order", "name": name, "fields": ["items.item_code", "items.qty"]});
                let read = desk.call("get_generic_document", get).await;
                let shown = read["document"]["items"].as_array().unwrap();
                let quantity = shown[0]["qty"].as_f64().unwrap() + 1.0;
                let kept = shown.iter().skip(1).map(|row| json!({"name": row["name"]}));
                let first = json!({"name": shown[0]["name"], "qty": quantity});
                let rows: Vec<Value> = std::iter::once(first).chain(kept).collect();
                let change = json!({"doctype": "Sales Order", "name": name, "data": {"items": rows}});
                desk.call("update_generic_document", change).await;
                let after = desk.stored("Sales Order", &name);
                assert_eq!(after["items"][0]["qty"], quantity);
                assert_eq!(after["items"][0]["rate"], before["items"][0]["rate"]);
                assert_eq!(after["items"].as_array().unwrap().len(), before["items"].as_array().unwrap().len());
            })
        },
    },
    Task {
        name: "correct what is submitted",
        asked: "The first submitted quotation of Kestrel that is open was meant for sixty days: correct its last day.",
        solve: |desk| {
            Box::pin(async move {
                let open = json!({"party_name": "Kestrel Software", "status": "Open"});
                let first = json!({"limit": 1, "order_by": "name asc"});
                let found = desk.list("Quotation", json!(["name"]), open, first).await;
                let name = found[0]["name"].as_str().unwrap().to_owned();
                let mut cancel = json!({"doctype": "Quotation", "name": name});
                cancel["confirm_token"] = desk.call("cancel_document", cancel.clone()).await["confirm_token"].clone();
                desk.call("cancel_document", cancel).await;
                let data = json!({"valid_till": "2027-01-31"});
                let amend = json!({"doctype": "Quotation", "name": name});
                let made = desk.call("amend_document", amend).await["created"].as_str().unwrap().to_owned();
                desk.call("update_generic_document", json!({"doctype": "Quotation", "name": made, "data": data})).await;
                desk.submit("Quotation", &made).await;
                let stored = desk.stored("Quotation", &made);
                assert_eq!((&stored["docstatus"], &stored["valid_till"]), (&json!(1), &json!("2027-01-31")));
                assert_eq!(stored["amended_from"], name);
                assert_eq!(desk.stored("Quotation", &name)["docstatus"], 2);
            })
        },
    },
    Task {
        name: "approve",
        asked: "Approve the lead Lantern Youth Hostel.",
        solve: |desk| {
            Box::pin(async move {
                let named = json!({"company_name": "Lantern Youth Hostel"});
                let found = desk.list("Lead", json!(["name"]), named, json!({})).await;
                let name = found[0]["name"].as_str().unwrap().to_owned();
                let approve = json!({"doctype": "Lead", "name": name, "action": "Approve"});
                desk.call("apply_workflow_action", approve).await;
                assert_eq!(desk.stored("Lead", &name)["workflow_state"], "Approved");
            })
        },
    },
    Task {
        name: "close tasks",
        asked: "All open tasks of the project PROJ-0004 are done.",
        solve: |desk| {
            Box::pin(async move {
                let open = json!({"project": "PROJ-0004", "status": ["not in", ["Completed", "Cancelled"]]});
                let tasks = desk.list("Task", json!(["name"]), open, json!({})).await;
                assert!(!tasks.is_empty());
                let done = |task: &Value| json!({"name": task["name"], "status": "Completed"});
                let rows: Vec<Value> = tasks.iter().map(done).collect();
                desk.call("update_bulk_documents", json!({"doctype": "Task", "documents": rows})).await;
                let tasks = desk.all("Task").into_iter().filter(|task| task["project"] == "PROJ-0004");
                assert!(tasks.into_iter().all(|task| task["status"] == "Completed" || task["status"] == "Cancelled"));
            })
        },
    },
    Task {
        name: "pass on",
        asked: "Ask sales@example.com to look after Quince Catering, and note why.",
        solve: |desk| {
            Box::pin(async move {
                let who = json!({"doctype": "Customer", "name": "Quince Catering", "user": "sales@example.com"});
                desk.call("assign_document", who).await;
                let note = json!({"doctype": "Customer", "name": "Quince Catering", "content": "Wants a visit."});
                desk.call("add_comment", note).await;
                let to = desk.all("ToDo").into_iter().any(|todo| {
                    todo["reference_name"] == "Quince Catering" && todo["allocated_to"] == "sales@example.com"
                });
                let said = desk.all("Comment").into_iter().any(|comment| {
                    comment["reference_name"] == "Quince Catering" && comment["content"].to_string().contains("a visit")
                });
                assert!(to && said);
            })
        },
    },
];
