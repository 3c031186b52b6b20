//! The web server: reads a request, finds out who asks, hands it to a handler inside a transaction, sends the answer.

pub(crate) mod answer;
pub(crate) mod args;
mod auth;
mod provider;
mod resource;
mod route;
mod session;

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::response::Response;
use erpnext_schema::Version;
use serde_json::{Map, json};

use self::answer::Manner;
pub use self::args::LARGEST;
pub use self::provider::Provider;
use self::session::Cookie;
pub use self::session::Sessions;
use crate::documents::jobs::{self, Job};
use crate::error::{SiteError, exc};
use crate::faults::{self, Faults};
use crate::form::{Form, Untaken};
use crate::meta::Meta;
use crate::perms::User;
use crate::reply::Reply;
use crate::request::Request;
use crate::site::{Origin, Site};
use crate::store::{Db, Store};

/// What all requests share.
pub struct App {
    /// The database.
    pub store: Store,
    /// The DocTypes.
    pub meta: Meta,
    /// Who is logged in with a browser.
    pub sessions: Sessions,
    /// Who lets programs in as whom.
    pub provider: Provider,
    /// What goes wrong on demand.
    pub faults: Faults,
    /// What it was asked in forms that no site is known to take.
    pub untaken: Untaken,
    /// Whether errors tell `exception` and `exc` where the System Settings do not say.
    pub tracebacks: bool,
}

impl App {
    /// How it words its answers where no setting says otherwise.
    fn manner(&self) -> Manner {
        Manner { version: self.meta.version(), tracebacks: self.tracebacks }
    }

    /// Does what was left to jobs, each by itself. What fails leaves its document as it was.
    pub fn work(&self) {
        self.work_at(self.waiting());
    }

    fn waiting(&self) -> Vec<Job> {
        self.store.transaction(|db| Ok::<_, SiteError>((Job::all(db)?, false))).unwrap_or_default()
    }

    fn work_at(&self, jobs: Vec<Job>) {
        for job in jobs {
            let unlocked = self.store.transaction(|db| Ok::<_, SiteError>((job.unlock(db)?, true)));
            let administrator = User::administrator();
            let run = |db: &Db<'_>| Ok::<_, SiteError>((job.run(&Site::new(db, &self.meta, &administrator))?, true));
            if unlocked == Ok(true) {
                let _ = self.store.transaction(run);
            }
        }
    }
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
    let version = app.meta.version();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let sent = match args::read(&parts, query, body, version).await {
        Ok(sent) => sent,
        Err(args::Unreadable::TooLarge) => return answer::page(413, "Request Entity Too Large", ""),
        Err(args::Unreadable::Cut) => return answer::page(400, "Bad Request", ""),
    };
    if path == "/sandbox/faults" {
        return app.faults.over_http(parts.method.as_str(), &sent);
    }
    let method = parts.method.as_str().to_owned();
    if method == "OPTIONS" {
        // H69.
        let refused = version >= Version::V16 && parts.headers.contains_key("authorization");
        let unknown = || {
            answer::error(&SiteError::new(exc::AUTHENTICATION, ""), &[], Manner { tracebacks: false, ..app.manner() })
        };
        return if refused { unknown() } else { answer::text("") };
    }
    let path = args::percent_decode(path);
    let length = parts.headers.get("content-length");
    let is_empty = length.map_or(!parts.headers.contains_key("transfer-encoding"), |length| length.as_bytes() == b"0");
    let kind = parts.headers.get("content-type").filter(|_| !is_empty).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default();
    app.untaken.look(version, Form::of(&method, &path, kind, &sent));
    let host = parts.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1").to_owned();
    // The methods of documents share one path; a fault may be meant for one of them.
    let asked = sent.args.as_ref().ok().and_then(|args| args.get("method")?.as_str());
    let asked = asked.filter(|_| path.ends_with("/run_doc_method")).map(|asked| format!("{path}/{asked}"));
    let mut fault = app.faults.take(&method, asked.as_deref().unwrap_or(&path));
    // A fault strikes before anybody is logged in.
    let before_login = Manner { tracebacks: app.tracebacks && version < Version::V16, ..app.manner() };
    if let Some(fault) = &mut fault
        && let Some(response) = fault.before(before_login).await
    {
        return answer::with_headers(response, version, &host);
    }
    let headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let leaves_jobs = jobs::may_be_left_by(&path);
    let worker = app.clone();
    let work = move || run(&worker, &method, &path, sent, headers);
    if let Some(late) = fault.as_ref().and_then(faults::Hit::late) {
        tokio::spawn(async move {
            tokio::time::sleep(late).await;
            tokio::task::spawn_blocking(work).await
        });
        return faults::cut();
    }
    let response = match tokio::task::spawn_blocking(work).await {
        Ok(response) => answer::with_headers(response, version, &host),
        Err(_) => answer::page(500, "Internal Server Error", ""),
    };
    if leaves_jobs {
        // What is left later waits as long of its own.
        tokio::spawn(async move {
            let worker = app.clone();
            let waiting = tokio::task::spawn_blocking(move || worker.waiting()).await.unwrap_or_default();
            tokio::time::sleep(jobs::LATER).await;
            tokio::task::spawn_blocking(move || app.work_at(waiting)).await
        });
    }
    match fault {
        Some(fault) => fault.after(response).await,
        None => response,
    }
}

/// One request from its arguments to its answer.
fn run(app: &App, method: &str, path: &str, sent: args::Sent, headers: Vec<(String, String)>) -> Response {
    let header = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let (authorization, accept) = (header("authorization"), header("accept"));
    let (cookies, token) = (header("cookie"), header("x-frappe-csrf-token"));
    let cookies = cookies.as_deref();
    let mut manner = app.manner();
    let new = manner.version >= Version::V16;
    app.sessions.end_of_disabled(&app.store);
    if path == if new { "/desk" } else { "/app" }
        && let Some(token) = app.sessions.mint(cookies)
    {
        return answer::desk(&token);
    }
    if path == "/login" && method == "GET" {
        return answer::login();
    }
    let whom = app.sessions.whom(cookies);
    let mut beside = Map::new();
    if whom == Cookie::Expired {
        beside.insert("session_expired".to_owned(), json!(1));
    }
    let mut opened = None;
    let mut to = None;
    let is_json = header("content-type").is_some_and(|kind| kind.contains("json"));
    let origin = Origin { request: format!("{method} {path}"), id: header("x-request-id") };
    let mut messages = Vec::new();
    let result = app.store.transaction(|db| {
        let setting = db.single_value("System Settings", "allow_error_traceback")?;
        let tracebacks = setting.map_or(app.tracebacks, |allowed| allowed != "0");
        // On 16 whoever is not logged in learns no more than the name of an error.
        manner.tracebacks = tracebacks && (!new || matches!(whom, Cookie::User(_)));
        let user = auth::user(db, app, authorization.as_deref(), &whom)?;
        manner.tracebacks = tracebacks && (!new || user.is_desk_user());
        app.sessions.check_forged(method, cookies, token.as_deref())?;
        let args = sent.args.map_err(|bad| bad.told(manner.version))?;
        if path == "/api/method/login" {
            beside.insert("message".to_owned(), json!("Invalid login credentials"));
            let (user, sid) = app.sessions.log_in(db, &args)?;
            opened = Some((sid, user));
            return Ok((
                Reply::json(session::welcome(&Site::new(db, &app.meta, &User::administrator()), user)?),
                false,
            ));
        }
        let administrator = User::administrator();
        let own = &Site::new(db, &app.meta, &administrator);
        let asked = provider::Asked { method, path, site: own, user: &user, cookies, is_json, args: &args };
        if let Some(given) = app.provider.answer(&asked) {
            let (reply, location) = given?;
            to = location;
            return Ok((reply, false));
        }
        let mut site = Site::new(db, &app.meta, &user);
        site.origin = origin;
        let mut request = Request { site, method, path, args, body: sent.body, files: sent.files, headers };
        let result = route::route(&mut request);
        messages = request.site.take_messages();
        // The site undoes what a GET wrote.
        result.map(|reply: Reply| (reply, !matches!(method, "GET" | "HEAD")))
    });
    let mut response = match result {
        Ok(reply) => answer::reply(reply.beside(beside), &messages, manner),
        Err(error) if wants_page(path, accept.as_deref()) => answer::page(error.exc.status, error.exc.name, ""),
        Err(error) => answer::error_beside(&error, &messages, manner, beside),
    };
    if let Some((sid, user)) = opened {
        let user = user.replace('@', "%40");
        let cookies = [format!("sid={sid}; HttpOnly; Path=/"), format!("user_id={user}; Path=/")];
        for cookie in cookies.into_iter().filter_map(|cookie| HeaderValue::try_from(cookie).ok()) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
    if let Some(Ok(to)) = to.map(HeaderValue::try_from) {
        response.headers_mut().insert(LOCATION, to);
    }
    if method == "HEAD" { answer::without_body(response) } else { response }
}

/// Whether an error is told to a person: below `/api/` only who asks for a page gets one, elsewhere who does not ask for
/// JSON.
fn wants_page(path: &str, accept: Option<&str>) -> bool {
    let accept = accept.unwrap_or_default();
    match path.starts_with("/api/") {
        true => accept.starts_with("text") && !accept.contains("application/json"),
        // Files come from the web server, which knows nothing but pages.
        false => !accept.contains("application/json") || path.starts_with("/private/") || path.starts_with("/files/"),
    }
}

impl args::BadBody {
    /// H21.
    fn told(self, version: Version) -> SiteError {
        match self {
            Self::NotJson if version >= Version::V16 => SiteError::throw(exc::DATA, "Invalid request body").quiet(),
            Self::NotJson => SiteError::json(),
            Self::List => SiteError::new(exc::TYPE, "pop expected at most 1 argument, got 2"),
            Self::Scalar => SiteError::invalid("Invalid request arguments"),
        }
    }
}
