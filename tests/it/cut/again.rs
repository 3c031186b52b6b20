//! A call of which nobody knew whether it was done, repeated without a look at the document: rows are not added twice.

use std::time::Duration;

use erpnext_sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{TODO, Told, World};

/// Adds a row by such a request, which the site does after nobody waits for it any more, and once more.
async fn added_twice(world: &World, tool: &str, (method, path): (&str, &str), add: &Value, table: &str) {
    let [doctype, name] = ["doctype", "name"].map(|key| add[key].as_str().unwrap());
    let rows = || world.site.stored(doctype, name).unwrap()[table].as_array().unwrap().len();
    let before = rows();
    world.site.sandbox.faults().add(Fault::new(FaultKind::Late(2_500)).method(method).path(path).times(1));
    let told = world.told(tool, add).await;
    assert!(matches!(&told, Told::Unknown(said) if said.contains("Whether it was done is not known")), "{told:?}");
    while rows() == before {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let told = world.told(tool, add).await;
    assert!(matches!(&told, Told::Unknown(said) if said.contains("was changed since")), "{told:?}");
    assert_eq!(rows(), before + 1);
    let read = json!({"doctype": doctype, "name": name});
    world.done("get_generic_document", read).await;
    world.done(tool, add.clone()).await;
    assert_eq!(rows(), before + 2, "whoever has read it may mean it");
}

/// Makes so many documents by such a request, which the site does after nobody waits for it any more, and once more. They are told
/// by their names, or as they are shown.
async fn made_twice(world: &World, tool: &str, path: &str, make: &Value, count: usize, shown: Option<&str>) {
    let before = world.site.sandbox.journal().len();
    world.site.sandbox.faults().add(Fault::new(FaultKind::Late(2_500)).method("POST").path(path).times(1));
    let told = world.told(tool, make).await;
    assert!(matches!(&told, Told::Unknown(said) if said.contains("Whether it was done is not known")), "{told:?}");
    while world.effects(before).len() < count {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let told = world.told(tool, make).await;
    let made = &world.effects(before)[0].1;
    let is_refused = |said: &str| said.contains(shown.unwrap_or(made)) && said.contains("nothing was sent");
    assert!(matches!(&told, Told::Unknown(said) if is_refused(said)), "{made}: {told:?}");
    assert_eq!(world.effects(before).len(), count);
    world.done(tool, make.clone()).await;
    assert_eq!(world.effects(before).len(), 2 * count, "whoever was told of it may mean another one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_by_now_is_not_made_again() {
    let world = World::start().await;
    let create = json!({"doctype": "ToDo", "data": {"description": "call back", "priority": "High"}});
    made_twice(&world, "create_generic_document", TODO, &create, 1, None).await;
    let all = json!({"doctype": "ToDo", "documents": [{"description": "one"}, {"description": "two"}], "atomic": true});
    made_twice(&world, "create_bulk_documents", "client.insert_many", &all, 2, None).await;
    let more = json!({"recipients": ["ann@example.com"], "subject": "About it", "content": "x"});
    let mail = world.of("Customer", json!({"customer_name": "Mailed"}), more).await;
    made_twice(&world, "send_document", "communication.email.make", &mail, 1, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_hangs_on_a_document_by_now_is_not_hung_there_again() {
    let world = World::start().await;
    let comment = world.todo(json!({"content": "called back"})).await;
    made_twice(&world, "add_comment", "add_comment", &comment, 1, Some("A comment on ToDo")).await;
    let file = world.todo(json!({"file_name": "note.txt", "text": "called back"})).await;
    made_twice(&world, "attach_file", "upload_file", &file, 1, Some("note.txt")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_a_draft_that_are_there_by_now_are_not_added_again() {
    let world = World::start().await;
    let mut add = world.thing(&[]).await;
    add["data"] = json!({"rows": {"add": [{"qty": 2.0, "class": "first"}]}});
    added_twice(&world, "update_generic_document", ("PUT", "/api/resource/Odd Thing"), &add, "rows").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_an_order_that_are_there_by_now_are_not_added_again() {
    let world = World::start().await;
    let item = world.first("Item", json!({"is_sales_item": 1, "has_variants": 0})).await;
    let row = json!({"item_code": item, "qty": 1, "rate": 9, "delivery_date": "2026-12-24"});
    let add = world.order(json!({"items": {"add": [row]}})).await;
    added_twice(&world, "update_order_items", ("POST", "update_child_qty_rate"), &add, "items").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_that_was_taken_by_now_is_not_taken_again_in_the_next_state() {
    let world = World::start().await;
    let lead = json!({"first_name": "Mara", "company_name": "Mara & Co"});
    let approve = world.of("Lead", lead, json!({"action": "Approve"})).await;
    let before = world.site.sandbox.journal().len();
    let late = Fault::new(FaultKind::Late(2_500)).method("POST").path("apply_workflow").times(1);
    world.site.sandbox.faults().add(late);
    let told = world.told("apply_workflow_action", &approve).await;
    assert!(matches!(&told, Told::Unknown(said) if said.contains("Whether it was done is not known")), "{told:?}");
    while world.effects(before).is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let told = world.told("apply_workflow_action", &approve).await;
    assert!(matches!(&told, Told::Unknown(said) if said.contains("was changed since")), "{told:?}");
    assert_eq!(world.effects(before).len(), 1);
}
