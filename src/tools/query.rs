//! What a list is asked for, read from a call's arguments and checked against the table and the policy before anything
//! is sent: a filter or an order by a field that may not be seen would tell its value (H5).

use erpnext_schema::{
    DocTypeDef, FieldDef, FieldKind, Operator, Rule, Shape, Violation, check_value, doctype_flag, flag, nearest, time,
};
use serde_json::{Value, json};

use crate::policy::FieldRule;
use crate::shape::present::currency_of;
use crate::site::Filter;

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

/// Reads queries on one DocType for one caller, and collects what is wrong with them.
pub struct Reader<'a> {
    def: &'static DocTypeDef,
    rule: &'a FieldRule,
    violations: Vec<Violation>,
}

impl<'a> Reader<'a> {
    /// A reader without violations.
    pub fn new(def: &'static DocTypeDef, rule: &'a FieldRule) -> Self {
        Self { def, rule, violations: Vec::new() }
    }

    /// What was read, if nothing was wrong with it.
    ///
    /// # Errors
    /// Everything that was.
    pub fn done<T>(self, read: T) -> Result<T, Vec<Violation>> {
        if self.violations.is_empty() { Ok(read) } else { Err(self.violations) }
    }

    /// Notes something that is wrong.
    pub fn wrong(&mut self, path: &str, rule: Rule, message: impl Into<String>, nearest: Option<String>) {
        self.violations.push(Violation { path: path.to_owned(), rule, message: message.into(), nearest });
    }

    /// A field that a list can return, filter and sort by, and that the caller may see.
    pub fn field(&mut self, path: &str, name: &str) -> Option<&'static FieldDef> {
        let (def, rule) = (self.def, self.rule);
        let Some(field) = def.field(name) else {
            let visible = def.all_fields().filter(|field| field.in_lists() && rule.may_read(*field));
            let near = nearest(name, visible.map(|field| field.fieldname)).map(str::to_owned);
            let message = match name.split_once('.') {
                Some(_) => format!("lists of {} take its own fields only; get one document for its rows", def.name),
                None => format!("no such field in {}", def.name),
            };
            self.wrong(&named(path, name), Rule::UnknownField, message, near);
            return None;
        };
        if !rule.may_read(field) {
            let message = "this server's configuration does not permit reading it";
            self.wrong(&named(path, name), Rule::NotPermitted, message, None);
            return None;
        }
        if !field.in_lists() {
            let why = if field.is(flag::VIRTUAL) { "is computed on reading" } else { "is not a column" };
            let message = format!("{why} ({}), so a list cannot use it; get one document to see it", field.kind);
            self.wrong(&named(path, name), Rule::Value, message, None);
            return None;
        }
        Some(field)
    }

    /// The columns of a list: those asked for, `*` for all, or a useful few.
    pub fn fields(&mut self, asked: Option<&Value>) -> Vec<String> {
        let (def, rule) = (self.def, self.rule);
        let permitted = move |field: &&FieldDef| field.in_lists() && rule.may_read(*field);
        let mut names: Vec<&str> = Vec::new();
        match asked.and_then(Value::as_array) {
            None => {
                names.extend(def.all_fields().filter(permitted).filter(|f| shown_in_lists(def, f)).map(|f| f.fieldname))
            }
            Some(asked) => {
                for (i, name) in asked.iter().filter_map(Value::as_str).enumerate() {
                    match name {
                        "*" => names.extend(def.all_fields().filter(permitted).map(|f| f.fieldname)),
                        _ => names.extend(self.field(&format!("fields[{i}]"), name).map(|field| field.fieldname)),
                    }
                }
            }
        }
        let mut columns = vec!["name".to_owned()];
        for name in names {
            if !columns.iter().any(|known| known == name) {
                columns.push(name.to_owned());
            }
        }
        // Money says nothing without its currency.
        let money = columns.iter().filter_map(|name| currency_of(def, def.field(name)?)).filter(permitted);
        for by in money.map(|field| field.fieldname.to_owned()).collect::<Vec<_>>() {
            if !columns.contains(&by) {
                columns.push(by);
            }
        }
        columns
    }

    /// `order_by`, completed with the name so that pages never overlap (H15).
    pub fn order_by(&mut self, asked: Option<&str>) -> String {
        let mut keys: Vec<String> = Vec::new();
        let mut by_name = false;
        for part in asked.unwrap_or("modified desc").split(',').map(str::trim) {
            let mut words = part.split_whitespace();
            let name = words.next().unwrap_or_default().trim_matches('`');
            let direction = words.next().unwrap_or("asc").to_lowercase();
            if !matches!(direction.as_str(), "asc" | "desc") || words.next().is_some() {
                let message = format!("{part}: expected a field and asc or desc");
                self.wrong("order_by", Rule::Value, message, Some(format!("{name} desc")).filter(|_| !name.is_empty()));
                continue;
            }
            if let Some(field) = self.field("order_by", name) {
                by_name |= field.fieldname == "name";
                // Backticks, because a field may be named like a word of SQL (H17).
                keys.push(format!("`{}` {direction}", field.fieldname));
            }
        }
        if !by_name {
            keys.push("`name` asc".to_owned());
        }
        keys.join(", ")
    }

    /// Filters as an object or as triples.
    pub fn filters(&mut self, argument: &str, given: Option<&Value>) -> Vec<Filter> {
        let mut filters = Vec::new();
        match given {
            Some(Value::Object(entries)) => {
                for (name, value) in entries {
                    let path = format!("{argument}.{name}");
                    filters.extend(self.entry(&path, name, value));
                }
            }
            Some(Value::Array(items)) if items.first().is_some_and(Value::is_string) => {
                filters.extend(self.triple(argument, items))
            }
            Some(Value::Array(items)) => {
                for (i, item) in items.iter().enumerate() {
                    let path = format!("{argument}[{i}]");
                    match item {
                        Value::Array(triple) => filters.extend(self.triple(&path, triple)),
                        _ => self.wrong(&path, Rule::Value, r#"expected ["field", operator, value]"#, None),
                    }
                }
            }
            _ => {}
        }
        filters
    }

    fn triple(&mut self, path: &str, parts: &[Value]) -> Option<Filter> {
        let (name, operator, value) = match parts {
            [Value::String(doctype), Value::String(name), Value::String(operator), value]
                if doctype == self.def.name =>
            {
                (name, operator, value)
            }
            [Value::String(name), Value::String(operator), value] => (name, operator, value),
            [Value::String(name), value] => return self.entry(path, name, value),
            _ => {
                self.wrong(path, Rule::Value, r#"expected ["field", operator, value]"#, None);
                return None;
            }
        };
        self.comparison(path, name, operator, value)
    }

    fn entry(&mut self, path: &str, name: &str, value: &Value) -> Option<Filter> {
        match value {
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(operator), value] if is_operator(operator) || !value.is_string() => {
                    self.comparison(path, name, operator, value)
                }
                _ => {
                    let near = Some(json!(["in", parts]).to_string()).filter(|_| !parts.is_empty());
                    self.wrong(path, Rule::Value, "expected a value or [operator, value]", near);
                    None
                }
            },
            Value::Object(_) => {
                self.wrong(path, Rule::Value, "expected a value or [operator, value]", None);
                None
            }
            value => self.comparison(path, name, "=", value),
        }
    }

    fn comparison(&mut self, path: &str, name: &str, operator: &str, value: &Value) -> Option<Filter> {
        let field = self.field(path, name);
        let (operator, value) = match alias(operator, value) {
            Some((operator, value)) => (operator, value),
            None => match operator.parse::<Operator>() {
                Ok(operator) => (operator, value.clone()),
                Err(why) => {
                    let known = Operator::ALL.iter().map(|known| known.as_str()).collect::<Vec<_>>().join(", ");
                    self.wrong(path, Rule::Value, format!("{why}; the operators are: {known}"), None);
                    return None;
                }
            },
        };
        let field = field?;
        match compared(field, path, operator, &value) {
            Ok(value) => Some((field.fieldname.to_owned(), operator.as_str().to_owned(), value)),
            Err(violation) => {
                self.violations.push(violation);
                None
            }
        }
    }
}

/// The place of an error, with the name that is wrong.
fn named(path: &str, name: &str) -> String {
    if path.ends_with(&format!(".{name}")) { path.to_owned() } else { format!("{path}: {name}") }
}

/// Two texts may be an operator and a value, or two values of which one is wanted.
fn is_operator(text: &str) -> bool {
    alias(text, &Value::Null).is_some() || alias(text, &json!("")).is_some() || text.parse::<Operator>().is_ok()
}

/// Forms that people write and Frappe does not know: `==`, `<>`, `is set`, and `= null`.
fn alias(operator: &str, value: &Value) -> Option<(Operator, Value)> {
    match (operator.trim().to_lowercase().as_str(), value) {
        ("is set", _) | ("!=" | "<>", Value::Null) => Some((Operator::Is, json!("set"))),
        ("is not set", _) | ("=" | "==" | "is", Value::Null) => Some((Operator::Is, json!("not set"))),
        ("==", value) => Some((Operator::Eq, value.clone())),
        ("<>", value) => Some((Operator::Ne, value.clone())),
        _ => None,
    }
}

/// The value of a comparison as the site takes it.
fn compared(field: &FieldDef, path: &str, operator: Operator, value: &Value) -> Result<Value, Violation> {
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
        O::In | O::NotIn => match value {
            Value::Array(values) if !values.is_empty() => {
                values.iter().map(|value| one(field, path, operator, value)).collect::<Result<_, _>>().map(Value::Array)
            }
            _ => Err(wrong(format!("{operator} takes a list with at least one value"), scalar_list(value))),
        },
        O::Between => match value.as_array().map(Vec::as_slice) {
            Some([from, to]) => Ok(json!([one(field, path, operator, from)?, one(field, path, operator, to)?])),
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
            if TIMESPANS.contains(&text.as_str()) {
                return Ok(json!(text));
            }
            let near = nearest(&text, TIMESPANS.iter().copied()).map(|span| json!(span).to_string());
            Err(wrong(format!("Timespan takes one of: {}", TIMESPANS.join(", ")), near))
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

fn scalar_list(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => {
            Some(json!(text.split(',').map(str::trim).collect::<Vec<_>>()).to_string())
        }
        Value::Number(_) => Some(json!([value]).to_string()),
        _ => None,
    }
}

/// One value that a field is compared with.
fn one(field: &FieldDef, path: &str, operator: Operator, value: &Value) -> Result<Value, Violation> {
    // A filter may ask for what no document can be given: an empty text, a negative number, a text that is too long.
    let comparable = FieldDef { flags: 0, length: u32::MAX, ..*field };
    let ordered = matches!(operator, Operator::Gt | Operator::Lt | Operator::Gte | Operator::Lte);
    match (field.kind.shape(), value) {
        (Shape::Text, Value::String(text)) if text.is_empty() => Ok(value.clone()),
        (Shape::Text, Value::Number(number)) => Ok(json!(number.to_string())),
        (Shape::Text, Value::String(_)) if ordered => Ok(value.clone()),
        (Shape::Datetime, Value::String(text)) if time::parse_date(text).is_ok() => Ok(value.clone()),
        (_, Value::Null) => Err(Violation {
            path: path.to_owned(),
            rule: Rule::Value,
            message: "null cannot be compared with".to_owned(),
            nearest: Some(r#"["is", "not set"]"#.to_owned()),
        }),
        _ => check_value(&comparable, path, value),
    }
}

/// The columns that tell documents apart: title, the desk's list, status.
fn shown_in_lists(def: &DocTypeDef, field: &FieldDef) -> bool {
    let name = field.fieldname;
    field.is(flag::IN_LIST_VIEW)
        || def.title_field == Some(name)
        || matches!(name, "name" | "status" | "workflow_state")
        || name == "docstatus" && def.is(doctype_flag::SUBMITTABLE)
}
