//! What a filter compares a field with: operators as people write them, and values as the site takes them.

use erpnext_schema::{
    DocTypeDef, FieldDef, FieldKind, Operator, Rule, Shape, Violation, check_value, flag, nearest, time,
};
use serde_json::{Value, json};

use crate::policy::Filter;

/// The spans of time that Frappe's lists know.
const TIMESPANS: &[&str] = &[
    "today",
    "yesterday",
    "tomorrow",
    "this week",
    "this month",
    "this quarter",
    "this year",
    "last week",
    "last month",
    "last quarter",
    "last 6 months",
    "last year",
    "last 7 days",
    "last 14 days",
    "last 30 days",
    "last 90 days",
    "next week",
    "next month",
    "next quarter",
    "next 6 months",
    "next year",
    "next 7 days",
    "next 14 days",
    "next 30 days",
];

/// Behind a day, its last moment.
const END_OF_DAY: &str = " 23:59:59.999999";

/// The span of time that a text names.
pub fn timespan(text: &str) -> Option<&'static str> {
    TIMESPANS.iter().copied().find(|span| span.eq_ignore_ascii_case(text.trim()))
}

/// Two texts may be an operator and a value, or two values of which one is wanted.
pub fn is_operator(text: &str) -> bool {
    let text = or_empty(text).unwrap_or(text);
    alias(text, &Value::Null).is_some() || alias(text, &json!("")).is_some() || text.parse::<Operator>().is_ok()
}

/// Forms that people write and Frappe does not know: `==`, `<>`, `is set`, `= null`, `is not null`.
pub fn alias(operator: &str, value: &Value) -> Option<(Operator, Value)> {
    let nothing = value.as_str().is_some_and(|word| ["null", "empty"].iter().any(|no| word.eq_ignore_ascii_case(no)));
    match (operator.trim().to_lowercase().as_str(), value) {
        ("is" | "is not", _) if nothing => alias(operator, &Value::Null),
        ("is set", _) | ("!=" | "<>" | "is not", Value::Null) => Some((Operator::Is, json!("set"))),
        ("is not set", _) | ("=" | "==" | "is", Value::Null) => Some((Operator::Is, json!("not set"))),
        ("==", value) => Some((Operator::Eq, value.clone())),
        ("<>", value) => Some((Operator::Ne, value.clone())),
        _ => None,
    }
}

/// Why the filter cannot be one of several choices, and what can.
pub fn no_choice(filter: &Filter) -> (String, Option<String>) {
    let (place, operator) = (filter.place(), filter.operator);
    if filter.leaves_out_empty() && !operator.walks_a_tree() {
        let or_empty = json!([place, format!("{operator} or empty"), filter.value]);
        let message = format!("among choices {operator} finds empty fields too: say so, or put it into filters");
        return (message, Some(or_empty.to_string()));
    }
    (format!("{operator} cannot be one of several choices here: put it into filters, or make two calls"), None)
}

/// The operator of `< or empty`, `not in or empty` and the like.
pub fn or_empty(operator: &str) -> Option<&str> {
    let (before, empty) = operator.trim().rsplit_once(char::is_whitespace)?;
    let (before, or) = before.trim_end().rsplit_once(char::is_whitespace)?;
    let asked = empty.eq_ignore_ascii_case("empty") && or.eq_ignore_ascii_case("or");
    let before = before.trim_end();
    let known = ["<", "<=", "!=", "<>", "not in", "not like"].iter().any(|known| before.eq_ignore_ascii_case(known));
    (asked && known).then_some(before)
}

/// What filters say that those who wrote them may not have meant.
pub fn notes_on_filters<'f>(def: &DocTypeDef, filters: impl Iterator<Item = &'f Filter>) -> Vec<String> {
    filters.flat_map(|filter| [on_empty_fields(def, filter), after_a_day(filter)]).flatten().collect()
}

/// What becomes of empty fields, which the site takes for less than any date or text (H73) and for another value than any
/// (H22), and what a negation says of rows. A mandatory field, a choice that has a default and the status that
/// the site itself keeps are never empty.
fn on_empty_fields(def: &DocTypeDef, filter: &Filter) -> Option<String> {
    let is_kept = |field: &FieldDef| field.default.is_some() || field.fieldname == "status";
    let chosen = |field: &FieldDef| field.kind == FieldKind::Select && is_kept(field);
    let filled = |field: &FieldDef| field.is(flag::REQD) || chosen(field);
    if filter.rows.is_none() && def.field(&filter.field).is_some_and(filled) {
        return None;
    }
    let (place, operator) = (filter.place(), filter.operator);
    if let (Some(rows), Some(is)) = (filter.rows, negated(operator, &filter.value)) {
        let empty = if filter.or_empty { " or empty, and those without rows" } else { "" };
        return Some(format!(
            "{place} {operator}: found are documents with any row in {} that {is}{empty}; others of their rows may differ",
            rows.table
        ));
    }
    match (filter.or_empty, filter.leaves_out_empty()) {
        (true, _) => Some(format!("documents without {place} count too")),
        // Whether the site would take them depends on what stands below (H57).
        (_, true) if operator.walks_a_tree() => Some(format!("documents without {place} are left out")),
        (_, true) => Some(format!("documents without {place} are left out: \"{operator} or empty\" takes them too")),
        _ => None,
    }
}

/// That what is after a day begins with the next one.
fn after_a_day(filter: &Filter) -> Option<String> {
    let last = filter.value.as_str().filter(|_| filter.operator == Operator::Gt)?;
    let (place, day) = (filter.place(), last.strip_suffix(END_OF_DAY)?);
    Some(format!("{place} > {day}: found is what is after the whole day; >= takes the day in"))
}

/// What a comparison denies, in words; nothing where it does not deny.
fn negated(operator: Operator, value: &Value) -> Option<&'static str> {
    match operator {
        Operator::Ne | Operator::NotIn => Some("is another"),
        Operator::NotLike => Some("is unlike it"),
        Operator::Is if *value == "not set" => Some("is empty"),
        _ => None,
    }
}

/// The value of a comparison as the site takes it.
pub fn compared(field: &FieldDef, path: &str, operator: Operator, value: &Value) -> Result<Value, Violation> {
    use Operator as O;
    let wrong = |message: String, nearest: Option<String>| Violation {
        path: path.to_owned(),
        rule: Rule::Value,
        message,
        nearest,
    };
    match operator {
        O::Eq | O::Ne | O::Gt | O::Lt | O::Gte | O::Lte => one(field, path, operator, value),
        O::Like | O::NotLike => match value {
            Value::String(_) => Ok(value.clone()),
            _ => Err(wrong("expected a text in which % stands for anything".to_owned(), None)),
        },
        // An empty list gives nothing, or with not in everything (H22).
        O::In | O::NotIn => match choices_in(field, value).as_ref().unwrap_or(value) {
            Value::Array(values) if !values.is_empty() => {
                values.iter().map(|value| one(field, path, operator, value)).collect::<Result<_, _>>().map(Value::Array)
            }
            value => Err(wrong(format!("{operator} takes a list with at least one value"), scalar_list(value))),
        },
        O::Between => match value.as_array().map(Vec::as_slice) {
            Some([from, to]) => {
                let (from, to) = (one(field, path, operator, from)?, one(field, path, operator, to)?);
                if follows(field, &from, &to) {
                    return Err(wrong(
                        format!("between takes the first and the last, and {from} comes after {to}"),
                        None,
                    ));
                }
                Ok(json!([from, to]))
            }
            _ => Err(wrong("between takes a list of two values, the first and the last".to_owned(), None)),
        },
        O::Is => match value.as_str().map(|text| text.trim().to_lowercase()).as_deref() {
            Some("set") => Ok(json!("set")),
            Some("not set") => Ok(json!("not set")),
            _ => Err(wrong(r#"is takes "set" or "not set""#.to_owned(), None)),
        },
        O::Timespan => {
            if !matches!(field.kind.shape(), Shape::Date | Shape::Datetime) {
                return Err(wrong(format!("Timespan is for dates, and {} is {}", field.fieldname, field.kind), None));
            }
            let text = value.as_str().unwrap_or_default().trim().to_lowercase();
            if let Some(span) = timespan(&text) {
                return Ok(json!(span));
            }
            // Another number of months is another span, and no misspelt one.
            let number = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
            let spans = TIMESPANS.iter().copied().filter(|span| number(span) == number(&text));
            let near = nearest(&text, spans).map(|span| json!(span).to_string());
            let message = format!("Timespan takes one of: {}; any other is between two days", TIMESPANS.join(", "));
            Err(wrong(message, near))
        }
        O::DescendantsOf | O::NotDescendantsOf | O::AncestorsOf | O::NotAncestorsOf | O::DescendantsOfInclusive => {
            match value {
                Value::String(_) if field.kind == FieldKind::Link || field.fieldname == "name" => Ok(value.clone()),
                Value::String(_) => Err(wrong(
                    format!("{operator} is for links to a tree, and {} is {}", field.fieldname, field.kind),
                    None,
                )),
                _ => Err(wrong(format!("{operator} takes the name of a document in the tree"), None)),
            }
        }
    }
}

/// What comparing a moment with a day means: the day is all of it. The site takes it for its first moment, and so finds
/// nothing at it.
pub fn of_day(field: &FieldDef, path: &str, operator: Operator, value: Value) -> Result<(Operator, Value), Violation> {
    use Operator as O;
    let day = |value: &Value| value.as_str().is_some_and(|text| time::parse_date(text).is_ok());
    let some_day = day(&value) || value.as_array().is_some_and(|values| values.iter().any(day));
    if field.kind.shape() != Shape::Datetime || !some_day {
        return Ok((operator, value));
    }
    let last = || json!(format!("{}{END_OF_DAY}", value.as_str().unwrap_or_default()));
    match operator {
        O::Eq => Ok((O::Between, json!([value, value]))),
        O::Gt | O::Lte => Ok((operator, last())),
        O::Ne | O::In | O::NotIn => Err(Violation::new(
            path,
            Rule::Value,
            format!("{operator} compares moments, and a day is many: use =, between, < or > with days"),
        )),
        _ => Ok((operator, value)),
    }
}

/// The choices that a text lists, `Paid, Draft`: no choice of the field has a comma in it.
fn choices_in(field: &FieldDef, value: &Value) -> Option<Value> {
    let (text, choices) = (value.as_str()?, field.choices()?);
    let is_choice = |part: &&str| choices.iter().any(|choice| choice.eq_ignore_ascii_case(part));
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    (parts.len() > 1 && parts.iter().all(is_choice)).then(|| json!(parts))
}

fn scalar_list(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => {
            Some(json!(text.split(',').map(str::trim).collect::<Vec<_>>()).to_string())
        }
        Value::Number(_) => Some(json!([value]).to_string()),
        _ => None,
    }
}

/// Whether one value surely comes after another.
fn follows(field: &FieldDef, one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() > other.as_f64(),
        (Value::String(one), Value::String(other))
            if matches!(field.kind.shape(), Shape::Date | Shape::Datetime | Shape::Time) =>
        {
            // A day as the last one reaches to its end.
            let same = one.len().min(other.len());
            one.get(..same) > other.get(..same)
        }
        _ => false,
    }
}

/// The number that the site keeps for a word of its forms.
fn docstatus(word: &str) -> Option<u8> {
    match word.trim().to_lowercase().as_str() {
        "draft" => Some(0),
        "submitted" => Some(1),
        "cancelled" | "canceled" => Some(2),
        _ => None,
    }
}

/// One value that a field is compared with.
fn one(field: &FieldDef, path: &str, operator: Operator, value: &Value) -> Result<Value, Violation> {
    // A filter may ask for what no document can be given: an empty text, a negative number, a text that is too long.
    let comparable = FieldDef { flags: 0, length: u32::MAX, ..*field };
    let ordered = matches!(operator, Operator::Gt | Operator::Lt | Operator::Gte | Operator::Lte);
    if let (Shape::Datetime, Some(Ok(day))) = (field.kind.shape(), value.as_str().map(time::parse_date)) {
        return Ok(json!(time::format_date(day)));
    }
    match (field.kind.shape(), value) {
        (Shape::Text, Value::String(text)) if text.is_empty() => Ok(value.clone()),
        (Shape::Text, Value::Number(number)) => Ok(json!(number.to_string())),
        (Shape::Text, Value::String(_)) if ordered => Ok(value.clone()),
        (_, Value::Null) => Err(Violation {
            path: path.to_owned(),
            rule: Rule::Value,
            message: "null cannot be compared with".to_owned(),
            nearest: Some(r#"["is", "not set"]"#.to_owned()),
        }),
        (_, Value::String(word)) if field.fieldname == "docstatus" => match docstatus(word) {
            Some(number) => Ok(json!(number)),
            None => check_value(&comparable, path, value),
        },
        _ => check_value(&comparable, path, value),
    }
}

/// A text in a pattern of `like` that fits it alone.
pub fn literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
