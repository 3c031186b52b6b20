//! What clients are told of signing in, and the authorization server over HTTP: which request is for it, what is read of it, and
//! how an answer is carried.

mod place;
mod step_up;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{
    ALLOW, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};

use super::issuer::Issuer;
use super::refusal::{Body, Refusal};
use super::sign_in::{Failures, network};
use crate::oauth::{Addresses, Answer, Cookie, Form};
use place::Endpoint;

pub use place::{OAuthRoute, place_of};
pub use step_up::{needed, record};

/// The largest body, in bytes.
const LARGEST: usize = 16 << 10;
/// How many requests an address may send a minute. The people of a company may share one, as those of claude.ai do.
const MOST: u32 = 240;

/// What a page may do: have its own style, and send its form here.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// How many requests to authorization servers came from where.
#[derive(Debug)]
pub struct Requests(Failures);

impl Default for Requests {
    fn default() -> Self {
        Self(Failures::at_most(MOST))
    }
}

impl Requests {
    /// Counts one.
    ///
    /// # Errors
    /// 429 where there were too many.
    pub async fn count(&self, address: IpAddr) -> Result<(), Refusal> {
        let many = |_| {
            let message = "too many requests to sign in from this address: try again in a minute";
            Refusal::new(StatusCode::TOO_MANY_REQUESTS, message).with(RETRY_AFTER, HeaderValue::from_static("60"))
        };
        self.0.check(address).map_err(many)?;
        self.0.note(address).await;
        Ok(())
    }
}

/// Answers a request for that place from that address.
///
/// # Errors
/// What is not there, another method, and a body that is too large or does not come.
pub async fn answer(
    issuer: &Issuer,
    place: &OAuthRoute<'_>,
    from: IpAddr,
    head: &Parts,
    body: &mut Incoming,
    patience: Duration,
) -> Result<Response<Body>, Refusal> {
    let addresses = issuer.addresses();
    let nothing = || Refusal::new(StatusCode::NOT_FOUND, "nothing is here");
    let expected = match place {
        OAuthRoute::Endpoint(_, endpoint) if endpoint.is_for_programs() || *endpoint == Endpoint::Consent => {
            Method::POST
        }
        _ => Method::GET,
    };
    if head.method != expected {
        let allowed = HeaderValue::try_from(expected.as_str()).map_err(|_| nothing())?;
        let message = format!("only {expected} is taken here");
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message).with(ALLOW, allowed));
    }
    let answered = match (place, issuer) {
        (OAuthRoute::Resource(_, path), _) => {
            let asked = format!("{}{path}", addresses.origin);
            let own = addresses.resource.strip_prefix(&addresses.origin).unwrap_or_default();
            let path = if path.is_empty() { own } else { path };
            let is_served = asked == addresses.origin || addresses.resource(Some(&asked)).is_some();
            Answer::Json(200, is_served.then(|| addresses.protected_resource(path)).ok_or_else(nothing)?)
        }
        (OAuthRoute::Server(_, end), Issuer::Here(server)) => {
            let is_asked = addresses.issuer == format!("{}{end}", addresses.origin);
            Answer::Json(200, is_asked.then(|| server.endpoints().metadata()).ok_or_else(nothing)?)
        }
        (OAuthRoute::Endpoint(_, endpoint), Issuer::Here(server)) => {
            let query = Form::parse(head.uri.query().unwrap_or_default());
            let bytes = if expected == Method::POST { read(body, patience).await? } else { Vec::new() };
            let form = || Form::parse(&String::from_utf8_lossy(&bytes));
            let brought = brought(&head.headers, addresses);
            match endpoint {
                Endpoint::Authorize => server.authorize(&query, network(from)).await,
                Endpoint::Callback => {
                    let (server, brought) = (Arc::clone(server), brought.map(str::to_owned));
                    finished(async move { server.callback(&query, brought.as_deref(), network(from)).await }).await?
                }
                Endpoint::Consent => server.consent(&form(), brought),
                Endpoint::Token => {
                    let (server, form) = (Arc::clone(server), form());
                    finished(async move { server.token(&form).await }).await?
                }
                Endpoint::Revoke => {
                    let (server, form) = (Arc::clone(server), form());
                    finished(async move { server.revoke(&form).await }).await?
                }
                Endpoint::Register => server.register(&bytes),
            }
        }
        // Others have theirs at their own addresses.
        (_, Issuer::Provider(_) | Issuer::Site(_)) => return Err(nothing()),
    };
    carried(answered, addresses).ok_or_else(|| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "no answer can be sent"))
}

/// The answer of an exchange with the site, which is finished and kept when the client leaves in its midst: the site gives
/// each of its tokens once.
async fn finished(exchange: impl Future<Output = Answer> + Send + 'static) -> Result<Answer, Refusal> {
    let cut = |_| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the server could not do it: try again");
    tokio::spawn(exchange).await.map_err(cut)
}

async fn read(body: &mut Incoming, patience: Duration) -> Result<Vec<u8>, Refusal> {
    let read = tokio::time::timeout(patience, Limited::new(body, LARGEST).collect()).await;
    let late = |_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
    let large = |_| Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 16 KiB, or was cut");
    Ok(read.map_err(late)?.map_err(large)?.to_bytes().to_vec())
}

/// What a browser's cookie is called: with the prefix, only this very host can have set it.
fn cookie_name(addresses: &Addresses) -> &'static str {
    if addresses.is_encrypted() { "__Host-erpnext-mcp" } else { "erpnext-mcp" }
}

/// What the browser was given before.
fn brought<'h>(headers: &'h HeaderMap, addresses: &Addresses) -> Option<&'h str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    let mut named =
        pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(name, _)| *name == cookie_name(addresses));
    named.next().map(|(_, value)| value)
}

fn set(cookie: &Cookie, addresses: &Addresses) -> Option<HeaderValue> {
    let secure = if addresses.is_encrypted() { "; Secure" } else { "" };
    let Cookie { value, lives } = cookie;
    let (name, lives) = (cookie_name(addresses), lives.as_secs());
    HeaderValue::try_from(format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={lives}{secure}")).ok()
}

/// The answer over HTTP; none where it cannot be carried.
fn carried(answer: Answer, addresses: &Addresses) -> Option<Response<Body>> {
    let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
    let fixed = HeaderValue::from_static;
    let (status, body) = match answer {
        Answer::Json(status, body) => {
            headers.push((CONTENT_TYPE, fixed("application/json")));
            (status, body.to_string())
        }
        Answer::Redirect { to, cookie } => {
            headers.push((LOCATION, HeaderValue::try_from(to).ok()?));
            headers.push((REFERRER_POLICY, fixed("no-referrer")));
            headers.extend(cookie.and_then(|cookie| set(&cookie, addresses)).map(|cookie| (SET_COOKIE, cookie)));
            (303, String::new())
        }
        Answer::Page { status, html, cookie } => {
            headers.extend([
                (CONTENT_TYPE, fixed("text/html; charset=utf-8")),
                (CONTENT_SECURITY_POLICY, fixed(POLICY)),
                (X_FRAME_OPTIONS, fixed("DENY")),
                (X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
                // The form's own request must say where it comes from.
                (REFERRER_POLICY, fixed("same-origin")),
            ]);
            headers.extend(cookie.and_then(|cookie| set(&cookie, addresses)).map(|cookie| (SET_COOKIE, cookie)));
            (status, html)
        }
    };
    let mut response = Response::new(Full::from(body).boxed());
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    response.headers_mut().extend(headers);
    Some(response)
}
