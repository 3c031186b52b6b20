//! Many documents in one call: checked together, stopped and gone on with, all or none.

use erpnext_mcp::tool::progress::CallObserver;
use erpnext_sandbox::{Fault, FaultKind, Sandbox};
use serde_json::{Value, json};

use super::{Desk, app};
use crate::sandbox::COMPANY;

/// Items with a price of 1, put in without the detour over HTTP.
fn items(site: &Sandbox, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|i| format!("BULK-{i:03}")).collect();
    site.with(|site| {
        let group = site.list("Item Group", &erpnext_sandbox::query::List::default())?[0]["name"].clone();
        for name in &names {
            let item = json!({"doctype": "Item", "item_code": name, "item_group": group, "stock_uom": "Nos", "standard_rate": 1});
            site.insert(item.as_object().unwrap().clone())?;
        }
        Ok(())
    })
    .unwrap();
    names
}

fn prices(names: &[String]) -> Value {
    let rows = names.iter().enumerate().map(|(i, name)| json!({"name": name, "standard_rate": i + 2}));
    rows.collect()
}

#[on_every_version]
async fn five_hundred_prices_are_changed_over_a_connection_that_breaks() {
    let desk = Desk::within(2).await;
    let names = items(&desk.site, 500);
    let broken = |kind, name: &str| Fault::new(kind).method("PUT").path(name).times(1);
    desk.site.faults().add(broken(FaultKind::CutAfter, "BULK-250"));
    desk.site.faults().add(broken(FaultKind::CutBefore, "BULK-251"));
    let before = desk.site.journal().len();
    let answer = desk.call("update_bulk_documents", json!({"doctype": "Item", "documents": prices(&names)})).await;
    assert_eq!((&answer["done"], &answer["total"]), (&json!(499), &json!(500)), "{answer}");
    // Reading showed that the first of the two was written; of the other there was no sign, which proves nothing.
    assert_eq!(answer["unknown"][0]["rows"], json!([{"row": 251, "name": "BULK-251"}]), "{answer}");
    assert_eq!(answer.get("failed"), None, "{answer}");
    // What is to be said of all rows is said once.
    let hidden = "standard_rate: the form shows it only when the document is not stored yet";
    let of_all: Vec<_> = answer["notes"].as_array().unwrap().iter().filter(|note| note["message"] == hidden).collect();
    assert!(matches!(&of_all[..], [note] if note["rows"].as_array().unwrap().len() == 499), "{answer}");
    assert_eq!(desk.journal(before).len(), 499);
    let rate = |name: &'static str| async { desk.get("Item", name).await["standard_rate"].clone() };
    assert_eq!((rate("BULK-250").await, rate("BULK-251").await), (json!(252.0), json!(1.0)));

    let again = json!({"doctype": "Item", "documents": [prices(&names)[251]]});
    assert_eq!(desk.call("update_bulk_documents", again).await["done"], 1);
    let list = json!({"doctype": "Item", "filters": {"name": ["like", "BULK-%"]}, "fields": ["name", "standard_rate"], "limit": 500, "order_by": "name asc"});
    let stored = desk.call("list_generic_documents", list).await;
    let wrong = stored["documents"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .find(|(i, row)| row["standard_rate"] != json!(*i as f64 + 2.0));
    assert_eq!(wrong, None);
    let progress = desk.progress();
    assert!([1.0, 250.0, 500.0].iter().all(|done| progress.contains(done)), "{progress:?}");
}

#[on_every_version]
async fn a_call_that_is_called_off_says_where_to_go_on() {
    let desk = Desk::open().await;
    let names = items(&desk.site, 40);
    let app = app(&desk.site, "administrator");
    let tool = app.registry().find("update_bulk_documents").unwrap();
    let mut arguments = json!({"doctype": "Item", "documents": prices(&names)}).as_object().unwrap().clone();
    let before = desk.site.journal().len();
    let (watch, mut told) = CallObserver::new();
    let call = app.observed_call(tool, arguments.clone(), None, &watch);
    let stop = async {
        told.recv().await;
        watch.stop();
    };
    let (answer, ()) = tokio::join!(call, stop);
    let answer = answer.unwrap().0;
    let start = answer["stopped"]["start_at"].as_u64().unwrap();
    assert!(start < 40 && answer["done"] == start, "{answer}");
    assert_eq!(desk.journal(before).len() as u64, start, "what is said to be done is what is done");
    arguments.insert("start_at".to_owned(), json!(start));
    let rest = app.call(tool, arguments, None).await.unwrap().0;
    assert_eq!(rest["done"], 40 - start, "{rest}");
    assert_eq!(desk.journal(before).len(), 40, "no row is written twice");
}

#[on_every_version]
async fn a_site_in_maintenance_stops_the_batch() {
    let desk = Desk::open().await;
    let names = items(&desk.site, 20);
    let fault = Fault::new(FaultKind::Maintenance).method("PUT").path("BULK-005");
    desk.site.faults().add(fault);
    let answer = desk.call("update_bulk_documents", json!({"doctype": "Item", "documents": prices(&names)})).await;
    assert_eq!(answer["failed"][0]["rows"], json!([{"row": 5, "name": "BULK-005"}]), "{answer}");
    let start = answer["stopped"]["start_at"].as_u64().unwrap();
    assert!((6..=9).contains(&start) && answer["done"] == start - 1, "{answer}");
}

#[on_every_version]
async fn documents_are_checked_together_before_the_first_is_sent() {
    let desk = Desk::open().await;
    let before = desk.site.journal().len();
    let documents =
        json!([{"description": "good"}, {"descriptoin": "bad"}, {"description": "good", "priority": "Hgh"}]);
    let text = desk.refusal("create_bulk_documents", json!({"doctype": "ToDo", "documents": documents})).await;
    for wanted in ["documents[1].descriptoin", "documents[2].priority", "nothing was sent"] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let twice = json!([{"name": "a", "description": "x"}, {"name": "a", "description": "y"}]);
    let text = desk.refusal("update_bulk_documents", json!({"doctype": "ToDo", "documents": twice})).await;
    assert!(text.contains("is named by an earlier row too"), "{text}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn links_that_the_site_would_check_are_looked_at_before_the_first_is_sent() {
    let desk = Desk::open().await;
    let before = desk.site.journal().len();
    let documents = json!([{"first_name": "L"}, {"first_name": "M", "territory": "Nowhere"}]);
    let text = desk.refusal("create_bulk_documents", json!({"doctype": "Lead", "documents": documents})).await;
    assert!(text.contains("documents[1].territory: there is no Territory named \"Nowhere\""), "{text}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn an_atomic_batch_makes_all_or_none() {
    let desk = Desk::open().await;
    let before = desk.site.journal().len();
    let documents = |customer: &str| json!([{"description": "one"}, {"description": "two", "reference_type": "Customer", "reference_name": customer}]);
    let call = |documents: Value| json!({"doctype": "ToDo", "documents": documents, "atomic": true});
    let text = desk.refusal("create_bulk_documents", call(documents("Nobody"))).await;
    assert!(text.contains("there is no Customer named \"Nobody\""), "{text}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let made = desk.call("create_bulk_documents", call(documents(&customer))).await;
    assert_eq!((&made["done"], made["created"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(desk.journal(before), ["insert ToDo", "insert ToDo"]);
    let many: Vec<_> = (0..201).map(|i| json!({"description": i.to_string()})).collect();
    let text = desk.refusal("create_bulk_documents", call(json!(many))).await;
    assert!(text.contains("at most 200 documents or none"), "{text}");
}

#[on_every_version]
async fn a_batch_is_deleted_after_one_confirmation_and_each_row_is_told() {
    let desk = Desk::open().await;
    let documents = json!([{"description": "a"}, {"description": "b"}]);
    let made = desk.call("create_bulk_documents", json!({"doctype": "ToDo", "documents": documents})).await;
    let mut names = made["created"].as_array().unwrap().clone();
    names.insert(1, json!("not-there"));
    let mut delete = json!({"doctype": "ToDo", "names": names});
    let before = desk.site.journal().len();
    // Nobody is asked about a document that is not there.
    let there = json!({"doctype": "ToDo", "names": [names[0], names[2]]});
    assert_eq!(desk.call("delete_bulk_documents", there).await["documents"], 2);
    assert_eq!(desk.journal(before), Vec::<String>::new());
    delete["confirm"] = json!(true);
    let answer = desk.call("delete_bulk_documents", delete).await;
    assert_eq!(answer["deleted"], json!([names[0], null, names[2]]), "{answer}");
    assert_eq!(answer["failed"][0]["rows"], json!([{"row": 1, "name": "not-there"}]));
    assert_eq!(desk.journal(before), ["delete ToDo", "delete ToDo"]);
}

#[on_every_version]
async fn all_or_none_takes_titles_and_tells_of_its_rows_what_one_by_one_tells() {
    let desk = Desk::open().await;
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 1).await.remove(0);
    let title = desk.get("Item", &item).await["item_name"].clone();
    assert_ne!(title, json!(item));
    let row = json!({"customer": customer, "company": COMPANY, "posting_date": "2026-01-20",
        "set_posting_time": false, "items": [{"item_code": title, "qty": 1}]});
    let batch = |more: Value| {
        let mut batch = json!({"doctype": "Sales Invoice", "documents": [row, row]});
        batch.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        batch
    };
    let posted = "posting_date: the site posts on the day itself, unless set_posting_time is true";
    for atomic in [false, true] {
        let dry = desk.call("create_bulk_documents", batch(json!({"atomic": atomic, "dry_run": true}))).await;
        let rows = dry["rows"].as_array().unwrap();
        for (at, row) in rows.iter().enumerate() {
            assert_eq!(row["would_create"]["items"][0]["item_code"], json!(item), "{dry}");
            assert_eq!((&row["row"], row.get("dry_run"), row.get("next")), (&json!(at), None, None), "{dry}");
        }
        assert!(rows.len() == 2 && dry.to_string().contains(posted), "{dry}");
    }
    let made = desk.call("create_bulk_documents", batch(json!({"atomic": true}))).await;
    let notes = made["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note["message"] == posted && note["rows"] == json!([0, 1])), "{made}");
    // And of each what the site stored otherwise.
    assert_eq!(notes[1]["stored_differently"]["posting_date"]["sent"], "2026-01-20", "{made}");
    let stored = desk.get("Sales Invoice", made["created"][0].as_str().unwrap()).await;
    assert_eq!(stored["items"][0]["item_code"], json!(item), "{stored}");
}

/// What one document is told in the dry run of its own create, many are told once, with their rows.
#[on_every_version]
async fn a_dry_run_of_a_batch_says_once_what_its_rows_leave_empty_and_what_was_not_checked() {
    let desk = Desk::open().await;
    let data = json!({"subject": "Fit the shelves", "is_template": 1});
    let one = json!({"doctype": "Task", "data": data, "dry_run": true});
    let one = desk.call("create_generic_document", one).await;
    let said = one["next"].as_str().unwrap().split_once("rules were not run.").unwrap().1.trim();
    assert!(!said.is_empty(), "{one}");
    for atomic in [false, true] {
        let batch = json!({"doctype": "Task", "documents": [data, data], "atomic": atomic, "dry_run": true});
        let dry = desk.call("create_bulk_documents", batch).await;
        let notes = dry["notes"].as_array().unwrap();
        assert!(notes.iter().any(|note| note["message"] == said && note["rows"] == json!([0, 1])), "{dry}");
    }
}
