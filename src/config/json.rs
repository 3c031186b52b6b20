//! JSON text → value, refusing what serde_json would swallow: a key that one object names twice.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::error::ConfigError;

/// The value that the text holds, and an error for each key that an object names twice (its first value stays).
///
/// # Errors
/// The line and column of what is not JSON.
pub(super) fn parse(text: &str) -> Result<(Value, Vec<ConfigError>), ConfigError> {
    // Editors on Windows put a byte order mark first; JSON knows none.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let twice = RefCell::new(Vec::new());
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Node { path: String::new(), twice: &twice }.deserialize(&mut json);
    match value.and_then(|value| json.end().map(|()| value)) {
        Ok(value) => Ok((value, twice.into_inner())),
        Err(error) => Err(syntax(text, &error)),
    }
}

/// The place of a key that one object of the JSON names twice.
pub fn names_twice(json: &[u8]) -> Option<String> {
    // Hardly any is, and then its place is not looked for.
    if Once(&mut Vec::new()).deserialize(&mut serde_json::Deserializer::from_slice(json)).is_ok() {
        return None;
    }
    let twice = RefCell::new(Vec::new());
    let node = Node { path: String::new(), twice: &twice };
    node.deserialize(&mut serde_json::Deserializer::from_slice(json)).ok()?;
    twice.into_inner().into_iter().next().map(|error| error.place)
}

/// What is wrong with the text, and what mends it where that is plain.
fn syntax(text: &str, error: &serde_json::Error) -> ConfigError {
    let told = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let told = told.strip_suffix(&place).unwrap_or(&told);
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    let there = line.get(error.column().saturating_sub(1)..).unwrap_or_default();
    let mends = if told.starts_with("trailing comma") {
        "; take the last comma out"
    } else if error.is_eof() {
        "; the file ends too early"
    } else if ["//", "/*", "#"].iter().any(|mark| there.starts_with(mark)) {
        "; JSON has no comments, so take them out"
    } else {
        ""
    };
    ConfigError::new(format!("line {}, column {}", error.line(), error.column()), format!("not JSON: {told}{mends}"))
}

/// That no object names a key twice. The keys of the objects around it stand before its own.
struct Once<'k, 'de>(&'k mut Vec<Cow<'de, str>>);

impl<'de> DeserializeSeed<'de> for Once<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while entries.next_element_seed(Once(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Self(keys) = self;
        let first = keys.len();
        while let Some(key) = entries.next_key_seed(Key)? {
            keys.push(key);
            entries.next_value_seed(Once(keys))?;
        }
        let own = &mut keys[first..];
        own.sort_unstable();
        if own.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(A::Error::custom("a key is named twice"));
        }
        keys.truncate(first);
        Ok(())
    }
}

/// A key as it stands in the text, where it stands there as it is.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

struct Node<'a> {
    path: String,
    twice: &'a RefCell<Vec<ConfigError>>,
}

impl<'a> Node<'a> {
    fn below(&self, key: &str) -> Self {
        Node { path: join(&self.path, key), twice: self.twice }
    }
}

/// The path of a key in an object.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        let entry = |at: usize| Node { path: format!("{}[{at}]", self.path), twice: self.twice };
        while let Some(value) = entries.next_element_seed(entry(list.len()))? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let node = self.below(&key);
            let place = node.path.clone();
            let value = entries.next_value_seed(node)?;
            if object.contains_key(&key) {
                self.twice.borrow_mut().push(ConfigError::new(place, "named twice; keep one"));
            } else {
                object.insert(key, value);
            }
        }
        Ok(Value::Object(object))
    }
}
