//! What a filter in the form of another query language was meant to be.

use erpnext_schema::{FieldDef, Operator, Shape};
use serde_json::{Map, Value, json};

use super::compare::{alias, compared, literal, of_day, timespan};

/// A comparison as the site takes it.
pub type Meant = (Operator, Value);

/// An operator under another name, with its value.
pub fn comparison(operator: &str, value: &Value) -> Option<Meant> {
    use Operator as O;
    let known = || operator.parse().ok().map(|operator| (operator, value.clone()));
    if let Some(meant) = alias(operator, value).or_else(known) {
        return Some(meant);
    }
    let word: String =
        operator.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '$')).flat_map(char::to_lowercase).collect();
    // What the text contains stands for itself, not for a pattern.
    let text = |before: &str, after: &str| Some(json!(format!("{before}{}{after}", literal(value.as_str()?))));
    let set = |set: bool| {
        let said = match value {
            Value::Bool(said) => *said,
            Value::Null => true,
            Value::String(text) if text.is_empty() => true,
            _ => return None,
        };
        Some(json!(if set == said { "set" } else { "not set" }))
    };
    Some(match word.as_str() {
        "contains" | "icontains" | "includes" => (O::Like, text("%", "%")?),
        "notcontains" | "doesnotcontain" | "notincludes" => (O::NotLike, text("%", "%")?),
        "startswith" | "istartswith" | "beginswith" => (O::Like, text("", "%")?),
        "endswith" | "iendswith" => (O::Like, text("%", "")?),
        "ilike" => (O::Like, value.clone()),
        "eq" | "equals" | "equal" | "equalto" | "===" => (O::Eq, value.clone()),
        "ne" | "neq" | "notequals" | "notequal" | "notequalto" | "!==" => (O::Ne, value.clone()),
        "gt" | "greaterthan" | "morethan" | "after" => (O::Gt, value.clone()),
        "lt" | "lessthan" | "before" => (O::Lt, value.clone()),
        "gte" | "ge" | "greaterthanorequal" | "greaterthanorequalto" | "≥" | "=>" => (O::Gte, value.clone()),
        "lte" | "le" | "lessthanorequal" | "lessthanorequalto" | "≤" | "=<" => (O::Lte, value.clone()),
        "anyof" | "oneof" => (O::In, value.clone()),
        "nin" | "notin" | "noneof" => (O::NotIn, value.clone()),
        "exists" | "notnull" | "isnotnull" => (O::Is, set(true)?),
        "isnull" => (O::Is, set(false)?),
        _ => return None,
    })
}

/// The operator that a list begins with, in any language.
fn begun_by(parts: &[Value]) -> Option<Meant> {
    parts.first().and_then(Value::as_str).and_then(|word| comparison(word, &Value::from("")))
}

/// An operator beside its value or values, which can mean one thing only: `["between", a, b]`, `["contains", a]`,
/// `["in", a, b, c]`.
pub fn operation(parts: &[Value]) -> Option<Meant> {
    match (begun_by(parts), parts) {
        (Some(_), [Value::String(word), value]) => comparison(word, value),
        (Some((operator @ (Operator::In | Operator::NotIn), _)), [_, values @ ..]) if !values.is_empty() => {
            Some((operator, json!(values)))
        }
        (Some((Operator::Between, _)), [_, from, to]) => Some((Operator::Between, json!([from, to]))),
        _ => None,
    }
}

/// What a list without an operator may mean: a pattern, or values of which any will do.
pub fn list(parts: &[Value]) -> Option<Meant> {
    let scalar = |value: &Value| !value.is_array() && !value.is_object() && !value.is_null();
    match (begun_by(parts), parts) {
        (None, [Value::String(_), Value::String(text)]) if text.contains('%') => Some((Operator::Like, json!(text))),
        (None, [_, ..]) if parts.iter().all(scalar) => Some((Operator::In, json!(parts))),
        _ => None,
    }
}

/// `{"gte": a, "lt": b}`, or `{"operator": ">", "value": a}`: the comparisons that all have to hold.
pub fn object(entries: &Map<String, Value>) -> Option<Vec<Meant>> {
    if let (Some(operator), Some(value)) =
        (["operator", "op"].iter().find_map(|key| entries.get(*key)), entries.get("value"))
    {
        let is_read = |key: &String| ["operator", "op", "value", "field", "fieldname"].contains(&key.as_str());
        if !entries.keys().all(is_read) {
            return None;
        }
        return Some(vec![comparison(operator.as_str()?, value)?]);
    }
    let key = |key: &str| match key {
        "from" | "min" => ">=",
        "to" | "max" => "<=",
        "not" => "!=",
        _ => "",
    };
    let one = |(name, value): (&String, &Value)| comparison(if key(name).is_empty() { name } else { key(name) }, value);
    let meant: Vec<Meant> = entries.iter().map(one).collect::<Option<_>>()?;
    Some(match meant.as_slice() {
        [] => return None,
        [(Operator::Gte, from), (Operator::Lte, to)] | [(Operator::Lte, to), (Operator::Gte, from)] => {
            vec![(Operator::Between, json!([from, to]))]
        }
        _ => meant,
    })
}

/// Filters that came as a list of objects: as one object, or where a field comes twice as a list of lists.
pub fn objects(items: &[Value]) -> Option<Value> {
    let mut pairs: Vec<(&str, Value)> = Vec::new();
    for item in items {
        let item = item.as_object()?;
        match ["field", "fieldname"].iter().find_map(|key| item.get(*key)) {
            Some(field) => {
                let (operator, value) = match object(item) {
                    Some(meant) => meant.into_iter().next()?,
                    None => (Operator::Eq, item.get("value")?.clone()),
                };
                pairs.push((field.as_str()?, json!([operator.as_str(), value])));
            }
            None => pairs.extend(item.iter().map(|(field, value)| (field.as_str(), value.clone()))),
        }
    }
    let merged: Map<String, Value> = pairs.iter().map(|(field, value)| ((*field).to_owned(), value.clone())).collect();
    let once = merged.len() == pairs.len();
    (!pairs.is_empty()).then(|| if once { Value::Object(merged) } else { json!(pairs) })
}

/// Whether an object in a list joins several comparisons.
pub fn joins(item: &Value) -> bool {
    item.as_object().is_some_and(|item| {
        let named = ["field", "fieldname"].iter().any(|key| item.contains_key(*key));
        item.len() > 1 && !named
    })
}

/// What a comparison of a field that was refused can be instead.
pub fn instead(field: &FieldDef, operator: Operator, value: &Value) -> Option<Meant> {
    let only = match value {
        Value::Array(values) if values.len() == 1 => values.first(),
        Value::Array(_) => None,
        value => Some(value),
    };
    let span = only.and_then(Value::as_str).filter(|_| is_date(field)).and_then(timespan);
    let meant = match (operator, value) {
        (Operator::Eq | Operator::In | Operator::Timespan, _) if span.is_some() => (Operator::Timespan, json!(span)),
        // One day is a span of moments, and several are not.
        (Operator::In, Value::Array(_)) if field.kind.shape() == Shape::Datetime && only.is_some() => {
            (Operator::Eq, only.cloned()?)
        }
        (Operator::Eq, Value::Array(_)) => (Operator::In, value.clone()),
        (Operator::Ne, Value::Array(_)) => (Operator::NotIn, value.clone()),
        (Operator::Between, Value::Array(bounds)) => {
            let right = mended(field, operator, value).filter(|right| right != value);
            (operator, right.unwrap_or_else(|| bounds.iter().rev().cloned().collect()))
        }
        _ => match value.as_str().filter(|_| operator == Operator::Eq).and_then(signed) {
            Some(meant) => meant,
            None => (operator, mended(field, operator, value)?),
        },
    };
    let taken = compared(field, "", meant.0, &meant.1).and_then(|value| of_day(field, "", meant.0, value));
    taken.is_ok().then_some(meant)
}

fn is_date(field: &FieldDef) -> bool {
    matches!(field.kind.shape(), Shape::Date | Shape::Datetime)
}

/// The value, or each of its values, replaced by the nearest right one.
fn mended(field: &FieldDef, operator: Operator, value: &Value) -> Option<Value> {
    let near = |operator, value: &Value| match compared(field, "", operator, value) {
        Ok(_) => Some(value.clone()),
        Err(why) => why.nearest.map(|near| serde_json::from_str(&near).unwrap_or_else(|_| json!(near))),
    };
    match value {
        Value::Array(values) => values.iter().map(|value| near(Operator::Eq, value)).collect(),
        value => near(operator, value),
    }
}

/// `"> 1000"`.
fn signed(text: &str) -> Option<Meant> {
    let text = text.trim();
    let sign = [">=", "<=", "!=", "<>", "==", ">", "<", "="].into_iter().find(|sign| text.starts_with(sign))?;
    let rest = text[sign.len()..].trim();
    comparison(sign, &serde_json::from_str(rest).unwrap_or_else(|_| json!(rest)))
}
