//! The sandbox as a library: what survives, and what is undone.
#![allow(clippy::unwrap_used)]

use erpnext_sandbox::doc::Doc;
use erpnext_sandbox::query::List;
use erpnext_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

fn doc(value: Value) -> Doc {
    value.as_object().cloned().unwrap()
}

fn thing(title: &str) -> Doc {
    doc(json!({ "doctype": "Odd Thing", "title": title, "rows": [{ "qty": 1, "class": "kept" }, { "qty": 2 }] }))
}

#[tokio::test]
async fn a_row_loses_what_was_not_sent_and_the_others_go() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
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
async fn what_fails_is_undone_and_not_in_the_journal() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let failed = sandbox.with(|site| {
        site.insert(thing("a"))?;
        site.insert(doc(json!({ "doctype": "Odd Thing" })))
    });
    assert_eq!(failed.unwrap_err().exc.name, "MandatoryError");
    assert!(sandbox.journal().is_empty());
    let count = sandbox.with(|site| site.count("Odd Thing", &List::default()));
    assert_eq!(count.unwrap(), 0);
}
