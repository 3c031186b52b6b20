//! Recorded documents of a real site go through the structs and come back as they were.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![cfg(all(feature = "accounts", feature = "crm", feature = "selling", feature = "setup"))]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use erpnext_doctypes::*;
use erpnext_schema::document::{Document, Extra, read};
use erpnext_schema::{DocTypeDef, FieldDef, Shape, time};
use serde_json::Value;

#[path = "../../tests/shared.rs"]
mod shared;

macro_rules! documents {
    ($($(#[$cfg:meta])* $doctype:literal $ty:ident)*) => {
        /// The document after a way through its struct, and the errors on the way.
        fn through(doctype: &str, document: &Extra) -> Option<(Extra, Vec<String>)> {
            match doctype {
                $($(#[$cfg])* $doctype => Some(by::<$ty>(document)),)*
                _ => None,
            }
        }
    };
}

documents! {
    "Customer" Customer
    "Lead" Lead
    "Sales Invoice" SalesInvoice
    "Sales Order" SalesOrder
    "Selling Settings" SellingSettings
    "UOM" Uom
    #[cfg(feature = "core")] "Comment" Comment
    #[cfg(feature = "core")] "DocType" DocType
    #[cfg(feature = "core")] "File" File
    #[cfg(feature = "core")] "System Settings" SystemSettings
    #[cfg(feature = "desk")] "Note" Note
    #[cfg(feature = "desk")] "ToDo" ToDo
}

fn by<D: Document>(document: &Extra) -> (Extra, Vec<String>) {
    let (document, errors) = read::<D>(document.clone());
    (document.emit(), errors.iter().map(ToString::to_string).collect())
}

/// Every document that an answer of the site holds.
fn recorded(recordings: &Path) -> Vec<(String, Extra)> {
    let mut files: Vec<_> = fs::read_dir(recordings).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut documents = Vec::new();
    for line in files.iter().flat_map(|file| fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()) {
        let exchange: Value = serde_json::from_str(&line).unwrap();
        let body = &exchange["body"];
        for document in ["data", "message"].iter().filter_map(|key| body.get(key)?.as_object()) {
            let doctype = document.get("doctype").and_then(Value::as_str);
            if let Some(doctype) = doctype.filter(|_| exchange["status"] == 200 && document.contains_key("name")) {
                documents.push((doctype.to_owned(), document.clone()));
            }
        }
    }
    documents
}

/// What went in and did not come out, but for nulls, empty tables, passwords, and the padding of times.
fn differences(def: Option<&DocTypeDef>, before: &Extra, after: &Extra, place: &str, found: &mut Vec<String>) {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let field = def.and_then(|def| def.field(key));
        let shape = field.map(|field| field.kind.shape());
        let at = format!("{place}.{key}");
        let (was, is) = (before.get(key).unwrap_or(&Value::Null), after.get(key).unwrap_or(&Value::Null));
        let nothing = |value: &Value| value.is_null() || (shape == Some(Shape::Rows) && *value == Value::Array(vec![]));
        match (was, is, shape) {
            (was, Value::Null, _) if nothing(was) && field.is_some() => {}
            (Value::String(was), Value::Null, Some(Shape::Secret)) if was.chars().all(|c| c == '*') => {}
            (Value::Array(was), Value::Array(is), Some(Shape::Rows)) if was.len() == is.len() => {
                let child = field.and_then(FieldDef::target).and_then(any);
                for (at_row, (was, is)) in was.iter().zip(is).enumerate() {
                    differences(child, was.as_object().unwrap(), is.as_object().unwrap(), &format!("{at}[{at_row}]"), found);
                }
            }
            (was, is, _) if was == is || same(was, is, shape) => {}
            (was, is, _) => found.push(format!("{at}: {was} became {is}")),
        }
    }
}

/// Whether two texts mean one value of that shape.
fn same(was: &Value, is: &Value, shape: Option<Shape>) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (was, is) = (text(was), text(is));
    match shape {
        Some(Shape::Int | Shape::Float | Shape::Bool) => {
            was.parse::<f64>().is_ok_and(|was| is.parse::<f64>().is_ok_and(|is| was.to_bits() == is.to_bits()))
        }
        Some(Shape::Text) => was == is,
        Some(Shape::Date) => time::parse_date(&was).is_ok_and(|was| time::format_date(was) == is),
        // The echo of a write keeps the `T` that was sent (H13).
        Some(Shape::Datetime) => was.replacen('T', " ", 1) == is,
        Some(Shape::Time) => time::parse_time(&was).is_ok_and(|was| time::format_time(was) == is),
        Some(Shape::Json) => {
            let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
            parsed(&was).is_some() && parsed(&was) == parsed(&is)
        }
        _ => false,
    }
}

#[test]
fn documents_as_a_site_gives_them_come_back_as_they_were() {
    assert!(come_back(&shared::excerpt()) >= 10);
}

#[test]
#[ignore = "needs the recordings of a real site"]
fn recorded_documents_come_back_as_they_were() {
    assert!(come_back(&shared::recordings()) >= 80);
}

/// Sends every recorded document through its struct; how many there were.
fn come_back(folder: &Path) -> usize {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut skipped: BTreeSet<String> = BTreeSet::new();
    let mut found = Vec::new();
    for (doctype, document) in recorded(&folder.join("site/recordings")) {
        let Some((after, errors)) = through(&doctype, &document) else {
            skipped.insert(doctype);
            continue;
        };
        *counts.entry(doctype.clone()).or_default() += 1;
        found.extend(errors.iter().map(|error| format!("{doctype}.{error}")));
        differences(any(&doctype), &document, &after, &doctype, &mut found);
    }
    println!("{} documents: {counts:?}; without a struct here: {skipped:?}", counts.values().sum::<usize>());
    assert_eq!(found, Vec::<String>::new());
    if cfg!(all(feature = "core", feature = "desk")) {
        // What people added to the recorded site is in no shipped snapshot.
        assert!(skipped.iter().all(|doctype| doctype.starts_with("Odd ")), "{skipped:?}");
    }
    counts.values().sum()
}

#[test]
fn values_arrive_in_the_fields_of_their_names() {
    let order = serde_json::json!({
        "name": "SO-1", "customer": "Palmer", "status": "To Bill", "grand_total": 12.5,
        "items": [{"item_code": "A", "qty": 2.0}, {"item_code": "B", "qty": 0.1}],
    });
    let order: SalesOrder = serde_json::from_value(order).unwrap();
    assert_eq!((order.customer.get(), order.customer.target()), (Some("Palmer"), "Customer"));
    assert!(order.status.is(SalesOrderStatus::ToBill));
    assert_eq!((order.grand_total, order.items[1].qty), (Some(12.5), Some(0.1)));
    assert_eq!(order.items[1].item_code.get(), Some("B"));
}
