//! What is said to a request that does not reach the protocol: a status, and a JSON-RPC error whose message says what to do.

use std::convert::Infallible;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use rmcp::model::ErrorCode;

use crate::transport::message::Refused;

/// The body of every answer.
pub type Body = BoxBody<Bytes, Infallible>;

/// An answer without words.
pub fn empty(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Full::default().boxed());
    *answer.status_mut() = status;
    answer
}

/// Why a request goes no further.
#[derive(Debug)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// What is wrong and what to do, for the client and for the log.
    pub message: String,
    code: ErrorCode,
    id: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Refusal {
    /// A refusal with this status.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let code = ErrorCode::INVALID_REQUEST;
        Self { status, message: message.into(), code, id: None, headers: Vec::new() }
    }

    /// The same about a message that has an id, as it stands there.
    #[must_use]
    pub fn about(self, code: ErrorCode, id: Option<String>) -> Self {
        Self { code, id, ..self }
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same with a header in the place of those of its name.
    #[must_use]
    pub fn with_only(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.with(name, value)
    }

    /// The answer.
    pub fn into_response(self) -> Response<Body> {
        let body = Refused(self.code, self.message, self.id).answer();
        let mut response = Response::new(Full::from(body).boxed());
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().extend(self.headers);
        response
    }
}

/// Whether an answer comes in events.
pub fn is_stream(answer: &Response<Body>) -> bool {
    let kind = answer.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(b"text/event-stream"))
}

/// An answer whose errors are all told as JSON-RPC errors.
///
/// # Errors
/// Those errors.
pub async fn worded(answer: Response<Body>) -> Result<Response<Body>, Refusal> {
    let is_json = answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if is_json || !(answer.status().is_client_error() || answer.status().is_server_error()) {
        return Ok(answer);
    }
    let status = answer.status();
    let words = answer.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Err(Refusal::new(status, String::from_utf8_lossy(&words)))
}
