//! What stands at an address of this server, asked from outside and without credentials, as the programs of people ask.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName, LOCATION, WWW_AUTHENTICATE};
use reqwest::{RequestBuilder, Response};
use serde_json::Value;

use super::http::{is_tls, root_cause};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer that is read, in bytes.
const LARGEST: usize = 64 << 10;
/// The shortest message that is one.
const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

/// Asks from outside.
#[derive(Debug)]
pub struct Outside(reqwest::Client);

/// What came back.
#[derive(Debug)]
pub struct Seen {
    /// The status.
    pub status: u16,
    /// How to sign in, where it is told.
    pub challenge: Option<String>,
    /// Where it leads, where it does.
    pub location: Option<String>,
    /// The body, where it is JSON.
    pub body: Value,
}

/// Why nothing came back.
#[derive(Clone, Debug)]
pub struct Unseen {
    /// Whether it is the certificate, or what else an encrypted connection needs.
    pub is_tls: bool,
    /// In the words of the system.
    pub why: String,
}

impl Outside {
    /// For addresses that begin with `https://`, else for those of this machine.
    ///
    /// # Errors
    /// An HTTP client that cannot be set up.
    pub fn new(is_encrypted: bool) -> Result<Self, Unseen> {
        // An error says that a provider is installed already: then that one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).referer(false);
        let http = http.timeout(PATIENCE);
        let http = if is_encrypted { http } else { http.tls_certs_only([]).no_proxy() };
        http.build().map(Self).map_err(unseen)
    }

    /// What is at an address.
    ///
    /// # Errors
    /// No answer.
    pub async fn get(&self, address: &str) -> Result<Seen, Unseen> {
        seen(self.0.get(address).header("accept", "application/json")).await
    }

    /// What an endpoint for MCP answers to who has not signed in.
    ///
    /// # Errors
    /// No answer.
    pub async fn ping(&self, address: &str) -> Result<Seen, Unseen> {
        let request = self.0.post(address).header("accept", "application/json, text/event-stream");
        seen(request.header(CONTENT_TYPE, "application/json").body(PING)).await
    }
}

async fn seen(request: RequestBuilder) -> Result<Seen, Unseen> {
    let mut answer = request.send().await.map_err(unseen)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unseen)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LARGEST {
            break;
        }
    }
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    let (status, challenge) = (answer.status().as_u16(), header(&answer, WWW_AUTHENTICATE));
    Ok(Seen { status, challenge, location: header(&answer, LOCATION), body })
}

fn header(answer: &Response, name: HeaderName) -> Option<String> {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn unseen(error: reqwest::Error) -> Unseen {
    Unseen { is_tls: is_tls(&error), why: root_cause(&error) }
}
