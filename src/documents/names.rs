//! Names of documents: as values tell them, and whether a call names a document exactly.

use serde_json::{Map, Value};

use super::DocTypeCall;
use crate::error::ToolError;

/// Names of documents are texts, or numbers where the database counts.
pub fn document_name(value: &Value) -> Option<String> {
    match value {
        Value::String(name) => Some(name.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The site takes a name in another case, with other accents or a space at its end for the same (H26): what is to be
/// changed has to be named as it is.
///
/// # Errors
/// Where the stored document has another name.
pub fn named_exactly(on: &DocTypeCall<'_>, name: &str, stored: &Map<String, Value>) -> Result<(), ToolError> {
    match stored.get("name").and_then(document_name) {
        Some(right) if right != name => Err(ToolError::refused(
            format!(
                "name: there is no {} named exactly {name:?}, and nothing was changed; did you mean {right:?}?",
                on.def.name
            ),
            "Give the name exactly as it is stored.",
        )),
        _ => Ok(()),
    }
}
