//! Conditions on documents, as the configuration states them: `{"status": {"not_in": ["Disabled"]}}`.

use erpnext_schema::time;
use serde_json::{Map, Value, json};

use super::reader::{Errors, Reader, show, unknown};

/// What a document must satisfy.
#[derive(Clone, PartialEq, Debug)]
pub enum Condition {
    /// Every one of them.
    All(Vec<Condition>),
    /// At least one of them (`any_of`).
    Any(Vec<Condition>),
    /// One test of one field.
    Field(String, Test),
}

impl Condition {
    /// The names of the fields it looks at, in the order of the file, each as often as it is looked at.
    pub fn fields(&self) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::fields).collect(),
            Self::Field(name, _) => vec![name],
        }
    }

    /// What it asks for, part by part: a document must satisfy every one.
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::All(parts) => parts,
            one => std::slice::from_ref(one),
        }
    }
}

/// What a field's value must be like. Lists are never empty.
#[derive(Clone, PartialEq, Debug)]
pub enum Test {
    /// One of these.
    In(Vec<Operand>),
    /// None of these.
    NotIn(Vec<Operand>),
    /// This.
    Eq(Operand),
    /// Not this.
    Ne(Operand),
    /// Above.
    Gt(Operand),
    /// Above or this.
    Gte(Operand),
    /// Below.
    Lt(Operand),
    /// Below or this.
    Lte(Operand),
    /// From the first to the second, both included.
    Between(Operand, Operand),
    /// SQL's pattern: `%` for any text, `_` for one character.
    Like(String),
    /// A regular expression that is found somewhere in the text.
    Regex(Regex),
    /// Whether there is a value.
    IsSet(bool),
}

/// A value to compare with.
#[derive(Clone, PartialEq, Debug)]
pub enum Operand {
    /// A string, a number or a boolean.
    Value(Value),
    /// `$user`: the user that the caller acts as.
    User,
    /// `$today`: the date on the site.
    Today,
}

/// A regular expression. Takes time in proportion to the text, whatever is written.
#[derive(Clone, Debug)]
pub struct Regex(regex_lite::Regex);

impl Regex {
    /// Reads what is written.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(written: &str) -> Result<Self, String> {
        regex_lite::Regex::new(written).map(Self).map_err(|why| format!("no regular expression: {why}"))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is found somewhere in the text.
    pub fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

const ANY_OF: &str = "any_of";
const TESTS: &[&str] = &["in", "not_in", "eq", "ne", "gt", "gte", "lt", "lte", "between", "like", "regex", "is_set"];

/// The schema of a condition, which refers to itself as `#/$defs/condition`.
pub(super) fn schema() -> Value {
    let value = json!({"type": ["string", "number", "boolean"]});
    let values = json!({"type": "array", "minItems": 1, "items": value});
    let schema = |test: &str| match test {
        "in" | "not_in" => values.clone(),
        "gt" | "gte" | "lt" | "lte" => json!({"type": ["string", "number"]}),
        "between" => json!({"type": "array", "minItems": 2, "maxItems": 2, "items": value}),
        "like" | "regex" => json!({"type": "string", "minLength": 1}),
        "is_set" => json!({"type": "boolean"}),
        _ => value.clone(),
    };
    let tests: Map<String, Value> = TESTS.iter().map(|test| ((*test).to_owned(), schema(test))).collect();
    let tests = json!({"type": "object", "minProperties": 1, "additionalProperties": false, "properties": tests});
    json!({
        "description": "What a document must satisfy: each field named here, by a value, a list of values or tests.",
        "type": "object",
        "minProperties": 1,
        "properties": {ANY_OF: {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/condition"}}},
        "additionalProperties": {"anyOf": [value, values, tests]},
    })
}

/// The condition that an object states; its entries are ANDed.
pub(super) fn read(object: &Reader<'_>) -> Option<Condition> {
    let mut parts = Vec::new();
    for (key, value) in object.entries() {
        let place = object.at(key);
        if key == ANY_OF {
            parts.extend(any_of(place, value, object.errors));
        } else {
            let tests = tests(place, value, object.errors);
            parts.extend(tests.into_iter().map(|test| Condition::Field(key.to_owned(), test)));
        }
    }
    if object.entries().next().is_none() {
        object.errors.note(&object.path, "no condition; name a field or leave it out");
    }
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(Condition::All(parts)),
    }
}

/// Notes what the filters of a list cannot say: a condition on reading has to be said by them.
pub(super) fn must_filter(condition: &Condition, place: &str, errors: &Errors) {
    let field = |name: &str, test: &Test| {
        if name.contains('.') {
            errors.note(
                place,
                format!("{name}: a column of a child table cannot be tested here; name a field of the document"),
            );
        }
        if matches!(test, Test::Regex(_)) {
            errors.note(place, format!("{name}: the site cannot filter by regex; use like, in or another test"));
        }
    };
    let is_day = |operand: &Operand| match operand {
        Operand::Value(value) => value.as_str().is_some_and(|text| time::parse_date(text).is_ok()),
        Operand::Today => true,
        Operand::User => false,
    };
    let mut choices = 0;
    for part in condition.parts() {
        match part {
            Condition::Field(name, test) => field(name, test),
            Condition::Any(any) => {
                choices += 1;
                for one in any {
                    match one {
                        Condition::Field(name, Test::Lt(_) | Test::Lte(_)) => {
                            errors.note(
                                place,
                                format!("{name}: in any_of use between; the site takes an empty field for less"),
                            );
                        }
                        Condition::Field(name, Test::Between(low, high)) if ![low, high].into_iter().all(is_day) => {
                            errors.note(place, format!("{name}: in any_of between is for dates, YYYY-MM-DD"));
                        }
                        Condition::Field(name, test) => field(name, test),
                        _ => errors.note(place, "any_of: the site can only choose among single tests of single fields"),
                    }
                }
            }
            Condition::All(_) => errors.note(place, "conditions that stand in each other"),
        }
    }
    if choices > 1 {
        errors.note(place, "the site can only take one any_of");
    }
}

fn any_of(place: String, value: &Value, errors: &Errors) -> Option<Condition> {
    let choices = match value.as_array() {
        Some(choices) if !choices.is_empty() => choices,
        _ => {
            errors.note(place, format!("expected a list of conditions, found {}", describe(value)));
            return None;
        }
    };
    let readers = choices.iter().enumerate().map(|(i, choice)| Reader::new(format!("{place}[{i}]"), choice, errors));
    Some(Condition::Any(readers.flatten().filter_map(|choice| read(&choice)).collect()))
}

fn tests(place: String, value: &Value, errors: &Errors) -> Vec<Test> {
    match value {
        Value::Array(_) => operands(place, value, errors).map(Test::In).into_iter().collect(),
        Value::Object(_) => {
            let Some(object) = Reader::new(place, value, errors) else { return Vec::new() };
            if object.entries().next().is_none() {
                errors.note(&object.path, format!("no test; there are {}", TESTS.join(", ")));
            }
            object.entries().filter_map(|(name, value)| test(name, object.at(name), value, errors)).collect()
        }
        _ => operand(place, value, errors).map(Test::Eq).into_iter().collect(),
    }
}

fn test(name: &str, place: String, value: &Value, errors: &Errors) -> Option<Test> {
    let one = |place: String| operand(place, value, errors);
    let text = |place: String| {
        let text = value.as_str().filter(|text| !text.is_empty());
        if text.is_none() {
            errors.note(place, format!("expected a pattern, found {}", show(value)));
        }
        text.map(str::to_owned)
    };
    match name {
        "in" => operands(place, value, errors).map(Test::In),
        "not_in" => operands(place, value, errors).map(Test::NotIn),
        "eq" => one(place).map(Test::Eq),
        "ne" => one(place).map(Test::Ne),
        "gt" | "gte" | "lt" | "lte" => {
            if value.is_boolean() {
                errors.note(place, format!("expected a number, a text or a date, found {value}"));
                return None;
            }
            let operand = one(place)?;
            Some(match name {
                "gt" => Test::Gt(operand),
                "gte" => Test::Gte(operand),
                "lt" => Test::Lt(operand),
                _ => Test::Lte(operand),
            })
        }
        "between" => match value.as_array().map(Vec::as_slice) {
            Some([low, high]) => {
                let low = operand(format!("{place}[0]"), low, errors);
                let high = operand(format!("{place}[1]"), high, errors);
                Some(Test::Between(low?, high?))
            }
            _ => {
                errors.note(place, format!("expected a list of two values, found {}", describe(value)));
                None
            }
        },
        "like" => text(place).map(Test::Like),
        "regex" => Regex::new(&text(place.clone())?).map_err(|why| errors.note(place, why)).ok().map(Test::Regex),
        "is_set" => {
            if !value.is_boolean() {
                errors.note(place, format!("expected true or false, found {}", show(value)));
            }
            value.as_bool().map(Test::IsSet)
        }
        _ => {
            errors.note(place, unknown("test", name, TESTS));
            None
        }
    }
}

fn operands(place: String, value: &Value, errors: &Errors) -> Option<Vec<Operand>> {
    match value.as_array() {
        Some(list) if !list.is_empty() => {
            let entries = list.iter().enumerate();
            Some(entries.filter_map(|(i, value)| operand(format!("{place}[{i}]"), value, errors)).collect())
        }
        _ => {
            errors.note(place, format!("expected a list of values, found {}", describe(value)));
            None
        }
    }
}

fn operand(place: String, value: &Value, errors: &Errors) -> Option<Operand> {
    match value {
        Value::String(text) if text.starts_with('$') => match text.as_str() {
            "$user" => Some(Operand::User),
            "$today" => Some(Operand::Today),
            _ => {
                errors.note(place, unknown("variable", text, &["$user", "$today"]));
                None
            }
        },
        Value::Null => {
            errors.note(place, "expected a value, found null; for an empty field use {\"is_set\": false}");
            None
        }
        Value::Array(_) | Value::Object(_) => {
            errors.note(place, format!("expected a text, a number, true or false, found {}", show(value)));
            None
        }
        scalar => Some(Operand::Value(scalar.clone())),
    }
}

fn describe(value: &Value) -> String {
    match value.as_array().map(Vec::len) {
        Some(0) => "an empty list".to_owned(),
        Some(1) => "a list of 1".to_owned(),
        Some(count) => format!("a list of {count}"),
        None => show(value),
    }
}
