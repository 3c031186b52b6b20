//! The value rules: whether a JSON value may be stored in a field, and how it goes over the wire.
//!
//! The site answers 200 to most wrong values and stores something else (H7, H10, H12); these rules refuse them first.

use serde_json::{Number, Value};

use crate::meant::{could_be, meant_bool, meant_date, meant_datetime, meant_number};
use crate::{FieldDef, FieldKind, Shape, flag, nearest, time};

/// Why a value was refused, so that a caller can tell what a newer look at the site's metadata could change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// The DocType has no such field.
    UnknownField,
    /// The field exists, and nobody writes it.
    NotWritable,
    /// The field exists, and the configuration withholds it.
    NotPermitted,
    /// A mandatory field is missing or empty.
    Mandatory,
    /// Not one of a Select's values.
    Choice,
    /// Wrong JSON type, form, range or length.
    Value,
}

/// One rule that one value broke.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Where: `customer_group`, `items[2].qty`.
    pub path: String,
    /// Which kind of rule.
    pub rule: Rule,
    /// What the rule says and what was found.
    pub message: String,
    /// The nearest right value, ready to be sent.
    pub nearest: Option<String>,
}

impl Violation {
    /// What broke the rule, where no right value is near.
    pub fn new(path: impl Into<String>, rule: Rule, message: impl Into<String>) -> Self {
        Self { path: path.into(), rule, message: message.into(), nearest: None }
    }

    pub(crate) fn nearest(mut self, nearest: Option<impl Into<String>>) -> Self {
        self.nearest = nearest.map(Into::into);
        self
    }
}

/// Why a configuration keeps a caller from `doing` something with a field: reading it, writing it.
pub fn not_permitted(field: &FieldDef, doing: &str) -> String {
    let why = format!("this server's configuration does not permit {doing} it");
    match field.permlevel {
        0 => why,
        level => {
            format!("{why}: it is at permission level {level}, which extra_fields in the rule of the DocType opens")
        }
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.message)?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean {nearest}?"),
            None => Ok(()),
        }
    }
}

/// What of a wrong value is quoted back: enough to recognise it.
pub(crate) fn quoted(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Checks a value for a field that is not a table, and gives it as the site stores it: 0 and 1 for a Check, padded
/// dates, a string for JSON. `null` empties the field.
///
/// # Errors
/// The rule that it breaks, with the nearest right value where there is one.
pub fn check_value(field: &FieldDef, path: &str, value: &Value) -> Result<Value, Violation> {
    if value.is_null() {
        return empty(field, path);
    }
    let plain = plain(field, value);
    let value = plain.as_ref().unwrap_or(value);
    let broken = |message: String| Violation::new(path, Rule::Value, message);
    let expected = |what: &str| broken(format!("expected {what}, found {}", quoted(value)));
    let expected_day = |what: &str| {
        let days = value.as_str().map(could_be).unwrap_or_default();
        broken(format!("expected {what}, found {}{days}", quoted(value)))
    };
    match field.kind.shape() {
        Shape::Text if field.kind == FieldKind::Select => check_choice(field, path, value),
        Shape::Text | Shape::Secret => {
            let Value::String(text) = value else {
                let only = value.as_array().filter(|values| values.len() == 1).and_then(|values| values.first());
                let text = scalar_text(only.unwrap_or(value)).or_else(|| lines(field, value));
                return Err(expected("a string").nearest(text.map(|text| Value::from(text).to_string())));
            };
            if text.trim().is_empty() && field.is(flag::REQD) {
                return empty(field, path);
            }
            check_length(field, path, text)?;
            Ok(value.clone())
        }
        Shape::Bool => match value {
            Value::Bool(on) => Ok(Value::from(u8::from(*on))),
            Value::Number(n) if n.as_u64().is_some_and(|n| n < 2) => Ok(value.clone()),
            _ => Err(expected("true or false").nearest(scalar_text(value).and_then(|text| meant_bool(&text)))),
        },
        Shape::Int => {
            let Some(whole) = value.as_number().and_then(whole_number) else {
                let meant = number(field, value).filter(|n| !n.contains(['.', 'e']));
                return Err(expected("a whole number").nearest(meant));
            };
            check_sign(field, path, whole < 0)?;
            Ok(Value::from(whole))
        }
        Shape::Float => {
            let Value::Number(number) = value else {
                return Err(expected("a number").nearest(number(field, value)));
            };
            let float = number.as_f64().unwrap_or(f64::NAN);
            if !float.is_finite() {
                return Err(expected("a finite number"));
            }
            if field.kind == FieldKind::Rating && !(0.0..=1.0).contains(&float) {
                let stars = (float / 5.0).clamp(0.0, 1.0);
                return Err(broken(format!("a Rating is a fraction from 0 to 1, found {number}"))
                    .nearest(Some(stars.to_string())));
            }
            check_sign(field, path, float < 0.0)?;
            Ok(value.clone())
        }
        Shape::Date => moment(value, |text| time::parse_date(text).map(time::format_date))
            .ok_or_else(|| expected_day("a date as YYYY-MM-DD").nearest(meant(value, meant_date))),
        // A day is its beginning: the site takes it so, and a field that is a date in one version is a moment in another.
        Shape::Datetime => {
            let day = |text: &str| time::parse_date(text).map(|day| format!("{} 00:00:00", time::format_date(day)));
            let read = |text: &str| time::parse_datetime(text).map(time::format_datetime).or_else(|_| day(text));
            moment(value, read).ok_or_else(|| {
                expected_day("YYYY-MM-DD HH:MM:SS in the site's own time zone, without Z or an offset")
                    .nearest(meant(value, meant_datetime))
            })
        }
        Shape::Time => moment(value, |text| time::parse_time(text).map(time::format_time))
            .ok_or_else(|| expected("a time as HH:MM:SS")),
        Shape::Json => match value {
            Value::String(text) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => Ok(value.clone()),
            Value::String(_) => Err(expected("a JSON value, or a string that holds one")),
            other => Ok(Value::from(other.to_string())),
        },
        Shape::Rows => Err(expected("a list of rows")),
        Shape::Layout => Err(Violation::new(path, Rule::NotWritable, "is a part of the form and holds no value")),
    }
}

/// The number or flag that a text is, where it is written as JSON writes it, and the text that a whole number is: nothing
/// else can be meant.
fn plain(field: &FieldDef, value: &Value) -> Option<Value> {
    if let (FieldKind::Data, Value::Number(number)) = (field.kind, value) {
        let whole = number.is_i64() || number.is_u64();
        return whole.then(|| Value::from(number.to_string()));
    }
    let text = value.as_str()?.trim();
    let json = || serde_json::from_str::<Value>(text).ok();
    match field.kind.shape() {
        Shape::Int | Shape::Float => json().filter(Value::is_number),
        Shape::Bool => match text {
            "0" | "1" | "true" | "false" => json(),
            _ => None,
        },
        _ => None,
    }
}

fn empty(field: &FieldDef, path: &str) -> Result<Value, Violation> {
    if field.is(flag::REQD) && field.flags & (flag::READ_ONLY | flag::FILLED) == 0 {
        return Err(Violation::new(path, Rule::Mandatory, "is mandatory and cannot be empty"));
    }
    // The site keeps numbers and checks in columns that cannot be NULL.
    Ok(match field.kind.shape() {
        Shape::Bool | Shape::Int | Shape::Float => Value::from(0),
        _ => Value::Null,
    })
}

fn check_choice(field: &FieldDef, path: &str, value: &Value) -> Result<Value, Violation> {
    let only = value.as_array().filter(|values| values.len() == 1).and_then(|values| scalar_text(values.first()?));
    let text = scalar_text(value).ok_or_else(|| {
        let message = format!("expected a string, found {}", quoted(value));
        Violation::new(path, Rule::Value, message).nearest(only)
    })?;
    let Some(choices) = field.choices() else {
        check_length(field, path, &text)?;
        return Ok(Value::from(text));
    };
    if text.is_empty() {
        return empty(field, path).map(|_| Value::from(""));
    }
    if choices.contains(&text.as_str()) {
        return Ok(Value::from(text));
    }
    let mut alike = choices.iter().filter(|choice| choice.eq_ignore_ascii_case(text.trim()));
    if let (Some(choice), None) = (alike.next(), alike.next()) {
        return Ok(Value::from(*choice));
    }
    let listed = match choices.len() {
        0..=12 => choices.join(", "),
        n => format!("{}, … ({n} in all, see get_doctype_schema)", choices[..8].join(", ")),
    };
    let message = format!("{} is not one of: {listed}", quoted(value));
    Err(Violation::new(path, Rule::Choice, message).nearest(nearest(&text, choices.iter().copied())))
}

fn check_length(field: &FieldDef, path: &str, text: &str) -> Result<(), Violation> {
    let length = text.chars().count();
    match field.max_length() {
        Some(max) if length > max as usize => {
            Err(Violation::new(path, Rule::Value, format!("holds at most {max} characters, found {length}")))
        }
        _ => Ok(()),
    }
}

fn check_sign(field: &FieldDef, path: &str, negative: bool) -> Result<(), Violation> {
    if negative && (field.is(flag::NON_NEGATIVE) || field.kind == FieldKind::Duration) {
        return Err(Violation::new(path, Rule::Value, "must not be negative"));
    }
    Ok(())
}

fn moment<E>(value: &Value, format: impl Fn(&str) -> Result<String, E>) -> Option<Value> {
    format(value.as_str()?).ok().map(Value::from)
}

fn meant(value: &Value, read: impl Fn(&str) -> Option<String>) -> Option<String> {
    read(value.as_str()?).map(|text| Value::from(text).to_string())
}

/// A list of texts as the lines of a text of several, such as serial numbers.
fn lines(field: &FieldDef, value: &Value) -> Option<String> {
    let has_lines = matches!(field.kind, FieldKind::SmallText | FieldKind::Text | FieldKind::LongText);
    let values = value.as_array().filter(|values| has_lines && !values.is_empty())?;
    Some(values.iter().map(scalar_text).collect::<Option<Vec<_>>>()?.join("\n"))
}

fn number(field: &FieldDef, value: &Value) -> Option<String> {
    let text = scalar_text(value)?;
    let percent = text.trim_end().strip_suffix('%').filter(|_| field.kind == FieldKind::Percent);
    meant_number(percent.unwrap_or(&text))
}

/// A whole number, `5.0` as 5: JSON writers differ in how they write them.
pub fn whole_number(number: &Number) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Some(whole) = number.as_i64() {
        return Some(whole);
    }
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= EXACT)?;
    #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
    Some(float as i64)
}

fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(on) => Some(on.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(kind: FieldKind, value: Value) -> String {
        check_value(&FieldDef::new("f", kind, "F"), "f", &value).err().map_or_else(String::new, |why| why.to_string())
    }

    #[test]
    fn a_date_in_another_form_is_told_once_with_the_right_one() {
        let date = told(FieldKind::Date, json!("31.12.2026"));
        assert_eq!(date, r#"f: expected a date as YYYY-MM-DD, found "31.12.2026"; did you mean "2026-12-31"?"#);
        let moment = told(FieldKind::Datetime, json!("31.12.2026T10:00:00"));
        assert!(moment.ends_with(r#"found "31.12.2026T10:00:00"; did you mean "2026-12-31 10:00:00"?"#), "{moment}");
        let elsewhere = told(FieldKind::Datetime, json!("2026-12-31T10:00:00Z"));
        assert!(elsewhere.ends_with(r#"found "2026-12-31T10:00:00Z""#), "{elsewhere}");
        let time = told(FieldKind::Time, json!("noon"));
        assert_eq!(time, r#"f: expected a time as HH:MM:SS, found "noon""#);
    }

    #[test]
    fn what_must_not_be_negative_is_told_before_it_is_sent() {
        let says = |field: &FieldDef| check_value(field, "f", &json!(-1)).err().map(|why| why.to_string());
        for kind in [FieldKind::Int, FieldKind::Float, FieldKind::Currency, FieldKind::Duration] {
            let plain = FieldDef::new("f", kind, "F");
            assert_eq!(says(&plain).is_some(), kind == FieldKind::Duration, "{kind:?}");
            let bound = FieldDef { flags: flag::NON_NEGATIVE, ..plain };
            assert_eq!(says(&bound).as_deref(), Some("f: must not be negative"), "{kind:?}");
        }
    }

    #[test]
    fn a_value_that_can_mean_one_thing_is_taken_in_another_form() {
        let takes = |field: &FieldDef, value: Value| check_value(field, "f", &value).ok();
        let choice = |choices| FieldDef {
            options: crate::Options::Choices(choices),
            ..FieldDef::new("f", FieldKind::Select, "F")
        };
        assert_eq!(takes(&choice(&["Open", "On Hold"]), json!("on hold ")), Some(json!("On Hold")));
        assert_eq!(takes(&choice(&["Open", "OPEN"]), json!("open")), None, "it may be either");
        let text = FieldDef::new("f", FieldKind::Data, "F");
        assert_eq!(takes(&text, json!(4711)), Some(json!("4711")));
        assert_eq!(takes(&text, json!(4.20)), None, "how many zeros stood there is not known");
        assert_eq!(takes(&FieldDef::new("f", FieldKind::Link, "F"), json!(5)), None);
    }

    #[test]
    fn a_list_is_proposed_as_the_lines_of_a_text_that_has_several() {
        let two = json!(["L1", 2]);
        assert!(told(FieldKind::SmallText, two.clone()).ends_with(r#"did you mean "L1\n2"?"#));
        for (kind, value) in [(FieldKind::Data, two), (FieldKind::SmallText, json!([])), (FieldKind::Text, json!([{}]))]
        {
            assert!(!told(kind, value.clone()).contains("did you mean"), "{kind:?} {value}");
        }
    }

    #[test]
    fn a_percentage_may_bear_its_sign_in_no_other_field() {
        assert!(told(FieldKind::Percent, json!("12,5 %")).ends_with("did you mean 12.5?"));
        assert!(told(FieldKind::Float, json!("12.5%")).ends_with("found \"12.5%\""));
        assert!(told(FieldKind::Int, json!("12,5")).ends_with("found \"12,5\""));
    }
}
