#![allow(clippy::unwrap_used)]

use std::str::FromStr as _;

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;

use super::Document as _;
use crate::document::{Choice as _, read};
use crate::prelude::*;

static LINE: Versioned = versioned!(Stated::new(DocTypeDef {
    flags: doctype_flag::CHILD,
    fields: &[field!("qty", Float, "Qty")],
    ..DocTypeDef::new("Line", "Test")
}));

static THING: Versioned = versioned!(Stated::new(DocTypeDef {
    fields: &[
        field!("type", Select, "Type", options = Choices(&["Open", "Shut"])),
        field!("place", Link, "Place", options = Target("Territory")),
        field!("active", Check, "Active"),
        field!("count", Int, "Count"),
        field!("day", Date, "Day"),
        field!("data", Json, "Data"),
        field!("key", Password, "Key"),
        field!("lines", Table, "Lines", options = Target("Line")),
    ],
    ..DocTypeDef::new("Thing", "Test")
}));

targets! { Territory = "Territory", User = "User", DocType = "DocType" }
choices! { pub ThingType { Open = "Open", Shut = "Shut" } }

#[derive(Default, Debug)]
struct Line {
    name: Option<String>,
    owner: Link<User>,
    creation: Option<DateTime>,
    modified: Option<DateTime>,
    modified_by: Link<User>,
    docstatus: Option<i64>,
    idx: Option<i64>,
    parent: Option<String>,
    parentfield: Option<String>,
    parenttype: Link<DocType>,
    qty: Option<f64>,
    extra: Extra,
}

#[derive(Default, Debug)]
struct Thing {
    name: Option<String>,
    owner: Link<User>,
    creation: Option<DateTime>,
    modified: Option<DateTime>,
    modified_by: Link<User>,
    docstatus: Option<i64>,
    idx: Option<i64>,
    r#type: Select<ThingType>,
    place: Link<Territory>,
    active: Option<bool>,
    count: Option<i64>,
    day: Option<Date>,
    data: Option<Value>,
    key: Option<Secret>,
    lines: Vec<Line>,
    extra: Extra,
}

document! { Line(LINE): name owner creation modified modified_by docstatus idx parent parentfield parenttype qty }
document! { Thing(THING): name owner creation modified modified_by docstatus idx r#type place active count day data key lines }

fn through(document: &Value) -> (Thing, Vec<String>) {
    let (thing, errors) = read::<Thing>(document.as_object().unwrap().clone());
    (thing, errors.iter().map(ToString::to_string).collect())
}

#[test]
fn a_document_comes_back_as_it_was() {
    let document = json!({
        "name": "T1", "owner": "a@b", "modified": "2026-10-03 19:48:12.029309", "docstatus": 0, "idx": 3,
        "type": "Ajar", "place": "", "active": 1, "count": 9_007_199_254_740_993_i64, "day": "2026-01-05",
        "data": "{\"a\":[1]}", "lines": [{"name": "L1", "qty": 0.30000000000000004, "item": {"x": 1}}],
        "custom": [1, {"deep": true}], "doctype": "Thing",
    });
    let (thing, errors) = through(&document);
    assert_eq!((errors.as_slice(), Value::Object(thing.emit())), (&[][..], document));
    assert_eq!(thing.extra.len(), 2);
}

#[test]
fn nothing_is_sent_for_what_was_never_set() {
    assert_eq!(Thing::default().emit().len(), 0);
    let (thing, errors) = through(&json!({"count": null, "lines": [], "key": "*****"}));
    assert_eq!((thing.emit().len(), errors.len()), (0, 0));
}

#[test]
fn an_emptied_table_is_sent_only_on_purpose() {
    let mut thing = Thing::default();
    thing.extra.insert("lines".to_owned(), json!([]));
    assert_eq!(Value::Object(thing.emit()), json!({"lines": []}));
}

#[test]
fn wrong_types_are_named_all_at_once_and_kept() {
    let document = json!({
        "active": 7, "count": 1.5, "day": "soon", "data": "{", "key": 5, "type": ["Open"],
        "lines": [{"qty": 1.0}, {"qty": "much", "parent": {}}],
    });
    let (thing, errors) = through(&document);
    let expected = [
        "type: expected text, found a list",
        "active: expected 0 or 1, found a number",
        "count: expected a whole number, found a number",
        "day: expected a date as YYYY-MM-DD, found other text",
        "data: expected JSON in a string, found other text",
        "key: expected text, found a number",
        "lines[1].parent: expected text, found an object",
        "lines[1].qty: expected a number, found other text",
    ];
    assert_eq!(errors, expected);
    assert_eq!(Value::Object(thing.emit()), document);
    assert_eq!(serde_json::from_value::<Thing>(document).unwrap_err().to_string(), expected.join("\n"));
}

#[test]
fn rows_that_are_no_rows_stay_as_they_came() {
    for (lines, error) in [
        (json!("none"), "lines: expected a list of rows, found other text"),
        (json!([{}, 5]), "lines[1]: expected a row with fields, found a number"),
    ] {
        let document = json!({"lines": lines});
        let (thing, errors) = through(&document);
        assert_eq!((errors, Value::Object(thing.emit())), (vec![error.to_owned()], document));
    }
}

#[test]
fn text_for_numbers_and_numbers_for_text_are_understood() {
    let (thing, errors) = through(&json!({"name": 5, "idx": "0", "active": true, "count": 3.0, "day": ""}));
    assert_eq!(errors, Vec::<String>::new());
    let emitted = Value::Object(thing.emit());
    assert_eq!(emitted, json!({"name": "5", "idx": 0, "active": 1, "count": 3, "day": ""}));
}

#[test]
fn a_select_is_open_for_reading_and_closed_for_writing() {
    let (mut thing, _) = through(&json!({"type": "Ajar"}));
    assert_eq!(thing.r#type.get(), Some(Err("Ajar")));
    thing.r#type = ThingType::Shut.into();
    assert!(thing.r#type.is(ThingType::Shut) && !thing.r#type.is(ThingType::Open));
    assert_eq!((thing.r#type.get(), thing.r#type.text()), (Some(Ok(ThingType::Shut)), Some("Shut")));
    assert_eq!(ThingType::ALL.iter().map(|choice| choice.as_str()).collect::<Vec<_>>(), ["Open", "Shut"]);
}

#[test]
fn a_link_knows_what_it_points_to() {
    let thing = Thing { place: "North".into(), ..Thing::default() };
    assert_eq!((thing.place.get(), thing.place.target()), (Some("North"), "Territory"));
    assert_eq!(Thing { place: "".into(), ..Thing::default() }.place.get(), None);
}

#[test]
fn debug_hides_a_secret_that_is_sent_all_the_same() {
    let thing = Thing { key: Some(Secret::new("hunter2")), ..Thing::default() };
    assert!(!format!("{thing:?}").contains("hunter2"));
    assert_eq!(Value::Object(thing.emit()), json!({"key": "hunter2"}));
}

#[test]
fn no_number_is_sent_as_text_for_the_check_to_refuse() {
    let line = Line { qty: Some(f64::NAN), ..Line::default() };
    assert_eq!(Value::Object(line.emit()), json!({"qty": "NaN"}));
}

/// What the site sends is the shortest text of a double, such as Python computes it: 0.1 + 0.2. An f64 gives the
/// same text back; a Decimal rounds what came as a double to fewer digits, and holds neither small nor large ones.
#[test]
fn an_f64_keeps_every_digit_where_a_decimal_loses_some() {
    for text in ["0.30000000000000004", "1e-30", "1.1", "99999999999.99", "-0.1", "123456789.123456"] {
        let number: f64 = text.parse().unwrap();
        assert_eq!(f64_text(number), json!(number).to_string());
        assert_eq!(f64_text(number).parse::<f64>().unwrap().to_bits(), number.to_bits());
    }
    // From the double that JSON gives, and from the text itself.
    let from_double = |number: f64| Decimal::try_from(number).ok().map(|kept| kept.to_string());
    assert_eq!(from_double(0.1 + 0.2).as_deref(), Some("0.3"));
    assert_ne!(from_double(123_456_789_012.345_67).as_deref(), Some("123456789012.34567"));
    assert_ne!(Decimal::from_scientific("1e-30").ok().map(|kept| kept.to_string()).as_deref(), Some("1e-30"));
    assert!(Decimal::from_str("1.7976931348623157e308").is_err());
}

fn f64_text(number: f64) -> String {
    let (line, errors) = read::<Line>(json!({"qty": number}).as_object().unwrap().clone());
    assert!(errors.is_empty());
    line.emit()["qty"].to_string()
}

proptest! {
    #[test]
    fn every_double_survives(number in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO) {
        let text = serde_json::to_string(&number).unwrap();
        let read_back: Value = serde_json::from_str(&text).unwrap();
        let (line, _) = read::<Line>(json!({"qty": read_back}).as_object().unwrap().clone());
        prop_assert_eq!(line.qty.unwrap().to_bits(), number.to_bits());
        prop_assert_eq!(line.emit()["qty"].to_string(), text);
    }

    #[test]
    fn every_whole_number_survives(number in any::<i64>()) {
        let (thing, _) = through(&json!({"count": number}));
        prop_assert_eq!(Value::Object(thing.emit()), json!({"count": number}));
    }
}
