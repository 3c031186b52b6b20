//! Sessions of clients of the handshake era (`http.sessions`). A session's id is what the client said at its beginning, sealed
//! for the user on the site: any server with the key opens it, nobody else can use it, and only its early end is kept.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::BodyExt;
use hyper::body::Bytes;
use hyper::header::{ALLOW, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, InitializeRequestParams};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::body::method;
use super::error::HttpError;
use super::refusal::{Body, Refusal, is_stream};
use crate::app::App;
use crate::audit::{new_id, short};
use crate::config::Config;
use crate::hex::hex;
use crate::limit::memory::{SMALL, weight};
use crate::limit::{Limits, Rates};
use crate::server::{ClientTraits, EndedSessions, SESSION_LIFETIME, question_id};
use crate::shared::seal::{Sealer, hash};
use crate::shared::{Keyspace, Shared};
use crate::site::Caller;
use crate::transport::message;

/// Which session a request is of.
pub const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
/// By which revision a request is made.
pub const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
/// The first revision without sessions; revisions are dates.
const STATELESS: &str = "2026-07-28";
/// How many a user may end at once, and in an hour.
const ENDS: u32 = 60;
const ASKS: &str = "elicitation/create";

/// What the id of a session holds.
#[derive(Serialize, Deserialize)]
struct Session {
    /// What the audit log calls it.
    name: String,
    /// Name and version of the client.
    client: String,
    said: ClientTraits,
    /// When it began, in seconds since 1970.
    since: u64,
}

/// The sessions of one site.
#[derive(Debug)]
pub struct Sessions {
    sealer: Arc<Sealer>,
    shared: Option<Shared>,
    /// Those that were ended, where nothing is shared.
    ended: EndedSessions,
    /// How many each user ends.
    ends: Limits,
}

/// What a request is to a session.
#[derive(Debug)]
pub enum Part {
    /// Nothing: its client has none.
    Nothing,
    /// Its beginning, with the id.
    Beginning(HeaderValue),
    /// One of its requests.
    Within(ClientTraits),
}

impl Sessions {
    /// Sealed with the key that servers share, else with that of `sign_in.oauth`, else with one of this process.
    ///
    /// # Errors
    /// No randomness.
    pub fn new(config: &Config, app: &App, ended: EndedSessions) -> Result<Self, HttpError> {
        let shared = app.shared().cloned();
        let sealer = match &shared {
            Some(shared) => shared.sealer(),
            None => Arc::new(Sealer::new(config.sign_in.oauth.as_ref().and_then(|oauth| oauth.key()))?),
        };
        Ok(Self::of(sealer, shared, ended))
    }

    fn of(sealer: Arc<Sealer>, shared: Option<Shared>, ended: EndedSessions) -> Self {
        let mut ends = Limits::new(Rates { per_hour: NonZeroU32::new(ENDS), ..Rates::default() });
        if let Some(shared) = &shared {
            ends.over(shared.clone());
        }
        Self { sealer, shared, ended, ends }
    }

    /// What a request is to a session; within one, the caller is known by what its client said.
    ///
    /// # Errors
    /// 400 without a session, 404 where it is none of this caller's or is over, 503 where nobody can tell.
    pub async fn enter(&self, caller: &mut Caller, headers: &HeaderMap, body: &Bytes) -> Result<Part, Refusal> {
        match method(body).as_deref() {
            _ if is_stateless(headers) => Ok(Part::Nothing),
            // What is there is asked before there is anything.
            Some("server/discover") => Ok(Part::Nothing),
            Some("initialize") => match began(body) {
                Some(said) => self.begin(caller, &said, now()).map(Part::Beginning),
                None => Ok(Part::Nothing),
            },
            _ => {
                let Session { name, client, said, .. } = self.open(caller, headers, now()).await?;
                (caller.session, caller.client) = (Some(name), Some(client));
                Ok(Part::Within(said))
            }
        }
    }

    /// Ends the session that these headers name, which is the caller's from then on.
    ///
    /// # Errors
    /// As [`Self::enter`], and 429 where too many of this user's were ended of late: that is kept of each until it is over.
    pub async fn end(&self, caller: &mut Caller, headers: &HeaderMap) -> Result<(), Refusal> {
        let now = now();
        let Session { name, since, .. } = self.open(caller, headers, now).await?;
        self.ends.take(&hash(&format!("ends {}", hex(caller.identity().as_bytes())))).await.map_err(many)?;
        caller.session = Some(name.clone());
        match &self.shared {
            Some(shared) => {
                let left = Duration::from_secs((since + SESSION_LIFETIME.as_secs()).saturating_sub(now).max(1));
                shared.put(Keyspace::Ended, name.as_bytes(), &true, left).await.map_err(|_| away())
            }
            None => {
                self.ended.add(&name);
                Ok(())
            }
        }
    }

    fn begin(&self, caller: &Caller, said: &InitializeRequestParams, now: u64) -> Result<HeaderValue, Refusal> {
        let session = Session {
            name: new_id(),
            client: short(&format!("{} {}", said.client_info.name, said.client_info.version)),
            said: ClientTraits::of(&said.capabilities),
            since: now,
        };
        let sealed = self.sealer.seal_text(&purpose(caller), &session).ok();
        let id = sealed.and_then(|sealed| HeaderValue::try_from(sealed).ok());
        id.ok_or_else(|| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "no session can be begun: try again"))
    }

    async fn open(&self, caller: &Caller, headers: &HeaderMap, now: u64) -> Result<Session, Refusal> {
        let mut stated = headers.get_all(SESSION).iter();
        let (Some(id), None) = (stated.next(), stated.next()) else {
            let message = "exactly one Mcp-Session-Id is needed: send initialize first, and with every other request \
                           the id that its answer has";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
        };
        let sealed = id.to_str().unwrap_or_default();
        let session: Session = self.sealer.open_text(&purpose(caller), sealed).ok_or_else(over)?;
        let is_ended = match &self.shared {
            Some(shared) => {
                let ended = shared.get::<bool>(Keyspace::Ended, session.name.as_bytes()).await;
                ended.map_err(|_| away())?.is_some()
            }
            None => self.ended.has(&session.name),
        };
        if is_ended || now >= session.since + SESSION_LIFETIME.as_secs() { Err(over()) } else { Ok(session) }
    }
}

impl Part {
    /// What the client said at the beginning, within a session. About a large message nobody is asked: it would be held until
    /// the answer comes.
    pub fn said(&self, body: &[u8]) -> Option<ClientTraits> {
        let Self::Within(said) = self else { return None };
        Some(if weight(body, SMALL) <= SMALL { *said } else { said.unasked() })
    }

    /// The answer with the id of a session that it begins; within one, with questions that are told from those of other requests.
    pub fn mark(&self, mut answer: Response<Body>, request: &str) -> Response<Body> {
        match self {
            Self::Beginning(id) if answer.status() == StatusCode::OK => {
                answer.headers_mut().insert(SESSION, id.clone());
                answer
            }
            Self::Within(_) if is_stream(&answer) => {
                let request = request.to_owned();
                answer.map(|body| {
                    body.map_frame(move |frame| frame.map_data(|event| with_named_question(event, &request))).boxed()
                })
            }
            Self::Nothing | Self::Beginning(_) | Self::Within(_) => answer,
        }
    }
}

/// The sessions of which a request that is no POST ends one.
///
/// # Errors
/// 405 for anything else.
pub fn ended_by<'a>(head: &Parts, sessions: Option<&'a Sessions>) -> Result<&'a Sessions, Refusal> {
    let (message, methods) = match sessions {
        Some(sessions) if head.method == Method::DELETE && !is_stateless(&head.headers) => return Ok(sessions),
        Some(_) => {
            ("MCP clients send POST here, and DELETE to end a session: there is no stream to open", "POST, DELETE")
        }
        None => (
            "MCP clients send POST here: there are no sessions, and so no stream to open and nothing to delete",
            "POST",
        ),
    };
    let methods = HeaderValue::from_static(methods);
    Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message).with(ALLOW, methods))
}

/// That nobody waits for an answer.
pub fn late() -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "nobody waits for this answer: the question was given up, or answered before")
}

/// What a session is sealed for: its user on its site, and how they sign in, as one token may permit less than another.
fn purpose(caller: &Caller) -> String {
    format!("session {} {}", hex(caller.identity().as_bytes()), caller.via.as_deref().unwrap_or_default())
}

fn over() -> Refusal {
    let message =
        "there is no such session of yours here, or it is over: send initialize again, without Mcp-Session-Id";
    Refusal::new(StatusCode::NOT_FOUND, message)
}

fn many(wait: Duration) -> Refusal {
    let message = "too many of your sessions were ended of late: leave this one, which is over by itself in a day";
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, message).with(RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1))
}

fn away() -> Refusal {
    let message = "nobody can tell now whether the session was ended: try again in seconds";
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message).with(RETRY_AFTER, HeaderValue::from_static("5"))
}

fn is_stateless(headers: &HeaderMap) -> bool {
    headers.get(VERSION).is_some_and(|version| version.as_bytes() >= STATELESS.as_bytes())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What a client says at the beginning.
fn began(body: &[u8]) -> Option<InitializeRequestParams> {
    match message::read(body) {
        Ok(Some(ClientJsonRpcMessage::Request(message))) => match message.request {
            ClientRequest::InitializeRequest(initialize) => Some(initialize.params),
            _ => None,
        },
        _ => None,
    }
}

/// An event in which a question has an id that no other request of the client has: each request counts its own from zero.
fn with_named_question(event: Bytes, request: &str) -> Bytes {
    let Ok(text) = std::str::from_utf8(&event) else { return event };
    if !text.contains(ASKS) {
        return event;
    }
    let line = |line: &str| {
        let mut message: Value = serde_json::from_str(line.strip_prefix("data:")?).ok()?;
        if message["method"] != ASKS {
            return None;
        }
        let id = question_id(request, &message["id"].to_string());
        message["id"] = json!(id);
        Some(format!("data: {message}"))
    };
    let lines: Vec<_> = text.split('\n').map(|text| line(text).unwrap_or_else(|| text.to_owned())).collect();
    lines.join("\n").into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::shared::Memory;
    use crate::site::{Credentials, SiteUrl};

    fn caller(site: &str, user: &str) -> Caller {
        let credentials = Credentials::new("k".into(), "s".into()).unwrap();
        Caller::new(SiteUrl::parse(site, false).unwrap(), credentials).of_user(user)
    }

    fn sessions(key: u8) -> Sessions {
        Sessions::of(Arc::new(Sealer::new(Some([key; 32])).unwrap()), None, EndedSessions::default())
    }

    fn said() -> InitializeRequestParams {
        serde_json::from_value(json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {"elicitation": {}},
            "clientInfo": {"name": "tests", "version": "1"},
        }))
        .unwrap()
    }

    fn with(id: &HeaderValue) -> HeaderMap {
        HeaderMap::from_iter([(SESSION, id.clone())])
    }

    #[tokio::test]
    async fn a_session_is_its_users_on_its_site_until_its_time_is_over() {
        let (jo, day) = (caller("https://a.example.com", "jo"), SESSION_LIFETIME.as_secs());
        let id = with(&sessions(7).begin(&jo, &said(), 1_000).unwrap());
        let open = async |key: u8, caller: &Caller, now: u64| {
            let opened = sessions(key).open(caller, &id, now).await;
            opened.map(|session| session.client).map_err(|refusal| refusal.status.as_u16())
        };
        assert_eq!(open(7, &jo, 1_000).await, Ok("tests 1".to_owned()));
        assert_eq!(open(7, &jo, 1_000 + day - 1).await, Ok("tests 1".to_owned()));
        assert_eq!(open(7, &jo, 1_000 + day).await, Err(404));
        assert_eq!(open(8, &jo, 1_000).await, Err(404), "another key");
        assert_eq!(open(7, &caller("https://a.example.com", "kim"), 1_000).await, Err(404));
        assert_eq!(open(7, &caller("https://b.example.com", "jo"), 1_000).await, Err(404));
    }

    #[tokio::test]
    async fn a_user_ends_so_many_sessions_at_once_and_those_are_over_and_no_other() {
        let shared = Shared::new(Arc::new(Memory::default()), [7; 32], "https://a.example.com").unwrap();
        for shared in [None, Some(shared)] {
            let sessions = Sessions::of(Arc::new(Sealer::new(None).unwrap()), shared, EndedSessions::default());
            let (mut jo, mut kim) = (caller("https://a.example.com", "jo"), caller("https://a.example.com", "kim"));
            let begin = |caller: &Caller| with(&sessions.begin(caller, &said(), now()).unwrap());
            for at in 0..=ENDS {
                let id = begin(&jo);
                let ended = sessions.end(&mut jo, &id).await.map_err(|refusal| refusal.status.as_u16());
                assert_eq!(ended, if at < ENDS { Ok(()) } else { Err(429) });
                assert_eq!(sessions.open(&jo, &id, now()).await.is_ok(), at == ENDS);
            }
            let id = begin(&kim);
            sessions.end(&mut kim, &id).await.unwrap();
            assert!(sessions.open(&kim, &id, now()).await.is_err());
        }
    }

    #[test]
    fn a_question_is_named_after_its_request_and_nothing_else_changes() {
        let event = |message: Value| Bytes::from(format!("id: 1\ndata: {message}\n\n"));
        let asked = with_named_question(event(json!({"id": 0, "method": ASKS})), "r");
        assert_eq!(asked, event(json!({"id": "r-q0", "method": ASKS})));
        for other in [json!({"id": 0, "result": {"text": ASKS}}), json!({"method": "notifications/progress"})] {
            assert_eq!(with_named_question(event(other.clone()), "r"), event(other));
        }
    }

    #[test]
    fn a_revision_without_sessions_is_told_by_its_header() {
        let of =
            |version: &'static str| is_stateless(&HeaderMap::from_iter([(VERSION, HeaderValue::from_static(version))]));
        assert!(of(STATELESS) && !of("2025-11-25") && !of("2025-03-26") && !is_stateless(&HeaderMap::new()));
    }
}
