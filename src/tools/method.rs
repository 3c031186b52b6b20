//! `call_method`: the methods of the site that the configuration lists, with the arguments that it gives them.

use std::time::Instant;

use erpnext_schema::{Rule, Violation, nearest};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::ToolAnswer;
use crate::audit;
use crate::cleared::Cleared;
use crate::config::{Method, MethodArgument};
use crate::context::Session;
use crate::document::outcome::Verdict;
use crate::error::ToolError;
use crate::policy::{MethodPermit, Operation};
use crate::site::{Answer, SiteError, WriteError};
use crate::tool::kinds::Object;
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::writes::confirm::About;
use crate::writes::send::{Next, Write, send};

/// Calls a method of the site.
pub static CALL: ToolSpec = ToolSpec {
    name: "call_method",
    title: "Call a method of the site",
    description: "Calls a method of the site that this server's configuration lists; without method it lists them \
                  with their arguments. Answers are not checked against the DocTypes.",
    toolset: Toolset::More,
    operation: Operation::Update,
    effect: Effect::Destroys,
    offered: |policy| policy.methods().len() > 0,
    special: Special {
        subject: |attempt, arguments| {
            attempt.document = arguments.get("method").and_then(Value::as_str).map(audit::short)
        },
        ..Special::NONE
    },
    handler: handler!(MethodArgs, call_method),
};

#[derive(Deserialize, JsonSchema)]
struct MethodArgs {
    method: Option<String>,
    #[serde(default)]
    arguments: Object,
}

async fn call_method(call: Call<'_>, args: MethodArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let Some(name) = args.method.as_deref() else {
        let methods: Vec<Value> = session.policy.methods().map(|(name, method)| described(name, method)).collect();
        return Ok(json!({"methods": methods}).into());
    };
    called(&call, name, args.arguments.0, "arguments.").await
}

/// Calls a method with these arguments, which a call has `at` this place.
///
/// # Errors
/// What it does not take or misses, what is not confirmed yet, and the site's.
pub(crate) async fn called(
    call: &Call<'_>,
    name: &str,
    arguments: Map<String, Value>,
    at: &str,
) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let (permit, method) = session.policy.permit_method(name)?;
    check(method, &arguments, at).map_err(|found| ToolError::arguments(call.tool.name(), found))?;
    let answer = if permit.writes() {
        let shown = || Map::from_iter([("would_call".to_owned(), json!({"method": name, "arguments": arguments}))]);
        if call.attempt.dry_run {
            let mut answer = shown();
            answer.insert("dry_run".to_owned(), json!(true));
            answer.insert("next".to_owned(), json!("Nothing was sent. Call again without dry_run to do it."));
            return Ok(answer.into());
        }
        let (tool, what) = (call.tool.name(), format!("call {name}"));
        let about = About { tool, doctype: "", state: None, operation: Operation::Update, always: false, what };
        let confirmed = about.confirmed(session, call.given, shown).await?;
        let cleared = Cleared::call(&permit, confirmed, session.audit.intend(call.attempt)?);
        send(session, &Called { session, method: name, arguments: &arguments }, cleared).await?
    } else {
        session.site.ask_method(&permit, arguments).await?
    };
    let result = Map::from_iter([("method".to_owned(), json!(name)), ("answer".to_owned(), answer.data)]);
    Ok(ToolAnswer { messages: answer.messages, ..result.into() })
}

/// A method that changes something: what, nobody here knows.
struct Called<'a> {
    session: &'a Session<'a>,
    method: &'a str,
    arguments: &'a Map<String, Value>,
}

impl<'a> Write for Called<'a> {
    type Leave = Cleared<'a, MethodPermit>;
    type Made = Value;

    async fn send(&self, cleared: Self::Leave) -> Result<Answer<Value>, WriteError> {
        self.session.site.call_method(cleared, self.arguments).await
    }

    async fn read_back(&self, _: Instant) -> Result<Verdict<Value>, SiteError> {
        Ok(Verdict::Open("what a method of the site changes is not known here".to_owned()))
    }

    fn what(&self) -> String {
        format!("call of {}", self.method)
    }

    fn next(&self) -> Next {
        Next::Ask(
            "do not call it again: look at the documents that the method changes, with the tools for those or on the site \
             itself, and let the user decide."
                .to_owned(),
        )
    }
}

/// A method as JSON Schema has it.
fn described(name: &str, method: &Method) -> Value {
    let properties: Map<String, Value> =
        method.arguments.iter().map(|(name, argument)| (name.clone(), Value::Object(schema(argument)))).collect();
    let required: Vec<&String> =
        method.arguments.iter().filter(|(_, argument)| argument.required).map(|(name, _)| name).collect();
    json!({
        "method": name, "description": method.description, "writes": method.writes,
        "arguments": {"type": "object", "properties": properties, "required": required},
    })
}

/// An argument as JSON Schema has it.
pub(crate) fn schema(argument: &MethodArgument) -> Map<String, Value> {
    let mut schema = Map::from_iter([("type".to_owned(), json!(argument.kind.as_str()))]);
    if !argument.description.is_empty() {
        schema.insert("description".to_owned(), json!(argument.description));
    }
    if !argument.choices.is_empty() {
        schema.insert("enum".to_owned(), json!(argument.choices));
    }
    schema
}

/// That a method is given what it takes; a call has its arguments `at` this place.
///
/// # Errors
/// Everything that it does not take, or misses.
pub(crate) fn check(method: &Method, given: &Map<String, Value>, at: &str) -> Result<(), Vec<Violation>> {
    let mut violations = Vec::new();
    let mut wrong = |name: &str, rule, message: String, nearest: Option<&str>| {
        let path = format!("{at}{name}");
        violations.push(Violation { path, rule, message, nearest: nearest.map(str::to_owned) });
    };
    for (name, value) in given {
        let Some(argument) = method.arguments.get(name) else {
            let names = method.arguments.keys().map(String::as_str);
            let listed = names.clone().collect::<Vec<_>>().join(", ");
            let takes = if listed.is_empty() { "none" } else { &listed };
            wrong(name, Rule::Value, format!("no such argument; the method takes: {takes}"), nearest(name, names));
            continue;
        };
        if !argument.kind.fits(value) {
            wrong(name, Rule::Value, format!("expected {}, found {value}", argument.kind.as_str()), None);
        } else if let Some(text) = value.as_str()
            && !argument.choices.is_empty()
            && !argument.choices.iter().any(|choice| choice == text)
        {
            let near = nearest(text, argument.choices.iter().map(String::as_str));
            wrong(name, Rule::Value, format!("{text:?} is not one of: {}", argument.choices.join(", ")), near);
        }
    }
    for (name, argument) in method.arguments.iter().filter(|(_, argument)| argument.required) {
        if !given.contains_key(name) {
            wrong(name, Rule::Mandatory, format!("is mandatory ({})", argument.kind.as_str()), None);
        }
    }
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}
