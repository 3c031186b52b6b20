//! JSON in a string, as some clients send objects and lists.

use serde_json::Value;

use crate::config::names_twice;

/// The object or list that the text is; none where an object names a key twice, so that nobody knows what is meant.
pub fn unpacked(text: &str) -> Option<Value> {
    let packed = text.trim_start().starts_with(['{', '[']);
    let value = packed.then(|| serde_json::from_str(text).ok())?;
    value.filter(|value: &Value| (value.is_object() || value.is_array()) && names_twice(text.as_bytes()).is_none())
}

/// Replaces a text by the object or list that it is.
pub fn unpack(value: &mut Value) {
    if let Some(unpacked) = value.as_str().and_then(unpacked) {
        *value = unpacked;
    }
}
