//! Writes: one key makes one document, and a poll misses nothing.

use std::path::Path;
use std::time::Duration;

use erpnext_mcp::app::{App, Connection};
use erpnext_mcp::audit::Audit;
use erpnext_mcp::context::client_options;
use erpnext_mcp::site::{Client, ClientOptions, Retry};
use erpnext_sandbox::{Fault, FaultKind};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{all, app_of, call, load, refusal};

const CREATE: &str = "create_todo_document";

/// A server with a folder for what outlives it, as each process of one machine has the same.
fn server(site: &SampleSite, folder: &Path) -> Connection {
    server_of(site, folder, json!({"ToDo": all(), "Event": all()}), Duration::from_millis(700))
}

fn server_of(site: &SampleSite, folder: &Path, doctypes: Value, timeout: Duration) -> Connection {
    let mut config = load(&site.config(json!({"doctypes": doctypes})));
    config.state_folder = Some(folder.to_owned());
    let retry = Retry { first: Duration::from_millis(2), ..Retry::default() };
    let options = ClientOptions { timeout, retry, ..client_options(&config) };
    App::with_client(&config, Client::new(options).unwrap(), Audit::default()).unwrap().1
}

fn with_key(key: &str) -> Value {
    json!({"data": {"description": "once"}, "idempotency_key": key})
}

#[tokio::test]
async fn one_key_makes_one_document_at_once_later_and_in_two_processes() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let servers = [server(&site, folder.path()), server(&site, folder.path())];
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(200)).method("POST").path("/api/resource/ToDo"));
    let at_once = (0..6).map(|at| call(&servers[at % 2], CREATE, with_key("k-1")));
    let mut names: Vec<String> = Vec::new();
    for answer in join_all(at_once).await {
        names.push(answer.unwrap()["created"].as_str().unwrap().to_owned());
    }
    // A process that starts later knows it too.
    let later = call(&server(&site, folder.path()), CREATE, with_key("k-1")).await.unwrap();
    names.push(later["created"].as_str().unwrap().to_owned());
    assert!(later["messages"].to_string().contains("nothing was sent now"), "{later}");
    assert_eq!(site.writes(), [format!("insert ToDo {}", names[0])]);
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
    let other = call(&servers[0], CREATE, with_key("k-2")).await.unwrap();
    assert_ne!(other["created"], names[0]);
}

/// A server that makes documents from others.
fn maker(site: &SampleSite, folder: &Path) -> Connection {
    maker_within(site, folder, Duration::from_secs(20))
}

fn maker_within(site: &SampleSite, folder: &Path, timeout: Duration) -> Connection {
    let doctypes = json!({"ToDo": all(), "Sales Order": all(), "Delivery Note": all()});
    server_of(site, folder, doctypes, timeout)
}

/// The call that copies a new ToDo.
async fn copy(app: &Connection, key: &str) -> Value {
    let todo = call(app, CREATE, json!({"data": {"description": "to copy"}})).await.unwrap();
    json!({"doctype": "ToDo", "name": todo["created"], "save": true, "idempotency_key": key})
}

/// The call that makes the delivery of an order.
async fn delivery(app: &Connection, key: &str) -> Value {
    let order = first(app, "Sales Order", json!({"docstatus": 1, "per_delivered": 0})).await;
    json!({"doctype": "Sales Order", "name": order, "to": "Delivery Note", "save": true, "idempotency_key": key})
}

#[on_every_version]
async fn one_key_copies_and_converts_once_at_once_later_and_in_two_processes() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let servers = [maker(&site, folder.path()), maker(&site, folder.path())];
    for (tool, arguments, doctype) in [
        ("duplicate_document", copy(&servers[0], "k-1").await, "ToDo"),
        ("convert_document", delivery(&servers[0], "k-1").await, "Delivery Note"),
    ] {
        let before = site.writes().len();
        site.sandbox.faults().add(Fault::new(FaultKind::Latency(200)).method("POST").path("/api/resource"));
        let at_once = (0..4).map(|at| call(&servers[at % 2], tool, arguments.clone()));
        let mut answers: Vec<Value> = join_all(at_once).await.into_iter().map(Result::unwrap).collect();
        // A process that starts later knows it too.
        answers.push(call(&maker(&site, folder.path()), tool, arguments.clone()).await.unwrap());
        let made = answers[0]["created"].as_str().unwrap();
        assert_eq!(site.writes()[before..], [format!("insert {doctype} {made}")]);
        assert!(answers.iter().all(|answer| answer["created"] == made && answer["doctype"] == doctype), "{answers:?}");
        assert!(answers[4]["messages"].to_string().contains("nothing was sent now"), "{answers:?}");
        assert_eq!(answers[4]["from"]["name"], arguments["name"]);
    }
}

#[on_every_version]
async fn a_key_whose_conversion_got_no_answer_makes_no_second_document() {
    join_all([true, false].map(conversion_without_an_answer)).await;
}

async fn conversion_without_an_answer(takes_effect: bool) {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    // It is looked for until the time for a write is over.
    let maker = || maker_within(&site, folder.path(), Duration::from_secs(4));
    let app = maker();
    let arguments = delivery(&app, "k-1").await;
    let lost = if takes_effect { FaultKind::CutAfter } else { FaultKind::CutBefore };
    let path = "/api/resource/Delivery Note";
    site.sandbox.faults().add(Fault::new(lost).method("POST").path(path).times(1));
    // Nor can what was made be read.
    site.sandbox.faults().add(Fault::new(FaultKind::Json(500)).method("GET").path(path));
    let said = refusal(&app, "convert_document", arguments.clone()).await;
    assert!(said.contains("Whether it was done is not known"), "{said}");
    for app in [app, maker()] {
        let said = refusal(&app, "convert_document", arguments.clone()).await;
        assert!(said.contains("an earlier call with it got no answer") && said.contains("another key"), "{said}");
    }
    assert_eq!(site.writes().len(), usize::from(takes_effect));
}

#[on_every_version]
async fn the_key_of_a_copy_stands_for_its_source_and_outlives_that() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let app = maker(&site, folder.path());
    let (arguments, mut of_another) = (copy(&app, "k-1").await, copy(&app, "k-1").await);
    let made = call(&app, "duplicate_document", arguments.clone()).await.unwrap();
    let said = refusal(&app, "duplicate_document", of_another.clone()).await;
    assert!(said.contains("used it for a ToDo with other values; nothing was sent"), "{said}");
    // What is only shown uses no key.
    of_another["save"] = json!(false);
    assert!(call(&app, "duplicate_document", of_another).await.unwrap()["draft"].is_object());
    call(&app, "delete_todo_document", json!({"name": arguments["name"], "confirm": true})).await.unwrap();
    let again = call(&app, "duplicate_document", arguments).await.unwrap();
    assert_eq!(again["created"], made["created"]);
}

#[tokio::test]
async fn a_key_whose_create_got_no_answer_makes_no_second_document() {
    for takes_effect in [true, false] {
        let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
        let app = server(&site, folder.path());
        let lost = if takes_effect { FaultKind::StallAfter } else { FaultKind::CutBefore };
        site.sandbox.faults().add(Fault::new(lost).method("POST").path("/api/resource/ToDo").times(1));
        // Nor can what was made be read.
        site.sandbox.faults().add(Fault::new(FaultKind::Json(500)).method("GET").path("/api/resource/ToDo"));
        let said = refusal(&app, CREATE, with_key("k-1")).await;
        assert!(said.contains("Whether it was done is not known"), "{said}");
        for app in [app, server(&site, folder.path())] {
            let said = refusal(&app, CREATE, with_key("k-1")).await;
            assert!(said.contains("an earlier call with it got no answer") && said.contains("another key"), "{said}");
        }
        assert_eq!(site.writes().len(), usize::from(takes_effect));
    }
}

#[tokio::test]
async fn a_key_stands_for_what_it_was_first_used_for() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let app = server(&site, folder.path());
    let made = call(&app, CREATE, with_key("k-1")).await.unwrap();
    let mut other = with_key("k-1");
    other["data"]["description"] = json!("another");
    let said = refusal(&app, CREATE, other).await;
    assert!(said.contains("used it for a ToDo with other values; nothing was sent"), "{said}");
    // How it is called does not matter.
    let mut again = with_key("k-1");
    (again["doctype"], again["return_document"]) = (json!("ToDo"), json!(true));
    let again = call(&server(&site, folder.path()), "create_generic_document", again).await.unwrap();
    assert_eq!(again["created"], made["created"]);
    for empty in ["", "  "] {
        let said = refusal(&app, CREATE, with_key(empty)).await;
        assert!(said.contains("idempotency_key: expected a text that is not empty"), "{said}");
    }
    assert_eq!(site.writes().len(), 1);
    let event = |subject: &str| {
        json!({"data": {"subject": subject, "event_type": "Private", "starts_on": "2026-12-01 09:00:00"},
            "idempotency_key": "k-2"})
    };
    call(&app, "create_event_document", event("Fitting")).await.unwrap();
    let said = refusal(&app, "create_event_document", event("Delivery")).await;
    assert!(said.contains("used it for an Event with other values"), "{said}");
}

#[tokio::test]
async fn a_key_whose_document_was_deleted_makes_no_other() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let app = server(&site, folder.path());
    let made = call(&app, CREATE, with_key("k-1")).await.unwrap();
    call(&app, "delete_todo_document", json!({"name": made["created"], "confirm": true})).await.unwrap();
    let before = site.writes().len();
    let said = refusal(&app, CREATE, with_key("k-1")).await;
    assert!(said.contains("the ToDo that was made with it was deleted") && said.contains("another key"), "{said}");
    assert_eq!(site.writes().len(), before);
}

#[tokio::test]
async fn the_links_of_every_row_are_looked_at_before_the_first_is_sent() {
    let site = SampleSite::start().await;
    let app = app_of(&site.config(json!({"doctypes": {"Sales Order": all(), "Customer": all(), "Item": all()}})));
    let order = crate::sandbox::first(&app, "Sales Order", json!({"docstatus": 0})).await;
    let order = site.stored("Sales Order", &order).unwrap();
    let row = |customer: &Value| {
        let items =
            json!([{"item_code": order["items"][0]["item_code"], "qty": 1, "delivery_date": order["delivery_date"]}]);
        json!({"customer": customer, "company": order["company"], "delivery_date": order["delivery_date"], "items": items})
    };
    let rows = [row(&order["customer"]), row(&json!("No Such Customer"))];
    let said = refusal(&app, "create_bulk_documents", json!({"doctype": "Sales Order", "documents": rows})).await;
    assert!(said.contains("documents[1].customer: there is no Customer named"), "{said}");
    assert!(site.writes().is_empty(), "{:?}", site.writes());
}

#[tokio::test]
async fn a_key_that_the_site_refused_can_be_used_again() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let app = server(&site, folder.path());
    site.sandbox.faults().add(Fault::new(FaultKind::Json(417)).method("POST").path("/api/resource/ToDo").times(1));
    refusal(&app, CREATE, with_key("k-1")).await;
    call(&app, CREATE, with_key("k-1")).await.unwrap();
    assert_eq!(site.writes().len(), 1);
}

#[tokio::test]
async fn keys_that_cannot_be_kept_are_refused() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("keys"), "in the way").unwrap();
    let app = server(&site, folder.path());
    let said = refusal(&app, CREATE, with_key("k-1")).await;
    assert!(said.contains("cannot keep keys now; nothing was sent"), "{said}");
    assert!(site.writes().is_empty());
    call(&app, CREATE, json!({"data": {"description": "without"}})).await.unwrap();
}

#[tokio::test]
async fn a_change_that_is_committed_late_is_given_by_the_next_poll_and_once() {
    let site = SampleSite::start().await;
    let app = app_of(&site.config(json!({"default": all()})));
    let make = async |words: &str| {
        let data = json!({"doctype": "ToDo", "data": {"description": words}});
        call(&app, "create_generic_document", data).await.unwrap()["created"].as_str().unwrap().to_owned()
    };
    let (late, early) = (make("late").await, make("early").await);
    let at = |name: &str| site.stored("ToDo", name).unwrap()["modified"].as_str().unwrap().to_owned();
    let since = at(&late);
    // Not committed yet: as if its row was of long ago, until it shows with the time at which it was written.
    let set = |name: &str, modified: &str| {
        let statement = format!("UPDATE `tabToDo` SET modified = '{modified}' WHERE name = '{name}'");
        site.sandbox.with(|site| site.sql(&statement, &[], &[])).unwrap();
    };
    set(&late, "2020-01-01 00:00:00");
    let before = "2026-01-01 00:00:00";
    let names = |answer: &Value| -> Vec<String> {
        let changes = answer["changes"].as_array().unwrap().iter();
        changes.map(|change| change["name"].as_str().unwrap().to_owned()).collect()
    };
    let first =
        call(&app, "get_changes_since", json!({"doctypes": ["ToDo"], "since": before, "limit": 500})).await.unwrap();
    assert!(names(&first).contains(&early) && !names(&first).contains(&late), "{first}");
    set(&late, &since);
    let mut cursor = first["cursor"].clone();
    let mut poll = async || {
        let answer = call(&app, "get_changes_since", json!({"doctypes": ["ToDo"], "cursor": cursor})).await.unwrap();
        cursor = answer["cursor"].clone();
        names(&answer)
    };
    assert_eq!(poll().await, [late]);
    assert_eq!(poll().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_row_of_a_batch_that_a_condition_refuses_is_that_rows_error() {
    let site = SampleSite::start().await;
    let rule = json!({"read": true, "create": true, "update": true, "conditions": {"update": {"status": ["Open"]}}});
    let app = app_of(&site.config(json!({"doctypes": {"ToDo": rule}})));
    let mut rows = Vec::new();
    for at in 0..12 {
        let status = if at == 5 { "Closed" } else { "Open" };
        let data = json!({"data": {"description": "x", "status": status}});
        let made = call(&app, CREATE, data).await.unwrap();
        rows.push(json!({"name": made["created"], "description": format!("row {at}")}));
    }
    let answer = call(&app, "update_bulk_documents", json!({"doctype": "ToDo", "documents": rows})).await.unwrap();
    assert_eq!(answer["done"], 11, "{answer}");
    assert_eq!(answer["failed"][0]["rows"][0]["row"], 5, "{answer}");
    assert_eq!(answer.get("stopped"), None, "{answer}");
}
