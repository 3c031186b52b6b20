//! The three questions that are put to a site, and what its answers mean.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow};
use backon::{ExponentialBuilder, Retryable};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response, Url};
use serde_json::Value;

use super::address;
use super::pick::Listed;

const LIST: &str = "/api/resource/DocType";
const VERSIONS: &str = "/api/method/frappe.utils.change_log.get_versions";
const GETDOCTYPE: &str = "/api/method/frappe.desk.form.load.getdoctype";

/// A request is tried this often again, after 0.2, 0.4 … seconds and as much jitter.
const RETRIES: usize = 5;
const FIRST_DELAY: Duration = Duration::from_millis(200);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(60);
/// A site that asks for a longer pause is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// Why a request got no usable answer. The text holds neither the site's address nor its words.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    #[error("the site cannot be reached ({0})")]
    Unreachable(String),
    #[error("no answer within {} s", TIMEOUT.as_secs())]
    Timeout,
    #[error("the connection was cut")]
    Cut,
    #[error("401: the site does not accept this key and secret")]
    Unauthorized,
    #[error("{0}: the address redirects elsewhere")]
    Redirect(u16),
    #[error("{status}{}", spaced(exc_type))]
    Busy { status: u16, exc_type: String, pause: Option<Duration> },
    #[error("{status}{}", spaced(exc_type))]
    Refused { status: u16, exc_type: String },
    #[error("{0} with a page instead of JSON")]
    NotJson(u16),
    #[error("an answer of another shape than Frappe's")]
    Shape,
}

impl Error {
    /// Whether the next request would fare no better.
    pub fn ends_the_run(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Unauthorized | Self::Redirect(_))
    }

    /// Whether the same request may be answered at another time.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Timeout | Self::Cut | Self::Busy { .. })
    }

    /// What a person can do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Unreachable(_) | Self::Timeout => "check the address, and that the site is up",
            Self::Cut | Self::Busy { .. } => "try again later, or with fewer --jobs",
            Self::Unauthorized => {
                "generate an API key and secret in the user's settings on the site, and see that the user is enabled"
            }
            Self::Redirect(_) => "give the address that a browser ends up at, scheme and host only",
            Self::Refused { status: 403, .. } => {
                "this user may not read the list of DocTypes; use the key of a user with the role System Manager"
            }
            Self::Refused { .. } | Self::NotJson(_) | Self::Shape => {
                "check that the address is an ERPNext site and that no login page or proxy stands before it"
            }
        }
    }
}

fn spaced(exc_type: &str) -> String {
    if exc_type.is_empty() { String::new() } else { format!(" {exc_type}") }
}

/// A site and the right to ask it.
#[derive(Clone)]
pub struct Site {
    client: Client,
    base: Url,
    /// Once the site has answered, a refused connection is a restart and worth another try; before, a wrong address.
    reached: Arc<AtomicBool>,
}

impl Site {
    /// Prepares the client; sends nothing.
    ///
    /// # Errors
    /// A key or secret that no header can carry.
    pub fn new(base: Url, key: &str, secret: &str) -> anyhow::Result<Self> {
        // Fails where a provider is installed already, and that one is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let token = HeaderValue::from_str(&format!("token {key}:{secret}"));
        let mut token =
            token.map_err(|_| anyhow!("the API key or secret holds a character that no header can carry"))?;
        token.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, token);
        let client = Client::builder()
            .default_headers(headers)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            // The API never redirects; whoever does must not get the secret.
            .redirect(reqwest::redirect::Policy::none());
        let client = if address::is_loopback(&base) { client.no_proxy() } else { client };
        let client = client.build().context("no TLS client can be made")?;
        Ok(Self { client, base, reached: Arc::default() })
    }

    /// Every DocType that the user may list.
    pub async fn list(&self) -> Result<Vec<Listed>, Error> {
        let fields = r#"["name","module","istable"]"#;
        // 0 means all of them (H16).
        let query = [("fields", fields), ("order_by", "name asc"), ("limit_page_length", "0")];
        let answer = self.get(LIST, &query).await?;
        let rows = answer.get("data").and_then(Value::as_array).ok_or(Error::Shape)?;
        let row = |row: &Value| {
            let text = |key| row.get(key).and_then(Value::as_str).map(str::to_owned);
            let child = row.get("istable").and_then(Value::as_i64) == Some(1);
            Some(Listed { name: text("name")?, module: text("module").unwrap_or_default(), child })
        };
        rows.iter().map(row).collect::<Option<_>>().ok_or(Error::Shape)
    }

    /// App → version.
    pub async fn versions(&self) -> Result<BTreeMap<String, String>, Error> {
        let answer = self.get(VERSIONS, &[]).await?;
        let apps = answer.get("message").and_then(Value::as_object).ok_or(Error::Shape)?;
        let version = |(app, about): (&String, &Value)| Some((app.clone(), about.get("version")?.as_str()?.to_owned()));
        Ok(apps.iter().filter_map(version).collect())
    }

    /// The bundle of a DocType: its own metadata and that of its child tables, in any order.
    pub async fn bundle(&self, doctype: &str) -> Result<Vec<Value>, Error> {
        let mut answer = self.get(GETDOCTYPE, &[("doctype", doctype)]).await?;
        match answer.get_mut("docs").map(Value::take) {
            Some(Value::Array(docs)) => Ok(docs),
            _ => Err(Error::Shape),
        }
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, Error> {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(FIRST_DELAY)
            .with_max_times(RETRIES)
            .with_jitter()
            // Without a seed every request of this build would draw the same numbers.
            .with_jitter_seed(RandomState::new().hash_one(path));
        (|| self.once(path, query))
            .retry(backoff)
            .when(|error| match error {
                Error::Unreachable(_) => self.reached.load(Ordering::Relaxed),
                Error::Timeout => false,
                other => other.is_passing(),
            })
            .adjust(|error, delay| match error {
                Error::Busy { pause: Some(pause), .. } if *pause > LONGEST_PAUSE => None,
                Error::Busy { pause: Some(pause), .. } => delay.map(|jitter| *pause + jitter),
                _ => delay,
            })
            .await
    }

    async fn once(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, Error> {
        let mut url = self.base.clone();
        url.set_path(path);
        let response = self.client.get(url).query(query).send().await.map_err(failed)?;
        self.reached.store(true, Ordering::Relaxed);
        let status = response.status().as_u16();
        match status {
            401 => return Err(Error::Unauthorized),
            300..=399 if response.headers().contains_key(LOCATION) => return Err(Error::Redirect(status)),
            _ => {}
        }
        let pause = pause(&response);
        let body = response.bytes().await.map_err(failed)?;
        let answer: Option<Value> = serde_json::from_slice(&body).ok();
        let exc_type = || {
            let exc_type = answer.as_ref().and_then(|answer| answer.get("exc_type")?.as_str());
            // A class name; anything else is not for the manifest.
            exc_type.filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric())).unwrap_or_default().to_owned()
        };
        match (status, &answer) {
            (429 | 502..=504, _) => Err(Error::Busy { status, exc_type: exc_type(), pause }),
            (_, None) => Err(Error::NotJson(status)),
            (200, _) => answer.ok_or(Error::Shape),
            _ => Err(Error::Refused { status, exc_type: exc_type() }),
        }
    }
}

fn pause(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn failed(error: reqwest::Error) -> Error {
    if error.is_connect() {
        // The innermost cause is what happened; the outer ones repeat the address.
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        return Error::Unreachable(cause.to_string());
    }
    if error.is_timeout() { Error::Timeout } else { Error::Cut }
}
