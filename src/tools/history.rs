//! `get_document_history`.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::changes::moment;
use super::{attachments, read};
use crate::answer::ToolAnswer;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::{FieldRef, Operation};
use crate::shape::history::Reader;
use crate::tool::kinds::{DocTypeName, DocumentName};
use crate::tool::spec::{handler, reads};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};

/// How many Versions the site gives with a document.
const VERSIONS: usize = 10;

/// Who did what to a document.
pub static HISTORY: ToolSpec = ToolSpec {
    name: "get_document_history",
    title: "History of a document",
    description: "Lists a document's changes (who, when, from which value to which), comments, e-mails and \
                  approvals, newest first. Use it to explain the present state. The site gives the ten newest \
                  changes only.",
    toolset: Toolset::History,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: reads,
    special: Special::NONE,
    handler: handler!(HistoryArgs, history),
};

#[derive(Deserialize, JsonSchema)]
struct HistoryArgs {
    doctype: DocTypeName,
    name: DocumentName,
    /// only what happened from this date or time on
    since: Option<String>,
}

async fn history(call: Call<'_>, args: HistoryArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let since = match args.since.as_deref() {
        Some(since) => Some(moment(session, since).await?),
        None => None,
    };
    let permit = call.session.permit(Operation::Read, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    let name = on.name(&args.name);
    let (on, shaped) = read::document(&on, name).await?;
    let info = session.site.docinfo(&permit, name).await?;
    // E-mails hold copies of what a rule withholds.
    let emails = permit.fields().is_open() || session.policy.permit(Operation::Read, "Communication").is_ok();
    let children = |child: &str| session.catalog.known(child);
    let (rule, document) = (permit.fields(), &shaped.document);
    let files = attachments::seen(&on, name).await?;
    let logged = info.get("workflow_logs").and_then(Value::as_array).is_some_and(|logs| !logs.is_empty());
    let state = if logged { session.catalog.state_field(session.asker(), on.def.name).await? } else { None };
    let approvals = rule.may_read(FieldRef::find(Some(on.def), state.as_deref().unwrap_or("workflow_state")));
    let reader = |def| Reader { def, children: &children, rule, document, emails, approvals, files: files.as_deref() };
    let mut def = on.def;
    if !reader(def).knows_all(&info) {
        match session.catalog.shown(session.asker(), def.name).await {
            Ok(live) => def = live,
            Err(error) => tracing::warn!("live metadata of {}: {}", def.name, error.for_log()),
        }
    }
    let mut entries = reader(def).entries(&info);
    if let Some(since) = &since {
        entries.retain(|entry| entry["at"].as_str().is_some_and(|at| at >= since.as_str()));
    }
    let mut result = json!({"doctype": on.def.name, "name": name, "count": entries.len(), "entries": entries});
    let versions = info.get("versions").and_then(Value::as_array).map_or(0, Vec::len);
    if versions >= VERSIONS {
        result["note"] = json!("the ten newest changes; the site keeps older ones to itself");
    }
    Ok(result.into())
}
