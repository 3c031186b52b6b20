//! Workflows: what a user may do with a document in its present state, doing it, and what waits for the user.

use std::collections::BTreeMap;
use std::time::Instant;

use erpnext_schema::{Operator, Order, Rule, Violation, doctype_flag, nearest};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::lifecycle::{self, Docstatus, moved, stale};
use crate::answer::ToolAnswer;
use crate::audit::Attempt;
use crate::cleared::{Cleared, Confirmed};
use crate::document::outcome::{self, Verdict};
use crate::documents::DocTypeCall;
use crate::documents::names::named_exactly;
use crate::error::ToolError;
use crate::policy::{FieldRef, Operation, WriteState};
use crate::shape;
use crate::site::{self, Answer, Filter, ListQuery, SiteError, State, Workflow, WriteError};
use crate::tool::document_args::DocumentArgs;
use crate::tool::kinds::{DocTypeName, DocumentName};
use crate::tool::spec::{NoArgs, handler};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset, spec};
use crate::writes::confirm::About;
use crate::writes::gate::{Go, Step};
use crate::writes::send::{Next, Write, send};

/// What is open to the user.
pub static ACTIONS: ToolSpec = ToolSpec {
    name: "get_workflow_actions",
    title: "Workflow actions",
    description: "Lists the workflow actions that this user may take on a document now, and the state each leads to.",
    toolset: Toolset::Core,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: spec::reads,
    special: Special::NONE,
    handler: handler!(DocumentArgs, actions),
};

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

/// What waits.
pub static PENDING: ToolSpec = ToolSpec {
    name: "list_pending_approvals",
    title: "List pending approvals",
    description: "Lists the documents that wait for a workflow action of this user, by DocType, oldest first.",
    toolset: Toolset::History,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: spec::reads,
    special: Special::NONE,
    handler: handler!(NoArgs, pending),
};

/// One way on from a document's state.
struct Action {
    name: String,
    from: String,
    to: String,
    role: String,
    /// Whether it is closed to whoever made the document, and that is the user.
    needs_another: bool,
}

async fn actions(call: Call<'_>, args: DocumentArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Read, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    let name = on.name(&args.name);
    let doc = call.session.site.get(&permit, name).await?.data;
    named_exactly(&on, name, &doc)?;
    let mut answer = Map::from_iter([("name".to_owned(), json!(name))]);
    let open = open(&on, &doc).await?;
    let shows_state = open.is_none() || shows_state(&on, call.session.site.workflow(on.def.name).await?.as_ref());
    match open {
        None => {
            answer.insert("note".to_owned(), json!(format!("{} has no workflow", on.def.name)));
        }
        Some(_) if !shows_state => {
            let note = "this server's configuration withholds the state, and with it which actions are open; one that is \
                        named by the user can be taken";
            answer.insert("note".to_owned(), json!(note));
        }
        Some(actions) => {
            answer.extend(actions.first().map(|action| ("state".to_owned(), json!(action.from))));
            let entry = |action: &Action| {
                let mut entry = json!({"action": action.name, "leads_to": action.to, "role": action.role});
                // That somebody else made it says no more than its owner does.
                if action.needs_another && on.may_read("owner") {
                    entry["note"] = json!("not for whoever made the document");
                }
                entry
            };
            if actions.is_empty() {
                answer.insert("note".to_owned(), json!("no action is open to this user in the present state"));
            }
            answer.insert("actions".to_owned(), actions.iter().map(entry).collect());
        }
    }
    Ok(answer.into())
}

/// The actions that the site leaves the user, or nothing where there is no workflow.
async fn open(on: &DocTypeCall<'_>, doc: &Map<String, Value>) -> Result<Option<Vec<Action>>, ToolError> {
    let Some(rows) = on.session.site.transitions(on.permit, doc).await? else { return Ok(None) };
    let user = on.session.user_name().await?;
    let own = doc.get("owner").and_then(Value::as_str) == Some(user) && user != "Administrator";
    let action = |row: &Map<String, Value>| {
        let text = |key: &str| shape::text_of(row, key).to_owned();
        Action {
            name: text("action"),
            from: text("state"),
            to: text("next_state"),
            role: text("allowed"),
            needs_another: own && !shape::is_set(row, "allow_self_approval"),
        }
    };
    Ok(Some(rows.iter().map(action).collect()))
}

async fn apply(call: Call<'_>, args: ApplyArgs) -> Result<ToolAnswer, ToolError> {
    let (session, wanted) = (call.session, args.action.as_str());
    let update = call.session.permit(Operation::Update, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &update).await?;
    on.keeps_values().await?;
    let name = on.name(&args.name);
    let doc = session.site.get(&update, name).await?.data;
    named_exactly(&on, name, &doc)?;
    on.as_last_shown(name, &doc, args.overwrite).await?;
    let workflow = session.site.workflow(on.def.name).await?;
    let shows_state = shows_state(&on, workflow.as_ref());
    // Whether it is open would tell the state: who asks for that takes it.
    let confirmed = match shows_state {
        true => on.confirmed,
        false => Some(asked_unseen(&on, name, wanted, &doc).await?),
    };
    let on = DocTypeCall { confirmed, ..on };
    let Some(actions) = open(&on, &doc).await? else {
        return Err(ToolError::refused(
            format!("{} has no workflow: there is no action to take.", on.def.name),
            "Use its own tools to update, submit or cancel it.",
        ));
    };
    let not_open = |message: String, nearest: Option<&str>| {
        let nearest = nearest.map(str::to_owned);
        let violation = Violation { path: "action".to_owned(), rule: Rule::Value, message, nearest };
        ToolError::arguments(call.tool.name(), vec![violation])
    };
    let hidden = || not_open("is not open to this user now, or is not permitted".to_owned(), None);
    // What is not permitted is open.
    let refused = |error: ToolError| match error {
        ToolError::Denied(_) if !shows_state => hidden(),
        error => error,
    };
    let Some(action) = actions.iter().find(|action| action.name == wanted) else {
        if !shows_state {
            return Err(hidden());
        }
        let names = || actions.iter().map(|action| action.name.as_str());
        let listed = names().collect::<Vec<_>>().join(", ");
        let message = format!("open to this user now: {}", if listed.is_empty() { "no action" } else { &listed });
        return Err(not_open(message, nearest(wanted, names())));
    };
    if action.needs_another {
        if !shows_state || !on.may_read("owner") {
            return Err(hidden());
        }
        return Err(ToolError::refused(
            format!("{} {name:?}: {wanted} is not for whoever made the document; nothing was done.", on.def.name),
            format!("Somebody else with the role {} has to.", action.role),
        ));
    }
    let state = workflow.iter().flat_map(|workflow| &workflow.states).find(|state| state.name == action.to);
    let mut result = doc.clone();
    if let Some(workflow) = &workflow {
        result.insert(workflow.state_field.clone(), json!(action.to));
    }
    result.extend(state.and_then(|state| state.sets.clone()));
    let mut preview = Map::from_iter([("action".to_owned(), json!(wanted))]);
    let told = shows_state.then(|| json!({"from": action.from, "to": action.to}));
    preview.extend(told.clone().map(|told| ("state".to_owned(), told)));
    let operation = operation(&on, &doc, state);
    if operation != Operation::Update {
        let to = if operation == Operation::Submit { 1 } else { 2 };
        preview.insert("docstatus".to_owned(), json!({"from": doc.get("docstatus"), "to": to}));
        result.insert("docstatus".to_owned(), json!(to));
    }
    let state = WriteState::Changed { stored: &doc, result: &result };
    // What the state means for docstatus needs leave of its own, and is confirmed and shown as what it is.
    if operation != Operation::Update {
        let permit = session.permit(operation, on.def.name).await.map_err(refused)?;
        let on = DocTypeCall { permit: &permit, ..on };
        drop(on.judge(&Step { name: Some(name), state, preview: &preview }).await.map_err(refused)?);
        if on.is_shown_first() {
            preview.extend(match operation {
                Operation::Cancel => lifecycle::undone(&on, name, &doc).await,
                _ => lifecycle::preview(&on, name, &doc).await,
            });
        }
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
    let answer = match send(session, &Taken { on: &on, name, before: &doc, action: wanted, sets }, cleared).await {
        Ok(answer) => answer,
        Err(ToolError::Site(error)) if error.kind() == site::Kind::Stale => return Err(stale(&on, name)),
        Err(error) => return Err(error),
    };
    let mut result = moved(&on, "updated", name, doc, answer.messages).await;
    result.data.extend(told.map(|told| ("state".to_owned(), told)));
    // What is open now is not worth an error: the action was taken.
    if shows_state
        && let Ok(after) = on.stored(name).await
        && let Ok(Some(actions)) = open(&on, &after).await
    {
        let names = actions.iter().filter(|action| !action.needs_another).map(|action| json!(action.name));
        result.data.insert("actions".to_owned(), names.collect());
    }
    Ok(result)
}

/// That the action is confirmed before it is looked at whether it is open, where the state is withheld: as the most that it
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

/// Whether the caller may see the state, and so what it leaves open.
fn shows_state(on: &DocTypeCall<'_>, workflow: Option<&Workflow>) -> bool {
    let field = workflow.map(|workflow| FieldRef::find(Some(on.def), &workflow.state_field));
    field.is_none_or(|field| on.permit.fields().may_read(field))
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

async fn pending(call: Call<'_>, _: NoArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let readable = |doctype: &str| session.policy.permit(Operation::Read, doctype).ok();
    let waiting = session.site.pending_approvals(readable).await?;
    let mut by_doctype: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for document in &waiting {
        by_doctype.entry(&document.doctype).or_default().push(&document.name);
    }
    let mut found = Vec::new();
    let mut count = 0;
    for (doctype, names) in by_doctype {
        let Some(documents) = summaries(&call, doctype, &names).await? else { continue };
        count += documents.len();
        if !documents.is_empty() {
            found.push(json!({"doctype": doctype, "documents": documents}));
        }
    }
    let mut answer =
        json!({"count": count, "waiting": found, "next": "get_workflow_actions tells what can be done with one"});
    // Said of the configuration alone: that there is such a document would tell its state.
    let withholds = |doctype: &str| readable(doctype).is_some_and(|permit| !permit.fields().is_open());
    if session.policy.doctypes().any(|(doctype, _)| withholds(doctype)) {
        answer["note"] = json!("documents whose state is withheld are not among them");
    }
    Ok(answer.into())
}

/// What a list shows of these documents: only those that are still there and that the policy lets be seen. None where that
/// one waits would tell a state that is withheld.
async fn summaries(call: &Call<'_>, doctype: &str, names: &[&str]) -> Result<Option<Vec<Value>>, ToolError> {
    let permit = call.session.permit(Operation::Read, doctype).await?;
    let on = DocTypeCall::of(call, &permit).await?;
    if !permit.fields().is_open() && !shows_state(&on, call.session.site.workflow(doctype).await?.as_ref()) {
        return Ok(None);
    }
    let masked = on.masked().await?;
    let may_show =
        |name: &str| on.def.field(name).is_some_and(|field| field.in_lists() && permit.fields().may_read(field));
    // A mask is neither a title nor a state (H84).
    let shown = |name: &&str| may_show(name) && !masked.hides(on.def.name, name);
    let mut fields = vec!["name".to_owned()];
    for name in on.def.title_field.into_iter().chain(["workflow_state", "status", "owner", "creation"]).filter(shown) {
        if !fields.iter().any(|known| known == name) {
            fields.push(name.to_owned());
        }
    }
    let filters = vec![Filter::new("name", Operator::In, json!(names))];
    let query = ListQuery {
        fields,
        filters,
        // The order would tell what may not be shown.
        order_by: ["creation", "name"].into_iter().filter(shown).map(Order::asc).collect(),
        limit: 500,
        own_columns: true,
        ..ListQuery::default()
    };
    let rows = call.session.site.list(&permit, &query).await?.data;
    Ok(Some(rows.into_iter().map(|row| Value::Object(shape::row(on.def, &permit, &query.fields, row))).collect()))
}
