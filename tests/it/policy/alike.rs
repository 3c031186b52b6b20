//! What is told alike, to the byte and in the same steps: a document out of scope and one that is not there, a withheld field
//! that holds something and one that is empty.

use erpnext_mcp::app::Connection;
use erpnext_sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{all, call};

async fn told(app: &Connection, tool: &str, arguments: Value) -> String {
    let tool = app.registry().find(tool).unwrap_or_else(|| panic!("{tool}"));
    let answer = app.call(tool, arguments.as_object().unwrap().clone(), None).await;
    answer.map_or_else(|error| error.for_model(), |(_, text)| text)
}

#[on_every_version]
async fn what_is_out_of_scope_takes_the_steps_of_what_is_not_there() {
    let site = SampleSite::start().await;
    let hidden = first(&site.app(json!({"Customer": all()})), "Customer", json!({"territory": "South"})).await;
    let mut scoped = all();
    scoped["conditions"] = json!({"read": {"territory": ["North"]}});
    let app = site.app(json!({"Customer": scoped, "Quotation": all(), "ToDo": all()}));
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(0)));
    let asks = || site.sandbox.faults().hits().get(&FaultKind::Latency(0)).copied().unwrap_or_default();
    for (tool, more) in [
        ("get_generic_document", json!({})),
        ("update_generic_document", json!({"data": {"website": "a.example"}})),
        ("delete_generic_document", json!({})),
        ("get_document_history", json!({})),
        ("get_linked_documents", json!({})),
        ("list_attachments", json!({})),
        ("add_comment", json!({"content": "x"})),
        ("rename_document", json!({"new_name": "Other"})),
        ("get_workflow_actions", json!({})),
        ("duplicate_document", json!({})),
        ("list_conversions", json!({})),
        ("assign_document", json!({"user": "sales@example.com"})),
    ] {
        let mut heard = Vec::new();
        // The first two are told what is asked once.
        for name in ["No Such Customer", hidden.as_str()].repeat(2) {
            let mut given = json!({"doctype": "Customer", "name": name});
            given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let before = asks();
            let text = told(&app, tool, given).await;
            assert!(text.contains("among those that") || text.contains("there is no Customer"), "{tool}: {text}");
            heard.push((text.replace(name, "NAME"), asks() - before));
        }
        assert!(heard[2].1 > 0, "{tool}");
        assert_eq!(heard[2], heard[3], "{tool}");
    }
}

#[on_every_version]
async fn a_withheld_field_is_named_whether_or_not_it_holds_anything() {
    let rule = |restricted: Value| {
        let mut rule = all();
        rule["restricted_fields"] = restricted;
        rule
    };
    let mut heard = Vec::new();
    for value in [json!("canary"), Value::Null] {
        let site = SampleSite::start().await;
        let open = site.app(json!({"Customer": all(), "Sales Order": all()}));
        let customer = first(&open, "Customer", json!({})).await;
        let order = first(&open, "Sales Order", json!({"status": "To Deliver and Bill"})).await;
        let row = site.stored("Sales Order", &order).unwrap()["items"][0]["name"].as_str().unwrap().to_owned();
        for (doctype, name, columns) in [
            ("Customer", &customer, json!({"tax_id": value, "website": value})),
            ("Sales Order", &order, json!({"po_no": value})),
            ("Sales Order Item", &row, json!({"additional_notes": value})),
        ] {
            site.sandbox.with(|site| site.set(doctype, name, columns.as_object().unwrap())).unwrap();
        }
        let app = site.app(json!({
            "Customer": rule(json!(["tax_id", "website"])),
            "Sales Order": rule(json!(["po_no", "items.additional_notes"])),
            "Sales Invoice": rule(json!(["po_no"])),
        }));
        let mut answers = Vec::new();
        for (doctype, name, withheld) in
            [("Customer", &customer, "tax_id"), ("Sales Order", &order, "items.additional_notes")]
        {
            let given = json!({"doctype": doctype, "name": name});
            let read = told(&app, "get_generic_document", given.clone()).await;
            assert!(read.contains(&format!("{withheld:?}")) && !read.contains("canary"), "{read}");
            answers.push(read);
            answers.push(told(&app, "duplicate_document", given).await);
        }
        // The time at which it is posted is that of the call.
        let made = json!({"doctype": "Sales Order", "name": order, "to": "Sales Invoice"});
        let made = call(&app, "convert_document", made).await.unwrap();
        let left_out = made["left_out"].to_string();
        assert!(left_out.contains("po_no"), "{made}");
        answers.push(left_out);
        heard.push(answers);
    }
    assert_eq!(heard[0], heard[1]);
}
