//! Two that are alike at once, one of them lost: it is not told as done by what the other made.

use erpnext_sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{TODO, World, allowed, lines};
use crate::sandbox::COMPANY;
use crate::support::{all, call};

const ORDERS: &str = "/api/resource/Sales Order";

/// Makes the two calls at once, of which the site does one, and loses the answer of both.
async fn one_is_lost(world: &World, tool: &str, path: &str, doctype: &str, calls: [Value; 2]) {
    let before = lines(world.folder.path()).len();
    let faults = world.site.sandbox.faults();
    faults.add(Fault::new(FaultKind::CutBefore).method("POST").path(path).times(1));
    // What it makes is there before its own caller hears of it.
    faults.add(Fault::new(FaultKind::StallAfter).method("POST").path(path).times(1));
    let [one, other] = calls.map(|arguments| allowed(&world.app, tool, &arguments));
    let (one, other) = futures_util::future::join(call(&world.app, tool, one), call(&world.app, tool, other)).await;
    let journal = world.site.sandbox.journal();
    let made = journal.iter().rfind(|write| write.doctype == doctype).unwrap();
    for line in lines(world.folder.path()).into_iter().skip(before) {
        let its_own = line["id"] == json!(made.request_id);
        assert!(line["result"] != "ALLOWED" || line["operation"] == "READ" || its_own, "{line}; {one:?} {other:?}");
    }
}

/// An order of this purchase order, which differs from others of it in its only row.
async fn order(world: &World, po_no: &str, qty: u32) -> Value {
    let customer = world.first("Customer", json!({})).await;
    let item = world.first("Item", json!({"is_sales_item": 1, "has_variants": 0})).await;
    let data = json!({"customer": customer, "company": COMPANY, "delivery_date": "2026-12-24", "po_no": po_no,
        "items": [{"item_code": item, "qty": qty, "rate": 50}]});
    json!({"doctype": "Sales Order", "data": data})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_create_is_not_told_as_done_by_what_its_twin_made() {
    let world = World::start().await;
    let create = json!({"doctype": "ToDo", "data": {"description": "twin", "priority": "High"}});
    one_is_lost(&world, "create_generic_document", TODO, "ToDo", [create.clone(), create]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_order_is_not_told_as_done_by_one_of_other_rows() {
    let world = World::start().await;
    let orders = [order(&world, "PO-1", 1).await, order(&world, "PO-1", 9).await];
    one_is_lost(&world, "create_generic_document", ORDERS, "Sales Order", orders).await;
}

/// Which another process of the same user made just before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_order_is_not_told_as_done_by_one_of_another_process() {
    let world = World::start().await;
    let elsewhere = world.site.app(json!({"Sales Order": all(), "Customer": all(), "Item": all()}));
    for (tool, path) in [("create_generic_document", ORDERS), ("create_bulk_documents", "client.insert_many")] {
        let [one, other] = [order(&world, tool, 1).await, order(&world, tool, 9).await];
        let lost = match tool {
            "create_bulk_documents" => json!({"doctype": "Sales Order", "documents": [other["data"]], "atomic": true}),
            _ => other,
        };
        let made = call(&elsewhere, "create_generic_document", one).await.unwrap();
        world.site.sandbox.faults().add(Fault::new(FaultKind::CutBefore).method("POST").path(path).times(1));
        let told = call(&world.app, tool, allowed(&world.app, tool, &lost)).await.unwrap_err().for_model();
        assert!(told.contains("Whether it was done is not known"), "{tool}: {made} {told}");
    }
}

/// Which another process of the same user made just before, with a key that the site keeps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_create_is_not_told_as_done_by_what_was_made_with_a_key() {
    let world = World::start().await;
    let field = json!({"doctype": "Custom Field", "dt": "ToDo", "fieldname": "idempotency_key", "label": "Key",
        "fieldtype": "Data", "unique": 1});
    world.site.sandbox.with(|site| site.insert(field.as_object().unwrap().clone())).unwrap();
    let elsewhere = world.site.app(json!({"ToDo": all()}));
    let lost = json!({"doctype": "ToDo", "data": {"description": "twin", "priority": "High"}});
    let mut keyed = lost.clone();
    keyed["idempotency_key"] = json!("k-1");
    let made = call(&elsewhere, "create_generic_document", keyed).await.unwrap();
    assert_eq!(world.site.stored("ToDo", made["created"].as_str().unwrap()).unwrap()["idempotency_key"], "k-1");
    world.site.sandbox.faults().add(Fault::new(FaultKind::CutBefore).method("POST").path(TODO).times(1));
    let told = call(&world.app, "create_generic_document", lost).await.unwrap_err().for_model();
    assert!(told.contains("Whether it was done is not known"), "{made} {told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_mail_is_not_told_as_sent_by_one_of_another_text() {
    let world = World::start().await;
    let about = world.created("Customer", json!({"customer_name": "Mailed"})).await;
    let mail = |text: &str| {
        json!({"doctype": "Customer", "name": about, "recipients": ["ann@example.com"], "subject": "Reminder",
            "content": text, "confirm": true})
    };
    let path = "communication.email.make";
    one_is_lost(&world, "send_document", path, "Communication", [mail("TEXT-A"), mail("TEXT-B")]).await;
}
