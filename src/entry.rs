//! Values of an object as the site sends it: a document, a row, an entry of a list.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

/// The text that an entry holds under a key; empty where it holds none.
pub fn text_of<'a>(entry: &'a Map<String, Value>, key: &str) -> &'a str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a Check of an entry is set, as the site sends it or as it is shown.
pub fn is_set(entry: &Map<String, Value>, key: &str) -> bool {
    entry.get(key).is_some_and(|value| *value == 1 || *value == true)
}

/// Whether a value is none: the site does not tell null, an empty text and 0 apart.
pub fn is_nothing(value: &Value) -> bool {
    value.is_null() || *value == "" || value.as_f64() == Some(0.0)
}

/// The order of two values of one column: nothing first, numbers by size, texts by letters.
pub fn compare(one: &Value, other: &Value) -> Ordering {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        _ => one.as_str().cmp(&other.as_str()),
    }
}

/// A number without the noise of adding fractions: the site keeps nine digits of them.
pub fn rounded(value: Value) -> Value {
    let exact = value.as_f64().filter(|_| value.is_f64()).and_then(|number| format!("{number:.9}").parse().ok());
    exact.and_then(Number::from_f64).map_or(value, Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::{is_set, text_of};

    #[test]
    fn what_is_not_there_is_empty_and_not_set() {
        let pairs = [("a", json!("x")), ("b", json!(1)), ("c", json!(true)), ("d", json!("1"))];
        let entry = Map::from_iter(pairs.map(|(key, value)| (key.to_owned(), value)));
        assert_eq!(["a", "b", "z"].map(|key| text_of(&entry, key)), ["x", "", ""]);
        assert_eq!(["a", "b", "c", "d", "z"].map(|key| is_set(&entry, key)), [false, true, true, false, false]);
    }
}
