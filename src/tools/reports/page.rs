//! What of a report's table an answer holds: columns that are not known yet, rows that have room, the total.

use erpnext_schema::Fingerprint;
use serde_json::{Map, Value, json};

use crate::query::cursor;
use crate::shape::page::{how_many, shown};
use crate::shape::report::{Column, Table};

/// The columns, unless the caller knows them, and as many of the rows from `start` on as fit into that many bytes. Where
/// no rows are wanted, the columns are those of the total.
pub(super) fn page(
    table: Table,
    start: u64,
    limit: u64,
    bytes: usize,
    identity: &str,
    known: &str,
) -> Map<String, Value> {
    let all = table.rows.len();
    let start = usize::try_from(start).unwrap_or(usize::MAX).min(all);
    let is_told = |at: usize| limit > 0 || table.total.as_ref().and_then(|total| total.get(at)).is_some_and(is_sum);
    let columns = table.columns.iter().enumerate().filter(|(at, _)| is_told(*at));
    let columns: Value = columns.map(|(_, column)| described(column)).collect();
    let hash = Fingerprint::default().file("columns", &columns.to_string()).hex();
    let (columns, hash) = match hash == known {
        true => (None, ("columns_as_before", hash)),
        false => (Some(columns), ("columns_known", hash)),
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let row = |row: Vec<Value>| Value::Array(row.into_iter().map(whole).collect());
    let mut rows: Vec<Value> = table.rows.into_iter().skip(start).take(limit).map(row).collect();
    let beside = columns.as_ref().map_or(0, |columns| columns.to_string().len());
    rows.truncate(how_many(&rows, bytes.saturating_sub(beside)));
    let end = if limit == 0 { all } else { start + rows.len() };
    let mut page = Map::from_iter([
        ("shown".to_owned(), json!(shown(start as u64, rows.len() as u64, Some(all as u64), end < all))),
        (hash.0.to_owned(), json!(hash.1)),
        ("rows".to_owned(), Value::Array(rows)),
        ("total_rows".to_owned(), json!(all)),
    ]);
    page.extend(columns.map(|columns| ("columns".to_owned(), columns)));
    if end < all {
        page.insert("next_cursor".to_owned(), json!(cursor::write(end as u64, identity)));
    }
    if let Some(total) = table.total {
        let sums = table.columns.into_iter().zip(total).filter(|(_, sum)| is_sum(sum));
        page.insert("total".to_owned(), Value::Object(sums.map(|(column, sum)| (column.field, sum)).collect()));
    }
    if !table.summary.is_empty() {
        page.insert("summary".to_owned(), Value::Object(table.summary.into_iter().collect()));
    }
    page
}

/// A whole number without the fraction that it does not have.
fn whole(value: Value) -> Value {
    let number = value.as_f64().filter(|number| value.is_f64() && number.fract() == 0.0);
    number.and_then(|number| format!("{number:.0}").parse::<i64>().ok()).map_or(value, Value::from)
}

fn is_sum(value: &Value) -> bool {
    !value.is_null() && *value != ""
}

/// What is to be known of a column.
pub(crate) fn described(column: &Column) -> Value {
    let mut facts = json!({"field": column.field, "type": column.kind});
    // A label that only spells the name says nothing.
    if column.label.to_lowercase().replace([' ', '-'], "_") != column.field {
        facts["label"] = json!(column.label);
    }
    if let Some(currency) = &column.currency {
        facts["currency"] = json!(currency);
        return facts;
    }
    let options = match column.kind.as_str() {
        "Link" => "link_to",
        "Dynamic Link" => "link_to_doctype_in",
        "Currency" => "currency_in",
        _ => return facts,
    };
    if !column.options.is_empty() {
        facts[options] = json!(column.options);
    }
    facts
}
