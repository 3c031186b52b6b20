//! Reading back the file of an export: recorded like the call that made it, as it is then that something leaves.

use std::time::Instant;

use serde_json::{Map, Value};

use super::begun::CallRecorder;
use super::pipeline::{recorded_user, signed};
use crate::audit::{Attempt, Outcome};
use crate::context::{Redactor, Session};
use crate::error::ToolError;
use crate::site::CallState;
use crate::tool::Tool;
use crate::tool::progress::CallObserver;
use crate::tools::{File, read_back};

/// Reads the file that `tool` made for this caller, by the `name` and `doctype` of its address.
pub async fn run(
    session: &Session<'_>,
    tool: Tool,
    given: Map<String, Value>,
    client: Option<String>,
    observer: &CallObserver,
) -> Result<File, ToolError> {
    let started = Instant::now();
    let attempt = signed(super::attempt::of(tool, &given), session, client, session.known_user().map(str::to_owned));
    let mut begun = CallRecorder::new(session.audit, observer, attempt.clone());
    observer.record();
    let user = recorded_user(session).await;
    let attempt = Attempt { user, ..attempt };
    begun.learn(&attempt);
    let state = CallState::watched(&attempt.id, true, Some(Redactor::of(session, &attempt)), observer.sent());
    let read = state.run(Box::pin(read_back(session, &given))).await;
    begun.over();
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    match &read {
        Ok(file) => {
            let told = format!("read back, sha256 {}", file.sha256);
            session.audit.settle(&attempt, Outcome::Allowed, Some(&told), micros, file.bytes.len());
        }
        Err(why) => {
            tracing::info!(tool = tool.name(), "read back: {}", why.for_log());
            session.audit.settle(&attempt, why.outcome(), Some(&why.for_log()), micros, 0);
        }
    }
    read
}
