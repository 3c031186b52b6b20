//! Reads one JSON object of the configuration key by key; what it does not like, it notes under the key's path.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use erpnext_schema::{nearest, with_article};
use serde_json::{Map, Value, json};

use super::error::ConfigError;
use super::json::join;

/// Where errors are noted while reading goes on; or, while nothing is read, what would be.
#[derive(Default)]
pub(super) struct Errors {
    notes: RefCell<Vec<ConfigError>>,
    asked: Option<RefCell<RecordedSchema>>,
}

/// What the reader asks a file for, in that order: the file's schema.
#[derive(Default)]
pub(super) struct RecordedSchema {
    /// The keys of each object, by its path.
    pub keys: Vec<(String, Vec<String>)>,
    /// The schema of the value at each path.
    pub values: Vec<(String, Value)>,
}

/// Stands for any name where an object may have any.
pub(super) const ANY: &str = "*";
static NOTHING: Value = Value::Null;
static NO_KEYS: LazyLock<Value> = LazyLock::new(|| Value::Object(Map::new()));

impl Errors {
    /// Records what is asked for. No reader then finds anything wrong, and each object has one key [`ANY`].
    pub fn asking() -> Self {
        Self { asked: Some(RefCell::default()), ..Self::default() }
    }

    pub fn note(&self, place: impl Into<String>, message: impl Into<String>) {
        self.notes.borrow_mut().push(ConfigError::new(place, message));
    }

    pub fn extend(&self, errors: Vec<ConfigError>) {
        self.notes.borrow_mut().extend(errors);
    }

    pub fn into_vec(self) -> Vec<ConfigError> {
        self.notes.into_inner()
    }

    pub fn into_asked(self) -> RecordedSchema {
        self.asked.map(RefCell::into_inner).unwrap_or_default()
    }
}

/// One object, its path, and the place for errors.
pub(super) struct Reader<'a> {
    pub path: String,
    object: &'a Map<String, Value>,
    pub errors: &'a Errors,
}

impl<'a> Reader<'a> {
    /// The value as an object; noted where it is something else.
    pub fn new(path: String, value: &'a Value, errors: &'a Errors) -> Option<Self> {
        match value {
            Value::Object(object) => Some(Self { path, object, errors }),
            other => {
                // A secret that is in the wrong place is still a secret.
                errors.note(path, format!("expected an object, found {}", kind(other)));
                None
            }
        }
    }

    /// Records the schema of the value under a key; the first one counts. Whether reading is only recorded.
    pub fn asks(&self, key: &str, schema: impl FnOnce() -> Value) -> bool {
        let Some(asked) = &self.errors.asked else { return false };
        let (path, mut asked) = (self.at(key), asked.borrow_mut());
        if !asked.values.iter().any(|(known, _)| *known == path) {
            asked.values.push((path, schema()));
        }
        true
    }

    /// Notes each key that is not one of these.
    pub fn only(&self, known: &[&str]) {
        if let Some(asked) = &self.errors.asked {
            let known = known.iter().map(|key| (*key).to_owned()).collect();
            asked.borrow_mut().keys.push((self.path.clone(), known));
        }
        for key in self.object.keys().filter(|key| !known.contains(&key.as_str())) {
            self.errors.note(self.at(key), unknown("key", key, known));
        }
    }

    /// The path of a key.
    pub fn at(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Every key with its value.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        let any = self.errors.asked.as_ref().map(|_| (ANY, &*NO_KEYS));
        self.object.iter().map(|(key, value)| (key.as_str(), value)).chain(any)
    }

    /// The value of a key. Null is a value: `"allowed_fields": null` must not read as "no list, so everything".
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).or_else(|| self.errors.asked.as_ref().map(|_| &NOTHING))
    }

    /// The object under a key.
    pub fn object(&self, key: &str) -> Option<Self> {
        if self.asks(key, || json!({"type": "object"})) {
            return Self::new(self.at(key), &NO_KEYS, self.errors);
        }
        Self::new(self.at(key), self.get(key)?, self.errors)
    }

    /// `true` or `false`.
    pub fn bool(&self, key: &str, default: bool) -> bool {
        self.asks(key, || json!({"type": "boolean", "default": default}));
        let value = self.expect(key, "true or false", Value::as_bool);
        value.unwrap_or(default)
    }

    /// A whole number from 1 up.
    pub fn count(&self, key: &str, unit: &str, default: u64) -> u64 {
        self.asks(key, || json!({"type": "integer", "minimum": 1, "default": default}));
        self.optional_count(key, unit).unwrap_or(default)
    }

    /// A whole number from 1 up, where there is one.
    pub fn optional_count(&self, key: &str, unit: &str) -> Option<u64> {
        self.asks(key, || json!({"type": "integer", "minimum": 1}));
        let expected = format!("a whole number of {unit}, 1 or more");
        self.expect(key, &expected, |value| value.as_u64().filter(|number| *number > 0))
    }

    /// One of these names, as the value that it stands for.
    pub fn choice<T: Copy + PartialEq>(&self, key: &str, choices: &[(&str, T)], default: T) -> T {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        self.asks(key, || {
            let name = choices.iter().find(|(_, value)| *value == default).map(|(name, _)| *name);
            let mut schema = json!({"type": "string", "enum": names});
            if let Some(name) = name {
                schema["default"] = json!(name);
            }
            schema
        });
        let choice = |text: &str| choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        self.parsed(key, |text| choice(text).ok_or_else(|| unknown("value", text, &names))).unwrap_or(default)
    }

    /// One of these numbers, as the value that it stands for, where there is one.
    pub fn number<T: Copy>(&self, key: &str, choices: &[(u64, T)]) -> Option<T> {
        let numbers: Vec<u64> = choices.iter().map(|(number, _)| *number).collect();
        self.asks(key, || json!({"type": "integer", "enum": numbers}));
        let expected = numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" or ");
        let choice = |number: u64| choices.iter().find(|(known, _)| *known == number).map(|(_, value)| *value);
        self.expect(key, &expected, |value| choice(value.as_u64()?))
    }

    /// A text, without the space around it.
    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.asks(key, || json!({"type": "string"}));
        self.expect(key, "a text", Value::as_str).map(str::trim)
    }

    /// The absolute path of a directory, such as the `example`.
    pub fn directory(&self, key: &str, example: &str) -> Option<PathBuf> {
        self.asks(key, || json!({"type": "string", "examples": [example]}));
        self.parsed(key, |path| match Path::new(path).is_absolute() {
            true => Ok(path.into()),
            false => Err(format!("expected an absolute path, found {path:?}")),
        })
    }

    /// What a parser makes of the text under a key; its error says what is wrong.
    pub fn parsed<T>(&self, key: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let result = parse(self.text(key)?);
        result.map_err(|message| self.errors.note(self.at(key), message)).ok()
    }

    /// A list of field names.
    pub fn texts(&self, key: &str) -> Option<Vec<(String, &'a str)>> {
        self.list(key, "field name")
    }

    /// A list of texts, each with its place; `what` says what one of them is.
    pub fn list(&self, key: &str, what: &str) -> Option<Vec<(String, &'a str)>> {
        self.asks(key, || json!({"type": "array", "items": {"type": "string"}}));
        let list = self.expect(key, &format!("a list of {what}s"), Value::as_array)?;
        let entry = |(i, value): (usize, &'a Value)| {
            let place = format!("{}[{i}]", self.at(key));
            match value.as_str() {
                Some(text) => Some((place, text)),
                None => {
                    self.errors.note(place, format!("expected {}, found {}", with_article(what), show(value)));
                    None
                }
            }
        };
        Some(list.iter().enumerate().filter_map(entry).collect())
    }

    fn expect<T>(&self, key: &str, what: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Option<T> {
        let value = self.get(key)?;
        let read = read(value);
        if read.is_none() && self.errors.asked.is_none() {
            // A secret of the wrong type is still a secret.
            let found = if key.starts_with("api_") || key.starts_with("client_secret") {
                kind(value).to_owned()
            } else {
                show(value)
            };
            self.errors.note(self.at(key), format!("expected {what}, found {found}"));
        }
        read
    }
}

/// What ERPNext and people call otherwise.
const MEANT: [(&str, &str); 5] =
    [("write", "update"), ("edit", "update"), ("select", "read"), ("list", "read"), ("remove", "delete")];

/// `unknown key; did you mean read?`, or the keys there are.
pub(super) fn unknown(what: &str, wrong: &str, known: &[&str]) -> String {
    let meant = MEANT.iter().find(|(said, meant)| *said == wrong && known.contains(meant)).map(|(_, meant)| *meant);
    match meant.or_else(|| nearest(wrong, known.iter().copied())) {
        Some(right) => format!("unknown {what}; did you mean {right}?"),
        None => format!("unknown {what}; there are {}", known.join(", ")),
    }
}

/// The value as an error shows it.
pub(super) fn show(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) | Value::Null => kind(value).to_owned(),
        Value::String(text) if text.chars().count() > 40 => "a long text".to_owned(),
        scalar => scalar.to_string(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::unknown;

    #[test]
    fn what_erpnext_calls_otherwise_is_told_by_its_name_here() {
        assert_eq!(unknown("key", "write", &["read", "update"]), "unknown key; did you mean update?");
        assert_eq!(unknown("key", "write", &["ttl"]), "unknown key; there are ttl");
        assert_eq!(unknown("key", "raed", &["read", "update"]), "unknown key; did you mean read?");
    }
}
