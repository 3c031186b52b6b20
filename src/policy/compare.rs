//! Values compared as the site's database compares them.

use std::cmp::Ordering;

use erpnext_schema::collation::fold;
use serde_json::{Value, json};

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::Bool(on) => Some(if *on { 1.0 } else { 0.0 }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A value as a text.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Whether a value is this.
pub fn equal(value: &Value, operand: &Value) -> bool {
    compare(value, operand) == Some(Ordering::Equal)
}

/// Numbers by size, texts (dates too) by their letters; nothing compares with an empty field.
pub fn compare(value: &Value, operand: &Value) -> Option<Ordering> {
    match (value, operand) {
        (Value::Null, Value::String(text)) if text.trim().is_empty() => Some(Ordering::Equal),
        (Value::String(value), Value::String(operand)) => Some(fold(value).cmp(&fold(operand))),
        (value, operand) => number(value)?.partial_cmp(&number(operand)?),
    }
}

/// A moment as its day, where the operand is a day: `between` has whole days.
pub fn day(value: &Value, operand: &Value) -> Value {
    match (value.as_str(), operand.as_str()) {
        (Some(moment), Some(day)) if day.len() == 10 && moment.len() > 10 && moment.is_char_boundary(10) => {
            json!(&moment[..10])
        }
        _ => value.clone(),
    }
}
