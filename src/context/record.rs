//! The audit line of a call that has ended.

use std::time::Instant;

use serde_json::Value;

use super::recent_creates::MADE_BEFORE;
use crate::audit::{Attempt, Audit, Outcome};
use crate::error::ToolError;

/// Records what came of a call that began at `started`, with the size of its answer in bytes. A document that was made has
/// its name only now.
pub fn record_result(
    audit: &Audit,
    attempt: &Attempt,
    started: Instant,
    result: Result<&Value, &ToolError>,
    bytes: usize,
) {
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let answer = result.unwrap_or(&Value::Null);
    let made_before = answer["messages"].as_array().is_some_and(|said| said.iter().any(|said| *said == MADE_BEFORE));
    let made = answer["created"].as_str();
    let besides = match (attempt.dry_run, made_before) {
        (true, _) => Some("dry run: nothing was sent".to_owned()),
        (_, true) => Some(MADE_BEFORE.to_owned()),
        // An amendment is of a document that the line names already.
        _ => made.filter(|_| attempt.document.is_some()).map(|made| format!("made {made}")),
    };
    let reason = result.err().map(ToolError::for_log).or(besides);
    let outcome = result.err().map_or(Outcome::Allowed, ToolError::outcome);
    let document = attempt.document.as_deref().or(made).map(str::to_owned);
    let attempt = Attempt { document, ..attempt.clone() };
    audit.settle(&attempt, outcome, reason.as_deref(), micros, bytes);
}
