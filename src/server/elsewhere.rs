//! The same write through another server: over HTTP a client that has lost its answer may be sent to any of them. One does it;
//! its answer is given to who asks for the same elsewhere, where it did not reach its own client.

use std::time::Duration;

use rmcp::model::{CallToolResponse, CallToolResult};
use serde_json::Value;

use super::repeats::Answer;
use crate::shared::{Away, Held, Kind, Shared};

/// How long the same write is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it is known that one was begun: after this, a site has ended it.
const KNOWN: Duration = Duration::from_secs(180);
/// How long an answer is kept that did not reach its client.
const KEPT: Duration = Duration::from_secs(60);
/// The largest that is kept, in bytes.
const LARGEST: usize = 256 << 10;

/// What other servers do of a write.
pub enum Elsewhere {
    /// Nothing: it is to be done here.
    Nothing(Alone),
    /// One did it, and its answer was lost.
    Done(Answer),
    /// One is at it, or has ended without telling what came of it.
    Unknown,
}

/// That no other server begins the same.
pub struct Alone {
    held: Held,
    shared: Shared,
    key: [u8; 32],
}

/// Looks what other servers do, and waits for one that is at it.
///
/// # Errors
/// [`Away`]: nobody can tell.
pub async fn of(shared: &Shared, key: [u8; 32]) -> Result<Elsewhere, Away> {
    let at_once = shared.hold(Kind::UnderWay, &key, Duration::ZERO).await?;
    let is_free = at_once.is_some();
    let held = match at_once {
        Some(held) => held,
        None => match shared.hold(Kind::UnderWay, &key, PATIENCE).await? {
            Some(held) => held,
            None => return Ok(Elsewhere::Unknown),
        },
    };
    match shared.take::<Option<Value>>(Kind::Answer, &key).await? {
        Some(Some(answer)) => match serde_json::from_value::<CallToolResult>(answer) {
            Ok(answer) => Ok(Elsewhere::Done(Ok(answer.into()))),
            Err(_) => Ok(Elsewhere::Unknown),
        },
        // It was begun, and nobody said that it has ended.
        Some(None) => Ok(Elsewhere::Unknown),
        None if is_free => {
            // Should this server be ended in the middle of it, the next one knows.
            held.put(Kind::Answer, &key, &None::<Value>, KNOWN).await?;
            Ok(Elsewhere::Nothing(Alone { held, shared: shared.clone(), key }))
        }
        None => Ok(Elsewhere::Unknown),
    }
}

impl Alone {
    /// Tells other servers that it has ended, and its answer where its own client `is_gone`.
    pub async fn done(self, answer: &Answer, is_gone: bool) {
        let Self { held, shared, key } = self;
        let answer = match answer {
            Ok(CallToolResponse::Complete(answer)) if is_gone => serde_json::to_value(answer).ok(),
            _ => None,
        };
        let told = match answer.filter(|answer| answer.to_string().len() <= LARGEST) {
            Some(answer) => held.put(Kind::Answer, &key, &Some(answer), KEPT).await,
            None => shared.take::<Option<Value>>(Kind::Answer, &key).await.map(drop),
        };
        if let Err(Away) = told {
            tracing::warn!("other servers do not learn that a write has ended: the same is refused there for a while");
        }
    }
}
