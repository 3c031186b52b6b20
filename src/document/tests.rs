//! What was not named is equal before and after: random documents with random child tables, random changes of them, and a
//! site that keeps of a table only what is sent.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Purpose, check_document, flag};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use super::{Writing, merge};
use crate::catalog::Catalog;
use crate::policy::FieldRule;

const TABLES: [&str; 4] = ["items", "taxes", "payment_schedule", "sales_team"];

fn order() -> &'static DocTypeDef {
    erpnext_doctypes::any("Sales Order").unwrap()
}

fn child(table: &str) -> &'static DocTypeDef {
    erpnext_doctypes::any(order().field(table).unwrap().target().unwrap()).unwrap()
}

/// Columns that may be set to anything of their kind.
fn columns(table: &str) -> Vec<&'static FieldDef> {
    let kinds = [FieldKind::Float, FieldKind::Currency, FieldKind::Data, FieldKind::SmallText, FieldKind::Check];
    let plain = |field: &&FieldDef| kinds.contains(&field.kind) && field.permlevel == 0;
    child(table).fields.iter().filter(plain).filter(|field| field.flags & (flag::REQD | flag::VIRTUAL) == 0).collect()
}

fn value(field: &FieldDef, seed: u16) -> Value {
    match field.kind {
        FieldKind::Check => json!(seed % 2),
        FieldKind::Float | FieldKind::Currency => json!(f64::from(seed) * 0.1 + 0.2),
        _ => json!(format!("ü{seed}")),
    }
}

fn some_columns(table: &'static str, least: usize) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((select(columns(table)), any::<u16>()), least..5).prop_map(|given| {
        given.into_iter().map(|(field, seed)| (field.fieldname.to_owned(), value(field, seed))).collect()
    })
}

/// A stored row: some columns, one that no table knows, one that is null, and a text of its own to be found by.
fn stored_row(table: &'static str) -> impl Strategy<Value = Map<String, Value>> {
    (some_columns(table, 0), any::<f64>()).prop_map(|(mut row, any)| {
        row.insert("custom_of_the_site".to_owned(), json!(any));
        row.insert("custom_empty".to_owned(), Value::Null);
        row
    })
}

/// What becomes of a stored row, and how it is named.
#[derive(Clone, Debug)]
enum Fate {
    Stays,
    Patched(Map<String, Value>, u8),
    Removed(u8),
}

fn fate(table: &'static str) -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => Just(Fate::Stays),
        2 => (some_columns(table, 1), 0u8..4).prop_map(|(columns, by)| Fate::Patched(columns, by)),
        1 => (0u8..5).prop_map(Fate::Removed),
    ]
}

/// A stored table with what becomes of its rows, the rows to add, and whether the whole table is given.
#[derive(Clone, Debug)]
struct Case {
    rows: Vec<(Map<String, Value>, Fate)>,
    added: Vec<Map<String, Value>>,
    whole: bool,
}

fn case(table: &'static str) -> impl Strategy<Value = Case> {
    let rows = prop::collection::vec((stored_row(table), fate(table)), 0..6);
    let added = prop::collection::vec(some_columns(table, 0), 0..3);
    (rows, added, any::<bool>()).prop_map(|(rows, added, whole)| Case { rows, added, whole })
}

impl Case {
    /// The rows as they are stored.
    fn stored(&self, table: &str) -> Vec<Map<String, Value>> {
        let mark =
            columns(table).into_iter().find(|field| matches!(field.kind, FieldKind::Data | FieldKind::SmallText));
        let rows = self.rows.iter().enumerate().map(|(i, (row, _))| {
            let mut row = row.clone();
            row.extend(mark.map(|mark| (mark.fieldname.to_owned(), json!(format!("mark {i}")))));
            row.insert("name".to_owned(), json!(format!("{table}-{i}")));
            row.insert("idx".to_owned(), json!(i + 1));
            row.insert("modified".to_owned(), json!("2026-11-22 07:49:07.158980"));
            row
        });
        rows.collect()
    }

    /// What names a stored row.
    fn key(&self, table: &str, at: usize, by: u8) -> Map<String, Value> {
        let name = ("name".to_owned(), json!(format!("{table}-{at}")));
        let idx = ("idx".to_owned(), json!(at + 1));
        let mark =
            columns(table).into_iter().find(|field| matches!(field.kind, FieldKind::Data | FieldKind::SmallText));
        match (by, mark) {
            (1, _) => Map::from_iter([idx]),
            (2, Some(mark)) => json!({"match": {mark.fieldname: format!("mark {at}")}}).as_object().unwrap().clone(),
            (3, _) => Map::from_iter([name, idx]),
            _ => Map::from_iter([name]),
        }
    }

    fn new_row(&self, table: &str, columns: &Map<String, Value>) -> Map<String, Value> {
        let mut row = columns.clone();
        for field in child(table).fields.iter().filter(|field| field.must_be_sent()) {
            let value = match (field.kind, field.choices()) {
                (_, Some(choices)) => json!(choices.last().unwrap()),
                (FieldKind::Date, _) => json!("2026-12-01"),
                (FieldKind::Float | FieldKind::Currency | FieldKind::Percent | FieldKind::Int, _) => json!(1),
                _ => json!("x"),
            };
            row.insert(field.fieldname.to_owned(), value);
        }
        row
    }

    /// The change as a caller writes it; nothing where it changes nothing.
    fn change(&self, table: &str) -> Option<Value> {
        let added: Vec<_> = self.added.iter().map(|columns| self.new_row(table, columns)).collect();
        if self.whole {
            let kept = self.rows.iter().enumerate().filter_map(|(i, (_, fate))| {
                let mut row = Map::from_iter([("name".to_owned(), json!(format!("{table}-{i}")))]);
                match fate {
                    Fate::Stays => {}
                    Fate::Patched(columns, _) => row.extend(columns.clone()),
                    Fate::Removed(_) => return None,
                }
                Some(row)
            });
            let rows: Vec<_> = kept.chain(added).collect();
            return Some(json!({"rows": rows, "replace": true}));
        }
        let (mut patch, mut remove) = (Vec::new(), Vec::new());
        for (i, (_, fate)) in self.rows.iter().enumerate() {
            match fate {
                Fate::Stays => {}
                Fate::Patched(columns, by) => {
                    let mut row = self.key(table, i, *by);
                    row.extend(columns.clone());
                    patch.push(Value::Object(row));
                }
                Fate::Removed(4) => remove.push(json!(i + 1)),
                Fate::Removed(0) => remove.push(json!(format!("{table}-{i}"))),
                Fate::Removed(by) => remove.push(Value::Object(self.key(table, i, *by))),
            }
        }
        let nothing = patch.is_empty() && added.is_empty() && remove.is_empty();
        (!nothing).then(|| json!({"patch": patch, "add": added, "remove": remove}))
    }

    /// The table as it must be afterwards, numbers of rows apart.
    fn expected(&self, table: &str) -> Vec<Map<String, Value>> {
        let kept = self.stored(table).into_iter().zip(&self.rows).filter_map(|(mut row, (_, fate))| {
            match fate {
                Fate::Stays => {}
                Fate::Patched(columns, _) => row.extend(columns.clone()),
                Fate::Removed(_) => return None,
            }
            Some(row)
        });
        kept.chain(self.added.iter().map(|columns| self.new_row(table, columns))).collect()
    }
}

/// What a site makes of an update: a table that is sent replaces the stored one, with the columns that are sent (H1).
fn site(mut stored: Map<String, Value>, body: &Map<String, Value>) -> Map<String, Value> {
    stored.extend(body.clone());
    stored
}

/// The bytes of a row, without its number and without what is nothing.
fn bytes(row: &Map<String, Value>) -> String {
    let held = row.iter().filter(|(key, value)| *key != "idx" && !value.is_null());
    json!(held.map(|(key, value)| (key.clone(), value.clone())).collect::<BTreeMap<_, _>>()).to_string()
}

fn rows(doc: &Map<String, Value>, table: &str) -> Vec<Map<String, Value>> {
    doc[table].as_array().unwrap().iter().map(|row| row.as_object().unwrap().clone()).collect()
}

#[test]
fn what_was_not_named_is_equal_before_and_after() {
    let (catalog, rule) = (Catalog::default(), FieldRule::default());
    let writing = Writing { rule: &rule, catalog: &catalog };
    // Cheap cases with many ways: more of them than elsewhere.
    let config = Config { failure_persistence: None, ..Config::with_cases(5 * Config::default().cases) };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let cases = (case("items"), case("taxes"), case("payment_schedule"), case("sales_team"), any::<[bool; 4]>());
    let outcome = runner.run(&cases, |(items, taxes, schedule, team, changed)| {
        let cases = [items, taxes, schedule, team];
        let mut stored = Map::from_iter([("po_no".to_owned(), json!("PO-1")), ("custom_x".to_owned(), json!(0.1))]);
        let mut data = Map::new();
        for ((table, case), changed) in TABLES.into_iter().zip(&cases).zip(changed) {
            stored.insert(table.to_owned(), json!(case.stored(table)));
            data.extend(case.change(table).filter(|_| changed).map(|change| (table.to_owned(), change)));
        }
        let emptied = changed[0] && data.contains_key("items") && cases[0].expected("items").is_empty();
        let checked = check_document(order(), Purpose::Update, &data, &writing);
        let merged = checked.and_then(|changes| merge::onto_stored(order(), &writing, &stored, &changes));
        if emptied {
            let found = merged.unwrap_err();
            prop_assert!(found[0].message.contains("at least one row"), "{found:?}");
            return Ok(());
        }
        let merged = merged.map_err(|found| TestCaseError::fail(format!("{found:?}")))?;
        let after = site(stored.clone(), &merged.body);
        for (key, value) in stored.iter().filter(|(key, _)| !data.contains_key(*key)) {
            prop_assert_eq!(after[key].to_string(), value.to_string());
        }
        for (table, case) in TABLES.into_iter().zip(&cases).filter(|(table, _)| data.contains_key(*table)) {
            let (now, expected) = (rows(&after, table), case.expected(table));
            let told = |rows: &[Map<String, Value>]| rows.iter().map(bytes).collect::<Vec<_>>();
            prop_assert_eq!(told(&now), told(&expected));
            for (i, row) in now.iter().enumerate() {
                prop_assert_eq!(&row["idx"], &json!(i + 1), "rows are numbered through");
            }
        }
        Ok(())
    });
    outcome.unwrap();
}

fn refused(stored: Value, data: Value) -> String {
    let (catalog, rule) = (Catalog::default(), FieldRule::new(None, &["items.rate".to_owned()]));
    let writing = Writing { rule: &rule, catalog: &catalog };
    let changes = check_document(order(), Purpose::Update, data.as_object().unwrap(), &writing);
    let merged =
        changes.and_then(|changes| merge::onto_stored(order(), &writing, stored.as_object().unwrap(), &changes));
    merged.unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A look for what may be meant takes its time, and nobody is told of more.
#[test]
fn of_many_unknown_fields_the_first_are_told_with_what_may_be_meant() {
    let unknown: Map<String, Value> = (0..50).map(|at| (format!("custmer{at:02}"), json!("x"))).collect();
    let told = refused(json!({}), json!(unknown));
    let meant = told.lines().take_while(|line| line.contains("did you mean customer")).count();
    assert!(meant == 30 && told.lines().count() == 50 && told.matches("did you mean").count() == 30, "{told}");
}

#[test]
fn a_row_that_is_not_there_or_not_certain_is_told_with_the_rows_there_are() {
    let row = |name: &str, idx: u8, item: &str| json!({"name": name, "idx": idx, "item_code": item, "qty": 1.0, "rate": 77.0});
    let stored = json!({"items": [row("r1", 1, "SKU1"), row("r2", 2, "SKU2"), row("r3", 3, "SKU2")]});
    let told = |change: Value| refused(stored.clone(), json!({"items": change}));
    let all = r#"its rows are "r1" (row 1, SKU1), "r2" (row 2, SKU2), "r3" (row 3, SKU2)"#;
    for (key, worded) in [
        (json!({"name": "r9"}), r#"no row named "r9""#),
        (json!({"idx": 4}), "no row with idx 4"),
        (json!({"name": "r1", "idx": 2}), r#"no row named "r1" with idx 2"#),
        (json!({"match": {"item_code": "SKU3"}}), r#"no row with {"item_code":"SKU3"}"#),
    ] {
        let mut patch = key.clone();
        patch["qty"] = json!(2);
        let text = told(json!({"patch": [patch]}));
        assert!(
            text.starts_with("data.items.patch[0]: items has ") && text.contains(worded) && text.contains(all),
            "{text}"
        );
        let text = told(json!({"remove": [key]}));
        assert!(text.starts_with("data.items.remove[0]: items has ") && text.contains(worded), "{text}");
    }
    let text = told(json!({"patch": [{"match": {"item_code": "SKU2"}, "qty": 2}]}));
    assert!(text.contains(r#"2 rows of items fit with {"item_code":"SKU2"}: "r2" (row 2, SKU2), "r3""#), "{text}");
    let text = told(json!({"patch": [{"idx": 1, "qty": 2}], "remove": ["r1"]}));
    assert_eq!(text, r#"data.items.remove[0]: "r1" (row 1, SKU1) is named twice"#);
    let text = told(json!({"patch": [{"match": {"rate": 77}, "qty": 2}]}));
    assert!(text.contains("items.patch[0].match.rate: this server's configuration does not permit"), "{text}");
}

#[test]
fn a_whole_table_that_would_lose_values_is_refused_with_what_would_go() {
    let stored = json!({"items": [
        {"name": "r1", "idx": 1, "item_code": "SKU1", "qty": 1.0},
        {"name": "r2", "idx": 2, "item_code": "SKU2", "qty": 2.0, "rate": 77.0, "discount_amount": 0.0, "warehouse": "Stores"},
    ]});
    let text = refused(stored.clone(), json!({"items": [{"name": "r1", "qty": 9}]}));
    assert!(
        text.starts_with("data.items: rows that are not in the list would be lost with what they hold: "),
        "{text}"
    );
    assert!(
        text.contains(r#""r2" (row 2, SKU2): item_code "SKU2", qty 2.0, warehouse "Stores". To"#),
        "no rate: {text}"
    );
    assert!(text.contains(r#"{"rows": [the list], "replace": true}"#), "{text}");
    assert!(refused(stored, json!({"items": []})).contains("at least one row"));
}

#[test]
fn a_tax_that_becomes_an_amount_keeps_no_rate() {
    let (catalog, rule) = (Catalog::default(), FieldRule::default());
    let writing = Writing { rule: &rule, catalog: &catalog };
    let stored = json!({"taxes": [
        {"name": "t1", "idx": 1, "charge_type": "On Net Total", "account_head": "VAT", "description": "x", "rate": 19.0}
    ]});
    let rate = |table: Value| {
        let changes = json!({"taxes": table});
        let merged = merge::onto_stored(order(), &writing, stored.as_object().unwrap(), changes.as_object().unwrap());
        let row = merged.unwrap().body["taxes"][0].clone();
        assert_eq!(row["name"], "t1");
        row["rate"].clone()
    };
    let actual = json!({"charge_type": "Actual", "account_head": "VAT", "tax_amount": 5});
    assert_eq!(rate(json!([actual])), 0.0);
    assert_eq!(rate(json!({"patch": [{"name": "t1", "charge_type": "Actual", "tax_amount": 5}]})), 0.0);
    assert_eq!(rate(json!({"patch": [{"name": "t1", "charge_type": "Actual", "rate": 3}]})), 3);
    assert_eq!(rate(json!({"patch": [{"name": "t1", "description": "y"}]})), 19.0);
}

#[test]
fn rows_that_hold_nothing_may_go_and_an_empty_list_empties() {
    let (catalog, rule) = (Catalog::default(), FieldRule::default());
    let writing = Writing { rule: &rule, catalog: &catalog };
    let stored = json!({"taxes": [{"name": "t1", "idx": 1, "rate": 0.0, "parent": "SO-1"}], "sales_team": [{"name": "s1", "incentives": 5}]});
    let new = json!({"charge_type": "Actual", "account_head": "VAT", "description": "x"});
    let changes = json!({"taxes": [new], "sales_team": []});
    let merged =
        merge::onto_stored(order(), &writing, stored.as_object().unwrap(), changes.as_object().unwrap()).unwrap();
    assert_eq!(merged.body["taxes"].as_array().unwrap().len(), 1);
    assert_eq!(merged.body["sales_team"], json!([]));
    assert_eq!(merged.place("taxes", 0), "taxes[0]");
}
