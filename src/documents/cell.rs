//! A value of a row, as it stands in the site's answer.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::document::fingerprint::ComparedValue;

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

impl Cell<'_> {
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

/// Reads one.
pub(super) struct CellSeed;

impl<'d> DeserializeSeed<'d> for CellSeed {
    type Value = Cell<'d>;

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<Cell<'d>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'d> Visitor<'d> for CellSeed {
    type Value = Cell<'d>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Cell<'d>, E> {
        Ok(Cell::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Cell<'d>, E> {
        Ok(Cell::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Cell<'d>, E> {
        Ok(Cell::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Cell<'d>, E> {
        Ok(Cell::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Cell<'d>, E> {
        Ok(Number::from_f64(value).map_or(Cell::Null, Cell::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'d str) -> Result<Cell<'d>, E> {
        Ok(Cell::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cell<'d>, E> {
        Ok(Cell::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'d>>(self, mut entries: A) -> Result<Cell<'d>, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = entries.next_element()? {
            list.push(value);
        }
        Ok(Cell::Other(Box::new(Value::Array(list))))
    }

    fn visit_map<A: MapAccess<'d>>(self, mut entries: A) -> Result<Cell<'d>, A::Error> {
        let mut object = Map::new();
        while let Some((key, value)) = entries.next_entry()? {
            object.insert(key, value);
        }
        Ok(Cell::Other(Box::new(Value::Object(object))))
    }
}
