//! Pages of a list: together they are the list, whatever it is sorted by and whatever changes between two of them.

use erpnext_mcp::app::Connection;
use serde_json::{Value, json};

use crate::sandbox::{SampleSite, site};
use crate::support::{Site, call, refusal};

const LIST: &str = "list_generic_documents";

fn names(answer: &Value) -> Vec<String> {
    let documents = answer["documents"].as_array().unwrap().iter();
    documents.map(|document| document["name"].as_str().unwrap().to_owned()).collect()
}

/// The names on all pages of that many, with the notes of the first.
async fn pages(app: &Connection, asked: &Value, limit: usize) -> (Vec<String>, String) {
    let (mut all, mut notes, mut cursor) = (Vec::new(), None, Value::Null);
    loop {
        let mut arguments = asked.clone();
        arguments["limit"] = json!(limit);
        arguments["cursor"] = cursor;
        let page = call(app, LIST, arguments).await.unwrap();
        all.extend(names(&page));
        notes.get_or_insert(page["note"].as_str().unwrap_or_default().to_owned());
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            return (all, notes.unwrap());
        }
    }
}

/// Takes away the date that a new ToDo gets.
pub fn without_date(site: &erpnext_sandbox::Sandbox, name: &Value) {
    let columns = json!({"date": null});
    site.with(|site| site.set("ToDo", name.as_str().unwrap(), columns.as_object().unwrap())).unwrap();
}

/// A site whose ToDos have a date, or none.
async fn with_todos() -> (erpnext_sandbox::Sandbox, Connection) {
    let (site, app) = site(json!({"default": {"read": true, "create": true}})).await;
    for at in 0..9 {
        let todo = json!({"description": format!("Call {at}"), "priority": (if at % 2 == 0 { "High" } else { "Low" })});
        let made = call(&app, "create_todo_document", json!({"data": todo})).await.unwrap();
        without_date(&site, &made["created"]);
    }
    (site, app)
}

#[on_every_version]
async fn the_pages_of_a_list_are_the_list_in_any_order() {
    let (_site, app) = with_todos().await;
    for (doctype, order) in [
        ("Sales Order", "modified desc"),
        ("Sales Order", "status asc, grand_total desc"),
        ("Sales Order", "docstatus desc, customer asc, transaction_date asc"),
        ("Customer", "territory asc"),
        ("Customer", "customer_name desc"),
        ("Customer", "website asc, name desc"),
        ("Customer", "website desc"),
        ("ToDo", "date asc"),
        ("ToDo", "date desc"),
        ("ToDo", "reference_name asc, description desc"),
        ("ToDo", "date desc, priority"),
        ("GL Entry", "posting_date desc, debit asc"),
    ] {
        let asked = json!({"doctype": doctype, "fields": ["name"], "order_by": order});
        let mut at_once = asked.clone();
        at_once["limit"] = json!(500);
        let whole = names(&call(&app, LIST, at_once).await.unwrap());
        assert!(whole.len() > 7, "{doctype}: {}", whole.len());
        let limit = whole.len().div_ceil(6);
        assert_eq!(pages(&app, &asked, limit).await.0, whole, "{doctype} by {order}");
    }
}

#[on_every_version]
async fn what_changes_between_two_pages_moves_no_other_document() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Customer": {"read": true, "update": true, "create": true}}));
    let whole = json!({"doctype": "Customer", "fields": ["name"], "limit": 500});
    let before = names(&call(&app, LIST, whole).await.unwrap());
    let asked = json!({"doctype": "Customer", "fields": ["name"], "limit": 5, "count": true});
    let first = call(&app, LIST, asked.clone()).await.unwrap();
    assert_eq!(names(&first), before[..5]);
    // One of this page and one of a later page come to the front.
    for name in [&before[3], &before[12]] {
        let change = json!({"doctype": "Customer", "name": name, "data": {"website": "https://changed.example"}});
        call(&app, "update_generic_document", change).await.unwrap();
    }
    let mut next = asked;
    next["cursor"] = first["next_cursor"].clone();
    let second = call(&app, LIST, next).await.unwrap();
    assert_eq!(names(&second), before[5..10]);
    assert_eq!(second["total"], first["total"], "the total is that of the first page");
}

#[on_every_version]
async fn documents_without_a_value_come_first_and_pages_by_position_say_so() {
    let (_site, app) = with_todos().await;
    let by = |order: &str| json!({"doctype": "ToDo", "fields": ["name"], "order_by": order});
    let (_, notes) = pages(&app, &by("date asc"), 5).await;
    assert!(notes.contains("documents without date come first"), "{notes}");
    assert!(notes.contains("goes on by position"), "{notes}");
    for order in ["date desc", "name asc", "priority asc"] {
        let (_, notes) = pages(&app, &by(order), 5).await;
        assert_eq!(notes, "", "{order}");
    }
}

/// On a stand-in: no site is known that takes no filter by the name.
#[on_every_version]
async fn a_list_that_does_not_go_on_is_not_read_for_ever() {
    let site = Site::start().await;
    let nodes: Value = (0..500).map(|number| json!({"name": format!("T{number:03}")})).collect();
    site.data("GET", "/api/resource/Territory", nodes).await;
    let app = site.app(json!({"Territory": {"read": true}}));
    let text = refusal(&app, "get_tree", json!({"doctype": "Territory"})).await;
    assert!(text.contains("the same documents of Territory again"), "{text}");
    assert!(site.lines().await.len() < 5, "{:?}", site.lines().await);
}
