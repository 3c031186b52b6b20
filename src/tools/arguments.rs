//! What each tool takes: one table that the schema, the check and the errors are derived from.

use erpnext_schema::{DocTypeDef, Rule, Verb, Violation, doctype_flag, nearest};
use serde_json::{Map, Value};

use super::Tool;

/// The largest number of documents in one answer.
pub const MAX_LIMIT: u64 = 500;
/// How many documents a list gives where nobody says.
pub const DEFAULT_LIMIT: u64 = 20;

/// What an argument holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A name or a text.
    Text,
    /// `{"field": value}`, `{"field": [operator, value]}` or a list of triples.
    Filters,
    /// A list of fieldnames.
    Fields,
    /// `field desc, other asc`.
    OrderBy,
    /// 1 to [`MAX_LIMIT`].
    Limit,
    /// `true` or `false`.
    Flag,
    /// The fields of a document.
    Data,
}

/// One argument of a tool.
#[derive(Clone, Copy, Debug)]
pub struct Arg {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether a call must have it.
    pub required: bool,
}

const fn needed(name: &'static str, kind: Kind) -> Arg {
    Arg { name, kind, required: true }
}

const fn optional(name: &'static str, kind: Kind) -> Arg {
    Arg { name, kind, required: false }
}

const DOCTYPE: Arg = needed("doctype", Kind::Text);
const LIST: &[Arg] = &[
    optional("filters", Kind::Filters),
    optional("or_filters", Kind::Filters),
    optional("fields", Kind::Fields),
    optional("order_by", Kind::OrderBy),
    optional("limit", Kind::Limit),
    optional("cursor", Kind::Text),
    optional("count", Kind::Flag),
];
const GET: &[Arg] = &[needed("name", Kind::Text), optional("fields", Kind::Fields)];
const SEARCH: &[Arg] =
    &[needed("search_term", Kind::Text), optional("filters", Kind::Filters), optional("limit", Kind::Limit)];
const CREATE: &[Arg] = &[needed("data", Kind::Data)];
const UPDATE: &[Arg] = &[needed("name", Kind::Text), needed("data", Kind::Data)];
const DELETE: &[Arg] = &[needed("name", Kind::Text), optional("confirm", Kind::Flag)];
const AGGREGATE: &[Arg] = &[
    DOCTYPE,
    optional("measures", Kind::Fields),
    optional("group_by", Kind::Fields),
    optional("filters", Kind::Filters),
    optional("or_filters", Kind::Filters),
    optional("order_by", Kind::OrderBy),
    optional("limit", Kind::Limit),
];
const LIST_DOCTYPES: &[Arg] = &[optional("search", Kind::Text), optional("module", Kind::Text)];
const DOCTYPE_SCHEMA: &[Arg] = &[DOCTYPE, optional("fields", Kind::Fields)];

/// The arguments of a tool, in the order that its schema shows them.
pub fn of(tool: &Tool) -> Vec<Arg> {
    let by_verb = |verb| match verb {
        Verb::List => LIST,
        Verb::Get => GET,
        Verb::Search => SEARCH,
        Verb::Create => CREATE,
        Verb::Update => UPDATE,
        Verb::Delete => DELETE,
    };
    match tool {
        Tool::Typed(verb, def) => {
            by_verb(*verb).iter().filter(|arg| !(is_single(def) && arg.name == "name")).copied().collect()
        }
        Tool::Generic(verb) => std::iter::once(DOCTYPE).chain(by_verb(*verb).iter().copied()).collect(),
        Tool::Aggregate => AGGREGATE.to_vec(),
        Tool::TestConnection | Tool::SystemInfo => Vec::new(),
        Tool::ListDocTypes => LIST_DOCTYPES.to_vec(),
        Tool::DocTypePermissions => vec![DOCTYPE],
        Tool::DocTypeSchema => DOCTYPE_SCHEMA.to_vec(),
    }
}

fn is_single(def: &DocTypeDef) -> bool {
    def.is(doctype_flag::SINGLE)
}

/// The arguments of one call, each of the kind that the table says.
#[derive(Debug)]
pub struct Arguments(Map<String, Value>);

impl Arguments {
    /// Checks a call's arguments against the table.
    ///
    /// Some clients send objects and lists as JSON in a string: those are read as what they hold.
    ///
    /// # Errors
    /// Every argument that is unknown, missing or of another kind.
    pub fn check(args: &[Arg], mut given: Map<String, Value>) -> Result<Self, Vec<Violation>> {
        let mut violations = Vec::new();
        // Clients that fill in every argument send nothing as an empty text.
        given.retain(|name, value| value != "" || args.iter().any(|arg| arg.name == name && arg.required));
        for (name, value) in &mut given {
            let Some(arg) = args.iter().find(|arg| arg.name == name) else {
                let known = args.iter().map(|arg| arg.name);
                let listed = known.clone().collect::<Vec<_>>().join(", ");
                let message = if listed.is_empty() {
                    "this tool takes no arguments".to_owned()
                } else {
                    format!("no such argument; this tool takes: {listed}")
                };
                violations.push(violation(name, Rule::Value, message, nearest(name, known)));
                continue;
            };
            if let Err((message, nearest)) = fit(arg.kind, value) {
                violations.push(violation(name, Rule::Value, message, nearest.as_deref()));
            }
        }
        for arg in args.iter().filter(|arg| arg.required && given.get(arg.name).is_none_or(Value::is_null)) {
            if !violations.iter().any(|v: &Violation| v.path == arg.name) {
                violations.push(violation(arg.name, Rule::Mandatory, "is mandatory".to_owned(), None));
            }
        }
        given.retain(|_, value| !value.is_null());
        if violations.is_empty() { Ok(Self(given)) } else { Err(violations) }
    }

    /// A text, if given.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// Whether a flag is set.
    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The number of documents wanted.
    pub fn limit(&self) -> u64 {
        self.0.get("limit").and_then(Value::as_u64).unwrap_or(DEFAULT_LIMIT)
    }

    /// Anything else, if given.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The fields of a document.
    pub fn data(&self) -> Map<String, Value> {
        self.0.get("data").and_then(Value::as_object).cloned().unwrap_or_default()
    }
}

type Misfit = (String, Option<String>);

/// Checks the kind of a value, unpacking it where a client packed it.
fn fit(kind: Kind, value: &mut Value) -> Result<(), Misfit> {
    if let (Kind::Filters | Kind::Fields | Kind::Data, Value::String(text)) = (kind, &*value)
        && text.trim_start().starts_with(['{', '['])
        && let Ok(unpacked @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
    {
        *value = unpacked;
    }
    // Documents named by a counter are asked for by number.
    if let (Kind::Text, Value::Number(number)) = (kind, &*value) {
        *value = Value::from(number.to_string());
    }
    let ok = match (kind, &*value) {
        (_, Value::Null) => true,
        (Kind::Text, Value::String(text)) => !text.trim().is_empty(),
        (Kind::OrderBy, Value::String(_)) | (Kind::Flag, Value::Bool(_)) | (Kind::Data, Value::Object(_)) => true,
        (Kind::Filters, Value::Object(_) | Value::Array(_)) => true,
        (Kind::Fields, Value::Array(names)) => names.iter().all(Value::is_string),
        (Kind::Limit, Value::Number(n)) => n.as_u64().is_some_and(|n| (1..=MAX_LIMIT).contains(&n)),
        _ => false,
    };
    if ok { Ok(()) } else { Err(misfit(kind, value)) }
}

fn misfit(kind: Kind, value: &Value) -> Misfit {
    let expected = match kind {
        Kind::Text => "expected a text that is not empty",
        Kind::Filters => r#"expected {"field": value}, {"field": [operator, value]} or [["field", operator, value]]"#,
        Kind::Fields => r#"expected a list of fieldnames such as ["name", "modified"]"#,
        Kind::OrderBy => r#"expected a text such as "modified desc""#,
        Kind::Limit => "expected a whole number from 1 to 500; cursor gives the documents after those",
        Kind::Flag => "expected true or false",
        Kind::Data => "expected an object with the document's fields",
    };
    let nearest = match (kind, value) {
        (Kind::Limit, Value::Number(n)) if n.as_f64().is_some_and(|n| n > 500.0) => Some("500".to_owned()),
        (Kind::Limit, Value::String(text)) => {
            text.trim().parse().ok().filter(|n| (1..=MAX_LIMIT).contains(n)).map(|n| n.to_string())
        }
        (Kind::Flag, Value::String(text)) => text.trim().to_lowercase().parse::<bool>().ok().map(|on| on.to_string()),
        (Kind::Fields, Value::String(text)) => {
            Some(serde_json::json!(text.split(',').map(str::trim).collect::<Vec<_>>()).to_string())
        }
        _ => None,
    };
    (expected.to_owned(), nearest)
}

fn violation(path: &str, rule: Rule, message: String, nearest: Option<&str>) -> Violation {
    Violation { path: path.to_owned(), rule, message, nearest: nearest.map(str::to_owned) }
}
