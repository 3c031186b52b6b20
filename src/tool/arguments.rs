//! What each tool takes: one table that the schema, the check and the errors are derived from.

use erpnext_schema::{DocTypeDef, Rule, Verb, Violation, doctype_flag, nearest};
use serde_json::{Map, Value};

use super::{Effect, Tool, synonyms};

/// The argument that brings a confirmation's token back.
pub const TOKEN: &str = "confirm_token";
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
    /// An object that the tool reads itself.
    Object,
    /// A list of objects that the tool reads itself.
    Objects,
    /// A list of names of documents.
    Names,
    /// A whole number of 0 or more.
    Count,
    /// One of these texts.
    Choice(&'static [&'static str]),
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
    /// What a model has to know of it beyond its name and kind; empty where those say all.
    pub about: &'static str,
}

/// An argument that a call must have.
pub const fn needed(name: &'static str, kind: Kind) -> Arg {
    Arg { name, kind, required: true, about: "" }
}

/// An argument that a call may leave out.
pub const fn optional(name: &'static str, kind: Kind) -> Arg {
    Arg { name, kind, required: false, about: "" }
}

impl Arg {
    /// The same with a description.
    pub const fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }
}

/// Which DocType a tool for any of them is asked about.
pub const DOCTYPE: Arg = needed("doctype", Kind::Text).about("exact name, such as Sales Invoice");
/// Which document.
pub const NAME: Arg = needed("name", Kind::Text).about("the document's name (ID)");
/// Which documents.
pub const FILTERS: Arg = optional("filters", Kind::Filters).about(
    "{\"field\": value} or {\"field\": [operator, value]}; operators: = != > < >= <= like not like in not in between is Timespan descendants of",
);
/// The same, any of them.
pub const OR_FILTERS: Arg = optional("or_filters", Kind::Filters).about("like filters, joined by OR");
/// Which fields.
pub const FIELDS: Arg = optional("fields", Kind::Fields);
/// How many.
pub const LIMIT: Arg = optional("limit", Kind::Limit);
/// From where.
pub const CURSOR: Arg = optional("cursor", Kind::Text).about("next_cursor of the previous page");
/// That it is meant.
pub const CONFIRM: Arg = optional("confirm", Kind::Flag);
/// That what was shown is meant.
pub const CONFIRM_TOKEN: Arg = optional(TOKEN, Kind::Text);
/// That nothing is to be sent.
pub const DRY_RUN: Arg = optional("dry_run", Kind::Flag);
/// Whether an answer that was kept will not do.
pub const FRESH: Arg = optional("fresh", Kind::Flag);
/// Whether the answer to a write holds the whole document, and not only what changed.
const RETURN_DOCUMENT: Arg = optional("return_document", Kind::Flag);
const LIST: &[Arg] = &[
    FILTERS.about(
        "{\"field\": value} or {\"field\": [operator, value]}; operators: = != > < >= <= like not like in not in between is Timespan descendants of; items.item_code for a column of any row",
    ),
    OR_FILTERS,
    FIELDS,
    optional("order_by", Kind::OrderBy).about("field asc or desc, comma-separated"),
    LIMIT,
    CURSOR,
    optional("count", Kind::Flag),
    FRESH,
];
const GET: &[Arg] = &[NAME, FIELDS, FRESH];
const SEARCH: &[Arg] = &[needed("search_term", Kind::Text), FILTERS, LIMIT, FRESH];
const CREATE: &[Arg] = &[
    needed("data", Kind::Data),
    optional("idempotency_key", Kind::Text).about("any text of yours; a create that is repeated with it is done once"),
    RETURN_DOCUMENT,
];
const UPDATE: &[Arg] = &[
    NAME,
    needed("data", Kind::Data),
    optional("modified", Kind::Text).about("as you read it; refused if the document changed since"),
    RETURN_DOCUMENT,
];
const DELETE: &[Arg] = &[NAME];
const SUBMIT: &[Arg] = &[NAME];
const CANCEL: &[Arg] =
    &[NAME, optional("cascade", Kind::Flag).about("first cancels the submitted documents that block it")];
const AMEND: &[Arg] = &[NAME];

/// The arguments of a tool, in the order that its schema shows them.
pub fn of(tool: &Tool) -> Vec<Arg> {
    let by_verb = |verb| match verb {
        Verb::List => LIST,
        Verb::Get => GET,
        Verb::Search => SEARCH,
        Verb::Create => CREATE,
        Verb::Update => UPDATE,
        Verb::Delete => DELETE,
        Verb::Submit => SUBMIT,
        Verb::Cancel => CANCEL,
        Verb::Amend => AMEND,
    };
    let mut args: Vec<Arg> = match tool {
        Tool::Typed(verb, def) => {
            by_verb(*verb).iter().filter(|arg| !(is_single(def) && arg.name == "name")).copied().collect()
        }
        Tool::Generic(verb) => std::iter::once(DOCTYPE).chain(by_verb(*verb).iter().copied()).collect(),
        Tool::Named(spec) => spec.args.to_vec(),
    };
    // A call of another tool has that one's.
    if tool.effect() != Effect::Reads && !tool.is_proxy() {
        args.extend([DRY_RUN, CONFIRM_TOKEN, CONFIRM]);
    }
    args
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
                let near = synonyms::known(name, known.clone()).or_else(|| nearest(name, known.clone()));
                let listed = known.clone().collect::<Vec<_>>().join(", ");
                let message = if listed.is_empty() {
                    "this tool takes no arguments".to_owned()
                } else if near.is_none() && args.iter().any(|arg| arg.kind == Kind::Data) {
                    format!("no such argument; a field of the document goes into data: {{\"data\": {{\"{name}\": …}}}}")
                } else {
                    format!("no such argument; this tool takes: {listed}")
                };
                violations.push(violation(name, Rule::Value, message, near));
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

    /// Arguments that a tool makes for another one.
    pub(crate) fn made<const N: usize>(given: [(&str, Value); N]) -> Self {
        Self(given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
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

    /// All of them.
    pub fn all(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The fields of a document.
    pub fn data(&self) -> Map<String, Value> {
        self.0.get("data").and_then(Value::as_object).cloned().unwrap_or_default()
    }
}

type Misfit = (String, Option<String>);

/// Checks the kind of a value, unpacking it where a client packed it.
fn fit(kind: Kind, value: &mut Value) -> Result<(), Misfit> {
    if let (Kind::Filters | Kind::Fields | Kind::Names | Kind::Data | Kind::Object | Kind::Objects, Value::String(text)) =
        (kind, &*value)
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
        (Kind::OrderBy, Value::String(_)) | (Kind::Flag, Value::Bool(_)) => true,
        (Kind::Data | Kind::Object, Value::Object(_)) => true,
        (Kind::Objects, Value::Array(objects)) => objects.iter().all(Value::is_object),
        (Kind::Count, Value::Number(n)) => n.is_u64(),
        (Kind::Choice(choices), Value::String(text)) => choices.contains(&text.as_str()),
        (Kind::Filters, Value::Object(_) | Value::Array(_)) => true,
        (Kind::Fields | Kind::Names, Value::Array(names)) => names.iter().all(Value::is_string),
        (Kind::Limit, Value::Number(n)) => n.as_u64().is_some_and(|n| (1..=MAX_LIMIT).contains(&n)),
        _ => false,
    };
    if ok { Ok(()) } else { Err(misfit(kind, value)) }
}

fn misfit(kind: Kind, value: &Value) -> Misfit {
    if let Kind::Choice(choices) = kind {
        let near = value.as_str().and_then(|text| nearest(text, choices.iter().copied()));
        return (format!("expected one of {}", choices.join(", ")), near.map(str::to_owned));
    }
    let expected = match kind {
        Kind::Text => "expected a text that is not empty",
        Kind::Filters => r#"expected {"field": value}, {"field": [operator, value]} or [["field", operator, value]]"#,
        Kind::Fields => r#"expected a list of fieldnames such as ["name", "modified"]"#,
        Kind::Names => "expected a list of names of documents",
        Kind::OrderBy => r#"expected a text such as "modified desc""#,
        Kind::Limit => "expected a whole number from 1 to 500; cursor gives the documents after those",
        Kind::Flag => "expected true or false",
        Kind::Data => "expected an object with the document's fields",
        Kind::Object => "expected an object",
        Kind::Objects => "expected a list of objects",
        Kind::Count => "expected a whole number of 0 or more",
        Kind::Choice(_) => "expected one of the choices",
    };
    let nearest = match (kind, value) {
        (Kind::Limit, Value::Number(n)) if n.as_f64().is_some_and(|n| n > 500.0) => Some("500".to_owned()),
        (Kind::Limit, Value::String(text)) => {
            text.trim().parse().ok().filter(|n| (1..=MAX_LIMIT).contains(n)).map(|n| n.to_string())
        }
        (Kind::Flag, Value::String(text)) => text.trim().to_lowercase().parse::<bool>().ok().map(|on| on.to_string()),
        (Kind::Names, Value::String(text)) => Some(serde_json::json!([text]).to_string()),
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
