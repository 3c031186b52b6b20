//! Changes laid onto a stored document without losing any of it, and what differs between two documents.

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Rule, Shape, Violation, time};
use serde_json::{Map, Value, json};

use crate::shape::Children;

/// What becomes of stored rows that a new list of rows does not name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dropped {
    /// The change is refused: they were more likely forgotten.
    Refuse,
    /// They are deleted: the list is the whole table.
    Delete,
}

/// What to send for the changes: as given, but every row of a table complete.
///
/// The site sets every column that is not sent to NULL and deletes every row that is not named (H1), and loses the
/// table where a name is wrong (H2).
///
/// # Errors
/// A row that the document does not have, one named twice, and, if they are to be refused, rows that are not named.
pub fn onto_stored(
    def: &DocTypeDef,
    stored: &Map<String, Value>,
    mut changes: Map<String, Value>,
    dropped: Dropped,
) -> Result<Map<String, Value>, Vec<Violation>> {
    let mut violations = Vec::new();
    for (key, value) in &mut changes {
        let (Some(field), Value::Array(rows)) = (def.field(key), value) else { continue };
        if field.kind.is_table() && !rows.is_empty() {
            let kept: Vec<&Map<String, Value>> =
                stored.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object).collect();
            complete(key, &kept, rows, dropped, &mut violations);
        }
    }
    if violations.is_empty() { Ok(changes) } else { Err(violations) }
}

fn complete(
    table: &str,
    stored: &[&Map<String, Value>],
    rows: &mut [Value],
    dropped: Dropped,
    violations: &mut Vec<Violation>,
) {
    let name_of = |row: &Map<String, Value>| row.get("name").and_then(Value::as_str).map(str::to_owned);
    let mut named: Vec<String> = Vec::new();
    for (i, row) in rows.iter_mut().filter_map(Value::as_object_mut).enumerate() {
        if let Some(name) = name_of(row) {
            let path = format!("data.{table}[{i}].name");
            match stored.iter().find(|stored| stored.get("name").and_then(Value::as_str) == Some(&name)) {
                Some(_) if named.contains(&name) => {
                    violations.push(violation(path, format!("the row {name:?} is named twice")));
                }
                Some(stored) => {
                    let mut whole = (*stored).clone();
                    whole.append(row);
                    *row = whole;
                }
                None => violations.push(violation(
                    path,
                    format!("{table} has no row named {name:?}; its rows are {}", listed(stored)),
                )),
            }
            named.push(name);
        }
        row.insert("idx".to_owned(), json!(i + 1));
    }
    let forgotten: Vec<_> =
        stored.iter().filter(|row| name_of(row).is_none_or(|name| !named.contains(&name))).copied().collect();
    if dropped == Dropped::Refuse && !forgotten.is_empty() {
        let message = format!(
            "{} row(s) of the document are not in the list and would be deleted: {}. List each row to keep as \
             {{\"name\": …}}, alone or with its changes; an empty list empties the table",
            forgotten.len(),
            listed(&forgotten)
        );
        violations.push(violation(format!("data.{table}"), message));
    }
}

fn listed(rows: &[&Map<String, Value>]) -> String {
    let names = rows.iter().take(20).map(|row| {
        let name = row.get("name").and_then(Value::as_str).unwrap_or("?");
        format!("{name:?} (row {})", row.get("idx").unwrap_or(&Value::Null))
    });
    let mut text = names.collect::<Vec<_>>().join(", ");
    if rows.len() > 20 {
        text.push_str(", …");
    }
    if text.is_empty() { "none".to_owned() } else { text }
}

fn violation(path: String, message: String) -> Violation {
    Violation { path, rule: Rule::Value, message, nearest: None }
}

/// What changed between two readings of a document: field, or `table[row].column`, with from and to.
pub fn changes(before: &Map<String, Value>, after: &Map<String, Value>) -> Map<String, Value> {
    let mut changed = Map::new();
    let keys = after.keys().chain(before.keys().filter(|key| !after.contains_key(*key)));
    for key in keys.filter(|key| !matches!(key.as_str(), "modified" | "modified_by")) {
        match (before.get(key), after.get(key)) {
            (Some(Value::Array(from)), Some(Value::Array(to))) => row_changes(key, from, to, &mut changed),
            (from, to) if from != to => {
                changed.insert(key.clone(), from_to(from, to));
            }
            _ => {}
        }
    }
    changed
}

fn row_changes(table: &str, before: &[Value], after: &[Value], changed: &mut Map<String, Value>) {
    let name = |row: &Value| row.get("name").and_then(Value::as_str).map(str::to_owned);
    for row in after {
        let path = format!("{table}[{}]", row.get("idx").unwrap_or(&Value::Null));
        match before.iter().find(|old| name(old).is_some() && name(old) == name(row)) {
            Some(Value::Object(old)) => {
                let row = row.as_object().cloned().unwrap_or_default();
                changed
                    .extend(changes(old, &row).into_iter().map(|(column, value)| (format!("{path}.{column}"), value)));
            }
            _ => {
                changed.insert(path, from_to(None, Some(row)));
            }
        }
    }
    for row in before.iter().filter(|old| !after.iter().any(|row| name(row) == name(old))) {
        let path = format!("{table}[{}]", name(row).unwrap_or_default());
        changed.insert(path, from_to(Some(row), None));
    }
}

fn from_to(from: Option<&Value>, to: Option<&Value>) -> Value {
    json!({"from": from, "to": to})
}

/// Where the stored document holds something else than was sent: path, with what was sent and what is stored.
pub fn differences(
    def: &'static DocTypeDef,
    children: Children<'_>,
    may_see: &dyn Fn(Option<&FieldDef>, &FieldDef) -> bool,
    sent: &Map<String, Value>,
    stored: &Map<String, Value>,
) -> Map<String, Value> {
    let mut found = Map::new();
    for (key, value) in sent {
        let Some(field) = def.fields.iter().find(|field| field.fieldname == key) else { continue };
        if !may_see(None, field) {
            continue;
        }
        let now = stored.get(key).unwrap_or(&Value::Null);
        match (value, now) {
            (Value::Array(rows), now) if field.kind.is_table() => {
                let Some(child) = field.target().and_then(children) else { continue };
                let now = now.as_array().map(Vec::as_slice).unwrap_or_default();
                if rows.len() != now.len() {
                    found.insert(
                        key.clone(),
                        json!({"sent": format!("{} rows", rows.len()), "stored": format!("{} rows", now.len())}),
                    );
                    continue;
                }
                for (i, (row, now)) in rows.iter().zip(now).enumerate() {
                    let (Value::Object(row), Value::Object(now)) = (row, now) else { continue };
                    let may_see = |_: Option<&FieldDef>, column: &FieldDef| may_see(Some(field), column);
                    let rows = differences(child, children, &may_see, row, now);
                    found.extend(rows.into_iter().map(|(column, value)| (format!("{key}[{}].{column}", i + 1), value)));
                }
            }
            (value, now) if !same(field, value, now) => {
                found.insert(key.clone(), json!({"sent": value, "stored": now}));
            }
            _ => {}
        }
    }
    found
}

/// Whether two values of a field mean the same. Nothing, an empty text and 0 are the same to the site.
fn same(field: &FieldDef, sent: &Value, stored: &Value) -> bool {
    let nothing = |value: &Value| value.is_null() || value == "" || value.as_f64() == Some(0.0);
    if sent == stored || nothing(sent) && nothing(stored) || field.kind == FieldKind::Password {
        return true;
    }
    match (field.kind.shape(), sent, stored) {
        (Shape::Int | Shape::Float | Shape::Bool, sent, stored) => sent.as_f64() == stored.as_f64(),
        (Shape::Time, Value::String(sent), Value::String(stored)) => {
            matches!((time::parse_time(sent), time::parse_time(stored)), (Ok(sent), Ok(stored)) if sent == stored)
        }
        (Shape::Datetime, Value::String(sent), Value::String(stored)) => {
            matches!((time::parse_datetime(sent), time::parse_datetime(stored)), (Ok(sent), Ok(stored)) if sent == stored)
        }
        (Shape::Json, Value::String(sent), Value::String(stored)) => {
            let read = |text: &str| serde_json::from_str::<Value>(text).ok();
            read(sent) == read(stored)
        }
        (Shape::Text, Value::String(sent), Value::String(stored)) => sent.trim() == stored.trim(),
        _ => false,
    }
}
