//! Cancelling, and with `cascade` first what was submitted after the document and stands in the way.

use std::collections::BTreeMap;

use erpnext_schema::Verb;
use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};

use super::obstacles::{MOST, are_sure, explained, in_the_way, listed, told};
use super::undone::undone;
use super::{Docstatus, IN_BACKGROUND, Move, moved, waits_for_a_job};
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

/// Cancels a submitted document. The site alone knows what stands in its way, so it is asked to cancel first: its list of
/// linked documents holds many that it cancels along or leaves alone.
pub async fn cancel(on: &DocTypeCall<'_>, args: CancelArgs) -> Result<ToolAnswer, ToolError> {
    on.keeps_values().await?;
    let (session, name) = (on.session, on.name(&args.name));
    let stored = on.existing(name).await?;
    named_exactly(on, name, &stored)?;
    on.as_last_shown(name, &stored, args.overwrite).await?;
    must_be_submitted(on, name, &stored)?;
    no_workflow_cancels(on, on.def.name).await?;
    let mut preview = Map::from_iter([("docstatus".to_owned(), json!({"from": 1, "to": 2}))]);
    let linked = match args.cascade || on.is_shown_first() {
        true => in_the_way(on, name).await.map(Some),
        false => Ok(None),
    };
    let linked = match linked {
        // Who is asked wants to know it; the cancel itself does without.
        Err(_) if !args.cascade && !on.attempt.dry_run => {
            preview.insert("submitted_links".to_owned(), json!("not known: the site did not tell"));
            None
        }
        linked => linked?,
    };
    if let Some((seen, others)) = &linked {
        if args.cascade && !seen.is_empty() && !others {
            preview.insert("cancelled_first".to_owned(), seen.iter().map(named).collect());
        } else if !seen.is_empty() || *others {
            preview.insert("submitted_links".to_owned(), json!(told(seen, *others)));
        }
    }
    // Nobody is asked about what cannot be done.
    if let Some((seen, others)) = linked.as_ref().filter(|_| !args.cascade)
        && are_sure(on, name, seen).await
    {
        return Err(explained(on, name, seen, *others));
    }
    if on.is_shown_first() {
        preview.extend(undone(on, name, &stored).await);
    }
    let result = cancelled(&stored);
    let state = WriteState::Changed { stored: &stored, result: &result };
    let cleared = match on.gate(Step { name: Some(name), state, preview: &preview }).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let (confirmed, mut first) = (cleared.confirmed(), Vec::new());
    let cancel = Move { on, name, before: &stored, to: Docstatus::Cancelled };
    let messages = match (send(session, &cancel, cleared).await, linked) {
        (Ok(answer), _) => answer.messages,
        (Err(error), Some((seen, others))) if is_linked(&error) && args.cascade => {
            if others {
                return Err(explained(on, name, &seen, others));
            } else if seen.is_empty() {
                return Err(error);
            }
            first = Cascade::plan(on, name, seen).await?.run(error, confirmed).await?;
            Vec::new()
        }
        (Err(error), _) if is_linked(&error) => {
            return Err(match in_the_way(on, name).await {
                Ok((seen, others)) if others || !seen.is_empty() => explained(on, name, &seen, others),
                _ => error,
            });
        }
        (Err(error), _) => return Err(error),
    };
    let mut result = moved(on, ("cancelled", Some(Docstatus::Cancelled)), name, stored, messages).await;
    if !first.is_empty() {
        result.data.insert("also_cancelled".to_owned(), Value::Array(first.iter().map(named).collect()));
    }
    Ok(result)
}

/// Whether the site refused a cancellation for what links to the document.
fn is_linked(error: &ToolError) -> bool {
    matches!(error, ToolError::Site(error) if error.exc_type() == Some("LinkExistsError"))
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

/// The documents that may have to be cancelled before the one that was named, each with the leave for it.
struct Cascade<'a> {
    on: &'a DocTypeCall<'a>,
    name: &'a str,
    others: Vec<Other>,
}

/// One of them.
struct Other {
    document: DocRef,
    permit: Permit,
}

impl<'a> Cascade<'a> {
    /// Checks, before the first is cancelled, that all of them may be, and that no two wait for each other.
    async fn plan(on: &'a DocTypeCall<'a>, name: &'a str, blocking: Vec<DocRef>) -> Result<Self, ToolError> {
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
        let others: Vec<Other> =
            blocking.into_iter().filter_map(|document| Some(Other { permit: permit(&document)?, document })).collect();
        let behind = others.iter().map(|other| on.session.site.submitted_links(&other.permit, &other.document.name));
        let behind = try_join_all(behind).await?;
        let waits_for = |(at, behind): (usize, &Vec<DocRef>)| -> Vec<usize> {
            let waits = |other: &usize| *other != at && behind.contains(&others[*other].document);
            (0..others.len()).filter(waits).collect()
        };
        let stuck = in_a_circle(&behind.iter().enumerate().map(waits_for).collect::<Vec<_>>());
        if !stuck.is_empty() {
            let stuck: Vec<&DocRef> = stuck.into_iter().map(|at| &others[at].document).collect();
            return Err(ToolError::refused(
                format!(
                    "These documents link to each other, so that each would have to be cancelled first: {}; nothing was done.",
                    listed(&stuck)
                ),
                format!(
                    "Cancel one of them by itself: the site may cancel the others with it. Then {} again.",
                    on.tool.name()
                ),
            ));
        }
        Ok(Self { on, name, others })
    }

    /// Cancels what the site names as standing in the way, until it takes the document itself; what was cancelled before.
    async fn run(&self, refused: ToolError, confirmed: Confirmed) -> Result<Vec<DocRef>, ToolError> {
        let (mut done, mut error) = (Vec::new(), refused);
        // Each waits for the one after it; the document itself for the first.
        let mut waiting: Vec<&Other> = Vec::new();
        loop {
            let is_new = |other: &&Other| {
                let same = |known: &&Other| known.document == other.document;
                !done.iter().chain(&waiting).any(same)
            };
            match self.others.iter().filter(is_new).find(|other| names(&error, &other.document)) {
                Some(other) => waiting.push(other),
                None => return Err(self.stopped(&done, waiting.last().copied(), error)),
            }
            while let Some(other) = waiting.last().copied() {
                match other.run(self.on, confirmed).await {
                    Ok(()) => {
                        waiting.pop();
                        done.push(other);
                    }
                    Err(found) if is_linked(&found) => {
                        error = found;
                        break;
                    }
                    Err(found) => return Err(self.stopped(&done, Some(other), found)),
                }
            }
            if !waiting.is_empty() {
                continue;
            }
            let document = DocRef { doctype: self.on.def.name.to_owned(), name: self.name.to_owned() };
            // Nothing waits for it here: if it is left to a job, that is told like any.
            match (Other { document, permit: self.on.permit.clone() }).take(self.on, confirmed).await {
                Ok(_) => return Ok(done.into_iter().map(|other| other.document.clone()).collect()),
                Err(found) if is_linked(&found) => error = found,
                Err(found) => return Err(self.stopped(&done, None, found)),
            }
        }
    }

    /// The account of a cascade that stopped: what is cancelled stays so.
    fn stopped(&self, done: &[&Other], at: Option<&Other>, cause: ToolError) -> ToolError {
        if done.is_empty() {
            return cause;
        }
        let itself = format!("{} {:?}", self.on.def.name, self.name);
        let is_done = |other: &&Other| done.iter().any(|done| done.document == other.document);
        let documents = |others: Vec<&Other>| listed(&others.iter().map(|other| &other.document).collect::<Vec<_>>());
        let left: Vec<&Other> = self.others.iter().filter(|other| !is_done(other)).collect();
        let (left, and) = if left.is_empty() { (String::new(), "") } else { (documents(left), ", ") };
        let account = format!(
            "Stopped at {}. Cancelled: {}. Still submitted: {left}{and}{itself}. When its cause is settled, the same call \
             goes on from there.",
            at.map_or(itself.clone(), |other| format!("{} {:?}", other.document.doctype, other.document.name)),
            documents(done.to_vec()),
        );
        ToolError::HalfWay { account, made: None, cause: Box::new(cause) }
    }
}

/// Whether the site names the document in its refusal: in what it said, of which the caller may be told less.
fn names(error: &ToolError, document: &DocRef) -> bool {
    matches!(error, ToolError::Site(error) if error.names(&document.doctype, &document.name))
}

/// Those of which each waits for another of them, by whom each waits for.
fn in_a_circle(waits_for: &[Vec<usize>]) -> Vec<usize> {
    let mut left: Vec<usize> = (0..waits_for.len()).collect();
    loop {
        let stuck = |at: &usize| waits_for[*at].iter().any(|other| left.contains(other));
        let stuck: Vec<usize> = left.iter().copied().filter(stuck).collect();
        if stuck.len() == left.len() {
            return stuck;
        }
        left = stuck;
    }
}

impl Other {
    /// Cancels it: whether that is done, and not left to a job.
    async fn take(&self, on: &DocTypeCall<'_>, confirmed: Confirmed) -> Result<bool, ToolError> {
        let def = DocTypeCall::def_of(on.session, &self.permit).await?;
        let member = Member::new(on, def, &self.permit, Some(&self.document.name), Some(confirmed));
        let told = member.run(self.cancel(&member.on())).await?;
        Ok(!told.data.contains_key(IN_BACKGROUND))
    }

    /// Cancels it, as one that another waits for.
    async fn run(&self, on: &DocTypeCall<'_>, confirmed: Confirmed) -> Result<(), ToolError> {
        if self.take(on, confirmed).await? {
            return Ok(());
        }
        let DocRef { doctype, name } = &self.document;
        Err(ToolError::refused(
            format!("{doctype} {name:?} is not cancelled yet: the site does it in the background."),
            "Read it in a minute. Once it is cancelled, the same call goes on; repeat nothing before that.",
        ))
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
                send(session, &cancel, cleared).await?;
                // What waits for it cannot be cancelled before a job did so. Where it cannot be read, the site's answer holds.
                let now = on.now(name).await.ok().flatten();
                let waits = now.is_some_and(|now| waits_for_a_job(Docstatus::Cancelled, &stored, &now));
                let data = waits.then(|| (IN_BACKGROUND.to_owned(), json!(name))).into_iter().collect();
                Ok(ToolAnswer { data, ..ToolAnswer::default() })
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

#[cfg(test)]
mod tests {
    use super::in_a_circle;

    #[test]
    fn documents_that_wait_for_each_other_are_found_and_a_chain_is_none() {
        assert_eq!(in_a_circle(&[vec![1, 2], vec![2], vec![]]), Vec::<usize>::new());
        assert_eq!(in_a_circle(&[vec![1], vec![2], vec![1]]), [0, 1, 2]);
        assert_eq!(in_a_circle(&[vec![], vec![2, 0], vec![1]]), [1, 2]);
    }
}
