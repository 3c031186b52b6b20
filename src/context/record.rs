//! What is kept of a call that has ended: its audit line, and that it changed the site's metadata.

use std::time::Instant;

use super::Session;
use super::metadata_stamp::changes_metadata;
use super::recent_creates::MADE_BEFORE;
use crate::answer::{Exported, Made};
use crate::audit::{Attempt, Outcome, quota_of};
use crate::error::ToolError;
use crate::shared::Shared;

/// Takes an attempt that did nothing from what all servers count of its user's.
pub fn give_back(counts: Option<&Shared>, user: Option<&str>, attempt: &Attempt, outcome: Outcome) {
    if matches!(outcome, Outcome::Failed | Outcome::Denied)
        && let Some((shared, user)) = counts.zip(user)
    {
        let (key, times) = quota_of(user, attempt);
        shared.uncount(&key, &attempt.id, times);
    }
}

/// Records what came of a call that began at `started`, with the size of its answer in bytes. A document that was made has
/// its name only now, and what was exported is counted.
pub fn record_result(
    session: &Session<'_>,
    mut attempt: Attempt,
    started: Instant,
    result: Result<(Option<&Made>, Option<&Exported>), &ToolError>,
    bytes: usize,
) {
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let (made, exported) = result.unwrap_or_else(|error| (error.made(), None));
    let besides = match made {
        _ if attempt.dry_run => Some("dry run: nothing was sent".to_owned()),
        Some(Made { before: true, .. }) => Some(MADE_BEFORE.to_owned()),
        // An amendment is of a document that the line names already.
        Some(Made { name, .. }) if attempt.document.is_some() => Some(format!("made {name}")),
        _ => exported.map(|Exported { rows, sha256, .. }| format!("{rows} rows, sha256 {sha256}")),
    };
    let reason = result.err().map(ToolError::for_log).or(besides);
    let outcome = result.err().map_or(Outcome::Allowed, ToolError::outcome);
    attempt.document = attempt.document.or_else(|| made.map(|made| made.name.clone()));
    if let Some(exported) = exported {
        attempt.doctype.get_or_insert_with(|| exported.doctype.clone());
    }
    // Names of columns are fields of the report or the DocType, and so few that all are kept.
    for column in exported.into_iter().flat_map(|exported| &exported.columns) {
        if !attempt.fields.contains(column) {
            attempt.fields.push(column.clone());
        }
    }
    give_back(session.counts(), session.known_user(), &attempt, outcome);
    // A write that failed, or of which nothing is known, may have been done in part.
    if changes_metadata(&attempt) && !matches!(outcome, Outcome::Denied | Outcome::Preview) {
        session.catalog.outdate();
    }
    session.audit.settle(&attempt, outcome, reason.as_deref(), micros, bytes);
}
