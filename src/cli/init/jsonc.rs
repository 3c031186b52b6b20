//! A server in a client's file of JSON with comments, edited in place.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstObjectProp, CstRootNode};
use serde_json::Value;

use super::client::Change;

/// The text with the server in its section, where all else stays as it is: comments, order, indentation, line ends.
/// None if it is so already.
///
/// # Errors
/// Text that is not understood, with why.
pub fn with(text: &str, section: &str, name: &str, server: &Value) -> Result<Option<Change>, String> {
    let text = if text.trim().is_empty() { "{}\n" } else { text };
    let whole = CstRootNode::parse(text, &FORMAT).map_err(|error| error.to_string())?;
    let object = whole.object_value().ok_or("it holds no JSON object")?;
    let servers = match one(&object, section)?.map(|section| section.object_value()) {
        Some(Some(servers)) => servers,
        Some(None) => return Err(format!("its {section:?} is no object")),
        None => object.object_value_or_set(section),
    };
    let there = one(&servers, name)?;
    match &there {
        Some(there) if there.value().and_then(|value| value.to_serde_value()).as_ref() == Some(server) => {
            return Ok(None);
        }
        Some(there) => {
            there.set_value(input(server));
        }
        None => {
            servers.append(name, input(server));
        }
    }
    Ok(Some(Change { text: whole.to_string(), replaces: there.is_some() }))
}

/// JSON with the comments and trailing commas that clients take in their files, and no other liberty.
const FORMAT: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The key of the object; none where it has none.
///
/// # Errors
/// Where it stands twice: which one the client reads is not known.
fn one(object: &CstObject, key: &str) -> Result<Option<CstObjectProp>, String> {
    let mut named = object.properties().into_iter().filter(|property| property.decoded_name().as_deref() == Some(key));
    match (named.next(), named.next()) {
        (found, None) => Ok(found),
        (_, Some(_)) => Err(format!("it has {key:?} twice")),
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(values) => CstInputValue::Array(values.iter().map(input).collect()),
        Value::Object(map) => {
            CstInputValue::Object(map.iter().map(|(key, value)| (key.clone(), input(value))).collect())
        }
    }
}
