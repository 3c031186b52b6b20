//! Where the site stored something else than was sent: it coerces, recomputes and silently leaves out (H7, H12, H13).

use erpnext_schema::{Children, DocTypeDef, FieldDef, FieldKind, Shape, counted, time};
use serde_json::{Map, Value, json};

use crate::entry::is_nothing;
use crate::limit::memory;
use crate::shape::markdown;

/// Where the stored document holds something else than was sent: path, with what was sent and what is stored; `ignored`
/// where that is what the document held `before`.
pub fn differences(
    def: &'static DocTypeDef,
    children: Children<'_>,
    may_see: &dyn Fn(Option<&FieldDef>, &FieldDef) -> bool,
    before: &Map<String, Value>,
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
                let Some(child) = field.rows_of().and_then(children) else { continue };
                let now = now.as_array().map(Vec::as_slice).unwrap_or_default();
                if rows.len() != now.len() {
                    found.insert(
                        key.clone(),
                        json!({"sent": counted(rows.len(), "row"), "stored": counted(now.len(), "row")}),
                    );
                    continue;
                }
                let was = |row: &Map<String, Value>| {
                    let rows = before.get(key).and_then(Value::as_array)?.iter().filter_map(Value::as_object);
                    rows.into_iter()
                        .find(|was| was.get("name").is_some() && was.get("name") == row.get("name"))
                        .cloned()
                };
                for (i, (row, now)) in rows.iter().zip(now).enumerate() {
                    let (Value::Object(row), Value::Object(now)) = (row, now) else { continue };
                    let may_see = |_: Option<&FieldDef>, column: &FieldDef| may_see(Some(field), column);
                    let rows = differences(child, children, &may_see, &was(now).unwrap_or_default(), row, now);
                    found.extend(rows.into_iter().map(|(column, value)| (format!("{key}[{}].{column}", i + 1), value)));
                }
            }
            (value, now) if !same(field, value, now) => {
                let mut difference = json!({"sent": value, "stored": now});
                if same(field, before.get(key).unwrap_or(&Value::Null), now) {
                    difference["ignored"] = json!(true);
                }
                if let Some(why) = companion(def, key) {
                    difference["why"] = json!(why);
                }
                found.insert(key.clone(), difference);
            }
            _ => {}
        }
    }
    found
}

/// What is to be said before of the day or time that a document is to be posted on, where it `is_given` and the site puts its
/// own in the place of it.
pub fn posted_otherwise(def: &DocTypeDef, is_given: &dyn Fn(&str) -> bool, doc: &Map<String, Value>) -> Option<String> {
    const BY: &str = "set_posting_time";
    let is_set = doc.get(BY).is_some_and(|by| !is_nothing(by) && *by != false);
    let of = ["posting_date", "posting_time"].into_iter().find(|of| is_given(of))?;
    let why = companion(def, of).filter(|_| !is_set)?;
    Some(format!("{of}: {why}"))
}

/// The field that decides instead, where the site is known to work one out of another.
pub fn companion(def: &DocTypeDef, field: &str) -> Option<&'static str> {
    const COMPANIONS: &[(&str, &str, &str)] = &[
        ("posting_date", "set_posting_time", "the site posts on the day itself, unless set_posting_time is true"),
        ("posting_time", "set_posting_time", "the site posts at the time itself, unless set_posting_time is true"),
        ("debit", "debit_in_account_currency", "the site works it out of debit_in_account_currency"),
        ("credit", "credit_in_account_currency", "the site works it out of credit_in_account_currency"),
        ("due_date", "payment_schedule", "the last due_date in payment_schedule decides it"),
        ("amount", "rate", "the site works it out of qty and rate"),
        ("received_qty", "rejected_qty", "the site works it out of qty and rejected_qty"),
    ];
    let known = COMPANIONS.iter().find(|(of, by, _)| *of == field && def.field(by).is_some());
    known.map(|(_, _, why)| *why)
}

/// Whether two values of a field mean the same. Nothing, an empty text and 0 are the same to the site.
pub fn same(field: &FieldDef, sent: &Value, stored: &Value) -> bool {
    if sent == stored || is_nothing(sent) && is_nothing(stored) || field.kind == FieldKind::Password {
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
            let read = |text: &str| memory::inner::<Value>(text);
            read(sent) == read(stored)
        }
        // The site writes HTML in its own way.
        (Shape::Text, Value::String(sent), Value::String(stored)) if field.kind.is_rich_text() => {
            sent.trim() == stored.trim() || markdown::from_html(sent) == markdown::from_html(stored)
        }
        (Shape::Text, Value::String(sent), Value::String(stored)) => sent.trim() == stored.trim(),
        _ => false,
    }
}
