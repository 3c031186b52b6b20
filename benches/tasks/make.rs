//! Making documents, with links by what people call things.

use serde_json::json;

use crate::Task;

pub const TASKS: &[Task] = &[
    Task {
        name: "new customer",
        asked: "Enter the company Ferry Landing Cafe, a hotel in the West.",
        solve: |desk| {
            Box::pin(async move {
                let data = json!({"customer_name": "Ferry Landing Cafe", "customer_type": "Company",
                    "customer_group": "Hotels", "territory": "West"});
                let name = desk.create("Customer", data).await;
                let stored = desk.stored("Customer", &name);
                assert_eq!((&stored["territory"], &stored["customer_group"]), (&json!("West"), &json!("Hotels")));
            })
        },
    },
    Task {
        name: "new lead",
        asked: "Note Mara Whelan of Tideway Hostel, mara@tideway.example, as a lead.",
        solve: |desk| {
            Box::pin(async move {
                let data = json!({"first_name": "Mara", "last_name": "Whelan", "company_name": "Tideway Hostel",
                    "email_id": "mara@tideway.example"});
                let name = desk.create("Lead", data).await;
                let stored = desk.stored("Lead", &name);
                assert_eq!(stored["email_id"], "mara@tideway.example");
                assert_eq!(stored["company_name"], "Tideway Hostel");
            })
        },
    },
    Task {
        name: "quotation by titles",
        asked: "Offer Kestrel six task chairs.",
        solve: |desk| {
            Box::pin(async move {
                let found = desk.call("search_link", json!({"doctype": "Customer", "text": "kestrel"})).await;
                let customer = crate::desk::rows(&found)[0]["name"].clone();
                let data = json!({"quotation_to": "Customer", "party_name": customer,
                    "items": [{"item_code": "Task Chair", "qty": 6}]});
                let name = desk.create("Quotation", data).await;
                let stored = desk.stored("Quotation", &name);
                assert_eq!(stored["party_name"], "Kestrel Software");
                let row = &stored["items"][0];
                assert_eq!((&row["item_code"], &row["qty"]), (&json!("SEA-TASK"), &json!(6.0)));
            })
        },
    },
    Task {
        name: "order of two goods",
        asked: "Enter and submit an order of Tandem Bicycles for four task chairs and two lounge chairs by 18 December.",
        solve: |desk| {
            Box::pin(async move {
                let rows = [("Task Chair", 4), ("Lounge Chair", 2)];
                let rows =
                    rows.map(|(item, qty)| json!({"item_code": item, "qty": qty, "warehouse": "Main Store - AWF"}));
                let data = json!({"customer": "Tandem Bicycles", "delivery_date": "2026-12-18",
                    "items": rows});
                let name = desk.create("Sales Order", data).await;
                desk.submit("Sales Order", &name).await;
                let stored = desk.stored("Sales Order", &name);
                assert_eq!((&stored["docstatus"], &stored["customer"]), (&json!(1), &json!("Tandem Bicycles")));
                let codes: Vec<_> = stored["items"].as_array().unwrap().iter().map(|row| &row["item_code"]).collect();
                assert_eq!(codes, ["SEA-TASK", "SEA-LOUNGE"]);
            })
        },
    },
    Task {
        name: "three to-dos at once",
        asked: "Note three calls to make: Kestrel, Finch & Hale, Umber Gallery.",
        solve: |desk| {
            Box::pin(async move {
                let calls = ["Call Kestrel", "Call Finch & Hale", "Call Umber Gallery"];
                let rows = calls.map(|call| json!({ "description": call }));
                desk.call("create_bulk_documents", json!({"doctype": "ToDo", "documents": rows})).await;
                let stored = desk.all("ToDo");
                for call in ["Kestrel", "Finch", "Umber"] {
                    let is = |todo: &&serde_json::Value| todo["description"].as_str().unwrap().contains(call);
                    assert_eq!(stored.iter().filter(is).count(), 1, "{call}");
                }
            })
        },
    },
];
