//! A value of a row, as it stands in the site's answer.

use std::borrow::Cow;

use serde_json::{Number, Value};

use crate::document::fingerprint::ComparedValue;
use crate::limit::scan::Found;

/// A value of a row.
pub(super) enum Cell<'d> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'d, str>),
    Other(Box<Value>),
}

static NULL: Value = Value::Null;
static BOOLS: [Value; 2] = [Value::Bool(false), Value::Bool(true)];

impl<'d> Cell<'d> {
    /// What was found; none where it is no JSON.
    pub fn of(found: Found<'d>) -> Option<Self> {
        let json = match found {
            Found::Text(text) => return Some(Self::Text(Cow::Borrowed(text))),
            Found::Json(json) => json,
        };
        // What most columns hold that hold no text.
        match json {
            "null" => return Some(Self::Null),
            "0" => return Some(Self::Number(0_u8.into())),
            "0.0" => return Number::from_f64(0.0).map(Self::Number),
            _ => {}
        }
        Some(match serde_json::from_str(json).ok()? {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(number),
            Value::String(text) => Self::Text(Cow::Owned(text)),
            other => Self::Other(Box::new(other)),
        })
    }

    pub fn held(&self) -> ComparedValue<'_> {
        match self {
            Self::Null => ComparedValue::Other(&NULL),
            Self::Bool(value) => ComparedValue::Other(&BOOLS[usize::from(*value)]),
            Self::Number(number) => ComparedValue::Number(number),
            Self::Text(text) => ComparedValue::Text(text),
            Self::Other(value) => ComparedValue::Other(value),
        }
    }

    pub fn is_zero(&self) -> bool {
        matches!(self, Self::Number(number) if number.as_f64() == Some(0.0))
    }
}
