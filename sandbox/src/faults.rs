//! Faults on demand, for tests and for people who want to see a client cope.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::answer;
use crate::http::args::Sent;

/// What goes wrong with a request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Answers so many milliseconds late.
    Latency(u64),
    /// 429 with this many seconds in `Retry-After`.
    TooManyRequests(u64),
    /// An error of this status as JSON, nothing done.
    Json(u16),
    /// An error of this status as a page of the proxy, nothing done.
    Html(u16),
    /// The connection is cut before anything is done.
    CutBefore,
    /// The connection is cut after everything is done.
    CutAfter,
    /// No answer comes; nothing is done.
    StallBefore,
    /// No answer comes, after everything is done.
    StallAfter,
    /// The body ends in the middle.
    Truncate,
    /// 503 SessionStopped.
    Maintenance,
}

/// One thing that goes wrong, and with which requests.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What.
    pub kind: Kind,
    /// The HTTP method; any where `None`.
    #[serde(default)]
    pub method: Option<String>,
    /// A part of the path; any path where `None`.
    #[serde(default)]
    pub path: Option<String>,
    /// With how many requests, then no more; with all of them where `None`.
    #[serde(default)]
    pub times: Option<u32>,
}

/// What goes wrong, and when. Shared by the server and whoever started it.
#[derive(Default)]
pub struct Faults {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    faults: Vec<Fault>,
    expired: Vec<String>,
}

impl Faults {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a fault; of several that fit a request the first hits it.
    pub fn add(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Lets a key open the site no more.
    pub fn expire(&self, key: &str) {
        self.state().expired.push(key.to_owned());
    }

    /// Takes everything back.
    pub fn clear(&self) {
        *self.state() = State::default();
    }

    /// The fault that hits this request, if any.
    pub(crate) fn take(&self, method: &str, path: &str) -> Option<Fault> {
        let mut state = self.state();
        let fits = |fault: &Fault| {
            fault.times != Some(0)
                && fault.method.as_deref().is_none_or(|only| only.eq_ignore_ascii_case(method))
                && fault.path.as_deref().is_none_or(|part| path.contains(part))
        };
        let fault = state.faults.iter_mut().find(|fault| fits(fault))?;
        fault.times = fault.times.map(|times| times.saturating_sub(1));
        Some(fault.clone())
    }

    /// Whether this key no longer opens the site.
    pub(crate) fn is_expired(&self, key: &str) -> bool {
        self.state().expired.iter().any(|expired| expired == key)
    }

    /// `POST /sandbox/faults`: `{"kind": "cut_after", "method": "POST", "times": 1}`, `{"expire": "sales"}` or
    /// `{"clear": true}`.
    pub(crate) fn over_http(&self, method: &str, sent: &Sent) -> Response {
        let refused = |reason: &str| answer::json_response(400, &json!({ "error": reason }));
        let (Ok(args), "POST") = (&sent.args, method) else { return refused("POST a JSON object") };
        if args.contains_key("clear") {
            self.clear();
        } else if let Some(key) = args.get("expire").and_then(Value::as_str) {
            self.expire(key);
        } else {
            match serde_json::from_value(Value::Object(args.clone())) {
                Ok(fault) => self.add(fault),
                Err(error) => return refused(&error.to_string()),
            }
        }
        answer::json_response(200, &json!({}))
    }
}

impl Fault {
    /// What is answered instead of doing anything.
    pub(crate) async fn before(&self) -> Option<Response> {
        Some(match &self.kind {
            Kind::Latency(millis) => {
                tokio::time::sleep(Duration::from_millis(*millis)).await;
                return None;
            }
            Kind::CutAfter | Kind::StallAfter | Kind::Truncate => return None,
            Kind::TooManyRequests(seconds) => {
                let mut response = answer::json_response(429, &json!({ "exc_type": "TooManyRequestsError" }));
                response.headers_mut().insert("retry-after", (*seconds).into());
                response
            }
            Kind::Json(status) => answer::json_response(*status, &json!({ "exc_type": "OperationalError" })),
            Kind::Html(status) => answer::page(*status, "Service Unavailable", ""),
            Kind::Maintenance => answer::json_response(503, &json!({ "exc_type": "SessionStopped" })),
            Kind::StallBefore => std::future::pending().await,
            Kind::CutBefore => cut(),
        })
    }

    /// What becomes of the answer after everything was done.
    pub(crate) async fn after(self, response: Response) -> Response {
        match self.kind {
            Kind::CutAfter => cut(),
            Kind::StallAfter => std::future::pending().await,
            Kind::Truncate => {
                let (parts, body) = response.into_parts();
                let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
                let half = bytes.slice(..bytes.len() / 2).to_vec();
                let mut response = Response::from_parts(parts, broken(half));
                response.headers_mut().insert("content-length", bytes.len().into());
                response
            }
            _ => response,
        }
    }
}

/// An answer that breaks off before a byte of its body.
fn cut() -> Response {
    let mut response = Response::new(broken(Vec::new()));
    response.headers_mut().insert("content-length", 1.into());
    response
}

/// A body that breaks off after these bytes.
fn broken(bytes: Vec<u8>) -> Body {
    let error = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    Body::from_stream(futures_util::stream::iter([Ok(bytes), Err(error)]))
}
