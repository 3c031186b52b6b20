//! `list_pending_approvals`: what waits for an action of the user.

use std::collections::BTreeMap;

use erpnext_schema::{Operator, Order};
use serde_json::{Value, json};

use super::shows_state;
use crate::answer::{ToolAnswer, note_of};
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::shape;
use crate::site::{Filter, ListQuery, MOST_ACTIONS};
use crate::tool::spec::{NoArgs, handler};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset, spec};

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

async fn pending(call: Call<'_>, _: NoArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let readable = |doctype: &str| session.policy.permit(Operation::Read, doctype).ok();
    let (waiting, is_cut) = session.site.pending_approvals(readable).await?;
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
    let mut notes = Vec::new();
    if session.policy.doctypes().any(|(doctype, _)| withholds(doctype)) {
        notes.push("documents whose state is withheld are not among them".to_owned());
    }
    if is_cut {
        notes.push(format!("of what waits on the site the oldest {MOST_ACTIONS} were looked at"));
    }
    if let Some((key, note)) = note_of(&notes) {
        answer[key] = note;
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
