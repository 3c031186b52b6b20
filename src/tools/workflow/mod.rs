//! Workflows: what a user may do with a document in its present state, doing it, and what waits for the user.

mod apply;
mod pending;

use serde_json::{Map, Value, json};

pub use self::apply::APPLY;
pub use self::pending::PENDING;
use crate::answer::ToolAnswer;
use crate::documents::DocTypeCall;
use crate::documents::names::named_exactly;
use crate::error::ToolError;
use crate::policy::{FieldRef, Operation};
use crate::shape;
use crate::site::Workflow;
use crate::tool::document_args::DocumentArgs;
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset, spec};

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
    let doc = on.existing(name).await?;
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

/// Whether the caller may see the state, and so what it leaves open.
fn shows_state(on: &DocTypeCall<'_>, workflow: Option<&Workflow>) -> bool {
    let field = workflow.map(|workflow| FieldRef::find(Some(on.def), &workflow.state_field));
    field.is_none_or(|field| on.permit.fields().may_read(field))
}
