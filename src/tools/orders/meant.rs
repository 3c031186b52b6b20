//! What a plain list of rows is to change in an order: the rows that it names, or that alone are of an item; what is of no item
//! of the order is added.

use erpnext_schema::{RowKey, Rule, Violation, collation, rows};
use serde_json::{Map, Value, json};

/// The changes of a plain list of rows, or of one row, as `patch` and `add`; every other form as it is. A row is found by its
/// item in the columns of `by`, which the caller may read.
///
/// # Errors
/// The rows of which it is not plain what they are to change.
pub fn changes(given: Value, stored: &Map<String, Value>, by: &[&str]) -> Result<Value, Vec<Violation>> {
    let list = match given {
        Value::Array(list) => list,
        Value::Object(row) if is_keyed(&row) || row.contains_key("item_code") => vec![Value::Object(row)],
        edits => return Ok(edits),
    };
    let (mut patch, mut add, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for (at, row) in list.into_iter().enumerate() {
        let mut refuse =
            |message: &str| wrong.push(Violation::new(format!("items[{at}]"), Rule::Value, message.to_owned()));
        let Value::Object(mut row) = row else {
            refuse("expected an object with the columns of a row");
            continue;
        };
        if is_keyed(&row) {
            patch.push(row);
            continue;
        }
        let Some(item) = row.get("item_code").filter(|_| by.contains(&"item_code")).cloned() else {
            refuse("which row is meant? give its idx; add takes rows that are new");
            continue;
        };
        // As the site's database compares: otherwise the item of a row would be added to it once more.
        let same = |old: &Value| match (old, &item) {
            (Value::String(old), Value::String(item)) => collation::same(old.trim(), item.trim()),
            (old, item) => old == item,
        };
        let is_of = |old: &&Map<String, Value>| by.iter().any(|column| old.get(*column).is_some_and(same));
        let mut of_item = stored.get("items").into_iter().flat_map(rows).filter(is_of);
        match (of_item.next(), of_item.next()) {
            (None, _) => add.push(row),
            (Some(_), Some(_)) => refuse("several rows are of this item: give the idx of the one that is meant"),
            (Some(old), None) => {
                let idx = old.get("idx").cloned().unwrap_or_default();
                row.insert("idx".to_owned(), idx);
                patch.push(row);
            }
        }
    }
    if patch.is_empty() && add.is_empty() && wrong.is_empty() {
        wrong.push(Violation::new("items", Rule::Value, "there is nothing in it to change"));
    }
    if wrong.is_empty() { Ok(json!({"patch": patch, "add": add})) } else { Err(wrong) }
}

fn is_keyed(row: &Map<String, Value>) -> bool {
    row.iter().any(|(key, value)| RowKey::is_part(key, value))
}
