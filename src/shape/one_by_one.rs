//! What cutting, shaping and presenting a document come to, key by key: each looked up and decided by itself. The quick way,
//! which finds fields in order and decides a column once for all rows, has to give the same to the byte.

use std::sync::Arc;

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Shape, doctype_flag, flag};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::{document, has_unknown, present};
use crate::policy::{FieldRef, FieldRule, Operation, Permit};

pub(crate) type Document = Map<String, Value>;

pub(crate) const CHILDREN: &dyn Fn(&str) -> Option<&'static DocTypeDef> = &erpnext_doctypes::any;

/// The lists that a rule is made of.
#[derive(Clone, Debug)]
pub(crate) struct Lists {
    pub(crate) allowed: Option<Vec<String>>,
    pub(crate) restricted: Vec<String>,
}

impl Lists {
    fn names_columns_of(&self, table: &str) -> bool {
        let of = |name: &String| name.split_once('.').is_some_and(|(of, _)| of == table);
        self.allowed.iter().flatten().chain(&self.restricted).any(of)
    }
}

fn cut(lists: &Lists, rule: &FieldRule, def: &DocTypeDef, doc: Document) -> (Document, Vec<String>) {
    let mut seen = Map::new();
    for (key, mut value) in doc {
        let field = def.field(&key);
        if !rule.may_read(FieldRef::find(Some(def), &key)) {
            continue;
        }
        let may_hold_rows = field.is_none_or(|field| field.kind.is_table());
        match &mut value {
            Value::Array(rows) if may_hold_rows && (field.is_some() || rows.iter().any(Value::is_object)) => {
                let child = field.and_then(FieldDef::target).and_then(CHILDREN);
                rows.retain(Value::is_object);
                for row in rows.iter_mut().filter_map(Value::as_object_mut) {
                    row.retain(|column, _| {
                        rule.may_read_child(FieldRef::find(Some(def), &key), FieldRef::find(child, column))
                    });
                }
            }
            Value::Null => {}
            _ if field.is_some_and(|field| field.kind.is_table()) || may_hold_rows && lists.names_columns_of(&key) => {
                continue;
            }
            _ => {}
        }
        seen.insert(key, value);
    }
    let withheld = withheld(rule, def, &seen);
    (seen, withheld)
}

/// The names of what may not be seen, whether or not the document holds any of it.
fn withheld(rule: &FieldRule, def: &DocTypeDef, seen: &Document) -> Vec<String> {
    let mut withheld = Vec::new();
    for field in def.fields.iter().filter(|field| field.kind.holds_value()) {
        if !rule.may_read(field) {
            withheld.push(field.fieldname.to_owned());
            continue;
        }
        let has_rows = seen.get(field.fieldname).is_some_and(|value| erpnext_schema::rows(value).next().is_some());
        for column in field.rows_of().and_then(CHILDREN).into_iter().flat_map(|child| child.fields) {
            if has_rows && column.kind.holds_value() && !rule.may_read_child(field, column) {
                withheld.push(format!("{}.{}", field.fieldname, column.fieldname));
            }
        }
    }
    withheld
}

fn shaped(def: &DocTypeDef, doc: Document) -> Document {
    let check = |field: Option<&FieldDef>, value: Value| match (field.map(|field| field.kind.shape()), value.as_u64()) {
        (Some(Shape::Bool), Some(0)) => Value::Bool(false),
        (Some(Shape::Bool), Some(1)) => Value::Bool(true),
        _ => value,
    };
    let row = |child: Option<&DocTypeDef>, row: Document| {
        let told = row.into_iter().filter(|(key, value)| !value.is_null() && !super::ROW_NOISE.contains(&key.as_str()));
        let shaped = told.map(|(key, value)| {
            let value = check(child.and_then(|child| child.field(&key)), value);
            (key, value)
        });
        Value::Object(shaped.collect())
    };
    let mut shaped = Map::new();
    for (key, value) in doc.into_iter().filter(|(_, value)| !value.is_null()) {
        let field = def.field(&key);
        let value = match (field, value) {
            (Some(field), Value::Array(rows)) if field.kind.is_table() => {
                let child = field.target().and_then(CHILDREN);
                rows.into_iter()
                    .map(|value| if let Value::Object(of) = value { row(child, of) } else { value })
                    .collect()
            }
            (field, value) => check(field, value),
        };
        shaped.insert(key, value);
    }
    shaped
}

/// Without the texts, which [`present`] cuts the same way wherever they stand: none here is long.
fn presented(def: &DocTypeDef, doc: Document, asked: bool) -> (Document, bool) {
    let is_empty =
        |value: &Value| matches!(value, Value::Null) || *value == "" || *value == json!([]) || *value == json!({});
    let is_zero = |value: &Value| *value == false || value.as_f64() == Some(0.0);
    let is_main = |column: Option<&FieldDef>| {
        column.is_none_or(|column| {
            let target = column.target().filter(|_| column.kind == FieldKind::Link).and_then(CHILDREN);
            column.is(flag::IN_LIST_VIEW) || target.is_some_and(|target| target.is(doctype_flag::SUBMITTABLE))
        })
    };
    let twins: Vec<String> = doc.keys().filter(|key| is_twin(&doc, key)).cloned().collect();
    let (mut shown, mut left_out) = (Map::new(), false);
    for (key, mut value) in doc {
        let idle = is_zero(&value) && def.field(&key).is_some_and(|field| is_idle(def, field));
        let own = matches!(&*key, "owner" | "creation" | "modified_by" | "idx")
            || key == "docstatus" && value == 0 && !def.is(doctype_flag::SUBMITTABLE);
        if is_empty(&value) || !asked && (own || idle || twins.contains(&key)) {
            continue;
        }
        if let (Some(table), Value::Array(rows)) = (def.table(&key), &mut value) {
            let child = table.target().and_then(CHILDREN);
            let grid = child.filter(|child| !asked && child.fields.iter().any(|field| field.is(flag::IN_LIST_VIEW)));
            for row in rows.iter_mut().filter_map(Value::as_object_mut) {
                row.retain(|key, value| {
                    let column = child.and_then(|child| child.field(key));
                    let told = !is_empty(value) && (asked || key != "idx");
                    let main = grid.is_none() || key == "name" || !is_zero(value) && is_main(column);
                    left_out |= told && !main && !is_zero(value);
                    told && main
                });
            }
        }
        shown.insert(key, value);
    }
    (shown, left_out)
}

/// Whether an amount repeats another one, such as the one in the document's currency.
fn is_twin(doc: &Document, key: &str) -> bool {
    if key.ends_with(present::IN_WORDS) {
        return true;
    }
    let of = match key.strip_prefix("base_") {
        Some(of) => of,
        None => match present::REPEATED.iter().find(|(repeat, _)| *repeat == key) {
            Some((_, of)) => of,
            None => return false,
        },
    };
    doc.contains_key(of) && doc.get(of) == doc.get(key)
}

/// Whether a 0 in this field is left out: it is none that people look for, and no setting.
fn is_idle(def: &DocTypeDef, field: &FieldDef) -> bool {
    let shown = [flag::IN_LIST_VIEW, flag::IN_STANDARD_FILTER, flag::BOLD, flag::STANDARD];
    let is_chosen = field.default.is_some_and(|default| !default.trim().is_empty() && default.trim() != "0");
    let is_shown =
        is_chosen || shown.iter().any(|flag| field.is(*flag)) || present::TOLD_ZEROS.contains(&field.fieldname);
    !is_shown && !def.is(doctype_flag::SINGLE)
}

pub(crate) const DOCTYPES: &[&str] = &["Sales Invoice", "Customer", "Item", "Quality Inspection", "Web Page"];

fn columns(table: &FieldDef) -> Vec<String> {
    let child = table.rows_of().and_then(CHILDREN);
    child.into_iter().flat_map(DocTypeDef::all_fields).map(|field| field.fieldname.to_owned()).collect()
}

fn any_value() -> impl Strategy<Value = Value> {
    let texts = ["", "x", "Ünï \u{202e}", "0"].map(Value::from);
    let values = [json!(null), json!(true), json!([]), json!({}), json!([1]), json!([{"a": null, "b": 0}]), json!(0.0)];
    let numbers = [-1, 0, 1, 2].map(Value::from);
    prop_oneof![select(texts.to_vec()), select(values.to_vec()), select(numbers.to_vec())]
}

/// Some of these keys and of those that no table knows, in order or not, each with a value.
fn any_object(known: Vec<String>) -> impl Strategy<Value = Document> {
    let unknown = ["doctype", "_user_tags", "__onload", "custom_field", "parent"].map(str::to_owned);
    let keys: Vec<String> = known.into_iter().chain(unknown).collect();
    let count = keys.len();
    let some = subsequence(keys, 0..=count.min(60));
    let some = (some, any::<bool>()).prop_flat_map(|(keys, in_order)| match in_order {
        true => Just(keys).boxed(),
        false => Just(keys).prop_shuffle().boxed(),
    });
    some.prop_flat_map(|keys| {
        let count = keys.len();
        prop::collection::vec(any_value(), count).prop_map(move |values| keys.iter().cloned().zip(values).collect())
    })
}

pub(crate) fn any_document(def: &'static DocTypeDef) -> impl Strategy<Value = Document> {
    let own = any_object(def.all_fields().map(|field| field.fieldname.to_owned()).collect());
    let tables: Vec<&FieldDef> = def.tables().collect();
    let rows = subsequence(tables.clone(), 0..=tables.len().min(3)).prop_flat_map(|tables| {
        let of = |table: &FieldDef| {
            let row = prop_oneof![8 => any_object(columns(table)).prop_map(Value::Object), 1 => any_value()];
            let key = table.fieldname.to_owned();
            prop::collection::vec(row, 0..5).prop_map(move |rows| (key.clone(), Value::Array(rows)))
        };
        tables.into_iter().map(of).collect::<Vec<_>>()
    });
    (own, rows).prop_map(|(mut own, rows)| {
        own.extend(rows);
        own
    })
}

pub(crate) fn any_lists(def: &'static DocTypeDef) -> impl Strategy<Value = Lists> {
    let own = def.all_fields().map(|field| field.fieldname.to_owned());
    let of_rows =
        def.tables().flat_map(|table| columns(table).into_iter().map(|column| format!("{}.{column}", table.fieldname)));
    let names: Vec<String> =
        own.chain(of_rows).chain(["custom_field".to_owned(), "custom_field.a".to_owned()]).collect();
    let few = subsequence(names.clone(), 0..=names.len().min(20));
    let most = subsequence(names.clone(), names.len() / 2..=names.len());
    (prop::option::of(prop_oneof![few.clone(), most]), few)
        .prop_map(|(allowed, restricted)| Lists { allowed, restricted })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_document_is_cut_and_shown_as_each_value_by_itself_is(
        (def, lists, doc, asked) in select(DOCTYPES).prop_flat_map(|name| {
            let def = erpnext_doctypes::any(name).unwrap_or_else(|| unreachable!("{name} is generated"));
            (Just(def), any_lists(def), any_document(def), any::<bool>())
        })
    ) {
        let rule = FieldRule::new(lists.allowed.as_deref(), &lists.restricted);
        let unknown = |key: &str| !(key == "doctype" || key.starts_with('_'));
        let any_unknown = doc.iter().any(|(key, value)| match def.field(key) {
            None => unknown(key),
            Some(field) => field.rows_of().and_then(CHILDREN).is_some_and(|child| {
                erpnext_schema::rows(value).flat_map(Map::keys).any(|key| child.field(key).is_none() && unknown(key))
            }),
        });
        prop_assert_eq!(has_unknown(def, CHILDREN, &doc), any_unknown);

        let mut taken = doc.clone();
        taken.remove("doctype");
        let (wanted, mut withheld) = cut(&lists, &rule, def, taken);
        let wanted = shaped(def, wanted);
        let permit = Permit::with_rule(def.name, Operation::Read, Arc::new(rule));
        let mut got = document(def, &permit, CHILDREN, doc);
        prop_assert_eq!(json!(got.document).to_string(), json!(wanted).to_string());
        withheld.sort();
        got.withheld.sort();
        prop_assert_eq!(got.withheld, withheld);

        let (wanted, left_out) = presented(def, wanted, asked);
        let told = present::document(def, CHILDREN, &mut got.document, asked, true);
        prop_assert_eq!(json!(got.document).to_string(), json!(wanted).to_string());
        prop_assert_eq!(told.columns, left_out);
    }
}
