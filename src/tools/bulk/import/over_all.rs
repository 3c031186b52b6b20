//! What all documents of a file come to, column by column: whoever confirms an import sees the first of them whole, and
//! these of the others.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use erpnext_schema::{FieldKind, Shape, rows};
use serde_json::{Map, Value, json};

use super::columns::{Columns, Target};
use crate::document::amounts::money;
use crate::shape::shortened;

/// How many different values of a column are told that stand there most often, and how many of the rarest: what is odd is
/// rare. The others are counted.
const TOLD: [usize; 2] = [15, 5];
/// The same of texts that anything can stand in, and how many characters of one.
const TOLD_TEXTS: [usize; 2] = [3, 3];
const LONGEST: usize = 60;
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

/// Sum and bounds of numbers, bounds of dates, and the different values of what is [`CHOSEN`] or a text.
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
        _ if CHOSEN.contains(&kind) => told.extend(distinct(values, TOLD)),
        Shape::Text | Shape::Time => told.extend(distinct(values, TOLD_TEXTS)),
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

/// How many different values there are, those that stand there most often, and the rarest.
fn distinct(values: &[&Value], [often, rarely]: [usize; 2]) -> Map<String, Value> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for value in values {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        *counts.entry(text).or_default() += 1;
    }
    let mut told = Map::from_iter([("distinct".to_owned(), json!(counts.len()))]);
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    let told_of = |counts: Vec<(String, usize)>| -> Value {
        counts.into_iter().map(|(value, count)| json!({"value": shortened(&value, LONGEST), "count": count})).collect()
    };
    if counts.len() <= often + rarely {
        told.insert("values".to_owned(), told_of(counts));
        return told;
    }
    let rarest = counts.split_off(counts.len() - rarely);
    let others = counts.len() - often;
    counts.truncate(often);
    told.insert("values".to_owned(), told_of(counts));
    told.insert("rarest".to_owned(), told_of(rarest));
    told.insert("values_not_shown".to_owned(), json!(others));
    told
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{TOLD, TOLD_TEXTS, distinct};

    #[test]
    fn the_one_odd_value_among_many_is_told() {
        let usual = (0..24)
            .flat_map(|supplier| [json!(format!("Supplier {supplier:02}")), json!(format!("Supplier {supplier:02}"))]);
        let values: Vec<Value> = usual.chain([json!("Another")]).collect();
        let told = distinct(&values.iter().collect::<Vec<_>>(), TOLD);
        let rarest = told.get("rarest").and_then(Value::as_array).cloned().unwrap_or_default();
        assert_eq!(rarest.last(), Some(&json!({"value": "Another", "count": 1})), "{told:?}");
        assert_eq!((told.get("distinct"), told.get("values_not_shown")), (Some(&json!(25)), Some(&json!(5))));
    }

    #[test]
    fn of_texts_some_are_told_and_none_at_length() {
        let values: Vec<Value> = (0..9).map(|turn| json!(format!("{turn}{}", "x".repeat(99)))).collect();
        let told = distinct(&values.iter().collect::<Vec<_>>(), TOLD_TEXTS);
        let parts = ["values", "rarest"].map(|part| told.get(part).and_then(Value::as_array).map(Vec::len));
        assert_eq!((parts, told.get("values_not_shown")), ([Some(3), Some(3)], Some(&json!(3))));
        assert!(json!(told).to_string().len() < 700, "{told:?}");
    }
}
