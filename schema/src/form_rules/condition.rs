//! What other fields have to hold, as it is read from an expression and compared with a document.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The name under which a form knows that its document is not stored yet.
pub const NEW: &str = "__islocal";

/// Any of these has to hold, with all of its terms.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Condition(Vec<Vec<Term>>);

/// What is asked of one field.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Term {
    /// The field.
    pub field: String,
    /// Whether it is of the document that a row stands in, and not of the row.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parent: bool,
    is: Is,
}

/// What becomes of a condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Judged<'c> {
    /// It holds, by these terms.
    Holds(&'c [Term]),
    /// It does not hold.
    Fails,
    /// Too little is known.
    Open,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(rename_all = "snake_case")]
enum Is {
    Set,
    NotSet,
    OneOf(Vec<String>),
    NoneOf(Vec<String>),
}

impl Condition {
    /// Reads an expression of one of the common forms: `doc.x`, `!doc.x`, `doc.x == "y"`, `!=`,
    /// `["y", "z"].includes(doc.x)`, `in_list(["y"], doc.x)`, a `!` before these two, and those with `&&` and `||` between
    /// them; `parent.x` in the place of `doc.x`; or the bare name of a field.
    pub fn parse(expression: &str) -> Option<Self> {
        let expression = expression.trim();
        let Some(script) = expression.strip_prefix("eval:") else {
            let is_name = expression.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let field = Path { field: expression, parent: false };
            return (is_name && !expression.is_empty()).then(|| Self(vec![vec![field.term(Is::Set)]]));
        };
        let script = bare(script.trim().trim_end_matches(';'));
        let all = |terms: &str| split(terms, "&&")?.into_iter().map(Term::parse).collect::<Option<Vec<Term>>>();
        split(script, "||")?.into_iter().map(all).collect::<Option<Vec<_>>>().map(Self)
    }

    /// An expression that is read as this condition.
    pub fn expression(&self) -> String {
        let all = |terms: &Vec<Term>| terms.iter().map(Term::expression).collect::<Vec<_>>().join(" && ");
        format!("eval:{}", self.0.iter().map(all).collect::<Vec<_>>().join(" || "))
    }

    /// Whether it holds; `value` tells what the field of a term says, as far as that is known.
    pub fn judge(&self, value: impl Fn(&Term) -> Option<Value>) -> Judged<'_> {
        let mut judged = Judged::Fails;
        for terms in &self.0 {
            let held = || terms.iter().map(|term| value(term).map(|value| term.holds(&value)));
            if held().all(|held| held == Some(true)) {
                return Judged::Holds(terms);
            }
            if held().all(|held| held != Some(false)) {
                judged = Judged::Open;
            }
        }
        judged
    }
}

impl Term {
    fn parse(text: &str) -> Option<Self> {
        let text = bare(text);
        let (negated, inner) = text.strip_prefix('!').map_or((false, text), |inner| (true, inner.trim_start()));
        if inner.starts_with("in_list(") || inner.contains(".includes(") {
            let (field, values) = listed(inner)?;
            return Some(field.term(if negated { Is::NoneOf(values) } else { Is::OneOf(values) }));
        }
        type Made = fn(Vec<String>) -> Is;
        let signs: [(&str, Made); 2] = [("!=", Is::NoneOf), ("==", Is::OneOf)];
        for (sign, is) in signs {
            if let Some((field, value)) = text.split_once(sign) {
                // `===` asks for no more than `==` of what a form holds.
                let value = literal(value.strip_prefix('=').unwrap_or(value))?;
                let found = is(vec![value]);
                return Some(path(field)?.term(match found {
                    Is::OneOf(values) if values == [""] => Is::NotSet,
                    Is::NoneOf(values) if values == [""] => Is::Set,
                    found => found,
                }));
            }
        }
        match negated {
            true => Some(path(bare(inner))?.term(Is::NotSet)),
            false => Some(path(text)?.term(Is::Set)),
        }
    }

    fn expression(&self) -> String {
        let field = format!("{}.{}", if self.parent { "parent" } else { "doc" }, self.field);
        match &self.is {
            Is::Set => field,
            Is::NotSet => format!("!{field}"),
            Is::OneOf(values) => match values.as_slice() {
                [value] => format!("{field} == \"{value}\""),
                values => format!("[\"{}\"].includes({field})", values.join("\", \"")),
            },
            Is::NoneOf(values) => match values.as_slice() {
                [value] => format!("{field} != \"{value}\""),
                values => format!("![\"{}\"].includes({field})", values.join("\", \"")),
            },
        }
    }

    fn holds(&self, value: &Value) -> bool {
        let said = said(value);
        match &self.is {
            Is::Set => !matches!(said.as_str(), "" | "0"),
            Is::NotSet => matches!(said.as_str(), "" | "0"),
            Is::OneOf(values) => values.contains(&said),
            Is::NoneOf(values) => !values.contains(&said),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |terms: &Vec<Term>| terms.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
        f.write_str(&self.0.iter().map(all).collect::<Vec<_>>().join(", or "))
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = format!("{}{}", self.field, if self.parent { " of the document" } else { "" });
        match &self.is {
            Is::Set if field == NEW => f.write_str("the document is not stored yet"),
            Is::NotSet | Is::NoneOf(_) if field == NEW => f.write_str("the document is stored"),
            Is::Set => write!(f, "{field} is set"),
            Is::NotSet => write!(f, "{field} is not set"),
            Is::OneOf(values) => write!(f, "{field} is {}", values.join(" or ")),
            Is::NoneOf(values) => write!(f, "{field} is not {}", values.join(" or ")),
        }
    }
}

/// Where an expression looks.
struct Path<'t> {
    field: &'t str,
    parent: bool,
}

impl Path<'_> {
    fn term(&self, is: Is) -> Term {
        Term { field: self.field.to_owned(), parent: self.parent, is }
    }
}

/// Without the brackets around all of it.
fn bare(text: &str) -> &str {
    let text = text.trim();
    match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inside) if !inside.contains(['(', ')']) => inside.trim(),
        _ => text,
    }
}

/// The parts between these signs; none where brackets hold some of them together.
fn split<'t>(text: &'t str, sign: &str) -> Option<Vec<&'t str>> {
    let parts: Vec<&str> = text.split(sign).map(str::trim).collect();
    let even = |part: &&str| part.matches('(').count() == part.matches(')').count();
    parts.iter().all(even).then_some(parts)
}

/// The field and the values of a list that is to hold it.
fn listed(text: &str) -> Option<(Path<'_>, Vec<String>)> {
    let in_list = text.strip_prefix("in_list(").and_then(|rest| rest.strip_suffix(')'));
    let (list, field) = match in_list {
        Some(inside) => inside.rsplit_once(',')?,
        None => text.strip_suffix(')')?.split_once(".includes(")?,
    };
    Some((path(field)?, list_of(list)?))
}

/// The field in `doc.x` or `parent.x`.
fn path(text: &str) -> Option<Path<'_>> {
    let (of, field) = text.trim().split_once('.')?;
    let parent = match of {
        "doc" => false,
        "parent" => true,
        _ => return None,
    };
    let field = field.trim();
    let is_name = !field.is_empty() && field.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some(Path { field, parent })
}

/// A text in quotation marks, or a whole number.
fn literal(text: &str) -> Option<String> {
    let text = text.trim();
    let quoted = ['"', '\''].into_iter().find_map(|mark| text.strip_prefix(mark)?.strip_suffix(mark));
    match quoted {
        Some(inside) => (!inside.contains(['"', '\'', '\\'])).then(|| inside.to_owned()),
        None => text.parse::<i64>().ok().map(|number| number.to_string()),
    }
}

fn list_of(text: &str) -> Option<Vec<String>> {
    text.trim().strip_prefix('[')?.strip_suffix(']')?.split(',').map(literal).collect()
}

/// What a field says, as it is compared: nothing, a tick and a number as text.
fn said(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(tick) => u8::from(*tick).to_string(),
        Value::String(text) => text.clone(),
        Value::Array(rows) if rows.is_empty() => String::new(),
        Value::Number(number) => match number.as_f64() {
            Some(whole) if whole.fract() == 0.0 => format!("{whole:.0}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}
