//! What a fault does to the request that it hits.

use std::future;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::response::Response;
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;
use tokio::sync::watch;

use super::FaultKind;
use crate::error::{Exc, SiteError, exc};
use crate::http::answer::{self, Manner};

/// A request that is hit.
pub struct Hit {
    pub(super) kind: FaultKind,
    pub(super) words: String,
    pub(super) released: watch::Receiver<()>,
}

impl Hit {
    /// What is answered instead of doing anything.
    pub async fn before(&mut self, manner: Manner) -> Option<Response> {
        let error = |exc: Exc| Some(answer::error(&SiteError::new(exc, ""), &[], manner));
        match self.kind {
            FaultKind::Latency(millis) => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                None
            }
            FaultKind::TooManyRequests(seconds) => error(exc::TOO_MANY_REQUESTS).map(|mut response| {
                response.headers_mut().insert("retry-after", seconds.into());
                response
            }),
            FaultKind::Json(status) => error(Exc { status, ..exc::OPERATIONAL }),
            FaultKind::Refusal => {
                Some(answer::error(&SiteError::throw(exc::VALIDATION, self.words.as_str()), &[], manner))
            }
            FaultKind::Html(status) => Some(proxy_page(status)),
            FaultKind::Maintenance => error(exc::SESSION_STOPPED),
            FaultKind::ExpiredKey => error(exc::AUTHENTICATION),
            FaultKind::CutBefore => Some(cut()),
            FaultKind::StallBefore => Some(self.stall().await),
            FaultKind::HtmlAfter(_)
            | FaultKind::JsonAfter(_)
            | FaultKind::CutAfter
            | FaultKind::CutBody
            | FaultKind::StallAfter
            | FaultKind::StallBody
            | FaultKind::Truncate
            | FaultKind::Late(_) => None,
        }
    }

    /// How long the site takes after the connection was cut, where it does.
    pub fn late(&self) -> Option<Duration> {
        match self.kind {
            FaultKind::Late(millis) => Some(Duration::from_millis(millis)),
            _ => None,
        }
    }

    /// What becomes of the answer after everything was done.
    pub async fn after(mut self, response: Response) -> Response {
        match self.kind {
            FaultKind::HtmlAfter(status) => proxy_page(status),
            FaultKind::JsonAfter(status) => answer::json_response(status, &json!({ "message": "Request timed out" })),
            FaultKind::CutAfter => cut(),
            FaultKind::StallAfter => self.stall().await,
            FaultKind::CutBody => half(response, future::ready(())).await,
            FaultKind::StallBody => half(response, async move { self.release().await }).await,
            FaultKind::Truncate => truncated(response).await,
            _ => response,
        }
    }

    async fn stall(&mut self) -> Response {
        self.release().await;
        cut()
    }

    /// Waits until the faults are taken back, or the sandbox is gone.
    async fn release(&mut self) {
        let _ = self.released.changed().await;
    }
}

fn proxy_page(status: u16) -> Response {
    answer::page(status, "Service Unavailable", "")
}

/// No answer: its body fails before anything was flushed, and the server closes the connection without a byte.
pub fn cut() -> Response {
    Response::new(Body::from_stream(stream::once(future::ready(broken()))))
}

/// The first half of an answer that promises all of it, and after `pause` the end of the connection.
async fn half(response: Response, pause: impl Future<Output = ()> + Send + 'static) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.insert("content-length", bytes.len().into());
    let first = stream::once(future::ready(Ok(bytes.slice(..bytes.len() / 2))));
    let rest = stream::once(async move {
        // While nothing is ready the server flushes what it has.
        tokio::task::yield_now().await;
        pause.await;
        broken()
    });
    Response::from_parts(parts, Body::from_stream(first.chain(rest)))
}

/// The first half of an answer, and a length that says it is the whole.
async fn truncated(response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    Response::from_parts(parts, Body::from(bytes.slice(..bytes.len() / 2)))
}

fn broken() -> io::Result<Bytes> {
    Err(io::ErrorKind::ConnectionReset.into())
}
