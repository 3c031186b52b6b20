//! The arguments of one call: checked against what the tool takes, with all errors at once, then read into its type.

use erpnext_schema::{Rule, Violation, meant_number, nearest};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::document_args::{self, CacheArgs, WriteArgs};
use super::input_schema::Arg;
use super::kinds::ArgumentType;
use super::{Effect, Tool, implied, synonyms};
use crate::error::ToolError;
use crate::limit::memory;
use crate::query::packed::unpack;

/// The argument that brings a confirmation's token back.
pub const TOKEN: &str = "confirm_token";
/// The argument by which a repeated create is known again.
pub const KEY: &str = "idempotency_key";
/// The longest that filters, fields, names and an order may be, as JSON, in bytes.
const MOST_OF_A_LIST: usize = 256 << 10;
/// The longest that a name or a text to search for may be, in bytes: a name has 140 characters, and a search is sent for
/// each DocType.
pub const MOST_OF_A_TEXT: usize = 4 << 10;
/// The texts that something is made of, and a cursor, which holds what was given.
const LONG_TEXTS: [&str; 4] = ["content", "value", "description", "cursor"];
/// The objects whose keys are names that another tool, a method or a report takes; every other has a form of its own.
const OF_ANY_NAMES: [&str; 2] = ["arguments", "filters"];
/// How many unknown arguments are looked at for what may be meant.
const MOST_PROBLEMS: usize = 30;

/// The arguments of a tool, in the order that its schema shows them.
pub fn of(tool: &Tool) -> Vec<&'static Arg> {
    each(tool).collect()
}

fn each(tool: &Tool) -> impl Iterator<Item = &'static Arg> {
    let generic = matches!(tool, Tool::Generic(_)).then(|| document_args::DOCTYPE.args());
    let own: &'static [Arg] = match tool {
        Tool::Typed(verb, _) | Tool::Generic(verb) => document_args::of_verb(*verb).args(),
        Tool::Named(spec) => spec.handler.input.args(),
        Tool::Published(published) => &published.args,
    };
    // A call of another tool has that one's.
    let writes = tool.effect() != Effect::Reads && !tool.is_proxy();
    let writes = writes.then(|| document_args::WRITE.args());
    [generic, Some(own), writes].into_iter().flatten().flatten()
}

/// Whether a kept answer of the site will do for the tool: only where its caller can ask past it.
pub fn may_take_kept(tool: &Tool) -> bool {
    each(tool).any(|arg| arg.name == "fresh")
}

/// The arguments of one call, each of the kind that the tool takes.
#[derive(Debug)]
pub struct Arguments {
    all: Map<String, Value>,
    /// What they say of the change, if the call is one.
    pub write: WriteArgs,
    /// Whether an answer that was kept will not do.
    pub fresh: bool,
}

impl Arguments {
    /// Reads arguments that [`check`] found right.
    pub fn new(all: Map<String, Value>) -> Result<Self, ToolError> {
        let write = read(&all)?;
        let CacheArgs { fresh } = read(&all)?;
        Ok(Self { all, write, fresh })
    }

    /// All of them.
    pub fn all(&self) -> &Map<String, Value> {
        &self.all
    }

    /// All of them, to be changed.
    pub fn into_all(self) -> Map<String, Value> {
        self.all
    }

    /// As the type that the tool's schema comes from.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ToolError> {
        read(&self.all)
    }
}

fn read<'a, T: Deserialize<'a>>(all: &'a Map<String, Value>) -> Result<T, ToolError> {
    T::deserialize(all).map_err(|why| {
        // The check and the type come from one schema: only a mistake of this program parts them.
        tracing::error!("arguments that passed the check are not of their type: {why}");
        ToolError::refused(
            format!("The arguments could not be read: {why}. Nothing was sent."),
            "Tell the administrator: this is an error of the server.",
        )
    })
}

/// Checks a call's arguments, and brings them into the form that the tool takes where it is plain what is meant: numbers
/// and flags written as text, one of what is a list, JSON in a string.
///
/// # Errors
/// Every argument that is unknown, missing or of another kind.
pub fn check(args: &[&Arg], given: &mut Map<String, Value>) -> Result<(), Vec<Violation>> {
    let mut violations = Vec::new();
    let find = |name: &str| args.iter().find(|arg| arg.name == name);
    implied::take_said(args, given);
    take_synonyms(args, given);
    // Clients that fill in every argument send nothing as an empty text. An empty key would promise what nobody keeps.
    given.retain(|name, value| value != "" || name == KEY || find(name).is_some_and(|arg| arg.required));
    for (name, value) in given.iter_mut() {
        match find(name) {
            None if violations.len() >= MOST_PROBLEMS => {
                violations.push(violation(name, Rule::Value, "no such argument".to_owned(), None));
            }
            None => violations.push(unknown(args, name)),
            Some(arg) => {
                if let Err((message, nearest)) = fit(&arg.kind, value).and_then(|()| bounded(args, arg, value)) {
                    let example = example(arg).filter(|_| message.starts_with("expected"));
                    let message = example.map_or(message, str::to_owned);
                    violations.push(violation(name, Rule::Value, message, nearest));
                }
            }
        }
    }
    implied::take_doctype(args, given);
    for arg in args.iter().filter(|arg| arg.required && given.get(&arg.name).is_none_or(Value::is_null)) {
        if !violations.iter().any(|v: &Violation| v.path == arg.name) {
            violations.push(violation(&arg.name, Rule::Mandatory, "is mandatory".to_owned(), None));
        }
    }
    given.retain(|_, value| !value.is_null());
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

/// Gives a value that came under another name to the argument that is meant: of those that the name may stand for, the
/// only one that was not given and whose kind the value fits.
fn take_synonyms(args: &[&Arg], given: &mut Map<String, Value>) {
    let is_known = |name: &String| args.iter().any(|arg| arg.name == *name);
    let unknown: Vec<String> = given.keys().filter(|name| !is_known(name)).cloned().collect();
    for word in unknown {
        let Some(value) = given.get(&word) else { continue };
        let fits = |arg: &&&Arg| {
            let mut value = value.clone();
            !given.contains_key(&arg.name) && !value.is_null() && fit(&arg.kind, &mut value).is_ok()
        };
        let meant = synonyms::same(&word, may_be_meant(args, &word));
        let mut meant = args.iter().filter(|arg| meant.contains(&arg.name.as_str())).filter(fits);
        if let (Some(arg), None) = (meant.next(), meant.next()) {
            let name = arg.name.clone();
            let value = given.remove(&word).unwrap_or_default();
            given.insert(name, value);
        }
    }
}

/// The names of the arguments that another word may stand for. A status is one of several steps, or else a field.
fn may_be_meant<'a>(args: &'a [&Arg], word: &'a str) -> impl Iterator<Item = &'a str> + Clone {
    let may = move |arg: &&&Arg| word != "status" || matches!(arg.kind, ArgumentType::Choice(_));
    args.iter().filter(may).map(|arg| arg.name.as_str())
}

/// What an argument looks like whose kind does not tell it.
fn example(arg: &Arg) -> Option<&'static str> {
    match arg.name.as_str() {
        "items" if arg.kind == ArgumentType::RowChanges => {
            Some(r#"expected {"patch": [{"idx": 1, "qty": 5}]}; beside patch, add takes rows and remove their numbers"#)
        }
        "measures" => Some(r#"expected a list such as ["count", "sum(grand_total)"]"#),
        "group_by" => Some(r#"expected a list such as ["customer", "posting_date:month"]"#),
        _ => None,
    }
}

fn unknown(args: &[&Arg], name: &str) -> Violation {
    let known = args.iter().map(|arg| arg.name.as_str());
    let near = synonyms::known(name, may_be_meant(args, name)).or_else(|| nearest(name, known.clone()));
    let takes_others = |arg: &&&Arg| match arg.kind {
        // No document has its DocType for a field.
        ArgumentType::Data => name != "doctype",
        ArgumentType::Object => OF_ANY_NAMES.contains(&arg.name.as_str()),
        _ => false,
    };
    let listed = known.collect::<Vec<_>>().join(", ");
    let message = if listed.is_empty() {
        "this tool takes no arguments".to_owned()
    } else if let (None, Some(arg)) = (near, args.iter().find(takes_others)) {
        let what = if arg.kind == ArgumentType::Data { "a field of the document" } else { "everything else" };
        let into = &arg.name;
        format!("no such argument; {what} goes into {into}: {{\"{into}\": {{\"{name}\": …}}}}")
    } else {
        format!("no such argument; this tool takes: {listed}")
    };
    violation(name, Rule::Value, message, near.map(str::to_owned))
}

type Misfit = (String, Option<String>);

/// That a text is no longer than it may be; what a file holds is bounded where it is read.
fn bounded(args: &[&Arg], arg: &Arg, value: &Value) -> Result<(), Misfit> {
    let is_a_file = arg.name == "base64" || arg.name == "text" && args.iter().any(|arg| arg.name == "base64");
    let most = if LONG_TEXTS.contains(&arg.name.as_str()) { MOST_OF_A_LIST } else { MOST_OF_A_TEXT };
    match value {
        Value::String(text)
            if matches!(arg.kind, ArgumentType::Text | ArgumentType::Day) && !is_a_file && text.len() > most =>
        {
            Err((format!("holds {} bytes, at most {most} bytes are read", text.len()), None))
        }
        _ => Ok(()),
    }
}

/// Checks the kind of a value, and brings it into form.
fn fit(kind: &ArgumentType, value: &mut Value) -> Result<(), Misfit> {
    if matches!(kind, ArgumentType::Filters | ArgumentType::FieldNames | ArgumentType::Names | ArgumentType::OrderBy) {
        let length = memory::weigh(value).length();
        if length > MOST_OF_A_LIST {
            let message =
                format!("holds {length} bytes, at most {MOST_OF_A_LIST} bytes are read: ask in several calls");
            return Err((message, None));
        }
    }
    reform(kind, value);
    let all = |list: &[Value], is: fn(&Value) -> bool| list.iter().all(is);
    let ok = match (kind, &*value) {
        (_, Value::Null) => true,
        (ArgumentType::Text | ArgumentType::Day, Value::String(text)) => !text.trim().is_empty(),
        (ArgumentType::OrderBy, Value::String(_)) | (ArgumentType::Flag, Value::Bool(_)) => true,
        (ArgumentType::Data | ArgumentType::Object, Value::Object(_)) => true,
        (ArgumentType::Filters | ArgumentType::RowChanges, Value::Object(_) | Value::Array(_)) => true,
        (ArgumentType::List, Value::Array(_)) => true,
        (ArgumentType::Documents | ArgumentType::NamedRows, Value::Array(list)) => all(list, Value::is_object),
        (ArgumentType::FieldNames | ArgumentType::Names, Value::Array(list)) => all(list, Value::is_string),
        (ArgumentType::Count { least, most }, Value::Number(n)) => {
            n.as_u64().is_some_and(|n| (*least..=*most).contains(&n))
        }
        (ArgumentType::Amount, Value::Number(n)) => n.as_f64().is_some_and(|n| n > 0.0),
        (ArgumentType::Number, Value::Number(_)) => true,
        (ArgumentType::Choice(choices), Value::String(text)) => choices.contains(text),
        _ => false,
    };
    if ok { Ok(()) } else { Err(misfit(kind, value)) }
}

/// Writes a value as its kind is written, where only one thing can be meant by it.
fn reform(kind: &ArgumentType, value: &mut Value) {
    if !matches!(kind, ArgumentType::Text | ArgumentType::Day | ArgumentType::Choice(_)) {
        unpack(value);
    }
    let reformed = match (kind, &mut *value) {
        // Documents named by a counter are asked for by number.
        (ArgumentType::Text | ArgumentType::Day, Value::Number(number)) => json!(number.to_string()),
        (ArgumentType::Text | ArgumentType::Day, Value::Array(only))
            if only.len() == 1 && (only[0].is_string() || only[0].is_number()) =>
        {
            let mut only = only[0].take();
            reform(kind, &mut only);
            only
        }
        (ArgumentType::OrderBy, Value::Array(keys)) if !keys.is_empty() && keys.iter().all(Value::is_string) => {
            json!(keys.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
        }
        (ArgumentType::OrderBy, Value::Object(keys)) if keys.values().all(is_direction) && !keys.is_empty() => {
            let key =
                |(field, direction): (&String, &Value)| format!("{field} {}", direction.as_str().unwrap_or("asc"));
            json!(keys.iter().map(key).collect::<Vec<_>>().join(", "))
        }
        (ArgumentType::Flag, Value::Number(number)) if matches!(number.as_u64(), Some(0 | 1)) => {
            json!(number.as_u64() == Some(1))
        }
        (ArgumentType::Flag, Value::String(text)) => match text.trim().to_lowercase().as_str() {
            "true" | "1" => json!(true),
            "false" | "0" => json!(false),
            _ => return,
        },
        (ArgumentType::Count { .. }, Value::String(text)) => match text.trim().parse::<u64>() {
            Ok(number) => json!(number),
            Err(_) => return,
        },
        (ArgumentType::Amount, Value::String(text)) => match text.trim().parse::<f64>() {
            Ok(number) => json!(number),
            Err(_) => return,
        },
        // A whole number stays one.
        (ArgumentType::Number, Value::String(text)) => match serde_json::from_str(text.trim()) {
            Ok(number @ Value::Number(_)) => number,
            _ => return,
        },
        (ArgumentType::Count { .. }, Value::Number(number)) => match number.as_f64() {
            Some(whole @ 0.0..9e15) if whole.fract() == 0.0 => json!(whole as u64),
            _ => return,
        },
        (ArgumentType::Choice(choices), Value::String(text)) => match meant(choices, text.trim()) {
            Some(choice) => json!(choice),
            None => return,
        },
        // What begins like JSON and is none was broken on its way.
        (
            ArgumentType::FieldNames | ArgumentType::Names | ArgumentType::Documents | ArgumentType::NamedRows,
            Value::String(text),
        ) if text.trim_start().starts_with(['[', '{']) => {
            return;
        }
        (ArgumentType::NamedRows, Value::Array(list)) => {
            list.iter_mut().for_each(named_row);
            return;
        }
        (ArgumentType::FieldNames, Value::String(text)) => text.split(',').map(|name| json!(name.trim())).collect(),
        (ArgumentType::Names, Value::String(_) | Value::Number(_))
        | (ArgumentType::Documents, Value::Object(_))
        | (ArgumentType::NamedRows, Value::String(_) | Value::Object(_)) => {
            let mut one = json!([value.take()]);
            reform(kind, &mut one);
            one
        }
        (ArgumentType::FieldNames | ArgumentType::Names, Value::Array(list)) => {
            list.iter_mut().for_each(|name| reform(&ArgumentType::Text, name));
            return;
        }
        (ArgumentType::Documents | ArgumentType::RowChanges, Value::Array(list)) => {
            list.iter_mut().for_each(unpack);
            return;
        }
        _ => return,
    };
    *value = reformed;
}

/// An object in the place of its name, or of its JSON.
fn named_row(row: &mut Value) {
    unpack(row);
    if row.is_string() {
        *row = json!({"name": row.take()});
    }
}

/// The choice that a text names, or that it says is done: `Closed` for close, `On Hold` for hold.
fn meant<'c>(choices: &'c [String], text: &str) -> Option<&'c String> {
    let said = text.to_lowercase();
    let same = |choice: &&String| choice.to_lowercase() == said;
    let is_done = |choice: &&String| {
        let choice = choice.to_lowercase();
        let ending = said.strip_prefix(choice.as_str());
        matches!(ending, Some("d" | "ed")) || said.strip_prefix("on ") == Some(choice.as_str())
    };
    choices.iter().find(same).or_else(|| {
        let mut done = choices.iter().filter(is_done);
        done.next().filter(|_| done.next().is_none())
    })
}

fn is_direction(value: &Value) -> bool {
    value.as_str().is_some_and(|word| ["asc", "desc"].iter().any(|known| word.eq_ignore_ascii_case(known)))
}

fn misfit(kind: &ArgumentType, value: &Value) -> Misfit {
    let expected = match kind {
        ArgumentType::Text => "expected a text that is not empty",
        ArgumentType::Day => "expected a day as YYYY-MM-DD",
        ArgumentType::Filters => {
            r#"expected {"field": value}, {"field": [operator, value]} or [["field", operator, value]]"#
        }
        ArgumentType::FieldNames => r#"expected a list of fieldnames such as ["name", "modified"]"#,
        ArgumentType::Names => r#"expected a list of names such as ["A", "B"]"#,
        ArgumentType::OrderBy => r#"expected a text such as "modified desc""#,
        ArgumentType::Flag => "expected true or false",
        ArgumentType::Data => "expected an object with the document's fields",
        ArgumentType::Object | ArgumentType::RowChanges => "expected an object",
        ArgumentType::Documents => "expected a list of objects",
        ArgumentType::NamedRows => r#"expected a list such as [{"name": "A"}, {"name": "B"}]"#,
        ArgumentType::List => "expected a list",
        ArgumentType::Amount => "expected a number above 0, such as 1250.5",
        ArgumentType::Number => "expected a number",
        ArgumentType::Count { least, most: u64::MAX } => {
            return (format!("expected a whole number of {least} or more"), None);
        }
        ArgumentType::Count { least, most } => {
            let over = value.as_f64().is_some_and(|number| number > *most as f64);
            let message =
                format!("expected a whole number from {least} to {most}; cursor gives the documents after those");
            return (message, over.then(|| most.to_string()));
        }
        ArgumentType::Choice(choices) => {
            let near = value.as_str().and_then(|text| nearest(text, choices.iter().map(String::as_str)));
            return (format!("expected one of {}", choices.join(", ")), near.map(str::to_owned));
        }
    };
    let is_number = matches!(kind, ArgumentType::Amount | ArgumentType::Number);
    (expected.to_owned(), value.as_str().filter(|_| is_number).and_then(meant_number))
}

fn violation(path: &str, rule: Rule, message: String, nearest: Option<String>) -> Violation {
    Violation { path: path.to_owned(), rule, message, nearest }
}
