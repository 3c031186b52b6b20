//! Filters as they are sent: `[field, op, value]`, `[doctype, field, op, value]`, `{field: value}`.

use erpnext_schema::Operator;
use serde_json::Value;

use crate::error::{SiteError, exc};

/// One condition.
#[derive(Clone, PartialEq, Debug)]
pub struct Condition {
    /// The DocType whose field it is, where it was stated.
    pub doctype: Option<String>,
    /// The field, which may be `items.item_code`.
    pub field: String,
    /// The comparison.
    pub operator: Operator,
    /// The value.
    pub value: Value,
}

/// Reads filters of every form.
///
/// # Errors
/// 417 for an operator that there is not, 404 where two parts are read as a DocType and a field, 500 else.
pub fn read(filters: &Value) -> Result<Vec<Condition>, SiteError> {
    match filters {
        Value::Null => Ok(Vec::new()),
        Value::Object(pairs) => pairs.iter().map(|(field, value)| pair(field, value)).collect(),
        // One condition without the outer list.
        Value::Array(parts) if parts.first().is_some_and(Value::is_string) => Ok(vec![condition(parts)?]),
        Value::Array(entries) => entries
            .iter()
            .map(|entry| match entry {
                Value::Array(parts) => condition(parts),
                Value::Object(pairs) => match pairs.iter().next() {
                    Some((field, value)) => pair(field, value),
                    None => Err(unreadable()),
                },
                _ => Err(unreadable()),
            })
            .collect(),
        Value::String(name) => Ok(vec![new(None, "name", Operator::Eq, Value::from(name.as_str()))]),
        _ => Err(unreadable()),
    }
}

fn unreadable() -> SiteError {
    SiteError::new(exc::VALUE, "a filter that is no list")
}

fn new(doctype: Option<&str>, field: &str, operator: Operator, value: Value) -> Condition {
    Condition { doctype: doctype.map(str::to_owned), field: field.to_owned(), operator, value }
}

fn pair(field: &str, value: &Value) -> Result<Condition, SiteError> {
    match value.as_array().map(Vec::as_slice) {
        Some([operator, value]) => Ok(new(None, field, known(operator)?, value.clone())),
        _ => Ok(new(None, field, Operator::Eq, value.clone())),
    }
}

fn condition(parts: &[Value]) -> Result<Condition, SiteError> {
    match parts {
        [Value::String(doctype), Value::String(field), operator, value, ..] => {
            Ok(new(Some(doctype), field, known(operator)?, value.clone()))
        }
        [Value::String(field), operator, value] => Ok(new(None, field, known(operator)?, value.clone())),
        [Value::String(doctype), _] => Err(SiteError::missing("DocType", doctype)),
        _ => Err(unreadable()),
    }
}

fn known(operator: &Value) -> Result<Operator, SiteError> {
    let text = operator.as_str().unwrap_or_default();
    text.parse().map_err(|_| {
        let known: Vec<&str> = Operator::ALL.iter().map(|operator| operator.as_str()).collect();
        SiteError::invalid(format!("Operator must be one of {}", known.join(", ")))
    })
}
