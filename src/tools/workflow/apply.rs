//! `apply_workflow_action`: an action taken on a document, as the update, submission or cancellation that it is.

use std::time::Instant;

use erpnext_schema::{Rule, Violation, doctype_flag, nearest};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Action, open, shows_state};
use crate::answer::ToolAnswer;
use crate::audit::Attempt;
use crate::cleared::{Cleared, Confirmed};
use crate::document::outcome::{self, Verdict};
use crate::documents::DocTypeCall;
use crate::documents::names::named_exactly;
use crate::error::ToolError;
use crate::policy::{Operation, WriteState};
use crate::site::{self, Answer, SiteError, State, Workflow, WriteError};
use crate::tool::kinds::{DocTypeName, DocumentName};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, Tool, ToolSpec, Toolset, spec};
use crate::tools::lifecycle::{self, Docstatus, IN_BACKGROUND, moved, stale};
use crate::writes::confirm::About;
use crate::writes::gate::{Go, Step};
use crate::writes::send::{Next, Write, send};

/// Takes one.
pub static APPLY: ToolSpec = ToolSpec {
    name: "apply_workflow_action",
    title: "Take a workflow action",
    description: "Takes a workflow action on a document, such as Approve or Reject. It may submit or cancel the document, \
                  which then needs that permission too.",
    toolset: Toolset::Core,
    operation: Operation::Update,
    effect: Effect::Destroys,
    offered: spec::updates,
    special: Special {
        // An action can submit or cancel.
        confirm_as: &[Operation::Update, Operation::Submit, Operation::Cancel],
        ..Special::NONE
    },
    handler: handler!(ApplyArgs, apply),
};

#[derive(Deserialize, JsonSchema)]
struct ApplyArgs {
    doctype: DocTypeName,
    name: DocumentName,
    /// as named by get_workflow_actions
    action: String,
    /// true: over changes made since you read it
    #[serde(default)]
    overwrite: bool,
}

async fn apply(call: Call<'_>, args: ApplyArgs) -> Result<ToolAnswer, ToolError> {
    let (session, wanted) = (call.session, args.action.as_str());
    let update = call.session.permit(Operation::Update, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &update).await?;
    on.keeps_values().await?;
    let name = on.name(&args.name);
    let doc = on.existing(name).await?;
    named_exactly(&on, name, &doc)?;
    on.not_done_by_now(name, &doc)?;
    on.as_last_shown(name, &doc, args.overwrite).await?;
    let workflow = session.site.workflow(on.def.name).await?;
    let shows_state = shows_state(&on, workflow.as_ref());
    // Whether it is open would tell the state: who asks for that takes it.
    let confirmed = match shows_state {
        true => on.confirmed,
        false => Some(asked_unseen(&on, name, wanted, &doc).await?),
    };
    let on = DocTypeCall { confirmed, ..on };
    let action = chosen(&on, name, wanted, &doc, shows_state).await?;
    let Move { operation, result } = Move::of(&on, &doc, &action, workflow.as_ref());
    let mut preview = Map::from_iter([("action".to_owned(), json!(wanted))]);
    let told = shows_state.then(|| json!({"from": action.from, "to": action.to}));
    preview.extend(told.clone().map(|told| ("state".to_owned(), told)));
    let to = result.get("docstatus").filter(|_| operation != Operation::Update);
    preview.extend(to.map(|to| ("docstatus".to_owned(), json!({"from": doc.get("docstatus"), "to": to}))));
    // What is not permitted is open.
    let refused = |error: ToolError| match error {
        ToolError::Denied(_) if !shows_state => hidden(call.tool),
        error => error,
    };
    let state = WriteState::Changed { stored: &doc, result: &result };
    if operation != Operation::Update {
        let step = Step { name: Some(name), state, preview: &preview };
        let shown = judged_as(&on, operation, &step, (name, &doc)).await.map_err(refused)?;
        preview.extend(shown);
    }
    let step = Step { name: Some(name), state, preview: &preview };
    // It is recorded and counted as what it does.
    let attempt = Attempt { operation: operation.as_str().to_uppercase(), ..on.attempt.clone() };
    let on = DocTypeCall { attempt: &attempt, ..on };
    let cleared = match on.gate_as(operation, step).await.map_err(refused)? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let sets = workflow.as_ref().map(|workflow| workflow.state_field.as_str()).into_iter().chain(["docstatus"]);
    let sets = sets.filter_map(|field| Some((field, result.get(field)?))).collect();
    let sent = send(session, &Taken { on: &on, name, before: &doc, action: wanted, sets }, cleared).await;
    // Taken twice it may be two: the next state can offer an action of this name.
    let answer = match sent.inspect_err(|error| on.note_unsettled(name, &doc, error)) {
        Ok(answer) => answer,
        Err(ToolError::Site(error)) if error.kind() == site::SiteErrorKind::Stale => return Err(stale(&on, name)),
        Err(error) => return Err(error),
    };
    let is_known = workflow.is_some_and(|workflow| workflow.states.iter().any(|state| state.name == action.to));
    let to = match operation {
        Operation::Submit => Some(Docstatus::Submitted),
        // Where it is not known what the state means, it is only the most that the action could be.
        Operation::Cancel if is_known => Some(Docstatus::Cancelled),
        _ => None,
    };
    let mut result = moved(&on, ("updated", to), name, doc, answer.messages).await;
    let is_taken = !result.data.contains_key(IN_BACKGROUND);
    result.data.extend(told.filter(|_| is_taken).map(|told| ("state".to_owned(), told)));
    // What is open now is not worth an error: the action was taken.
    if shows_state
        && is_taken
        && let Ok(after) = on.stored(name).await
        && let Ok(Some(actions)) = open(&on, &after).await
    {
        let names = actions.iter().filter(|action| !action.needs_another).map(|action| json!(action.name));
        result.data.insert("actions".to_owned(), names.collect());
    }
    Ok(result)
}

/// Where the state is withheld, has the action confirmed before anything tells whether it is open: as the most that it
/// could do.
///
/// # Errors
/// A dry run, which would tell it; what is not confirmed.
async fn asked_unseen(
    on: &DocTypeCall<'_>,
    name: &str,
    action: &str,
    doc: &Map<String, Value>,
) -> Result<Confirmed, ToolError> {
    if on.attempt.dry_run {
        return Err(ToolError::refused(
            "dry_run: this server's configuration withholds the state, which a dry run would tell; nothing was done.",
            "Without dry_run, an action that is named by the user can be taken.",
        ));
    }
    if let Some(confirmed) = on.confirmed {
        return Ok(confirmed);
    }
    let is_one = |operation: &Operation| *operation == Operation::Update || on.def.is(doctype_flag::SUBMITTABLE);
    let mut could_be = [Operation::Cancel, Operation::Submit, Operation::Update].into_iter().filter(is_one);
    let operation = could_be.find(|operation| on.session.policy.confirms(*operation));
    let about = About {
        tool: on.tool.name(),
        doctype: on.def.name,
        state: doc.get("modified"),
        operation: operation.unwrap_or(Operation::Update),
        always: false,
        what: format!("{action} of {} {name:?}", on.def.name),
    };
    let shown = || Map::from_iter([("name".to_owned(), json!(name)), ("action".to_owned(), json!(action))]);
    about.confirmed(on.session, on.given, shown).await
}

/// The action of that name, where it is open to the user.
///
/// # Errors
/// One that is not open, with those that are, as far as the state may be told.
async fn chosen(
    on: &DocTypeCall<'_>,
    name: &str,
    wanted: &str,
    doc: &Map<String, Value>,
    shows_state: bool,
) -> Result<Action, ToolError> {
    let Some(mut actions) = open(on, doc).await? else {
        return Err(ToolError::refused(
            format!("{} has no workflow: there is no action to take.", on.def.name),
            "Use its own tools to update, submit or cancel it.",
        ));
    };
    // Of several with that name the site takes the last.
    let Some(at) = actions.iter().rposition(|action| action.name == wanted) else {
        if !shows_state {
            return Err(hidden(on.tool));
        }
        let names = || actions.iter().map(|action| action.name.as_str());
        let listed = names().collect::<Vec<_>>().join(", ");
        let message = format!("open to this user now: {}", if listed.is_empty() { "no action" } else { &listed });
        return Err(not_open(on.tool, message, nearest(wanted, names())));
    };
    let action = actions.swap_remove(at);
    if !action.needs_another {
        return Ok(action);
    }
    if !shows_state || !on.may_read("owner") {
        return Err(hidden(on.tool));
    }
    Err(ToolError::refused(
        format!("{} {name:?}: {wanted} is not for whoever made the document; nothing was done.", on.def.name),
        format!("Somebody else with the role {} has to.", action.role),
    ))
}

fn not_open(tool: Tool, message: String, nearest: Option<&str>) -> ToolError {
    let nearest = nearest.map(str::to_owned);
    let violation = Violation { path: "action".to_owned(), rule: Rule::Value, message, nearest };
    ToolError::arguments(tool.name(), vec![violation])
}

/// The same where it is not told which are open.
fn hidden(tool: Tool) -> ToolError {
    not_open(tool, "is not open to this user now, or is not permitted".to_owned(), None)
}

/// What an action does to a document.
struct Move {
    operation: Operation,
    /// The document as the action leaves it.
    result: Map<String, Value>,
}

impl Move {
    fn of(on: &DocTypeCall<'_>, doc: &Map<String, Value>, action: &Action, workflow: Option<&Workflow>) -> Self {
        let state = workflow.and_then(|workflow| workflow.states.iter().find(|state| state.name == action.to));
        let mut result = doc.clone();
        result.extend(workflow.map(|workflow| (workflow.state_field.clone(), json!(action.to))));
        result.extend(state.and_then(|state| state.sets.clone()));
        let operation = operation(on, doc, state);
        if operation != Operation::Update {
            let to = if operation == Operation::Submit { 1 } else { 2 };
            result.insert("docstatus".to_owned(), json!(to));
        }
        Self { operation, result }
    }
}

/// What the action does; where it cannot be learned what the state means, any move is possible.
fn operation(on: &DocTypeCall<'_>, doc: &Map<String, Value>, state: Option<&State>) -> Operation {
    if !on.def.is(doctype_flag::SUBMITTABLE) {
        return Operation::Update;
    }
    match (Docstatus::of(doc), state.map(|state| state.docstatus)) {
        (Docstatus::Draft, Some(0)) | (Docstatus::Submitted, Some(1)) => Operation::Update,
        (Docstatus::Draft, Some(1) | None) => Operation::Submit,
        _ => Operation::Cancel,
    }
}

/// Judges an action that submits or cancels as a submission or cancellation: it needs leave for that, and is confirmed and
/// shown as that. Gives what it is shown with.
async fn judged_as(
    on: &DocTypeCall<'_>,
    operation: Operation,
    step: &Step<'_>,
    (name, doc): (&str, &Map<String, Value>),
) -> Result<Map<String, Value>, ToolError> {
    let permit = on.session.permit(operation, on.def.name).await?;
    let on = DocTypeCall { permit: &permit, ..*on };
    drop(on.judge(step).await?);
    if !on.is_shown_first() {
        return Ok(Map::new());
    }
    Ok(match operation {
        Operation::Cancel => lifecycle::undone(&on, name, doc).await,
        _ => lifecycle::preview(&on, name, doc).await,
    })
}

/// An action taken on a document that was read as `before`; it leaves these fields so.
struct Taken<'a> {
    on: &'a DocTypeCall<'a>,
    name: &'a str,
    before: &'a Map<String, Value>,
    action: &'a str,
    sets: Vec<(&'a str, &'a Value)>,
}

impl<'a> Write for Taken<'a> {
    type Leave = Cleared<'a>;
    type Made = ();

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<()>, WriteError> {
        self.on.session.site.apply_workflow(cleared, self.before, self.action).await
    }

    async fn read_back(&self, _: Instant) -> Result<Verdict, SiteError> {
        Ok(outcome::of_step(&self.sets, self.before, self.on.now(self.name).await?.as_ref()))
    }

    fn what(&self) -> String {
        format!("{} of {} {:?}", self.action, self.on.def.name, self.name)
    }

    fn next(&self) -> Next {
        self.on.read_it(self.name)
    }
}
