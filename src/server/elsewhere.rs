//! The same write through another server: over HTTP a client that has lost its answer may be sent to any of them. One does it;
//! its answer is given to who asks for the same elsewhere, where it did not reach its own client.

use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{CallToolResponse, CallToolResult};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::repeats::Answer;
use crate::shared::{Away, Keyspace, Lease, Shared};

/// How long the same write is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked meanwhile whether a person is asked about it.
const LOOK: Duration = Duration::from_secs(1);
/// How long it is known that one was begun, from its last sign of life: after this, a site has ended it.
const KNOWN: Duration = Duration::from_secs(180);
/// How long the same is refused from the first time that somebody was told of it.
const STILL: Duration = Duration::from_secs(30);
/// How long an answer is kept that did not reach its client.
const KEPT: Duration = Duration::from_secs(60);
/// The largest that is kept, in bytes.
const LARGEST: usize = 256 << 10;

/// What other servers do of a write.
pub enum Elsewhere {
    /// Nothing: it is to be done here.
    Nothing(Alone),
    /// One did it, and its answer was lost.
    Done(Box<Answer>, Alone),
    /// One asks a person about it.
    Asked,
    /// One is at it, or has ended without telling what came of it.
    Unknown,
}

/// That no other server begins the same.
pub struct Alone {
    held: Arc<Lease>,
    shared: Shared,
    key: [u8; 32],
    /// Says again and again that it is under way.
    noted: Option<JoinHandle<()>>,
}

/// Looks what other servers do, and waits for one that is at it.
///
/// # Errors
/// [`Away`]: nobody can tell.
pub async fn of(shared: &Shared, key: [u8; 32]) -> Result<Elsewhere, Away> {
    let until = Instant::now() + PATIENCE;
    let mut given = shared.hold(Keyspace::UnderWay, &key, Duration::ZERO).await?;
    let is_free = given.is_some();
    let held = loop {
        if let Some(held) = given {
            break held;
        }
        if shared.is_held(Keyspace::Asked, &key).await? {
            return Ok(Elsewhere::Asked);
        }
        if Instant::now() >= until {
            return Ok(Elsewhere::Unknown);
        }
        given = shared.hold(Keyspace::UnderWay, &key, LOOK).await?;
    };
    let mut alone = Alone { held: Arc::new(held), shared: shared.clone(), key, noted: None };
    // It stays until somebody was told: who asks now may leave as well.
    match shared.get::<Option<Value>>(Keyspace::Answer, &key).await? {
        Some(Some(Value::Bool(_))) => Ok(Elsewhere::Unknown),
        Some(Some(answer)) => match serde_json::from_value::<CallToolResult>(answer) {
            Ok(answer) => Ok(Elsewhere::Done(Box::new(Ok(answer.into())), alone)),
            Err(_) => Ok(Elsewhere::Unknown),
        },
        // It was begun, and nobody said that it has ended: the site may still be at it.
        Some(None) => {
            alone.held.put(Keyspace::Answer, &key, &Some(false), STILL).await?;
            Ok(Elsewhere::Unknown)
        }
        None if is_free => {
            // Should this server be ended in the middle of it, the next one knows.
            alone.held.put(Keyspace::Answer, &key, &None::<Value>, KNOWN).await?;
            let held = Arc::clone(&alone.held);
            alone.noted = Some(tokio::spawn(async move {
                loop {
                    tokio::time::sleep(KNOWN / 3).await;
                    // Where it cannot be said, it is known for as long as it was.
                    _ = held.put(Keyspace::Answer, &key, &None::<Value>, KNOWN).await;
                }
            }));
            Ok(Elsewhere::Nothing(alone))
        }
        None => Ok(Elsewhere::Unknown),
    }
}

/// Notes that the answer reached a client: from now on the same is asked for as a new one.
pub async fn told(shared: &Shared, key: [u8; 32]) {
    warn_unless(shared.take::<Option<Value>>(Keyspace::Answer, &key).await.is_ok());
}

fn warn_unless(is_told: bool) {
    if !is_told {
        tracing::warn!("other servers do not learn that a write has ended: the same is refused there for a while");
    }
}

impl Alone {
    /// Tells other servers that it has ended, and the answer if that was `lost`. One that cannot be kept is not known there.
    pub async fn done(mut self, lost: Option<&Answer>) {
        self.noted.take().inspect(JoinHandle::abort);
        let Some(lost) = lost else { return told(&self.shared, self.key).await };
        let answer = match lost {
            Ok(CallToolResponse::Complete(answer)) => serde_json::to_value(answer).ok(),
            _ => None,
        };
        let answer = answer.filter(|answer| answer.to_string().len() <= LARGEST);
        let lives = if answer.is_some() { KEPT } else { KNOWN };
        warn_unless(self.held.put(Keyspace::Answer, &self.key, &answer, lives).await.is_ok());
    }

    /// Notes that the answer reached a client.
    pub async fn told(self) {
        told(&self.shared, self.key).await;
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.noted.take().inspect(JoinHandle::abort);
    }
}
