//! Cancelling, and with `cascade` first what was submitted after the document and stands in the way.

use std::collections::BTreeMap;

use erpnext_schema::Verb;
use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};

use super::{Docstatus, Move, moved};
use crate::answer::ToolAnswer;
use crate::cleared::Confirmed;
use crate::documents::DocTypeCall;
use crate::documents::names::named_exactly;
use crate::error::ToolError;
use crate::policy::{Operation, Permit, WriteState};
use crate::site::DocRef;
use crate::tool::document_args::CancelArgs;
use crate::writes::batch::Member;
use crate::writes::gate::{Go, Step};
use crate::writes::send::send;

/// The most documents that one call cancels along with the one it names.
const MOST: usize = 100;

/// Cancels a submitted document.
pub async fn cancel(on: &DocTypeCall<'_>, args: CancelArgs) -> Result<ToolAnswer, ToolError> {
    on.keeps_values().await?;
    let (session, name) = (on.session, on.name(&args.name));
    let stored = session.site.get(on.permit, name).await?.data;
    named_exactly(on, name, &stored)?;
    must_be_submitted(on, name, &stored)?;
    no_workflow_cancels(on, on.def.name).await?;
    let blocking = session.site.submitted_links(on.permit, name).await?;
    let (seen, unseen) = in_sight(on, blocking).await;
    let first = match args.cascade && unseen == 0 {
        _ if seen.is_empty() && unseen == 0 => Vec::new(),
        false => return Err(blocked(on, name, &seen, unseen)),
        true => Cascade::plan(on, seen).await?,
    };
    let mut preview = Map::from_iter([("docstatus".to_owned(), json!({"from": 1, "to": 2}))]);
    if !first.is_empty() {
        preview.insert("cancelled_first".to_owned(), first.iter().map(|step| named(&step.document)).collect());
    }
    let result = cancelled(&stored);
    let state = WriteState::Changed { stored: &stored, result: &result };
    let cleared = match on.gate(Step { name: Some(name), state, preview: &preview }).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let mut done = Vec::new();
    for step in &first {
        if let Err(error) = step.run(on, cleared.confirmed()).await {
            return Err(half_way(on, name, &first, done.len(), error));
        }
        done.push(named(&step.document));
    }
    let cancel = Move { on, name, before: &stored, to: Docstatus::Cancelled };
    let answer = match send(session, &cancel, cleared).await {
        Ok(answer) => answer,
        Err(error) if !done.is_empty() => return Err(half_way(on, name, &first, done.len(), error)),
        Err(error) => return Err(error),
    };
    let mut result = moved(on, "cancelled", name, stored, answer.messages).await;
    if !done.is_empty() {
        result.data.insert("also_cancelled".to_owned(), Value::Array(done));
    }
    Ok(result)
}

fn must_be_submitted(on: &DocTypeCall<'_>, name: &str, stored: &Map<String, Value>) -> Result<(), ToolError> {
    let (is, next) = match Docstatus::of(stored) {
        Docstatus::Submitted => return Ok(()),
        Docstatus::Draft => (
            "is a draft: there is nothing to cancel.",
            format!("{} deletes it.", on.registry.tool_for(on.def, Verb::Delete)),
        ),
        Docstatus::Cancelled => {
            ("is cancelled already.", format!("{} makes a new draft of it.", on.registry.tool_for(on.def, Verb::Amend)))
        }
    };
    Err(ToolError::refused(format!("{} {name:?} {is}", on.def.name), next))
}

/// Refuses where a workflow has a state for what is cancelled: the site would cancel the document past it (H51). One without
/// such a state leaves that to the document's own verb, as the desk does.
async fn no_workflow_cancels(on: &DocTypeCall<'_>, doctype: &str) -> Result<(), ToolError> {
    if on.session.catalog.state_field(on.session.asker(), doctype).await?.is_none() {
        return Ok(());
    }
    let workflow = on.session.site.workflow(doctype).await?;
    if !workflow.is_some_and(|workflow| workflow.states.iter().any(|state| state.docstatus == 2)) {
        return Ok(());
    }
    Err(ToolError::refused(
        format!("{doctype} is governed by a workflow, which decides when a document is cancelled; nothing was done."),
        "get_workflow_actions shows what is open to this user, apply_workflow_action takes it.",
    ))
}

/// One document that is cancelled before the one that was named.
struct Cascade {
    document: DocRef,
    permit: Permit,
}

impl Cascade {
    /// What to cancel first, in an order that the site takes: whatever stands in the way of another comes before it.
    async fn plan(on: &DocTypeCall<'_>, blocking: Vec<DocRef>) -> Result<Vec<Self>, ToolError> {
        if blocking.len() > MOST {
            return Err(ToolError::refused(
                format!(
                    "{} documents would have to be cancelled first, which is more than one call does ({MOST}); nothing was done.",
                    blocking.len()
                ),
                "Begin with those that were submitted last.",
            ));
        }
        let mut permits: BTreeMap<String, Permit> = BTreeMap::new();
        for document in &blocking {
            if !permits.contains_key(&document.doctype) {
                let permit = on.session.permit(Operation::Cancel, &document.doctype).await?;
                no_workflow_cancels(on, &document.doctype).await?;
                permits.insert(document.doctype.clone(), permit);
            }
        }
        let permit = |document: &DocRef| permits.get(&document.doctype).cloned();
        let steps: Vec<Self> =
            blocking.into_iter().filter_map(|document| Some(Self { permit: permit(&document)?, document })).collect();
        let behind = steps.iter().map(|step| on.session.site.submitted_links(&step.permit, &step.document.name));
        let behind = try_join_all(behind).await?;
        // What stands in the way of a document has fewer documents in its own way: those come with it, and it itself.
        let mut steps: Vec<(usize, Self)> = behind.iter().map(Vec::len).zip(steps).collect();
        steps.sort_by(|(a, left), (b, right)| (a, &left.document).cmp(&(b, &right.document)));
        Ok(steps.into_iter().map(|(_, step)| step).collect())
    }

    async fn run(&self, on: &DocTypeCall<'_>, confirmed: Confirmed) -> Result<(), ToolError> {
        let def = DocTypeCall::def_of(on.session, &self.permit).await?;
        let member = Member::new(on, def, &self.permit, Some(&self.document.name), Some(confirmed));
        member.run(self.cancel(&member.on())).await.map(drop)
    }

    async fn cancel(&self, on: &DocTypeCall<'_>) -> Result<ToolAnswer, ToolError> {
        let (session, name) = (on.session, self.document.name.as_str());
        let stored = session.site.get(on.permit, name).await?.data;
        must_be_submitted(on, name, &stored)?;
        let result = cancelled(&stored);
        let preview = Map::from_iter([("docstatus".to_owned(), json!({"from": 1, "to": 2}))]);
        let state = WriteState::Changed { stored: &stored, result: &result };
        match on.gate(Step { name: Some(name), state, preview: &preview }).await? {
            Go::Send(cleared) => {
                let cancel = Move { on, name, before: &stored, to: Docstatus::Cancelled };
                send(session, &cancel, cleared).await.map(|_| ToolAnswer::default())
            }
            Go::Answer(_) => Err(ToolError::refused(
                "The gate holds a document of a batch that it let through; nothing was sent.",
                "Cancel the documents one by one.",
            )),
        }
    }
}

fn cancelled(stored: &Map<String, Value>) -> Map<String, Value> {
    let mut result = stored.clone();
    result.insert("docstatus".to_owned(), json!(2));
    result
}

fn named(document: &DocRef) -> Value {
    json!({"doctype": document.doctype, "name": document.name})
}

fn listed(documents: &[&DocRef]) -> String {
    let shown = documents.iter().take(20).map(|document| format!("{} {:?}", document.doctype, document.name));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if documents.len() > 20 {
        text.push_str(&format!(" and {} more", documents.len() - 20));
    }
    if text.is_empty() { "none".to_owned() } else { text }
}

/// The documents that this caller may see, and how many others there are: neither told nor cancelled along.
async fn in_sight(on: &DocTypeCall<'_>, documents: Vec<DocRef>) -> (Vec<DocRef>, usize) {
    let (session, all) = (on.session, documents.len());
    let mut permits: BTreeMap<String, Option<Permit>> = BTreeMap::new();
    let mut seen = Vec::new();
    for document in documents {
        if !permits.contains_key(&document.doctype) {
            let permit = session.permit(Operation::Read, &document.doctype).await.ok();
            permits.insert(document.doctype.clone(), permit);
        }
        let Some(Some(permit)) = permits.get(&document.doctype) else { continue };
        // More than one call cancels are not looked at one by one.
        let looked_at = || seen.len() <= MOST;
        if !permit.is_row_filtered() || looked_at() && session.site.get(permit, &document.name).await.is_ok() {
            seen.push(document);
        }
    }
    let unseen = all - seen.len();
    (seen, unseen)
}

fn blocked(on: &DocTypeCall<'_>, name: &str, seen: &[DocRef], unseen: usize) -> ToolError {
    let mut blocking = if seen.is_empty() { String::new() } else { listed(&seen.iter().collect::<Vec<_>>()) };
    let next = if unseen > 0 {
        let and = if seen.is_empty() { "" } else { " and " };
        let (documents, lets) = if unseen == 1 { ("document", "it") } else { ("documents", "them") };
        blocking.push_str(&format!("{and}{unseen} {documents} that this server's configuration does not let be read"));
        format!("Somebody who may see {lets} has to cancel {lets} first.")
    } else {
        let again = on.tool.name();
        format!(
            "Cancel those first, or call {again} again with \"cascade\": true, which cancels them too, in the right order."
        )
    };
    ToolError::refused(
        format!(
            "{} {name:?} cannot be cancelled while these are submitted: {blocking}. Nothing was done.",
            on.def.name
        ),
        next,
    )
}

/// The account of a cascade that stopped: what is cancelled stays so.
fn half_way(on: &DocTypeCall<'_>, name: &str, steps: &[Cascade], done: usize, cause: ToolError) -> ToolError {
    let documents: Vec<&DocRef> = steps.iter().map(|step| &step.document).collect();
    let (cancelled, left) = documents.split_at(done.min(documents.len()));
    let stopped = left.first().map_or_else(
        || format!("{} {name:?}", on.def.name),
        |document| format!("{} {:?}", document.doctype, document.name),
    );
    let account = format!(
        "Stopped at {stopped}. Cancelled: {}. Still submitted: {}{}{} {name:?}.",
        listed(cancelled),
        if left.is_empty() { String::new() } else { listed(left) },
        if left.is_empty() { "" } else { ", " },
        on.def.name
    );
    ToolError::HalfWay { account, cause: Box::new(cause) }
}
