//! The ERPNext client. Nothing else of this program talks to a site, and what touches documents takes a `Permit`.

mod advice;
mod document;
mod error;
mod link;
mod list;
mod meta;
mod reply;
mod system;
#[cfg(test)]
mod tests;
mod url;

use std::error::Error;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{ClientBuilder, Method, Response};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use crate::caller::Caller;
use crate::policy::{Operation, Permit};
use reply::{Asked, Reply, decode};

pub use error::{Kind, SiteError};
pub use list::{Filter, ListQuery};
pub use url::{BadUrl, SiteUrl};

/// What the site gave, with the messages it would have shown to a person.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer<T> {
    /// The data itself.
    pub data: T,
    /// Warnings and notes, as plain text. They may say that something else was done than was asked (H11).
    pub messages: Vec<String>,
}

impl<T> Answer<T> {
    fn try_map<U>(self, f: impl FnOnce(T) -> Result<U, SiteError>) -> Result<Answer<U>, SiteError> {
        Ok(Answer { data: f(self.data)?, messages: self.messages })
    }
}

/// The limits of a client.
#[derive(Clone, Copy, Debug)]
pub struct ClientOptions {
    /// From the start of a request to the end of its answer.
    pub timeout: Duration,
    /// The largest answer taken, in bytes, unpacked.
    pub max_answer: usize,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(60), max_answer: 64 << 20 }
    }
}

/// A client for any site and any caller: the connection pools are shared, nothing else is kept between calls.
#[derive(Debug)]
pub struct Client {
    /// Speaks plain http only, and so needs no root certificates.
    plain: reqwest::Client,
    /// Made at the first https request: loading the system's root certificates takes milliseconds a start can do without.
    encrypted: OnceCell<reqwest::Client>,
    options: ClientOptions,
}

/// A client that cannot be made: the system lacks what TLS needs.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be set up: {0}")]
pub struct SetUpError(String);

/// A request to be sent.
struct Call<'a> {
    method: Method,
    path: String,
    query: Vec<(&'a str, String)>,
    body: Body,
    /// Whether it could change something on the site.
    writes: bool,
}

enum Body {
    None,
    Json(Value),
    Form(Vec<(&'static str, String)>),
}

impl Client {
    /// Makes a client; cheap, no root certificates are loaded yet.
    ///
    /// # Errors
    /// Where the HTTP library cannot be set up.
    pub fn new(options: ClientOptions) -> Result<Self, SetUpError> {
        // An error says that a provider is installed already: then that one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A proxy would read the secret of a plain request; and plain is for this machine or the next.
        let plain = builder(options).tls_certs_only([]).no_proxy().build();
        let plain = plain.map_err(|error| SetUpError(root_cause(&error)))?;
        Ok(Self { plain, encrypted: OnceCell::new(), options })
    }

    async fn http(&self, caller: &Caller, asked: Asked<'_>) -> Result<&reqwest::Client, SiteError> {
        if !caller.site.is_encrypted() {
            return Ok(&self.plain);
        }
        let make = async || builder(self.options).https_only(true).build();
        self.encrypted.get_or_try_init(make).await.map_err(|error| asked.error(Kind::Tls, root_cause(&error)))
    }

    /// The one place where requests leave: retries belong here.
    async fn send(&self, caller: &Caller, call: Call<'_>) -> Result<Answer<Map<String, Value>>, SiteError> {
        let line = format!("{} {}", call.method, call.path);
        let asked = Asked { call: &line, writes: call.writes, credentials: &caller.credentials };
        let Some(address) = caller.site.join(&call.path, &url::query_string(&call.query)) else {
            return Err(asked.error(Kind::BadName, "it would lead to another address"));
        };
        let mut authorization = HeaderValue::from_str(caller.credentials.authorization().expose_secret())
            .map_err(|_| asked.error(Kind::BadKey, "they have characters that cannot be sent"))?;
        authorization.set_sensitive(true);
        let request =
            self.http(caller, asked).await?.request(call.method, address).header(AUTHORIZATION, authorization);
        let request = match call.body {
            Body::None => request,
            Body::Json(body) => request.json(&body),
            Body::Form(pairs) => request.form(&pairs),
        };
        let response = request.send().await.map_err(|error| self.broken(asked, error))?;
        let reply = self.read(asked, response).await?;
        decode(asked, &reply)
    }

    async fn read(&self, asked: Asked<'_>, mut response: Response) -> Result<Reply, SiteError> {
        let max = self.options.max_answer;
        let too_large = || asked.error(Kind::TooLarge, format!("more than {max} bytes"));
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut reply = Reply {
            status: response.status().as_u16(),
            retry_after: header(RETRY_AFTER),
            location: header(LOCATION),
            body: Vec::new(),
        };
        if response.content_length().is_some_and(|length| length > max as u64) {
            return Err(too_large());
        }
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(asked, error))? {
            if reply.body.len() + chunk.len() > max {
                return Err(too_large());
            }
            reply.body.extend_from_slice(&chunk);
        }
        Ok(reply)
    }

    fn broken(&self, asked: Asked<'_>, error: reqwest::Error) -> SiteError {
        let kind = if is_tls(&error) {
            Kind::Tls
        } else if error.is_connect() {
            Kind::Unreachable
        } else if error.is_timeout() {
            return asked.error(Kind::TimedOut, format!("no whole answer within {:?}", self.options.timeout));
        } else if error.is_builder() {
            Kind::Misuse
        } else {
            Kind::Cut
        };
        asked.error(kind, asked.credentials.mask(&root_cause(&error)))
    }

    /// A whitelisted method by GET; the value under `key`.
    async fn method_get(
        &self,
        caller: &Caller,
        method: &str,
        query: Vec<(&str, String)>,
        key: &str,
    ) -> Result<Answer<Value>, SiteError> {
        let path = format!("/api/method/{method}");
        let call = Call { method: Method::GET, path, query, body: Body::None, writes: false };
        self.value(caller, call, key).await
    }

    /// A whitelisted method by POST, which changes nothing; the value under `message`.
    async fn method_post(&self, caller: &Caller, method: &str, body: Body) -> Result<Answer<Value>, SiteError> {
        let path = format!("/api/method/{method}");
        let call = Call { method: Method::POST, path, query: Vec::new(), body, writes: false };
        self.value(caller, call, "message").await
    }

    /// The value under `key` of a good answer; null where there is none, as methods that return nothing answer.
    async fn value(&self, caller: &Caller, call: Call<'_>, key: &str) -> Result<Answer<Value>, SiteError> {
        let answer = self.send(caller, call).await?;
        answer.try_map(|mut body| Ok(body.remove(key).unwrap_or(Value::Null)))
    }
}

fn builder(options: ClientOptions) -> ClientBuilder {
    let accept = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
    // No cookie store is compiled in: a session cookie would beat the token.
    reqwest::Client::builder()
        .user_agent(concat!("erpnext-mcp/", env!("CARGO_PKG_VERSION")))
        .default_headers(accept)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .timeout(options.timeout)
        .connect_timeout(options.timeout.min(Duration::from_secs(10)))
        .tcp_nodelay(true)
        .gzip(true)
}

/// What lies at the bottom of an error; the layers above it repeat the address.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}

fn is_tls(error: &(dyn Error + 'static)) -> bool {
    // The source of an I/O error is the source of what it wraps, not what it wraps.
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || wrapped.is_some_and(|inner| is_tls(inner)) || error.source().is_some_and(is_tls)
}

/// That the permit is for one of these operations. A mistake here is this program's, not the caller's.
fn check(permit: &Permit, fitting: &[Operation]) -> Result<(), SiteError> {
    if fitting.contains(&permit.operation()) {
        return Ok(());
    }
    let words = format!("the permit is to {}, which is not this call", permit.operation().as_str());
    Err(misuse(permit, words))
}

fn misuse(permit: &Permit, words: impl Into<String>) -> SiteError {
    SiteError::new(Kind::Misuse, permit.doctype(), false, words)
}

fn resource_path(permit: &Permit, name: Option<&str>) -> Result<String, SiteError> {
    let bad = |url::BadName(words)| SiteError::new(Kind::BadName, permit.doctype(), false, words);
    url::resource_path(permit.doctype(), name).map_err(bad)
}

/// An answer of another shape than this call has.
fn unexpected(call: &str, writes: bool, words: &str) -> SiteError {
    SiteError::new(Kind::Unexpected, call, writes, words)
}
