//! What all documents of a file come to, column by column: whoever confirms an import sees the first of them whole, and
//! these of the others.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use erpnext_schema::{FieldKind, Shape, rows};
use serde_json::{Map, Value, json};

use super::columns::{Columns, Target};
use crate::document::amounts::money;

/// How many different values of a column are told; the others are counted.
const MOST_VALUES: usize = 20;
/// What leads to another document or is one of a few.
const CHOSEN: [FieldKind; 4] = [FieldKind::Link, FieldKind::DynamicLink, FieldKind::Select, FieldKind::Check];

/// Each column by its path, of the documents as they were checked.
pub(super) fn of<'d>(
    columns: &Columns,
    docs: impl Iterator<Item = &'d Map<String, Value>> + Clone,
) -> Map<String, Value> {
    let told = |target: Target| json!(column(target, &values(target, docs.clone())));
    columns.targets().map(|(_, target)| (target.path(), told(target))).collect()
}

/// What the documents have in a column, row by row where it is one of a table.
fn values<'d>(target: Target, docs: impl Iterator<Item = &'d Map<String, Value>>) -> Vec<&'d Value> {
    let field = target.field.fieldname;
    match target.table {
        None => docs.filter_map(|doc| doc.get(field)).collect(),
        Some(table) => {
            let rows = docs.filter_map(|doc| doc.get(table.fieldname)).flat_map(rows);
            rows.filter_map(|row| row.get(field)).collect()
        }
    }
}

/// Sum and bounds of numbers, bounds of dates, and the different values of what is [`CHOSEN`].
fn column(target: Target, values: &[&Value]) -> Map<String, Value> {
    let kind = target.field.kind;
    let mut told = Map::from_iter([("filled".to_owned(), json!(values.len()))]);
    match kind.shape() {
        Shape::Int | Shape::Float => {
            let numbers: Vec<f64> = values.iter().filter_map(|value| value.as_f64()).collect();
            if let Some(bounds) = bounds(&numbers, f64::total_cmp) {
                told.insert("sum".to_owned(), json!(money(numbers.iter().sum())));
                told.extend(bounds);
            }
        }
        Shape::Date | Shape::Datetime => {
            let dates: Vec<&str> = values.iter().filter_map(|value| value.as_str()).collect();
            told.extend(bounds(&dates, |one, other| one.cmp(other)).into_iter().flatten());
        }
        _ if CHOSEN.contains(&kind) => told.extend(distinct(values)),
        _ => {}
    }
    told
}

/// The smallest and the largest.
fn bounds<T: Copy>(all: &[T], by: impl Fn(&T, &T) -> std::cmp::Ordering) -> Option<[(String, Value); 2]>
where
    Value: From<T>,
{
    let (least, most) = (all.iter().min_by(|a, b| by(a, b))?, all.iter().max_by(|a, b| by(a, b))?);
    Some([("smallest".to_owned(), Value::from(*least)), ("largest".to_owned(), Value::from(*most))])
}

/// How many different values there are, and those that stand there most often.
fn distinct(values: &[&Value]) -> Map<String, Value> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for value in values {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        *counts.entry(text).or_default() += 1;
    }
    let mut told = Map::from_iter([("distinct".to_owned(), json!(counts.len()))]);
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    let others = counts.len().saturating_sub(MOST_VALUES);
    counts.truncate(MOST_VALUES);
    let values: Vec<Value> = counts.into_iter().map(|(value, count)| json!({"value": value, "count": count})).collect();
    told.insert("values".to_owned(), Value::Array(values));
    if others > 0 {
        told.insert("values_not_shown".to_owned(), json!(others));
    }
    told
}
