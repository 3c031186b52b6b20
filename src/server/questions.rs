//! Questions to clients with a session over HTTP: one is asked on the stream of a call, and its answer comes in a request of
//! its own, to whichever server.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::sleep;

use super::ended::EndedSessions;
use super::repeats::Key;
use crate::shared::{Keyspace, Lease, Shared};
use crate::site::Caller;

/// The longest answer, in bytes: it holds one field.
const LONGEST: usize = 16 << 10;
/// How many answers to one call wait to be read.
const MOST: usize = 4;
/// How many questions to one user wait for their answers, and how many to all: each holds its call.
const MOST_WAITING: usize = 8;
const MOST_OF_ALL: usize = 128;
/// How long another question of the same request may take to be over at every server.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it is looked whether another server was given the answer.
const LOOK: Duration = Duration::from_millis(250);
/// How long an answer is kept for the server that asked.
const KEPT: Duration = Duration::from_secs(30);
/// What stands between the name of a request and the number of its question.
const BETWEEN: &str = "-q";

/// The id of the question that has this number in the request of this name: no other of the same client has it.
pub fn question_id(request: &str, number: &str) -> String {
    format!("{request}{BETWEEN}{number}")
}

/// What a client says to a question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reply {
    id: String,
    /// None where it fails over the question.
    #[serde(default)]
    result: Option<Value>,
}

/// What a body says to a question, if it is an answer.
pub fn reply(body: &[u8]) -> Option<Reply> {
    #[derive(Deserialize)]
    struct Request {
        method: Option<serde::de::IgnoredAny>,
    }
    if body.len() > LONGEST {
        return None;
    }
    let reply: Reply = serde_json::from_slice(body).ok()?;
    let request: Request = serde_json::from_slice(body).ok()?;
    request.method.is_none().then_some(reply)
}

/// Which of somebody's questions: those of one request in one session.
fn key(caller: &Caller, request: &str) -> Vec<u8> {
    let session = caller.session.as_deref().unwrap_or_default();
    [caller.identity().as_bytes().as_slice(), session.as_bytes(), b"/", request.as_bytes()].concat()
}

/// Shared by all that serve in one process.
#[derive(Clone, Default)]
pub struct Questions {
    waiting: Arc<Mutex<HashMap<Vec<u8>, Sender<Reply>>>>,
    pub(super) ended: EndedSessions,
}

impl Questions {
    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Sender<Reply>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for answers to what is asked in this request about a write, until the guard is dropped; none where too much was
    /// asked already, and where other servers cannot be told.
    pub async fn expect(
        &self,
        caller: &Caller,
        request: &str,
        write: Key,
        shared: Option<&Shared>,
    ) -> Option<Expected> {
        let mut expected = self.expect_here(caller, request)?;
        if let Some(shared) = shared {
            for asked in [expected.key.clone(), write.bytes().to_vec()] {
                let held = shared.hold(Keyspace::Asked, &asked, PATIENCE).await.ok()??;
                expected.told.push(held);
            }
            expected.shared = Some(shared.clone());
        }
        Some(expected)
    }

    fn expect_here(&self, caller: &Caller, request: &str) -> Option<Expected> {
        let (sender, replies) = channel(MOST);
        let (key, user) = (key(caller, request), caller.identity());
        let session = caller.session.clone().unwrap_or_default();
        let mut waiting = self.lock();
        let of_user = waiting.keys().filter(|key| key.starts_with(user.as_bytes().as_slice())).count();
        if of_user >= MOST_WAITING || waiting.len() >= MOST_OF_ALL {
            return None;
        }
        // Where its session was ended meanwhile, nobody can answer: that is an end of what is asked, too.
        if !self.ended.has(&session) {
            waiting.insert(key.clone(), sender);
        }
        Some(Expected { questions: self.clone(), key, session, replies, shared: None, told: Vec::new() })
    }

    /// Gives an answer to who waits for it: whether somebody does. What nobody asked is kept nowhere.
    pub async fn take(&self, caller: &Caller, reply: Reply, shared: Option<&Shared>) -> bool {
        let Some((request, _)) = reply.id.rsplit_once(BETWEEN) else { return false };
        let key = key(caller, request);
        let waits = self.lock().get(&key).cloned();
        match (waits, shared) {
            (Some(waits), _) => waits.try_send(reply).is_ok(),
            (None, Some(shared)) => {
                shared.is_held(Keyspace::Asked, &key).await == Ok(true)
                    && shared.put(Keyspace::Reply, &key, &reply, KEPT).await.is_ok()
            }
            (None, None) => false,
        }
    }

    /// Ends what is asked in this caller's session, which nobody can answer any more.
    pub fn end(&self, caller: &Caller) {
        let session = key(caller, "");
        self.lock().retain(|key, _| !key.starts_with(&session));
    }
}

impl fmt::Debug for Questions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Questions").finish_non_exhaustive()
    }
}

/// That answers are waited for.
#[derive(Debug)]
pub struct Expected {
    questions: Questions,
    key: Vec<u8>,
    session: String,
    replies: Receiver<Reply>,
    shared: Option<Shared>,
    /// That other servers know what is asked, and about what.
    told: Vec<Lease>,
}

impl Expected {
    /// What is answered to the question of this id; none where the client fails over it. The end of its session is an answer
    /// that says nothing.
    pub async fn answer(&mut self, id: &str) -> Option<Value> {
        loop {
            let reply = tokio::select! {
                reply = self.replies.recv() => reply,
                () = sleep(LOOK), if self.shared.is_some() => {
                    let reply = self.given_elsewhere().await;
                    if reply.is_none() && !self.is_ended_elsewhere().await {
                        continue;
                    }
                    reply
                }
            };
            match reply {
                None => return Some(Value::Null),
                Some(reply) if reply.id == id => return reply.result,
                // One to a question that was given up is none to this one.
                Some(_) => {}
            }
        }
    }

    async fn is_ended_elsewhere(&self) -> bool {
        let Some(shared) = &self.shared else { return false };
        matches!(shared.get::<bool>(Keyspace::Ended, self.session.as_bytes()).await, Ok(Some(_)))
    }

    async fn given_elsewhere(&self) -> Option<Reply> {
        // While the store is away, the answer may still come here.
        self.shared.as_ref()?.take(Keyspace::Reply, &self.key).await.ok().flatten()
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.questions.lock().remove(&self.key);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rmcp::model::CallToolRequestParams;
    use serde_json::json;

    use super::*;
    use crate::config::Narrowing;
    use crate::shared::Memory;
    use crate::site::{Credentials, SiteUrl};

    fn caller(user: &str, session: &str) -> Caller {
        let credentials = Credentials::new("k".into(), "s".into()).unwrap();
        let mut caller =
            Caller::new(SiteUrl::parse("https://a.example.com", false).unwrap(), credentials).of_user(user);
        caller.session = Some(session.to_owned());
        caller
    }

    async fn expect(
        questions: &Questions,
        caller: &Caller,
        request: &str,
        shared: Option<&Shared>,
    ) -> Option<Expected> {
        let write = Key::new(caller, &Narrowing::default(), &CallToolRequestParams::new(request.to_owned()));
        questions.expect(caller, request, write, shared).await
    }

    fn store() -> Shared {
        Shared::new(Arc::new(Memory::default()), [7; 32], "https://a.example.com").unwrap()
    }

    fn yes(id: &str) -> Reply {
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": {"action": "accept", "content": {"confirm": true}}});
        reply(answer.to_string().as_bytes()).unwrap()
    }

    #[tokio::test]
    async fn only_the_session_that_was_asked_answers_and_only_what_it_was_asked() {
        let (questions, asked) = (Questions::default(), caller("jo", "one"));
        let mut expected = expect(&questions, &asked, "r", None).await.unwrap();
        for other in [caller("kim", "one"), caller("jo", "two")] {
            assert!(!questions.take(&other, yes("r-q0"), None).await);
        }
        assert!(!questions.take(&asked, yes("other-q0"), None).await);
        // The first was given up; its late answer confirms nothing else.
        assert!(questions.take(&asked, yes("r-q0"), None).await);
        assert!(tokio::time::timeout(Duration::from_millis(20), expected.answer("r-q1")).await.is_err());
        assert!(questions.take(&asked, yes("r-q1"), None).await);
        assert!(expected.answer("r-q1").await.is_some());
        drop(expected);
        assert!(!questions.take(&asked, yes("r-q1"), None).await);
    }

    #[tokio::test]
    async fn an_answer_that_another_server_was_given_comes_to_the_one_that_asked() {
        let shared = store();
        let (one, other, asked) = (Questions::default(), Questions::default(), caller("jo", "one"));
        let mut expected = expect(&one, &asked, "r", Some(&shared)).await.unwrap();
        assert!(other.take(&asked, yes("r-q0"), Some(&shared)).await);
        assert!(expected.answer("r-q0").await.is_some());
    }

    #[tokio::test]
    async fn what_nobody_asked_is_kept_nowhere_and_nothing_is_once_the_question_is_over() {
        let (shared, server, asked) = (store(), Questions::default(), caller("jo", "one"));
        let kept = async || shared.get::<Reply>(Keyspace::Reply, &key(&asked, "r")).await.unwrap().is_some();
        assert!(!server.take(&asked, yes("r-q0"), Some(&shared)).await && !kept().await);
        let expected = expect(&Questions::default(), &asked, "r", Some(&shared)).await.unwrap();
        for other in [caller("kim", "one"), caller("jo", "two")] {
            assert!(!server.take(&other, yes("r-q0"), Some(&shared)).await);
        }
        assert!(!server.take(&asked, yes("other-q0"), Some(&shared)).await && !kept().await);
        drop(expected);
        // It lets go without anybody waiting for it.
        while shared.is_held(Keyspace::Asked, &key(&asked, "r")).await.unwrap() {
            tokio::task::yield_now().await;
        }
        assert!(!server.take(&asked, yes("r-q0"), Some(&shared)).await && !kept().await);
    }

    #[tokio::test]
    async fn the_end_of_a_session_is_no_yes_to_what_is_asked_in_it() {
        let (questions, [asked, other]) = (Questions::default(), ["one", "two"].map(|session| caller("jo", session)));
        let mut ended = expect(&questions, &asked, "r", None).await.unwrap();
        let mut open = expect(&questions, &other, "s", None).await.unwrap();
        questions.end(&asked);
        assert_eq!(ended.answer("r-q0").await, Some(Value::Null));
        assert!(questions.take(&other, yes("s-q0"), None).await);
        assert_eq!(open.answer("s-q0").await.unwrap()["action"], "accept");
        // Another server ended it.
        let shared = store();
        let mut ended = expect(&questions, &asked, "r", Some(&shared)).await.unwrap();
        shared.put(Keyspace::Ended, b"one", &true, KEPT).await.unwrap();
        assert_eq!(ended.answer("r-q0").await, Some(Value::Null));
    }

    #[tokio::test]
    async fn a_user_who_answers_nothing_is_asked_no_more_and_others_are_up_to_what_all_may_hold() {
        let questions = Questions::default();
        let ask = async |user: &str, at: usize| {
            let caller = caller(user, &format!("session {at}"));
            expect(&questions, &caller, "r", None).await
        };
        let mut waiting = Vec::new();
        for at in 0..MOST_WAITING {
            waiting.push(ask("jo", at).await.unwrap());
        }
        assert!(ask("jo", MOST_WAITING).await.is_none());
        for at in MOST_WAITING..MOST_OF_ALL {
            waiting.push(ask(&format!("user {at}"), at).await.unwrap());
        }
        assert!(ask("kim", 0).await.is_none());
        drop(waiting);
        assert!(ask("kim", 0).await.is_some() && ask("jo", 0).await.is_some());
        assert!(questions.lock().is_empty());
    }

    #[test]
    fn a_request_is_no_answer() {
        assert!(reply(br#"{"jsonrpc": "2.0", "id": "r-q0", "method": "ping"}"#).is_none());
        assert!(reply(br#"{"jsonrpc": "2.0", "id": 7, "result": {}}"#).is_none());
        let failed = reply(br#"{"jsonrpc": "2.0", "id": "r-q0", "error": {"code": -1, "message": "no"}}"#);
        assert!(failed.unwrap().result.is_none());
    }
}
