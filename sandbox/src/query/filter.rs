//! Filters as they are sent: `[field, op, value]`, `[doctype, field, op, value]`, `{field: value}`.

use erpnext_schema::{Operator, Version};
use serde_json::Value;

use crate::error::{SiteError, exc};
use crate::site::Site;

/// One condition.
#[derive(Clone, PartialEq, Debug)]
pub struct Condition {
    /// The DocType whose field it is, where it was stated.
    pub doctype: Option<String>,
    /// The field, which may be `items.item_code`.
    pub field: String,
    /// The comparison.
    pub operator: Operator,
    /// The value.
    pub value: Value,
}

/// Filters as they were read.
#[derive(Default)]
pub struct Filters {
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// The only entry of a list, as version 16 repeats it in what it refuses.
    only: Option<String>,
}

impl Filters {
    /// What the site makes of a refusal of these filters: 16 reads a list of one entry as nested filters, and says so too.
    pub fn refused(&self, error: SiteError) -> SiteError {
        match &self.only {
            Some(entry) if matches!(error.exc, exc::VALIDATION | exc::PERMISSION) => {
                let text = format!("Error parsing nested filters: [{entry}]. {}", error.text);
                error.and_then_thrown(text)
            }
            _ => error,
        }
    }
}

/// What 16 takes in a list of one entry (H56).
const SIMPLE: &[&str] =
    &["=", "!=", ">", "<", ">=", "<=", "like", "not like", "in", "not in", "between", "is", "timespan", "regex"];

/// Reads filters of every form.
///
/// # Errors
/// 417 for an operator that there is not, 404 where a text is read as a DocType, 500 else.
pub fn read(site: &Site<'_>, filters: &Value) -> Result<Filters, SiteError> {
    let version = site.version();
    let entries = match filters {
        Value::Null => return Ok(Filters::default()),
        Value::Object(pairs) => {
            let conditions =
                pairs.iter().map(|(field, value)| pair(version, field, value)).collect::<Result<_, _>>()?;
            return Ok(Filters { conditions, only: None });
        }
        Value::String(name) => {
            return Ok(Filters {
                conditions: vec![new(None, "name", Operator::Eq, Value::from(name.as_str()))],
                only: None,
            });
        }
        Value::Array(entries) => entries,
        _ => return Err(unreadable()),
    };
    let mut read = Filters::default();
    if let ([Value::Array(parts)], true) = (entries.as_slice(), version >= Version::V16) {
        if parts.first().is_some_and(Value::is_array) {
            return Err(no_text());
        }
        read.only = Some(Value::from(parts.as_slice()).to_string().replace('"', "'"));
        let operator = parts.len().checked_sub(2).and_then(|at| parts.get(at)).and_then(Value::as_str);
        let simple = operator.is_some_and(|operator| SIMPLE.contains(&operator.to_lowercase().as_str()));
        if parts.len() != 2 && !(simple && matches!(parts.len(), 3 | 4)) {
            let text = format!("Invalid simple filter format: {}", read.only.as_deref().unwrap_or_default());
            return Err(read.refused(SiteError::invalid(text)));
        }
    }
    for entry in entries {
        read.conditions.push(match entry {
            Value::Array(parts) => condition(site, parts)?,
            Value::Object(pairs) => match pairs.iter().next() {
                Some((field, value)) => pair(version, field, value)?,
                None => return Err(unreadable()),
            },
            // A text is taken for a list of its letters, the first of them for a DocType.
            Value::String(text) if !text.is_empty() => {
                return Err(SiteError::missing("DocType", &text.chars().take(1).collect::<String>()));
            }
            _ => return Err(unreadable()),
        });
    }
    Ok(read)
}

fn unreadable() -> SiteError {
    SiteError::new(exc::VALUE, "a filter that is no list")
}

fn no_text() -> SiteError {
    SiteError::new(exc::ATTRIBUTE, "'list' object has no attribute 'strip'")
}

fn new(doctype: Option<&str>, field: &str, operator: Operator, value: Value) -> Condition {
    Condition { doctype: doctype.map(str::to_owned), field: field.to_owned(), operator, value }
}

fn pair(version: Version, field: &str, value: &Value) -> Result<Condition, SiteError> {
    match value.as_array().map(Vec::as_slice) {
        Some([operator, value]) => compared(version, None, field, operator, value),
        _ => Ok(new(None, field, Operator::Eq, value.clone())),
    }
}

fn condition(site: &Site<'_>, parts: &[Value]) -> Result<Condition, SiteError> {
    match parts {
        [Value::String(doctype), Value::String(field), operator, value, ..] => {
            compared(site.version(), Some(doctype), field, operator, value)
        }
        [Value::String(field), operator, value] => compared(site.version(), None, field, operator, value),
        // A DocType, in any case, and its field.
        [Value::String(doctype), field] => {
            let known = site.meta.all().iter().any(|def| def.name.eq_ignore_ascii_case(doctype));
            let unknown =
                || SiteError::throw(exc::DATA, format!("Field not permitted in query: {}", crate::doc::display(field)));
            Err(if known { unknown() } else { SiteError::missing("DocType", doctype) })
        }
        [Value::Array(_), ..] => Err(no_text()),
        _ => Err(unreadable()),
    }
}

fn compared(
    version: Version,
    doctype: Option<&str>,
    field: &str,
    operator: &Value,
    value: &Value,
) -> Result<Condition, SiteError> {
    let text = operator.as_str().unwrap_or_default();
    let syntax = || SiteError::new(exc::PROGRAMMING, "(1064, \"You have an error in your SQL syntax\")");
    match text.to_lowercase().as_str() {
        // 15 looks for the words in small letters alone.
        "is" if text != "is" && version < Version::V16 => Err(syntax()),
        "regex" if version >= Version::V16 => Err(syntax()),
        "previous" | "next" => {
            let which = if text.eq_ignore_ascii_case("next") { "next" } else { "last" };
            let unit = crate::doc::display(value);
            let span = format!("{which} {}", unit.trim_start_matches("1 "));
            Ok(new(doctype, field, Operator::Timespan, Value::from(span)))
        }
        _ => {
            let known: Vec<&str> = Operator::ALL.iter().map(|operator| operator.as_str()).collect();
            let unknown = || SiteError::invalid(format!("Operator must be one of {}", known.join(", ")));
            Ok(new(doctype, field, text.parse().map_err(|_| unknown())?, value.clone()))
        }
    }
}
