//! Drafts: a document that the site made and did not store, cut to what may be set, and copies of stored ones.

use erpnext_schema::{Children, DocTypeDef, FieldDef, Shape, flag, rows, rows_mut};
use serde_json::{Map, Value, json};

use crate::policy::FieldRule;

/// A document that the site made and did not store.
pub struct Draft {
    /// What may be set of it.
    pub doc: Map<String, Value>,
    /// The fields that hold something and may not be set (`items.rate` for a column).
    pub left_out: Vec<String>,
}

/// What `copy` takes of a document and of each row of its tables; the rows are numbered anew.
pub fn copied(
    def: &DocTypeDef,
    children: Children<'_>,
    stored: &Map<String, Value>,
    copy: impl Fn(&DocTypeDef, &Map<String, Value>) -> Map<String, Value>,
) -> Map<String, Value> {
    let mut copied = copy(def, stored);
    for (_, child, table) in def.tables_in_mut(children, &mut copied) {
        for (i, row) in rows_mut(table).enumerate() {
            *row = copy(child, row);
            row.insert("idx".to_owned(), json!(i + 1));
        }
    }
    copied
}

/// Takes out what the caller may not set, and what belongs to no document (`__islocal`, standard fields).
pub fn writable(def: &DocTypeDef, rule: &FieldRule, children: Children<'_>, made: Map<String, Value>) -> Draft {
    let mut left_out = Vec::new();
    let mut doc = Map::new();
    for (key, value) in made {
        let Some(field) = of_the_form(def, &key).filter(|_| holds_something(&value)) else { continue };
        if !rule.may_write(field) {
            left_out.push(key);
            continue;
        }
        let value = match (value, field.rows_of().and_then(children)) {
            (Value::Array(rows), Some(child)) => {
                let rows = rows.into_iter().filter_map(|row| match row {
                    Value::Object(row) => Some(Value::Object(writable_row(field, child, rule, row, &mut left_out))),
                    _ => None,
                });
                rows.collect()
            }
            (value, _) => value,
        };
        doc.insert(key, value);
    }
    Draft { doc, left_out }
}

/// The names of the fields of such a document, and of the columns of its rows, that may not be set. They are named whether or
/// not a site fills them in: else a name would tell that there is a value.
pub fn unset(def: &DocTypeDef, rule: &FieldRule, children: Children<'_>, doc: &Map<String, Value>) -> Vec<String> {
    let mut unset = Vec::new();
    for field in def.fields.iter().filter(|field| is_set_by_hand(field)) {
        if !rule.may_write(field) {
            unset.push(field.fieldname.to_owned());
            continue;
        }
        let has_rows = || doc.get(field.fieldname).is_some_and(|table| rows(table).next().is_some());
        let child = field.rows_of().filter(|_| has_rows()).and_then(children);
        let columns = child.into_iter().flat_map(|child| child.fields).filter(|column| is_set_by_hand(column));
        let kept_back = columns.filter(|column| !rule.may_write_child(field, *column));
        unset.extend(kept_back.map(|column| format!("{}.{}", field.fieldname, column.fieldname)));
    }
    unset
}

/// The name of a field that is left out, with its kind where that is the reason.
pub fn with_kind(def: &DocTypeDef, children: Children<'_>, name: &str) -> String {
    let field = match name.split_once('.') {
        None => def.field(name),
        Some((table, column)) => {
            def.field(table).and_then(FieldDef::rows_of).and_then(children).and_then(|child| child.field(column))
        }
    };
    match field {
        Some(field) if field.kind.shape() == Shape::Secret => format!("{name} (a password)"),
        Some(field) if field.permlevel > 0 => format!("{name} (permission level {})", field.permlevel),
        _ => name.to_owned(),
    }
}

fn is_set_by_hand(field: &FieldDef) -> bool {
    field.kind.holds_value() && !field.is(flag::STANDARD) && !field.is(flag::VIRTUAL)
}

fn writable_row(
    table: &FieldDef,
    child: &DocTypeDef,
    rule: &FieldRule,
    row: Map<String, Value>,
    left_out: &mut Vec<String>,
) -> Map<String, Value> {
    let mut kept = Map::new();
    for (key, value) in row {
        let Some(column) = of_the_form(child, &key).filter(|_| holds_something(&value)) else { continue };
        if rule.may_write_child(table, column) {
            kept.insert(key, value);
            continue;
        }
        let name = format!("{}.{key}", table.fieldname);
        if !left_out.contains(&name) {
            left_out.push(name);
        }
    }
    kept
}

/// The field, unless the site keeps or computes it for every document.
fn of_the_form<'d>(def: &'d DocTypeDef, key: &str) -> Option<&'d FieldDef> {
    def.field(key).filter(|field| !field.is(flag::STANDARD) && !field.is(flag::VIRTUAL))
}

/// Zeros and empty texts are what a new document has anyway.
fn holds_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(rows) => !rows.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        _ => true,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::with_kind;

    #[test]
    fn a_password_and_a_field_above_level_0_are_left_out_with_their_kind() {
        for (doctype, name, told) in [
            ("Purchase Order", "ignore_pricing_rule", "ignore_pricing_rule (permission level 1)"),
            ("Purchase Order", "supplier", "supplier"),
            ("Purchase Order", "items.rate", "items.rate"),
            ("Timesheet", "time_logs.costing_rate", "time_logs.costing_rate (permission level 1)"),
            ("LDAP Settings", "password", "password (a password)"),
            ("Purchase Order", "of_no_table", "of_no_table"),
        ] {
            let def = erpnext_doctypes::any(doctype).unwrap();
            assert_eq!(with_kind(def, &erpnext_doctypes::any, name), told);
        }
    }
}
