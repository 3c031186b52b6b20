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

use crate::shared::{Keyspace, Shared};
use crate::site::Caller;

/// The longest answer, in bytes: it holds one field.
const LONGEST: usize = 16 << 10;
/// How many answers to one call wait to be read.
const MOST: usize = 4;
/// How many questions to one user wait for their answers: each holds its call.
const MOST_WAITING: usize = 8;
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
pub struct Questions(Arc<Mutex<HashMap<Vec<u8>, Sender<Reply>>>>);

impl Questions {
    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Sender<Reply>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for answers to what is asked in this request, until the guard is dropped; none where the user was asked too much
    /// already.
    pub fn expect(&self, caller: &Caller, request: &str, shared: Option<&Shared>) -> Option<Expected> {
        let (sender, replies) = channel(MOST);
        let (key, user) = (key(caller, request), caller.identity());
        let mut waiting = self.lock();
        if waiting.keys().filter(|key| key.starts_with(user.as_bytes().as_slice())).count() >= MOST_WAITING {
            return None;
        }
        waiting.insert(key.clone(), sender);
        drop(waiting);
        Some(Expected { questions: self.clone(), key, replies, shared: shared.cloned() })
    }

    /// Gives an answer to who waits for it: whether somebody may.
    pub async fn take(&self, caller: &Caller, reply: Reply, shared: Option<&Shared>) -> bool {
        let Some((request, _)) = reply.id.rsplit_once(BETWEEN) else { return false };
        let key = key(caller, request);
        let waits = self.lock().get(&key).cloned();
        match (waits, shared) {
            (Some(waits), _) => waits.try_send(reply).is_ok(),
            (None, Some(shared)) => shared.put(Keyspace::Reply, &key, &reply, KEPT).await.is_ok(),
            (None, None) => false,
        }
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
    replies: Receiver<Reply>,
    shared: Option<Shared>,
}

impl Expected {
    /// What is answered to the question of this id; none where the client fails over it.
    pub async fn answer(&mut self, id: &str) -> Option<Value> {
        loop {
            let reply = tokio::select! {
                reply = self.replies.recv() => reply?,
                () = sleep(LOOK), if self.shared.is_some() => match self.given_elsewhere().await {
                    Some(reply) => reply,
                    None => continue,
                },
            };
            // One to a question that was given up is none to this one.
            if reply.id == id {
                return reply.result;
            }
        }
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
    use serde_json::json;

    use super::*;
    use crate::shared::Memory;
    use crate::site::{Credentials, SiteUrl};

    fn caller(user: &str, session: &str) -> Caller {
        let credentials = Credentials::new("k".into(), "s".into()).unwrap();
        let mut caller =
            Caller::new(SiteUrl::parse("https://a.example.com", false).unwrap(), credentials).of_user(user);
        caller.session = Some(session.to_owned());
        caller
    }

    fn yes(id: &str) -> Reply {
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": {"action": "accept", "content": {"confirm": true}}});
        reply(answer.to_string().as_bytes()).unwrap()
    }

    #[tokio::test]
    async fn only_the_session_that_was_asked_answers_and_only_what_it_was_asked() {
        let (questions, asked) = (Questions::default(), caller("jo", "one"));
        let mut expected = questions.expect(&asked, "r", None).unwrap();
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
        let shared = Shared::new(Arc::new(Memory::default()), [7; 32], "https://a.example.com").unwrap();
        let (one, other, asked) = (Questions::default(), Questions::default(), caller("jo", "one"));
        let mut expected = one.expect(&asked, "r", Some(&shared)).unwrap();
        assert!(other.take(&asked, yes("r-q0"), Some(&shared)).await);
        assert!(expected.answer("r-q0").await.is_some());
    }

    #[test]
    fn a_user_who_answers_nothing_is_asked_no_more_and_others_are() {
        let questions = Questions::default();
        let mut waiting: Vec<_> = (0..MOST_WAITING)
            .map(|at| questions.expect(&caller("jo", "one"), &at.to_string(), None).unwrap())
            .collect();
        assert!(questions.expect(&caller("jo", "two"), "r", None).is_none());
        assert!(questions.expect(&caller("kim", "one"), "r", None).is_some());
        waiting.pop();
        assert!(questions.expect(&caller("jo", "two"), "r", None).is_some());
    }

    #[test]
    fn a_request_is_no_answer() {
        assert!(reply(br#"{"jsonrpc": "2.0", "id": "r-q0", "method": "ping"}"#).is_none());
        assert!(reply(br#"{"jsonrpc": "2.0", "id": 7, "result": {}}"#).is_none());
        let failed = reply(br#"{"jsonrpc": "2.0", "id": "r-q0", "error": {"code": -1, "message": "no"}}"#);
        assert!(failed.unwrap().result.is_none());
    }
}
