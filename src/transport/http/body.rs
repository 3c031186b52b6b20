//! The body of a request: its media types, its size, its time, and whether it is one message.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{ACCEPT, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{StatusCode, Uri};
use rmcp::model::ErrorCode;
use serde::Deserialize;

use super::refusal::Refusal;
use crate::limit::memory::{Budget, SMALL, Share};
use crate::transport::message::{self, Refused};

/// How long a large body waits for memory.
const PATIENCE: Duration = Duration::from_secs(10);
/// What an answer may be.
const BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
/// What would be a credential in an address, where it is logged, kept and passed on.
const CREDENTIALS: [&str; 8] =
    ["access_token", "api_key", "api_secret", "authorization", "key", "password", "secret", "token"];

/// Refuses an address with a credential in it.
pub fn check_query(uri: &Uri) -> Result<(), Refusal> {
    let mut names = uri.query().unwrap_or_default().split(['&', ';']).filter_map(|pair| pair.split('=').next());
    let is_credential = |name: &str| {
        let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy().to_ascii_lowercase();
        CREDENTIALS.contains(&name.as_str())
    };
    if names.any(is_credential) {
        let message = "an address must hold no credential, as addresses are logged: send it in the Authorization \
                       header, and take this one for known to others";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
    }
    Ok(())
}

/// Checks what is sent and what may be answered. A client that takes anything, or says nothing, takes both kinds of answer.
pub fn check_types(headers: &mut HeaderMap) -> Result<(), Refusal> {
    fn is(kind: &str, what: &str) -> bool {
        kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(what)
    }
    if headers.get_all(CONTENT_ENCODING).iter().any(|coding| coding != "identity") {
        let message = "send the message as it is: no Content-Encoding is taken";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let mut sent = headers.get_all(CONTENT_TYPE).iter().map(|kind| kind.to_str().unwrap_or_default());
    if !(sent.next().is_some_and(|kind| is(kind, "application/json")) && sent.next().is_none()) {
        let message = "send the message as JSON, with Content-Type: application/json";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let kinds =
        || headers.get_all(ACCEPT).iter().filter_map(|kinds| kinds.to_str().ok()).flat_map(|kinds| kinds.split(','));
    let takes = |what| kinds().any(|kind| is(kind, what));
    if kinds().next().is_none() || takes("*/*") {
        headers.insert(ACCEPT, BOTH);
    } else if !(takes("application/json") && takes("text/event-stream")) {
        let message = "an answer may be JSON or a stream of events: send Accept: application/json, text/event-stream";
        return Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, message));
    }
    Ok(())
}

/// The bodies that are read at once.
#[derive(Debug)]
pub struct Bodies {
    largest: usize,
    budget: Budget,
}

impl Bodies {
    /// Each of them is no larger than this, in bytes; four such ones at a time.
    pub fn new(largest: usize) -> Self {
        Self { largest, budget: Budget::new(4 * largest) }
    }

    /// The whole body, and the memory that it takes where it is large.
    pub async fn read(&self, body: &mut Incoming, within: Duration) -> Result<(Bytes, Option<Share>), Refusal> {
        let largest = self.largest;
        let read = self.read_at_most(largest, body, within).await?;
        read.ok_or_else(|| {
            let message = format!("the body is larger than {largest} bytes; it was not read (http.max_body_bytes)");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message).with(CONNECTION, CLOSE)
        })
    }

    /// The same of a body that has at most so many bytes; none of a larger one.
    pub async fn read_at_most(
        &self,
        largest: usize,
        body: &mut Incoming,
        within: Duration,
    ) -> Result<Option<(Bytes, Option<Share>)>, Refusal> {
        let read = tokio::time::timeout(within, self.collect(largest, body)).await;
        read.unwrap_or_else(|_| {
            let message = format!("the body did not come within {within:?}");
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, message).with(CONNECTION, CLOSE))
        })
    }

    /// Reads away what no answer needed of a body, as a connection on which it is still to come can take no other request.
    /// False where that is more than one may be, or does not come within this: then the connection has to end.
    pub async fn skip(&self, body: &mut Incoming, within: Duration) -> bool {
        if body.size_hint().lower() > self.largest as u64 {
            return false;
        }
        let skipped = async {
            let mut skipped = 0;
            while let Some(frame) = body.frame().await {
                skipped += frame.ok()?.into_data().map_or(0, |data| data.len());
                (skipped <= self.largest).then_some(())?;
            }
            Some(())
        };
        tokio::time::timeout(within, skipped).await.is_ok_and(|skipped| skipped.is_some())
    }

    async fn collect(&self, largest: usize, body: &mut Incoming) -> Result<Option<(Bytes, Option<Share>)>, Refusal> {
        if body.size_hint().lower() > largest as u64 {
            return Ok(None);
        }
        let (mut whole, mut share) = (Vec::new(), None);
        while let Some(frame) = body.frame().await {
            let broken = |_| Refusal::new(StatusCode::BAD_REQUEST, "the body broke off").with(CONNECTION, CLOSE);
            let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
            if whole.len() + data.len() > largest {
                return Ok(None);
            }
            if share.is_none() && whole.len() + data.len() > SMALL {
                share = Some(self.share().await?);
            }
            whole.extend_from_slice(&data);
        }
        Ok(Some((whole.into(), share)))
    }

    async fn share(&self) -> Result<Share, Refusal> {
        let share = tokio::time::timeout(PATIENCE, self.budget.take(self.largest)).await.ok().flatten();
        share.ok_or_else(|| {
            let message = "other large requests take the memory for them now: try again in seconds";
            let again = HeaderValue::from_static("5");
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message).with(hyper::header::RETRY_AFTER, again)
        })
    }
}

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// Refuses what cannot be one message, before it is read as one.
pub fn check(body: &Bytes) -> Result<(), Refusal> {
    match body.trim_ascii().first() {
        None => Err(unread(Refused(ErrorCode::PARSE_ERROR, "the body is empty: send one message".to_owned(), None))),
        Some(b'[') => {
            let words = "batches are not taken: send each message in a request of its own".to_owned();
            Err(unread(Refused(ErrorCode::INVALID_REQUEST, words, None)))
        }
        Some(_) => message::weigh(body).and_then(|()| message::names_once(body)).map_err(unread),
    }
}

/// What a message asks for.
pub fn method(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Message {
        method: String,
    }
    serde_json::from_slice(body).ok().map(|Message { method }| method)
}

/// Why a body that was refused as a message is none.
pub fn reason(body: &Bytes) -> Refusal {
    let words = || Refused(ErrorCode::INVALID_REQUEST, "the body is no message of JSON-RPC 2.0".to_owned(), None);
    unread(message::read(body).err().unwrap_or_else(words))
}

fn unread(Refused(code, words, id): Refused) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, words).about(code, id)
}
