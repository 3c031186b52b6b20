//! The web server: reads a request, finds out who asks, hands it to a handler inside a transaction, sends the answer.

pub(crate) mod answer;
pub(crate) mod args;
mod auth;
mod resource;
mod route;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::error::SiteError;
use crate::faults::{Fault, Faults};
use crate::meta::Meta;
use crate::reply::Reply;
use crate::request::Request;
use crate::site::Site;
use crate::store::Store;

/// What all requests share.
pub struct App {
    /// The database.
    pub store: Store,
    /// The DocTypes.
    pub meta: Meta,
    /// What goes wrong on demand.
    pub faults: Faults,
    /// Whether errors tell `exception` and `exc`.
    pub tracebacks: bool,
}

/// The longest request line in bytes that the site's web server takes (H28).
const LONGEST_LINE: usize = 4094;

/// Answers every request.
pub async fn handle(State(app): State<Arc<App>>, request: axum::extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    // Method, target and `HTTP/1.1` with the spaces between them.
    if parts.method.as_str().len() + target.len() + 10 > LONGEST_LINE {
        return answer::page(400, "Bad Request", "Request Line is too large");
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let sent = match args::read(&parts, query, body).await {
        Ok(sent) => sent,
        Err(args::Unreadable::TooLarge) => return answer::page(413, "Request Entity Too Large", ""),
        Err(args::Unreadable::Cut) => return answer::page(400, "Bad Request", ""),
    };
    if path == "/sandbox/faults" {
        return app.faults.over_http(parts.method.as_str(), &sent);
    }
    let method = parts.method.as_str().to_owned();
    let path = args::percent_decode(path);
    let fault = app.faults.take(&method, &path);
    if let Some(response) = before(&fault).await {
        return response;
    }
    let headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let worker = app.clone();
    let work = move || run(&worker, &method, &path, sent, headers);
    let response = match tokio::task::spawn_blocking(work).await {
        Ok(response) => response,
        Err(_) => answer::page(500, "Internal Server Error", ""),
    };
    after(fault, response).await
}

/// What a fault makes of a request that has not been looked at yet.
async fn before(fault: &Option<Fault>) -> Option<Response> {
    match fault {
        None => None,
        Some(fault) => fault.before().await,
    }
}

async fn after(fault: Option<Fault>, response: Response) -> Response {
    match fault {
        None => response,
        Some(fault) => fault.after(response).await,
    }
}

/// One request from its arguments to its answer.
fn run(app: &App, method: &str, path: &str, sent: args::Sent, headers: Vec<(String, String)>) -> Response {
    let header = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let accepts = header("authorization");
    let mut messages = Vec::new();
    let result = app.store.transaction(|db| {
        let user = auth::user(db, &app.faults, accepts.as_deref())?;
        let args = sent.args?;
        let site = Site::new(db, &app.meta, &user);
        let mut request = Request { site, method, path, args, files: sent.files, headers };
        let result = route::route(&mut request);
        messages = request.site.take_messages();
        // The site undoes what a GET wrote.
        result.map(|reply: Reply| (reply, !matches!(method, "GET" | "HEAD")))
    });
    let response = match result {
        Ok(reply) => answer::reply(reply, &messages),
        Err(error) => answer::error(&error, &messages, app.tracebacks),
    };
    if method == "HEAD" { answer::without_body(response) } else { response }
}

impl From<args::BadBody> for SiteError {
    fn from(_: args::BadBody) -> Self {
        Self::json()
    }
}
