//! A document in the making: the JSON object that requests send and answers hold, `doctype` among its keys.

use serde_json::{Map, Value};

/// A document or a child row.
pub type Doc = Map<String, Value>;

/// The text under a key; empty where there is none.
pub fn text<'a>(doc: &'a Doc, key: &str) -> &'a str {
    doc.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The whole number under a key, also where it was sent as text; 0 where there is none.
pub fn int(doc: &Doc, key: &str) -> i64 {
    doc.get(key).map_or(0, cint)
}

/// The decimal number under a key, also where it was sent as text; 0 where there is none.
pub fn number(doc: &Doc, key: &str) -> f64 {
    doc.get(key).map_or(0.0, flt)
}

/// The rate or factor under a key; 1 where there is none.
pub fn factor(doc: &Doc, key: &str) -> f64 {
    Some(number(doc, key)).filter(|factor| *factor != 0.0).unwrap_or(1.0)
}

/// The rows under a key.
pub fn rows<'a>(doc: &'a Doc, key: &str) -> impl Iterator<Item = &'a Doc> {
    doc.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// Whether the value counts as nothing: absent, null, empty text, an empty list.
pub fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(list)) => list.is_empty(),
        Some(_) => false,
    }
}

/// A value as the site writes it into a text.
pub fn display(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(on) => i64::from(*on).to_string(),
        other => other.to_string(),
    }
}

/// A whole number as the site reads one (H12): text that is no number is 0.
pub fn cint(value: &Value) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "the site cuts the fraction off; the cast saturates")]
    match value {
        Value::Number(number) => number.as_i64().unwrap_or_else(|| number.as_f64().unwrap_or(0.0) as i64),
        Value::Bool(on) => i64::from(*on),
        Value::String(text) => {
            let text = text.trim();
            text.parse().unwrap_or_else(|_| text.parse::<f64>().ok().filter(|n| n.is_finite()).unwrap_or(0.0) as i64)
        }
        _ => 0,
    }
}

/// A decimal number as the site reads one (H12): commas are dropped, text that is no number is 0.
pub fn flt(value: &Value) -> f64 {
    match value {
        Value::Number(number) => number.as_f64().unwrap_or(0.0),
        Value::Bool(on) => f64::from(u8::from(*on)),
        Value::String(text) => text.replace(',', "").trim().parse().unwrap_or(0.0),
        _ => 0.0,
    }
}

/// An amount of money, to its two decimals.
pub fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}
