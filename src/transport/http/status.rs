//! How the server is, for those who operate it, at an address of its own: whether it lives, whether it takes requests, and
//! what it has counted.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::Endpoint;
use crate::metrics::Now;

/// How many ask at once. Of more, the one that has asked for longest is given up: who says nothing keeps nobody from asking.
const MOST: usize = 32;
/// How long a connection is held.
const HELD: Duration = Duration::from_secs(30);

/// The forms in which metrics are told.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// Answers for as long as the process lives.
pub async fn serve_status(listener: TcpListener, endpoint: Arc<Endpoint>) {
    let mut open: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Ok(local) = stream.local_addr() else { continue };
        let endpoint = Arc::clone(&endpoint);
        let service = service_fn(move |request: Request<_>| {
            let answer = answer(&endpoint, local.ip(), &request.into_parts().0);
            std::future::ready(Ok::<_, Infallible>(answer))
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HELD).keep_alive(false);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let asked = tokio::spawn(async move {
            // A client that went away needs no answer.
            let _ = tokio::time::timeout(HELD, connection).await;
        });
        // Who has asked already is answered.
        tokio::task::yield_now().await;
        open.retain(|asked| !asked.is_finished());
        if open.len() >= MOST {
            open.pop_front().iter().for_each(AbortHandle::abort);
        }
        open.push_back(asked.abort_handle());
    }
}

fn answer(endpoint: &Endpoint, local: IpAddr, head: &Parts) -> Response<Full<Bytes>> {
    let (status, kind, text) = match endpoint.guard.check(local, head) {
        Err(refusal) => (refusal.status, TEXT, refusal.message),
        Ok(_) if head.method != Method::GET && head.method != Method::HEAD => {
            (StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD are taken".to_owned())
        }
        Ok(_) => match head.uri.path() {
            "/livez" => (StatusCode::OK, TEXT, "alive".to_owned()),
            "/readyz" => readiness(endpoint),
            "/metrics" => (StatusCode::OK, METRICS, metrics(endpoint)),
            _ => (StatusCode::NOT_FOUND, TEXT, "there are /livez, /readyz and /metrics".to_owned()),
        },
    };
    let mut answer = Response::new(Full::from(text));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Whether requests are taken. A site that rests is told and changes nothing: another instance could not reach it either.
fn readiness(endpoint: &Endpoint) -> (StatusCode, &'static str, String) {
    if endpoint.turns().is_stopped() {
        return (StatusCode::SERVICE_UNAVAILABLE, TEXT, "the server is ending".to_owned());
    }
    let mut text = "ready".to_owned();
    for site in endpoint.sites.iter().filter(|site| site.health().is_resting) {
        let _ = write!(text, "\nsite {}: left alone for a while, as it did not answer", site.label());
    }
    for site in endpoint.sites.iter().filter(|site| site.health().is_shared_up == Some(false)) {
        let _ = write!(
            text,
            "\nsite {}: what servers share (http.redis) does not answer; writes are refused",
            site.label()
        );
    }
    (StatusCode::OK, TEXT, text)
}

fn metrics(endpoint: &Endpoint) -> String {
    let (running, waiting) = endpoint.turns().load();
    let sites = endpoint.sites.iter().map(|site| (site.label(), site.health())).collect();
    endpoint.metrics.text(&Now { connections: endpoint.connections.open(), running, waiting, sites })
}
