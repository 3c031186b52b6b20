//! `get_document_history`: who changed what in a document, and what people wrote about it.

use erpnext_schema::{DocTypeDef, FieldDef, Rule, Violation, nearest_field};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::changes::moment;
use super::{attachments, read};
use crate::answer::{ToolAnswer, note_of};
use crate::document::changes::is_echo;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::{FieldRef, Operation};
use crate::shape::history::Reader;
use crate::shape::{Masked, page};
use crate::tool::kinds::{DocTypeName, DocumentName, FieldNames, Limit};
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
    /// from this time on
    since: Option<String>,
    #[serde(default)]
    limit: Limit,
    /// only changes of these
    fields: Option<FieldNames>,
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
    let emails = permit.fields().is_open() || session.policy.permits(Operation::Read, "Communication");
    let children = |child: &str| session.catalog.known(child);
    let (rule, document) = (permit.fields(), &shaped.document);
    let files = attachments::seen(&on, name).await?;
    let logged = info.get("workflow_logs").and_then(Value::as_array).is_some_and(|logs| !logs.is_empty());
    let state = if logged { session.catalog.state_field(session.asker(), on.def.name).await? } else { None };
    let approvals = rule.may_read(FieldRef::find(Some(on.def), state.as_deref().unwrap_or("workflow_state")));
    let reader = |def, hidden| {
        let files = files.as_deref();
        Reader { def, children: &children, rule, hidden, document, emails, approvals, files }
    };
    let mut def = on.def;
    let nothing = Masked::default();
    if !reader(def, &nothing).knows_all(&info) {
        match session.catalog.shown(session.asker(), def.name).await {
            Ok(live) => def = live,
            Err(error) => tracing::warn!("live metadata of {}: {}", def.name, error.for_log()),
        }
    }
    // The site quotes in its versions what it shows to this user nowhere else (H5, H84).
    let hidden = DocTypeCall { def, ..on }.hidden_beside(document).await?;
    let mut entries = reader(def, &hidden).entries(&info);
    if let Some(since) = &since {
        entries.retain(|entry| entry["at"].as_str().is_some_and(|at| at >= since.as_str()));
    }
    match args.fields.as_deref() {
        Some(fields) => {
            known(&on, def, fields)?;
            entries.retain_mut(|entry| about(entry, fields));
        }
        None => entries.iter_mut().for_each(leave_out_echoes),
    }
    let count = entries.len();
    entries.truncate(args.limit.count());
    let whole = entries.len();
    entries.truncate(page::how_many(&entries, session.tools.bytes_for_rows()));
    let mut notes = Vec::new();
    if entries.len() < whole {
        notes.push("more entries would make the answer too large: fields tells only changes of these");
    }
    let shown = page::shown(0, entries.len() as u64, Some(count as u64), entries.len() < count);
    let mut result = json!({"doctype": on.def.name, "name": name, "shown": shown, "count": count, "entries": entries});
    // Whether or not there is any: an empty history would say that nothing was done.
    let told = [
        ("changes of withheld fields", shaped.withheld.is_empty()),
        ("comments, assignments, likes and shares", rule.may_read_comments()),
        ("files", rule.may_read_attachments()),
        ("what e-mails say", emails),
    ];
    let withheld: Vec<&str> = told.iter().filter(|(_, is_told)| !is_told).map(|(what, _)| *what).collect();
    if !withheld.is_empty() {
        result["withheld"] = json!(withheld);
    }
    let versions = info.get("versions").and_then(Value::as_array).map_or(0, Vec::len);
    if versions >= VERSIONS {
        notes.push("the ten newest changes; the site keeps older ones to itself");
    }
    if let Some((key, note)) = note_of(&notes) {
        result[key] = note;
    }
    Ok(result.into())
}

/// Refuses names that are no fields, or may not be seen.
fn known(on: &DocTypeCall<'_>, def: &'static DocTypeDef, fields: &[String]) -> Result<(), ToolError> {
    let rule = on.permit.fields();
    let visible = |field: &&FieldDef| rule.may_read(*field);
    let unknown = fields.iter().enumerate().filter(|(_, name)| def.field(name).filter(visible).is_none());
    let violations = unknown.map(|(i, name)| Violation {
        path: format!("fields[{i}]"),
        rule: Rule::UnknownField,
        message: format!("{name}: no such field in {}", def.name),
        nearest: nearest_field(name, def.all_fields().filter(visible)).map(str::to_owned),
    });
    let violations: Vec<_> = violations.collect();
    if violations.is_empty() { Ok(()) } else { Err(ToolError::arguments(on.tool.name(), violations)) }
}

/// Leaves out of an entry the sums that repeat another one.
fn leave_out_echoes(entry: &mut Value) {
    let parts = ["changes", "also_changed"];
    let told = parts.iter().filter_map(|part| entry.get(*part)?.as_object());
    let beside: Map<String, Value> = told.flatten().map(|(field, change)| (field.clone(), change.clone())).collect();
    for part in parts {
        if let Some(changes) = entry.get_mut(part).and_then(Value::as_object_mut) {
            changes.retain(|field, change| !is_echo(field, change, &beside));
        }
    }
    for row in entry.get_mut("rows").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(changes) = row.get_mut("changes").and_then(Value::as_object_mut) {
            let beside = changes.clone();
            changes.retain(|field, change| !is_echo(field, change, &beside));
        }
    }
    if let Some(entry) = entry.as_object_mut() {
        entry.retain(|_, part| part.as_object().is_none_or(|part| !part.is_empty()));
    }
}

/// Cuts an entry to the changes of these fields; whether there are any.
fn about(entry: &mut Value, fields: &[String]) -> bool {
    let wanted = |name: &str| fields.iter().any(|field| field == name);
    for part in ["changes", "also_changed"] {
        if let Some(changes) = entry.get_mut(part).and_then(Value::as_object_mut) {
            changes.retain(|name, _| wanted(name));
        }
    }
    if let Some(rows) = entry.get_mut("rows").and_then(Value::as_array_mut) {
        rows.retain(|row| row["table"].as_str().is_some_and(wanted));
    }
    let entry = entry.as_object_mut();
    entry.is_some_and(|entry| {
        entry.retain(|_, part| {
            part.as_object().is_none_or(|part| !part.is_empty()) && part.as_array().is_none_or(|rows| !rows.is_empty())
        });
        ["changes", "also_changed", "rows"].iter().any(|part| entry.contains_key(*part))
    })
}
