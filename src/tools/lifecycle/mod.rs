//! Submit, cancel and amend: the moves of a submittable document between draft, submitted and cancelled.

mod amend;
mod cancel;
mod ledger;
mod obstacles;
mod preview;
mod submit;
mod undone;

pub use amend::amend;
pub use cancel::cancel;
pub(crate) use preview::preview;
pub use submit::submit;
pub(crate) use undone::undone;

use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::answer::ToolAnswer;
use crate::cleared::Cleared;
use crate::document::changes::{self, What};
use crate::document::outcome::{self, Verdict};
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::site::{Answer, SiteError, WriteError};
use crate::writes::send::{Next, Write};

/// The state of a submittable document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Docstatus {
    Draft,
    Submitted,
    Cancelled,
}

impl Docstatus {
    pub(crate) fn of(doc: &Map<String, Value>) -> Self {
        match doc.get("docstatus").and_then(Value::as_u64) {
            Some(1) => Self::Submitted,
            Some(2) => Self::Cancelled,
            _ => Self::Draft,
        }
    }
}

/// The submission or cancellation of a document that was read as `before`.
struct Move<'a> {
    on: &'a DocTypeCall<'a>,
    name: &'a str,
    before: &'a Map<String, Value>,
    to: Docstatus,
}

impl<'a> Write for Move<'a> {
    type Leave = Cleared<'a>;
    type Made = ();

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<()>, WriteError> {
        let session = self.on.session;
        match self.to {
            Docstatus::Cancelled => session.site.cancel(cleared).await,
            _ => session.site.submit(cleared, self.before).await,
        }
    }

    async fn read_back(&self, _: Instant) -> Result<Verdict, SiteError> {
        let docstatus = json!(self.to as u64);
        Ok(outcome::of_step(&[("docstatus", &docstatus)], self.before, self.on.now(self.name).await?.as_ref()))
    }

    fn what(&self) -> String {
        self.on.doing(self.name)
    }

    fn next(&self) -> Next {
        self.on.read_it(self.name)
    }
}

/// In the place of what was done to a document: the site took it, and does it later by a job of its own.
pub(crate) const IN_BACKGROUND: &str = "in_background";

/// Whether the site left a document as it was `before`, though it took a step to `to`: large documents are submitted and
/// cancelled by a job, as are those of a DocType that is set up so.
fn waits_for_a_job(to: Docstatus, before: &Map<String, Value>, after: &Map<String, Value>) -> bool {
    let (was, is) = (Docstatus::of(before), Docstatus::of(after));
    // A cancellation names no version: whatever else changed the document meanwhile did not cancel it.
    is != to && is == was && (to == Docstatus::Cancelled || before.get("modified") == after.get("modified"))
}

/// What is told of a document that was moved on: in which state it is now, and what changed with it, as it is stored. `to` is
/// the state that it was to get by that, where it was to get another.
pub(crate) async fn moved(
    on: &DocTypeCall<'_>,
    (done, to): (&str, Option<Docstatus>),
    name: &str,
    mut before: Map<String, Value>,
    mut messages: Vec<String>,
) -> ToolAnswer {
    let mut result = Map::from_iter([(done.to_owned(), json!(name))]);
    match on.stored(name).await {
        Ok(mut after) => {
            if let Some(to) = to.filter(|to| waits_for_a_job(*to, &before, &after)) {
                result = Map::from_iter([(IN_BACKGROUND.to_owned(), json!(name))]);
                messages.insert(0, waits(to));
            }
            on.with_live_metadata(&mut before).await;
            let on = on.with_live_metadata(&mut after).await;
            on.was_shown(name, Some(&after));
            result.extend(on.outcome(&after, &Map::new()));
            let mut changed = changes::without_echoes(on.changes(&before, &after), &[]);
            let told =
                |what: &What| matches!(what, What::Value { field, .. } if field == "docstatus" || field == "status");
            changed.retain(|change| change.row.is_some() || !told(&change.what));
            if !changed.is_empty() {
                result.insert("changed".to_owned(), Value::Object(changes::shown(&changed)));
            }
            on.note_currency(&mut result, &after).await;
        }
        Err(note) => {
            on.was_shown(name, None);
            messages.insert(0, note);
        }
    }
    ToolAnswer { messages, ..result.into() }
}

/// That the step to `to` is yet to be done by the site.
fn waits(to: Docstatus) -> String {
    let (done, still) = match to {
        Docstatus::Cancelled => ("cancelled", "still submitted"),
        _ => ("submitted", "still a draft"),
    };
    format!(
        "not {done} yet, {still}: the site does it in the background, where it may still fail. Read it in a minute, and repeat \
         nothing before that; if it stays so, get_document_history or its Submission Queue says why."
    )
}

/// That somebody else was faster.
pub(crate) fn stale(on: &DocTypeCall<'_>, name: &str) -> ToolError {
    ToolError::refused(
        format!("{} {name:?} was changed by somebody else between reading and writing; nothing was done.", on.def.name),
        "Read it again, see whether this is still right, and repeat the call.",
    )
}
