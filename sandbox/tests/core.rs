//! The sandbox as a library: what survives, and what is undone.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "common/wire.rs"]
#[allow(dead_code, reason = "each test reads what it needs of an answer")]
mod wire;

use erpnext_sandbox::doc::Doc;
use erpnext_sandbox::query::List;
use erpnext_sandbox::{Data, Loading, Options, Sandbox, Takes};
use serde_json::{Value, json};

fn doc(value: Value) -> Doc {
    value.as_object().cloned().unwrap()
}

fn thing(title: &str) -> Doc {
    doc(json!({ "doctype": "Odd Thing", "title": title, "rows": [{ "qty": 1, "class": "kept" }, { "qty": 2 }] }))
}

#[tokio::test]
async fn a_row_loses_what_was_not_sent_and_the_others_go() {
    let sandbox = Sandbox::start(Options { bench: true, ..Options::default() }).await.unwrap();
    let rows = sandbox.with(|site| {
        let made = site.insert(thing("a"))?;
        let row = made["rows"][0]["name"].clone();
        let name = made["name"].as_str().unwrap_or_default().to_owned();
        site.update("Odd Thing", &name, &doc(json!({ "rows": [{ "name": row, "qty": 9 }] })))?;
        Ok(site.load("Odd Thing", &name)?["rows"].clone())
    });
    let rows = rows.unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 1, "H1: rows that are not listed are deleted");
    assert_eq!((&rows[0]["qty"], &rows[0]["class"], &rows[0]["default"]), (&json!(9.0), &Value::Null, &json!(0)));
}

#[tokio::test]
async fn a_custom_field_has_a_column_also_where_links_are_looked_for_first() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let field =
        json!({ "doctype": "Custom Field", "dt": "Supplier", "fieldname": "x", "fieldtype": "Check", "label": "X" });
    let listed = sandbox.with(|site| {
        site.insert(doc(field))?;
        site.insert(doc(json!({ "doctype": "Supplier Group", "supplier_group_name": "Linked" })))?;
        site.delete("Supplier Group", "Linked")?;
        site.list("Supplier", &List { fields: json!(["x"]), ..List::default() })
    });
    listed.unwrap();
}

#[tokio::test]
async fn what_fails_is_undone_and_not_in_the_journal() {
    let sandbox = Sandbox::start(Options { bench: true, ..Options::default() }).await.unwrap();
    let failed = sandbox.with(|site| {
        site.insert(thing("a"))?;
        site.insert(doc(json!({ "doctype": "Odd Thing" })))
    });
    assert_eq!(failed.unwrap_err().exc.name, "MandatoryError");
    assert!(sandbox.journal().is_empty());
    let count = sandbox.with(|site| site.count("Odd Thing", &List::default()));
    assert_eq!(count.unwrap(), 0);
}

#[tokio::test]
async fn a_table_that_went_with_a_part_is_made_again() {
    let sandbox = Sandbox::start(Options { bench: true, ..Options::default() }).await.unwrap();
    let count = sandbox.with(|site| {
        let part = site.db.savepoint(|| site.delete("Odd Thing", "nothing of that name"));
        assert_eq!(part.unwrap_err().exc.name, "DoesNotExistError");
        Ok(())
    });
    count.unwrap();
    assert_eq!(sandbox.with(|site| site.count("Odd Thing", &List::default())).unwrap(), 0);
}

#[tokio::test]
async fn what_is_undone_leaves_its_table_there() {
    let sandbox = Sandbox::start(Options { bench: true, ..Options::default() }).await.unwrap();
    assert!(!sandbox.with(|site| Ok(site.db.has_table("Odd Thing")?)).unwrap());
    let failed = sandbox.with(|site| {
        site.insert(thing("a"))?;
        site.insert(doc(json!({ "doctype": "Odd Thing" })))
    });
    assert_eq!(failed.unwrap_err().exc.name, "MandatoryError");
    assert!(sandbox.with(|site| Ok(site.db.has_table("Odd Thing")?)).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_comes_before_the_data_waits_for_all_of_it() {
    let loading = Loading::begin(Options { sample: Some(1), ..Options::default() }).await.unwrap();
    let address = loading.url().trim_start_matches("http://").to_owned();
    let headers = [("Authorization".to_owned(), "token administrator:secret".to_owned())];
    let target = "/api/method/frappe.client.get_count?doctype=Sales%20Order";
    let request = wire::request("GET", target, &headers, b"");
    let early = std::thread::spawn(move || wire::exchange(&address, &request).unwrap());
    let sandbox = loading.ready().await.unwrap();
    let answer = early.join().unwrap();
    let count = sandbox.with(|site| site.count("Sales Order", &List::default())).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&answer.body).unwrap(), json!({ "message": count }));
    assert!(count > 40, "{count}");
}

#[tokio::test]
async fn what_was_deleted_of_the_sample_stays_deleted_where_the_data_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { sample: Some(1), data: Data::Directory(directory.path().into()), ..Options::default() };
    let count = |sandbox: &Sandbox| sandbox.with(|site| site.count("Lead", &List::default())).unwrap();
    let sandbox = Sandbox::start(options.clone()).await.unwrap();
    let before = count(&sandbox);
    sandbox.with(|site| site.delete("Lead", "CRM-LEAD-2026-00001")).unwrap();
    sandbox.stop().await;
    assert_eq!(count(&Sandbox::start(options).await.unwrap()), before - 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_asked_in_a_form_that_no_site_takes_is_named_and_ends_the_test() {
    let takes: Takes = |_, form| form.verb == "GET" && form.keys.is_empty();
    let sandbox = Sandbox::start(Options { takes: Some(takes), ..Options::default() }).await.unwrap();
    let address = sandbox.url().trim_start_matches("http://").to_owned();
    let headers = [
        ("Authorization".to_owned(), "token administrator:secret".to_owned()),
        ("Content-Type".to_owned(), "application/json".to_owned()),
    ];
    for (verb, target, headers, body) in [
        ("GET", "/api/method/frappe.ping", &headers[..1], ""),
        ("GET", "/files/none.txt?a=1", &headers[..1], ""),
        ("GET", "/api/method/frappe.ping?b=1&a=2", &headers[..1], ""),
        ("POST", "/api/resource/ToDo", &headers[..], r#"{"description": "x"}"#),
        ("POST", "/api/method/frappe.client.get", &headers[..], r#"{"doctype": "ToDo", "name": "x"}"#),
    ] {
        wire::exchange(&address, &wire::request(verb, target, headers, body.as_bytes())).unwrap();
    }
    let untaken = [
        "GET /api/method/frappe.ping url a b",
        "POST /api/method/frappe.client.get json doctype name",
        "POST /api/resource/{doctype} json",
    ];
    assert_eq!(sandbox.untaken(), untaken);
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(sandbox)));
    assert!(dropped.is_err(), "a test is told of it at its end");
}
