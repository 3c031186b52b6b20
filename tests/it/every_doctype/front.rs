//! One address for two sites: metadata comes from the one, all else from the other.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT_ENCODING, CONTENT_TYPE, HOST};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::support::META;

/// Answers for as long as the test runs.
pub async fn start(metadata: &str, rest: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // Another test may have installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (http, sites) = (reqwest::Client::new(), [metadata, rest].map(str::to_owned));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (http, sites) = (http.clone(), sites.clone());
            let service = service_fn(move |request| passed(http.clone(), sites.clone(), request));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    url
}

/// What the site answers whose request it is. A site that does not answer shows as a connection that breaks.
async fn passed(
    http: reqwest::Client,
    [metadata, rest]: [String; 2],
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, reqwest::Error> {
    let (mut head, body) = request.into_parts();
    for own in [HOST, ACCEPT_ENCODING] {
        head.headers.remove(own);
    }
    let site = if head.uri.path() == META { metadata } else { rest };
    let body = body.collect().await.unwrap().to_bytes();
    let asked = http.request(head.method, format!("{site}{}", head.uri)).headers(head.headers).body(body);
    let answered = asked.send().await?;
    let (status, kind) = (answered.status(), answered.headers().get(CONTENT_TYPE).cloned());
    let mut answer = Response::new(Full::new(answered.bytes().await?));
    *answer.status_mut() = status;
    if let Some(kind) = kind {
        answer.headers_mut().insert(CONTENT_TYPE, kind);
    }
    Ok(answer)
}
