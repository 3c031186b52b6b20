//! What is told of tools that were found: the first as it is defined, the next by their arguments in a line.

use serde_json::{Map, Value, json};

use crate::context::Session;
use crate::tool::definition::definition_at;
use crate::tool::detail::Detail;
use crate::tool::listing::tokens;
use crate::tool::{Call, Tool};

/// How many tools are told of.
const TOLD: usize = 3;
/// How many choices of an argument a line names.
const MOST_CHOICES: usize = 6;
/// What says nothing of how a tool is called.
const BESIDE: [&str; 3] = ["title", "outputSchema", "annotations"];

/// The first tools; one that was asked for by its name is told whole.
pub fn told(call: &Call<'_>, found: &[Tool], by_name: bool) -> Vec<Value> {
    let Some((first, others)) = found.split_first() else { return Vec::new() };
    let first = defined(call, *first, if by_name { Detail::Full } else { Detail::Compact });
    let others = others.iter().take(TOLD - 1).map(|tool| in_short(call.session, *tool));
    std::iter::once(first).chain(others).collect()
}

/// The definition, as full as half an answer has room for and no fuller than that.
fn defined(call: &Call<'_>, tool: Tool, fullest: Detail) -> Value {
    let room = usize::try_from(call.session.tools.max_result_tokens).unwrap_or(usize::MAX) / 2;
    let levels = [Detail::Full, Detail::Compact, Detail::Lean].into_iter().filter(|level| *level <= fullest);
    let mut shown = levels.map(|level| {
        let mut shown = definition_at(call.session, tool, level).to_json();
        if let Value::Object(shown) = &mut shown {
            shown.retain(|key, _| !BESIDE.contains(&key.as_str()));
        }
        if let Some(view) = call.observer.view(tool) {
            shown["_meta"] = Value::Object(view);
        }
        shown
    });
    shown.find(|shown| tokens(shown.to_string().len()) <= room).unwrap_or_else(|| in_short(call.session, tool))
}

fn in_short(session: &Session<'_>, tool: Tool) -> Value {
    let definition = definition_at(session, tool, Detail::Lean);
    let what = definition.description.split_inclusive(". ").next().unwrap_or_default().trim_end();
    json!({"name": definition.name, "description": what, "arguments": line(&definition.input_schema)})
}

/// `name: string, data: {customer, items}, fields?: [string]`.
fn line(schema: &Map<String, Value>) -> String {
    let required = names_required(schema);
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let arguments = properties.map(|(name, argument)| {
        let mark = if required.contains(&name.as_str()) { "" } else { "?" };
        format!("{name}{mark}: {}", kind(argument))
    });
    arguments.collect::<Vec<_>>().join(", ")
}

fn kind(argument: &Value) -> String {
    let Some(schema) = argument.as_object() else { return "any".to_owned() };
    let choices: Vec<&str> =
        schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let required = names_required(schema);
    match schema.get("type").and_then(Value::as_str).unwrap_or("any") {
        "string" if (1..=MOST_CHOICES).contains(&choices.len()) => choices.join("|"),
        "array" => format!("[{}]", schema.get("items").map_or_else(String::new, kind)),
        "object" if !required.is_empty() => format!("{{{}, …}}", required.join(", ")),
        kind => kind.to_owned(),
    }
}

fn names_required(schema: &Map<String, Value>) -> Vec<&str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}
