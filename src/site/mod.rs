//! The ERPNext client, beside which nothing of this program talks to a site. What reads documents takes a `Permit`,
//! what changes them a `Cleared`.

mod advice;
mod aggregate;
mod approvals;
mod breaker;
mod bulk;
mod call_state;
mod caller;
mod desk_tool;
mod document;
mod endpoints;
mod erp;
mod error;
mod files;
mod filters;
mod http;
mod ledger;
mod lifecycle;
mod link;
mod list;
mod mail;
mod mapping;
mod marks;
mod meta;
mod method;
mod oauth;
mod orders;
mod outside;
mod page_rows;
mod print;
mod refusals;
mod reply;
mod report;
mod retry;
mod rights;
mod rows;
mod said;
mod send;
mod stranger;
mod system;
#[cfg(test)]
mod tests;
mod timeline;
mod traffic;
mod url;
mod user_settings;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use reqwest::Method;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::cache::{Cache, CacheOptions};
use crate::cleared::Cleared;
use crate::limit::{Rates, memory};
use crate::metrics::Health;
use crate::policy::{Operation, Permit};
use crate::shared::Shared;
use traffic::Traffic;

pub use crate::policy::Filter;
pub use aggregate::{Function, GroupKey, GroupQuery, Measure};
pub use approvals::{MOST_ACTIONS, State, Workflow, workflow_state_field};
pub use breaker::Cooldown;
pub use call_state::{CallState, day_orders, learn_days, let_go, note, note_of};
pub use caller::{BadCredentials, Caller, Credentials, Identity, RequestId};
pub use desk_tool::DeskQuestion;
pub use document::{Document, Unparsed};
pub use error::{SiteError, SiteErrorKind, WriteError, with_next};
pub use files::{Attachment, Download};
pub use filters::is_compound;
pub use ledger::Ledger;
pub use lifecycle::DocRef;
pub use list::ListQuery;
pub use mail::Mail;
pub use mapping::Mapper;
pub use marks::Mark;
pub use meta::FoundDocTypes;
pub use oauth::{Introspected, OAuthClient, Tokens};
pub use orders::StatusMethod;
pub use outside::{Outside, Seen, Unseen};
pub use page_rows::PageRow;
pub use report::PREPARED;
pub use retry::Retry;
pub use rows::RowQuery;
pub use said::{Redact, redacted};
pub use stranger::Stranger;
pub use url::{BadUrl, SiteUrl};
pub(crate) use url::{encode, unreachable};

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

/// How a client behaves towards its site.
#[derive(Clone, Copy, Debug)]
pub struct ClientOptions {
    /// For a read, from the wish to send it to the end of its answer, tries and waits included; for a write, from its
    /// sending.
    pub timeout: Duration,
    /// The largest answer taken, in bytes, unpacked.
    pub max_answer: usize,
    /// How many requests may be under way at most; how many are is found out from how long they take.
    pub concurrent: usize,
    /// How many requests may be sent.
    pub rates: Rates,
    /// What is tried again.
    pub retry: Retry,
    /// When a site that fails is left alone.
    pub cooldown: Cooldown,
    /// How long answers to reads are kept; not at all where `None`.
    pub cache: Option<CacheOptions>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            max_answer: 32 << 20,
            concurrent: 16,
            rates: Rates::default(),
            retry: Retry::default(),
            cooldown: Cooldown::default(),
            cache: None,
        }
    }
}

/// A client for one site and any of its users: connections, turns and what is known of the site's health are shared;
/// limits and kept answers are each user's own.
#[derive(Debug)]
pub struct Client {
    /// Speaks plain http only, and so needs no root certificates.
    plain: reqwest::Client,
    /// Made at the first https request: loading the system's root certificates takes milliseconds a start can do without.
    encrypted: OnceCell<reqwest::Client>,
    traffic: Traffic,
    /// What other servers of the site know too.
    shared: Option<Shared>,
    /// What large answers may take together.
    budget: memory::Budget,
    cache: Option<send::Cached>,
    /// What the last answer gave as its time, and the time here.
    date: Mutex<Option<(String, SystemTime)>>,
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
    /// `multipart/form-data`, as it goes over the wire.
    Parts {
        boundary: String,
        bytes: Vec<u8>,
    },
}

impl Call<'_> {
    /// Method and path, as errors name it.
    fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

impl Client {
    /// Makes a client; cheap, no root certificates are loaded yet.
    ///
    /// # Errors
    /// Where the HTTP library cannot be set up.
    pub fn new(options: ClientOptions) -> Result<Self, SetUpError> {
        // An error says that a provider is installed already: then that one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let plain = http::plain(&options).map_err(SetUpError)?;
        let (traffic, cache) = (Traffic::new(&options), options.cache.map(Cache::new));
        // Two large answers at a time.
        let budget = memory::Budget::new(2 * (options.max_answer + memory::MOST));
        Ok(Self {
            plain,
            encrypted: OnceCell::new(),
            traffic,
            shared: None,
            budget,
            cache,
            date: Mutex::default(),
            options,
        })
    }

    /// The same as one of several servers of the site: its limits are those of all together.
    #[must_use]
    pub fn over(mut self, shared: Option<Shared>) -> Self {
        shared.iter().for_each(|shared| self.traffic.over(shared.clone()));
        Self { shared, ..self }
    }

    /// What other servers of the site know too, where there are any.
    pub fn shared(&self) -> Option<&Shared> {
        self.shared.as_ref()
    }

    /// How the site has been.
    pub fn health(&self) -> Health {
        Health { is_shared_up: self.shared.as_ref().map(Shared::is_up), ..self.traffic.health() }
    }

    /// The waits between readings that look for a write that was `sent`: those between tries, then more, each about twice as
    /// long, until the time for a write is over. Till then the site may still be at work on it.
    pub fn waits(&self, sent: Instant) -> impl Iterator<Item = Duration> + use<> {
        let over = sent + self.options.timeout;
        let tries = self.options.retry.times;
        self.options.retry.growing().enumerate().map_while(move |(at, wait)| {
            let left = over.saturating_duration_since(Instant::now());
            if at < tries { Some(wait) } else { Some(wait.min(left)).filter(|wait| !wait.is_zero()) }
        })
    }

    /// What the last answer gave as its time (`Date`), and the time here when it came.
    pub fn date(&self) -> Option<(String, SystemTime)> {
        self.date.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether answers to reads are kept.
    pub fn keeps_answers(&self) -> bool {
        self.cache.is_some()
    }

    /// The client as this caller: whatever it sends is sent with the caller's credentials.
    pub fn as_caller<'a>(&'a self, caller: &'a Caller) -> CallerClient<'a> {
        CallerClient { client: self, caller }
    }
}

/// A [`Client`] bound to one caller. Every request of the program leaves through one.
#[derive(Clone, Copy, Debug)]
pub struct CallerClient<'a> {
    client: &'a Client,
    caller: &'a Caller,
}

impl CallerClient<'_> {
    /// As [`Client::waits`].
    pub fn waits(&self, since: Instant) -> impl Iterator<Item = Duration> + use<> {
        self.client.waits(since)
    }

    /// As [`Client::date`].
    pub fn date(&self) -> Option<(String, SystemTime)> {
        self.client.date()
    }

    /// As [`Client::keeps_answers`].
    pub fn keeps_answers(&self) -> bool {
        self.client.keeps_answers()
    }

    /// A whitelisted method by GET; the value under `key`.
    async fn method_get(
        &self,
        method: &str,
        query: Vec<(&str, String)>,
        key: &str,
    ) -> Result<Answer<Value>, SiteError> {
        let path = endpoints::method(method);
        let call = Call { method: Method::GET, path, query, body: Body::None, writes: false };
        self.value(call, key).await
    }

    /// A whitelisted method by POST, which changes nothing; the value under `message`.
    async fn method_post(&self, method: &str, body: Body) -> Result<Answer<Value>, SiteError> {
        self.value(question(method, body), "message").await
    }

    /// The same where its answer may have been kept.
    async fn ask(&self, permit: &Permit, method: &str, body: Body) -> Result<Answer<Value>, SiteError> {
        self.recalled(permit, question(method, body), "message").await
    }

    /// A whitelisted method by POST that changes something; the value under `message`.
    async fn method_write(&self, method: &str, body: Value) -> Result<Answer<Value>, SiteError> {
        let path = endpoints::method(method);
        let call = Call { method: Method::POST, path, query: Vec::new(), body: Body::Json(body), writes: true };
        self.value(call, "message").await
    }

    /// The value under `key` of a good answer; null where there is none, as methods that return nothing answer.
    async fn value(&self, call: Call<'_>, key: &str) -> Result<Answer<Value>, SiteError> {
        let answer = self.send(call).await?;
        answer.try_map(|mut body| Ok(body.remove(key).unwrap_or(Value::Null)))
    }

    /// The same for a read whose answer may have been kept.
    async fn recalled(&self, permit: &Permit, call: Call<'_>, key: &str) -> Result<Answer<Value>, SiteError> {
        let answer = self.recall(permit, call).await?;
        answer.try_map(|mut body| Ok(body.remove(key).unwrap_or(Value::Null)))
    }
}

/// A whitelisted method by POST, which changes nothing.
fn question(method: &str, body: Body) -> Call<'static> {
    let path = endpoints::method(method);
    Call { method: Method::POST, path, query: Vec::new(), body, writes: false }
}

/// That the permit is for one of these operations. A mistake here is this program's, not the caller's.
fn check(permit: &Permit, fitting: &[Operation]) -> Result<(), SiteError> {
    if permit.needs_facts() {
        return Err(misuse(permit, "the conditions speak of the user or the date, and nobody said who and which"));
    }
    if fitting.contains(&permit.operation()) {
        call_state::asks(permit.doctype());
        return Ok(());
    }
    let words = format!("the permit is to {}, which is not this call", permit.operation().as_str());
    Err(misuse(permit, words))
}

/// The document that a write is cleared for.
fn named<'a>(cleared: &Cleared<'a>) -> Result<&'a str, SiteError> {
    cleared.document().ok_or_else(|| misuse(cleared.permit(), "a write to a document that nobody named"))
}

/// That the site answered that something was deleted: it says so in a word, and what stands before it may say anything else.
fn deleted(line: &str, data: &Value) -> Result<(), SiteError> {
    if data.is_null() { Err(unexpected(line, true, "not that it was deleted")) } else { Ok(()) }
}

/// The name that a document got: a text, or a number where the database counts.
fn name_of(line: &str, name: Option<&Value>) -> Result<String, SiteError> {
    match name {
        Some(Value::String(name)) if !name.is_empty() => Ok(name.clone()),
        Some(Value::Number(name)) => Ok(name.to_string()),
        _ => Err(unexpected(line, true, "no name in it")),
    }
}

fn misuse(permit: &Permit, words: impl Into<String>) -> SiteError {
    SiteError::new(SiteErrorKind::Misuse, permit.doctype(), false, words)
}

fn resource_path(permit: &Permit, name: Option<&str>) -> Result<String, SiteError> {
    let bad = |url::BadName(words)| SiteError::new(SiteErrorKind::BadName, permit.doctype(), false, words);
    url::resource_path(permit.doctype(), name).map_err(bad)
}

/// An answer of another shape than this call has.
fn unexpected(call: &str, writes: bool, words: &str) -> SiteError {
    SiteError::new(SiteErrorKind::Unexpected, call, writes, words)
}
