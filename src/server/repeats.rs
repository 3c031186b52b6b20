//! Writes that a client repeats because their answer did not reach it: over HTTP a lost stream cannot be taken up
//! again.
//!
//! The same write of the same user gets the first one's answer while that is under way, and for a short time after its
//! stream was lost. One that was called off before anything was sent to the site has no answer: its repeat is done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ring::digest::{Context, SHA256};
use rmcp::ErrorData;
use rmcp::model::{CallToolRequestParams, CallToolResponse};
use tokio::sync::watch;

use crate::config::Narrowing;
use crate::site::Caller;

/// How long an answer is kept that did not reach its client.
const KEPT: Duration = Duration::from_secs(60);
/// How many are kept.
const MOST: usize = 1_000;

/// What a call is answered.
pub type Answer = Result<CallToolResponse, ErrorData>;

/// The same user who signed in the same way and has as much left, tool and arguments.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of a call by somebody for whom so much is left.
    pub fn new(caller: &Caller, left: &Narrowing, request: &CallToolRequestParams) -> Self {
        let mut whole = Context::new(&SHA256);
        whole.update(caller.identity().as_bytes());
        // Another token, or one of another scope, may leave its holder less, who is told nothing that was not permitted by it.
        let via = caller.via.as_deref().unwrap_or_default().as_bytes();
        whole.update(&via.len().to_be_bytes());
        whole.update(via);
        let parts = (left, &request.name, &request.arguments, &request.input_responses, &request.request_state);
        // What cannot be written as JSON was not read from it.
        whole.update(&serde_json::to_vec(&parts).unwrap_or_default());
        let mut key = [0; 32];
        key.copy_from_slice(whole.finish().as_ref());
        Self(key)
    }

    /// Its bytes.
    pub fn bytes(self) -> [u8; 32] {
        self.0
    }
}

/// The writes that are under way, and the answers that are kept.
#[derive(Clone, Default, Debug)]
pub struct Repeats(Arc<Mutex<HashMap<Key, Open>>>);

/// What came of a write.
#[derive(Clone, Debug)]
pub enum Came {
    /// Nothing yet.
    Open,
    /// Nothing yet, as a person is asked about it.
    Asked,
    /// This answer.
    Answered(Box<Answer>),
    /// It was called off, and nothing had been sent.
    Unsent,
}

#[derive(Debug)]
struct Open {
    tell: watch::Sender<Came>,
    /// Until when the answer is kept; none while the write is under way.
    until: Option<Instant>,
}

/// A write, or the same again.
#[derive(Debug)]
pub enum BeginOutcome {
    /// It is to be done.
    First(First),
    /// It is being done, or was.
    Again(Again),
}

impl Repeats {
    /// Begins a write.
    pub fn begin(&self, key: Key) -> BeginOutcome {
        let now = Instant::now();
        let mut open = self.lock();
        open.retain(|_, open| open.until.is_none_or(|until| until > now));
        if let Some(known) = open.get(&key) {
            return BeginOutcome::Again(Again { repeats: self.clone(), key, came: known.tell.subscribe() });
        }
        let (tell, _) = watch::channel(Came::Open);
        open.insert(key, Open { tell: tell.clone(), until: None });
        BeginOutcome::First(First { repeats: self.clone(), key, tell, is_unsent: false })
    }

    /// Notes that a person is asked about a write that is under way, until the guard is dropped: whoever asks for the same
    /// meanwhile is told so.
    pub fn asks(&self, key: Key) -> Option<Asking> {
        let tell = self.lock().get(&key)?.tell.clone();
        tell.send_replace(Came::Asked);
        Some(Asking(tell))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That a person is asked about a write.
#[derive(Debug)]
pub struct Asking(watch::Sender<Came>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.send_if_modified(|came| {
            let is_asked = matches!(came, Came::Asked);
            if is_asked {
                *came = Came::Open;
            }
            is_asked
        });
    }
}

/// A write that is to be done; dropped before it is, it is forgotten.
#[derive(Debug)]
pub struct First {
    repeats: Repeats,
    key: Key,
    tell: watch::Sender<Came>,
    /// Whether it is no more among those under way.
    is_unsent: bool,
}

impl First {
    /// Tells the answer to those who asked again, and keeps it where its own client `is_gone`.
    pub fn done(self, answer: &Answer, is_gone: bool) {
        self.tell.send_replace(Came::Answered(Box::new(answer.clone())));
        let mut open = self.repeats.lock();
        if is_gone
            && open.len() < MOST
            && let Some(known) = open.get_mut(&self.key)
        {
            known.until = Some(Instant::now() + KEPT);
        }
    }

    /// Forgets it, as nothing was sent: the first of those who asked again does it.
    pub fn unsent(mut self) {
        self.is_unsent = true;
        self.repeats.lock().remove(&self.key);
        self.tell.send_replace(Came::Unsent);
    }
}

impl Drop for First {
    fn drop(&mut self) {
        // What is under this key then is another's.
        if self.is_unsent {
            return;
        }
        let mut open = self.repeats.lock();
        if open.get(&self.key).is_some_and(|open| open.until.is_none()) {
            open.remove(&self.key);
        }
    }
}

/// A write that was asked for before.
#[derive(Debug)]
pub struct Again {
    repeats: Repeats,
    key: Key,
    came: watch::Receiver<Came>,
}

impl Again {
    /// What came of the first, or that a person is asked about it; none if it was given up, and nobody knows.
    pub async fn came(&mut self) -> Option<Came> {
        let came = self.came.wait_for(|came| !matches!(came, Came::Open)).await.ok()?;
        Some(came.clone())
    }

    /// Notes that the answer reached its client: from now on the same is asked for as a new one.
    pub fn told(self) {
        let mut open = self.repeats.lock();
        if open.get(&self.key).is_some_and(|open| open.until.is_some()) {
            open.remove(&self.key);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use rmcp::model::CallToolResult;

    use super::*;
    use crate::site::{Credentials, SiteUrl};

    fn answer() -> Answer {
        Ok(CallToolResult::success(Vec::new()).into())
    }

    const KEY: Key = Key([7; 32]);

    #[test]
    fn what_one_token_asked_for_is_not_answered_to_another_or_a_narrower_one_of_the_same_user() {
        let credentials = Credentials::new("k".into(), "s".into()).unwrap();
        let caller =
            Caller::new(SiteUrl::parse("http://localhost", false).unwrap(), credentials).of_user("a@example.com");
        let by = |via: &str| {
            let mut by = caller.clone();
            by.via = Some(via.to_owned());
            by
        };
        let request = CallToolRequestParams::new("create_todo_document");
        let (all, drafts) = (Narrowing::default(), Narrowing { drafts_only: true, ..Narrowing::default() });
        let key = |via: &str, left: &Narrowing| Key::new(&by(via), left, &request);
        assert_eq!(key("token wide", &all), key("token wide", &all));
        assert_ne!(key("token wide", &all), key("token narrow", &all));
        assert_ne!(key("oauth Claude", &all), key("oauth Claude", &drafts));
    }

    #[tokio::test]
    async fn a_lost_answer_is_given_once_and_one_that_arrived_never_again() {
        let repeats = Repeats::default();
        let BeginOutcome::First(first) = repeats.begin(KEY) else { panic!("nothing is under way") };
        let BeginOutcome::Again(mut meanwhile) = repeats.begin(KEY) else { panic!("it is under way") };
        first.done(&answer(), true);
        assert!(matches!(meanwhile.came().await, Some(Came::Answered(answer)) if answer.is_ok()));
        meanwhile.told();
        let BeginOutcome::First(first) = repeats.begin(KEY) else { panic!("it was told") };
        first.done(&answer(), false);
        assert!(matches!(repeats.begin(KEY), BeginOutcome::First(_)));
    }

    #[tokio::test]
    async fn one_that_is_given_up_tells_nothing_and_is_forgotten() {
        let repeats = Repeats::default();
        let BeginOutcome::First(first) = repeats.begin(KEY) else { panic!("nothing is under way") };
        let BeginOutcome::Again(mut again) = repeats.begin(KEY) else { panic!("it is under way") };
        drop(first);
        assert!(again.came().await.is_none());
        assert!(repeats.lock().is_empty());
    }

    #[tokio::test]
    async fn one_that_sent_nothing_is_done_by_who_asks_again() {
        let repeats = Repeats::default();
        let BeginOutcome::First(first) = repeats.begin(KEY) else { panic!("nothing is under way") };
        let BeginOutcome::Again(mut again) = repeats.begin(KEY) else { panic!("it is under way") };
        first.unsent();
        assert!(matches!(again.came().await, Some(Came::Unsent)));
        let BeginOutcome::First(first) = repeats.begin(KEY) else { panic!("nobody does it") };
        assert!(matches!(repeats.begin(KEY), BeginOutcome::Again(_)), "once");
        first.done(&answer(), true);
        assert!(matches!(repeats.begin(KEY), BeginOutcome::Again(_)), "its answer is kept");
    }

    #[tokio::test]
    async fn while_a_person_is_asked_whoever_asks_again_is_told_so_and_waits_no_longer_than_that() {
        let repeats = Repeats::default();
        assert!(repeats.asks(KEY).is_none(), "nothing is under way");
        let BeginOutcome::First(first) = repeats.begin(KEY) else { panic!("nothing is under way") };
        let BeginOutcome::Again(mut before) = repeats.begin(KEY) else { panic!("it is under way") };
        let asking = repeats.asks(KEY).unwrap();
        let BeginOutcome::Again(mut meanwhile) = repeats.begin(KEY) else { panic!("it is under way") };
        for again in [&mut before, &mut meanwhile] {
            assert!(matches!(again.came().await, Some(Came::Asked)));
        }
        drop(asking);
        let BeginOutcome::Again(mut after) = repeats.begin(KEY) else { panic!("it is under way") };
        first.done(&answer(), false);
        assert!(matches!(after.came().await, Some(Came::Answered(_))));
        assert!(matches!(repeats.begin(KEY), BeginOutcome::First(_)));
    }
}
