//! The tools that the configuration publishes: reports, saved filters and methods under names of its own.

mod list;
mod propose;

use erpnext_schema::intern;
use serde_json::{Map, Value, json};

use crate::answer::ToolAnswer;
use crate::config::{
    ArgumentKind, BESIDE_FILTERS, Config, Gives, Method, MethodArgument, Publication, PublishedFilter,
};
use crate::context::Session;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::tool::input_schema::Arg;
use crate::tool::kinds::ArgumentType;
use crate::tool::{Call, Effect, Published};
use crate::tools::method;
use crate::tools::reports::{self, RUN};

pub use propose::{Proposal, propose};

/// The published tools of a configuration, but for those whose name another tool has: [`taken`] tells them.
pub fn of(config: &Config, is_tool: impl Fn(&str) -> bool) -> Vec<&'static Published> {
    let free = config.publish.iter().filter(|(name, _)| !is_tool(name));
    free.map(|(name, stated)| intern::one(published(config, name, stated))).collect()
}

/// The names of published tools that another tool has, a line each.
pub fn taken(config: &Config, is_tool: impl Fn(&str) -> bool) -> Vec<String> {
    let taken = config.publish.keys().filter(|name| is_tool(name));
    taken.map(|name| format!("publish.{name}: there is a tool of this name already; give it another")).collect()
}

fn published(config: &Config, name: &str, stated: &Publication) -> Published {
    let (title, operation, effect, args) = match &stated.gives {
        Gives::Report { report, filters } => (report, Operation::Report, Effect::Reads, args(filters)),
        Gives::List { saved_filter, .. } => {
            (saved_filter, Operation::Read, Effect::Reads, list::args(!stated.columns.is_empty()))
        }
        Gives::Method { method } => {
            let listed = config.methods.get(method);
            let reads = listed.is_some_and(|method| !method.writes);
            let args = listed.map(of_method).unwrap_or_default();
            (method, Operation::Update, if reads { Effect::Reads } else { Effect::Destroys }, args)
        }
    };
    Published { name: name.to_owned(), title: title.clone(), stated: stated.clone(), operation, effect, args }
}

/// Does what the tool is for.
///
/// # Errors
/// Whatever stopped it, with a message that says what to do next.
pub async fn run(call: Call<'_>, tool: &Published) -> Result<ToolAnswer, ToolError> {
    match &tool.stated.gives {
        Gives::Report { report, filters } => reports::published::run(call, report, filters, &tool.stated.columns).await,
        Gives::List { doctype, saved_filter } => list::run(call, doctype, saved_filter, &tool.stated.columns).await,
        Gives::Method { method } => {
            let takes = |name: &String| tool.args.iter().any(|arg| arg.name == *name);
            let given = call.given.all().iter().filter(|(name, _)| takes(name));
            let given = given.map(|(name, value)| (name.clone(), value.clone())).collect();
            method::called(&call, method, given, "").await
        }
    }
}

/// What is wrong with a published tool on this site, in words; empty where nothing is.
///
/// # Errors
/// What the site has not, or the configuration does not open; and whatever the site answers.
pub async fn doubts(session: &Session<'_>, stated: &Publication) -> Result<Vec<String>, ToolError> {
    match &stated.gives {
        Gives::Report { report, filters } => {
            reports::published::doubts(session, report, filters, &stated.columns).await
        }
        Gives::List { doctype, saved_filter } => list::doubts(session, doctype, saved_filter, &stated.columns).await,
        // Whether the site has a method shows only where it is called.
        Gives::Method { .. } => Ok(Vec::new()),
    }
}

/// The arguments of a method.
fn of_method(method: &Method) -> Vec<Arg> {
    method.arguments.iter().map(|(name, argument)| of_argument(name, argument)).collect()
}

fn of_argument(name: &str, argument: &MethodArgument) -> Arg {
    let kind = match argument.kind {
        ArgumentKind::String if !argument.choices.is_empty() => ArgumentType::Choice(argument.choices.clone()),
        ArgumentKind::String => ArgumentType::Text,
        ArgumentKind::Integer | ArgumentKind::Number => ArgumentType::Number,
        ArgumentKind::Boolean => ArgumentType::Flag,
        ArgumentKind::Array => ArgumentType::List,
        ArgumentKind::Object => ArgumentType::Object,
    };
    let mut schema = method::schema(argument);
    // Some model APIs refuse a list without items, and an object without a property; any other is taken too.
    match argument.kind {
        ArgumentKind::Array => _ = schema.insert("items".to_owned(), json!({})),
        ArgumentKind::Object => _ = schema.insert("properties".to_owned(), json!({"name": {"type": "string"}})),
        _ => {}
    }
    Arg { name: name.to_owned(), kind, required: argument.required, schema }
}

/// The filters, and what else a run takes.
fn args(filters: &[(String, PublishedFilter)]) -> Vec<Arg> {
    let run = RUN.handler.input.args().iter().filter(|arg| BESIDE_FILTERS.contains(&arg.name.as_str()));
    filters.iter().map(|(name, filter)| arg(name, filter)).chain(run.cloned()).collect()
}

fn arg(name: &str, filter: &PublishedFilter) -> Arg {
    // What is not stated stands in the report's form, which is not known here: it takes a text.
    let stated = filter.kind.unwrap_or("Data");
    let (kind, mut schema) = match stated {
        "Check" => (ArgumentType::Flag, json!({"type": "boolean"})),
        "Int" | "Float" | "Currency" | "Percent" => (ArgumentType::Number, json!({"type": "number"})),
        "MultiSelectList" => (ArgumentType::Names, json!({"type": "array", "items": {"type": "string"}})),
        "Select" if !filter.options.is_empty() => {
            (ArgumentType::Choice(filter.options.clone()), json!({"type": "string", "enum": filter.options}))
        }
        _ => (ArgumentType::Text, json!({"type": "string"})),
    };
    if let Some(default) = &filter.default {
        schema["default"] = if stated == "Check" { json!(*default == 1) } else { default.clone() };
    }
    let form = match stated {
        "Date" => "YYYY-MM-DD".to_owned(),
        "Link" if !filter.link_to.is_empty() => format!("name of a document of {}", filter.link_to),
        _ => String::new(),
    };
    let words: Vec<&str> = [filter.description.as_str(), &form].into_iter().filter(|words| !words.is_empty()).collect();
    if !words.is_empty() {
        schema["description"] = json!(words.join("; "));
    }
    let schema = match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    };
    Arg { name: name.to_owned(), kind, required: filter.required && filter.default.is_none(), schema }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{BESIDE_FILTERS, RUN};

    #[test]
    fn what_a_run_takes_beside_its_filters_is_what_no_filter_may_be_called() {
        let ours = ["name", "filters", "columns"];
        let of_run: BTreeSet<&str> = RUN.handler.input.args().iter().map(|arg| arg.name.as_str()).collect();
        let named: BTreeSet<&str> = BESIDE_FILTERS.into_iter().chain(ours).collect();
        assert_eq!(of_run, named);
    }
}
