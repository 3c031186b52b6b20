#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::*;
use crate::policy::{Operation, Permit};
use crate::shape::one_by_one::{CHILDREN, DOCTYPES, Document, any_document, any_lists};

/// Texts that are cut and HTML that says nothing, in the place of short ones.
fn lengthen(value: &mut Value) {
    match value {
        Value::String(text) if text == "x" => *text = "<b>long</b> ".repeat(60),
        Value::String(text) if text == "0" => "<p> </p>".clone_into(text),
        Value::Array(list) => list.iter_mut().for_each(lengthen),
        Value::Object(object) => object.values_mut().for_each(lengthen),
        _ => {}
    }
}

/// A document as sites send them: no key that the tables do not know, and tables that hold rows.
fn as_of_a_site(def: &DocTypeDef, mut doc: Document) -> Document {
    doc.retain(|key, value| def.field(key).is_none_or(|field| !field.kind.is_table() || value.is_array()));
    shape::take_unknown(def, CHILDREN, &mut doc);
    for (_, child, rows) in def.tables_in_mut(CHILDREN, &mut doc) {
        if let Value::Array(rows) = rows {
            rows.retain(Value::is_object);
        }
        erpnext_schema::rows_mut(rows)
            .for_each(|row| row.retain(|key, _| child.field(key).is_some() || key == "doctype"));
    }
    doc
}

fn may_hide(def: &DocTypeDef, doc: &Document) -> bool {
    let zero = |value: Option<&Value>| value.and_then(Value::as_f64) == Some(0.0);
    doc.iter().filter_map(|(key, rows)| Some((CHILDREN(def.table(key)?.rows_of()?)?, rows))).any(|(child, rows)| {
        let mut raised = child.fields.iter().filter(|column| column.permlevel > 0);
        raised.any(|column| erpnext_schema::rows(rows).any(|row| zero(row.get(column.fieldname))))
    })
}

fn any_names(def: &'static DocTypeDef) -> impl Strategy<Value = Option<Vec<String>>> {
    let columns = def.known_tables(CHILDREN).flat_map(|(table, child)| {
        child.fields.iter().map(move |column| format!("{}.{}", table.fieldname, column.fieldname))
    });
    let own = def.fields.iter().map(|field| field.fieldname.to_owned());
    let later = def.known_tables(CHILDREN).map(|(table, _)| format!("{}[1:]", table.fieldname));
    let names: Vec<String> = own.chain(columns).chain(later).chain(["*".to_owned()]).collect();
    prop_oneof![Just(None), Just(Some(vec!["*".to_owned()])), prop::collection::vec(select(names), 1..6).prop_map(Some)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn the_part_that_is_shown_is_answered_as_the_whole_is(
        (def, lists, doc, names) in select(DOCTYPES).prop_flat_map(|name| {
            let def = erpnext_doctypes::any(name).unwrap();
            (Just(def), any_lists(def), any_document(def), any_names(def))
        }),
        (is_open, is_clean, is_long, raw) in any::<(bool, bool, bool, bool)>(),
    ) {
        let mut doc = if is_clean { as_of_a_site(def, doc) } else { doc };
        doc.insert("modified".to_owned(), json!("2026-01-01 10:00:00.000000"));
        if is_long {
            doc.values_mut().for_each(lengthen);
        }
        let rule = match is_open {
            true => FieldRule::default(),
            false => FieldRule::new(lists.allowed.as_deref(), &lists.restricted),
        };
        let wanted = names.and_then(|names| Wanted::read(def, &rule, &names, CHILDREN).ok());
        let answer = json!({"data": doc, "_server_messages": "[]"}).to_string();
        let plan = Plan { def, rule: &rule, children: CHILDREN, wanted: wanted.as_ref(), raw, most: usize::MAX };
        let Some(part) = read(answer.as_bytes(), plan) else {
            prop_assert!(!is_clean || may_hide(def, &doc), "not read: {answer}");
            return Ok(());
        };
        prop_assert!(!shape::has_unknown(def, CHILDREN, &doc));
        prop_assert_eq!(&part.version, &Fingerprint::of(&doc));

        let permit = Permit::with_rule(def.name, Operation::Read, Arc::new(rule.clone()));
        let shown = |doc: Document| {
            let mut shaped = shape::document(def, &permit, CHILDREN, doc);
            wanted.iter().for_each(|wanted| wanted.keep(&mut shaped.document));
            let left_out = shape::present::document(def, CHILDREN, &mut shaped.document, wanted.is_some(), raw);
            let begins = wanted.as_ref().map(|wanted| wanted.go_on(&mut shaped.document));
            (shaped, left_out, begins)
        };
        let ((whole, of_whole, begins), (shaped, left_out, too)) = (shown(doc), shown(part.document));
        let mut answer = json!({"document": shaped.document});
        part.rows.stand_in(&mut answer);
        prop_assert_eq!(part.rows.write(&answer), json!({"document": whole.document}).to_string());
        prop_assert_eq!((shaped.withheld, too), (whole.withheld, begins));
        prop_assert_eq!(left_out.and(part.unshown), of_whole);
    }
}

/// A document of so many values that no version of it is remembered, with rows that show texts of these lengths.
fn of_many_rows(lengths: &[usize]) -> Document {
    let row = |(n, length): (usize, &usize)| {
        let column = |field: &FieldDef| (field.fieldname.to_owned(), json!(format!("{} {n}", field.fieldname)));
        let texts = |field: &&FieldDef| field.kind.holds_value() && field.kind.shape() == Shape::Text;
        let child = CHILDREN("Sales Invoice Item").unwrap();
        let mut row: Document = child.fields.iter().filter(texts).map(column).collect();
        row.insert("name".to_owned(), json!(format!("row {n}")));
        row.insert("item_code".to_owned(), json!("x\"".repeat(*length)));
        Value::Object(row)
    };
    let rows: Vec<Value> = lengths.iter().enumerate().map(row).collect();
    let document = json!({"name": "A", "title": "x", "items": rows, "modified": "1", "terms": "y".repeat(900)});
    document.as_object().unwrap().clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_document_that_is_cut_is_answered_as_if_all_of_it_had_been_read(
        lengths in prop::collection::vec(prop_oneof![8 => 0_usize..40, 1 => 0_usize..9_000], 140..260),
        most in 2_000_usize..20_000,
    ) {
        let def = erpnext_doctypes::any("Sales Invoice").unwrap();
        let (doc, rule) = (of_many_rows(&lengths), FieldRule::default());
        let plan = Plan { def, rule: &rule, children: CHILDREN, wanted: None, raw: true, most };
        let mut part = read(json!({"data": doc}).to_string().as_bytes(), plan).unwrap();
        let unread = part.rows.of("items").unwrap().unread();
        prop_assert!(unread > 0 || lengths.len() < 200, "all is read");

        let permit = Permit::with_rule(def.name, Operation::Read, Arc::new(rule));
        let shown = |doc: Document| {
            let mut document = shape::document(def, &permit, CHILDREN, doc).document;
            let _ = shape::present::document(def, CHILDREN, &mut document, false, true);
            json!({"document": document, "note": "x"})
        };
        let (mut whole, mut cut) = (shown(doc), shown(std::mem::take(&mut part.document)));
        part.rows.stand_in(&mut cut);
        let of_whole = shape::fit(&mut whole, most).unwrap_err();
        let of_cut = shape::fit_with_rows(&mut cut, &part.rows, most).unwrap_err();
        prop_assert_eq!(part.rows.write(&cut), whole.to_string());
        prop_assert_eq!(of_cut, of_whole);
    }
}

#[test]
fn what_says_more_than_a_document_does_is_read_in_the_ordinary_way() {
    let def = erpnext_doctypes::any("Sales Invoice").unwrap();
    let rule = FieldRule::default();
    let plan = Plan { def, rule: &rule, children: CHILDREN, wanted: None, raw: false, most: usize::MAX };
    for answer in [
        "",
        "[]",
        "{}",
        r#"{"data": null}"#,
        r#"{"data": {"name": "A"}"#,
        r#"{"data": {"name": "A"}} x"#,
        r#"{"data": {"name": "A"}, "data": {"name": "B"}}"#,
        r#"{"data": {"name": "A", "name": "B"}}"#,
        r#"{"data": {"name": "A", "custom": 1}}"#,
        r#"{"data": {"items": null}}"#,
        r#"{"data": {"items": "x"}}"#,
        r#"{"data": {"items": [7]}}"#,
        r#"{"data": {"items": [{"custom": 1}]}}"#,
        r#"{"data": {"items": [{"qty": 1, "qty": 2}]}}"#,
    ] {
        assert!(read(answer.as_bytes(), plan).is_none(), "{answer}");
    }
    assert!(read(br#"{"data": {"items": [{"qty": 1}, {"qty": 1}]}}"#, plan).is_some());
}

#[test]
fn of_what_may_not_be_seen_no_value_is_made() {
    let def = erpnext_doctypes::any("Sales Invoice").unwrap();
    let rule = FieldRule::new(None, &["items.rate".to_owned(), "taxes".to_owned()]);
    let plan = Plan { def, rule: &rule, children: CHILDREN, wanted: None, raw: false, most: usize::MAX };
    let answer = br#"{"data": {"items": [{"rate": 77}, {"rate": 77}], "taxes": [{"rate": 77}]}}"#;
    let part = read(answer, plan).unwrap();
    assert!(!format!("{part:?}").contains("77"), "{part:?}");
}
