//! MCP over HTTP (streamable HTTP, in both eras): every request is checked, answered by a server of its caller, and forgotten.
//! What a session holds, its client brings along.

mod accept;
mod admission;
mod body;
mod challenge;
mod clock;
mod direct;
mod error;
mod guard;
mod issuer;
mod last_words;
mod message;
mod oauth;
mod open_files;
mod patience;
mod protocol;
mod refusal;
mod reload;
mod route;
mod session;
mod sign_in;
mod site;
mod status;
mod tls;
mod views;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, CONNECTION, HeaderName, HeaderValue, USER_AGENT};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use ipnet::IpNet;
use rmcp::ServerHandler;
use tokio::net::TcpListener;

use super::end::stop_when_asked;
use crate::app::App;
use crate::audit::{new_id, short};
use crate::config::Config;
use crate::context::overlay::Overlay;
use crate::metrics::Metrics;
use crate::oauth::{Documents, Lifetimes};
use crate::server::{Server, Turns};
use crate::site::RequestId;
use accept::Connections;
use admission::Admission;
use body::Bodies;
use guard::Guard;
use issuer::Issuer;
use oauth::Requests;
use protocol::Protocol;
use refusal::{Body, Refusal, empty};
use session::Sessions;
use sign_in::{SignIn, Signed, client_address};
use site::Site;
use tls::Tls;
use views::Views;

pub use error::HttpError;
pub use patience::Patience;
pub use status::serve_status;

/// How many files are open beside the connections of clients: those to the sites, and logs.
const FILES_BESIDE: u64 = 256;
/// The name of a request, which the log, the audit log and the site have too.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// This machine's.
    local: IpAddr,
    /// The client's, or that of the proxy before it.
    peer: IpAddr,
}

/// What answers requests.
#[derive(Debug)]
pub struct Endpoint {
    sites: Vec<Site>,
    proxies: Vec<IpNet>,
    turns: Turns,
    admission: Admission,
    guard: Guard,
    bodies: Bodies,
    connections: Connections,
    /// Whether clients of the handshake era have sessions.
    sessions: bool,
    protocol: Protocol,
    /// Without one, connections are plain.
    tls: Option<Tls>,
    metrics: Metrics,
    /// Those to authorization servers.
    requests: Requests,
    lifetimes: Lifetimes,
    documents: Option<Arc<Documents>>,
    patience: Patience,
    /// How long what is under way may still take at the end.
    grace: Duration,
}

impl Endpoint {
    /// What a configuration wants, of sites that are yet to be added.
    ///
    /// # Errors
    /// A certificate that cannot be used.
    pub fn new(config: &Config) -> Result<Self, HttpError> {
        let http = &config.http;
        Ok(Self {
            sites: Vec::new(),
            proxies: http.proxies.clone(),
            turns: Turns::shared(),
            admission: Admission::default(),
            guard: Guard::new(&http.hosts, &http.origins),
            bodies: Bodies::new(http.max_body_bytes),
            connections: Connections::new(http.max_connections),
            sessions: http.sessions,
            protocol: Protocol::new(http.max_body_bytes),
            tls: http.tls.as_ref().map(Tls::read).transpose()?,
            metrics: Metrics::default(),
            requests: Requests::default(),
            lifetimes: Lifetimes::default(),
            documents: None,
            patience: Patience::default(),
            grace: Duration::ZERO,
        })
    }

    /// Serves a site too, under this name and these hosts; its metadata is read as the first caller where there is an
    /// overlay.
    ///
    /// # Errors
    /// A key that cannot be one.
    pub fn add(
        &mut self,
        (name, hosts): (&str, &[String]),
        config: &Config,
        app: App,
        overlay: Option<Overlay>,
    ) -> Result<(), HttpError> {
        self.guard.add(hosts);
        self.grace = self.grace.max(config.erpnext.timeout);
        let issuer = Issuer::of(config, &app, self.lifetimes, self.documents.as_ref())?;
        if let Some(issuer) = &issuer {
            let (_, host) = issuer.addresses().origin.split_once("://").unwrap_or_default();
            self.guard.add(&[host.to_owned()]);
        }
        self.sites.push(Site {
            name: name.to_owned(),
            hosts: hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            sign_in: SignIn::new(config, app.clone(), issuer.clone())?,
            issuer,
            sessions: self.sessions.then(|| Sessions::new(config, &app, self.turns.ended_sessions())).transpose()?,
            views: Views::new(app),
            overlay: Mutex::new(overlay),
        });
        Ok(())
    }

    /// The same with another patience.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// The same with other lifetimes of what is handed out by OAuth, for sites that are added after.
    #[must_use]
    pub fn with_lifetimes(self, lifetimes: Lifetimes) -> Self {
        Self { lifetimes, ..self }
    }

    /// The same with documents of OAuth clients that are had otherwise, for tests; for sites that are added after.
    #[must_use]
    pub fn with_documents(self, documents: Documents) -> Self {
        Self { documents: Some(Arc::new(documents)), ..self }
    }

    /// The same with another handler behind all that stands before the protocol, for tests of what stands there.
    #[must_use]
    pub fn with_handler<H: ServerHandler>(self, handler: fn(Server) -> H) -> Self {
        Self { protocol: self.protocol.with_handler(handler), ..self }
    }

    /// Whether it may listen there: only those can connect who may, or who have to sign in.
    ///
    /// # Errors
    /// [`HttpError::Open`].
    pub fn may_listen(&self, address: SocketAddr) -> Result<(), HttpError> {
        let is_asked = self.sites.iter().all(|site| site.sign_in.is_asked());
        if is_asked || address.ip().is_loopback() { Ok(()) } else { Err(HttpError::Open(address)) }
    }

    /// Listens there.
    ///
    /// # Errors
    /// An address that may not be served, or cannot.
    pub async fn listen(&self, address: SocketAddr) -> Result<TcpListener, HttpError> {
        self.may_listen(address)?;
        let files = self.connections.most() + FILES_BESIDE;
        if let Some(allowed) = open_files::allow(files).filter(|allowed| *allowed < files) {
            let most = self.connections.most();
            tracing::warn!(
                "this process may have {allowed} files open, and http.max_connections is {most}: have the system allow {files} \
                 (ulimit -n, LimitNOFILE)"
            );
        }
        accept::listener(address).map_err(|error| HttpError::Listen(address, error))
    }

    /// Whose turn it is, and the end of it.
    pub fn turns(&self) -> &Turns {
        &self.turns
    }

    /// Answers a request, whatever it is, and says so in the log.
    async fn answer(&self, ends: Ends, request: Request<Incoming>) -> Response<Body> {
        let (started, id) = (Instant::now(), new_id());
        let (head, mut body) = request.into_parts();
        let method = head.method.clone();
        let address = client_address(ends.peer, &head.headers, &self.proxies);
        let mut origin = None;
        let answer = self.served(ends.local, address, &id, head, &mut body, &mut origin).await;
        let micros = started.elapsed().as_micros();
        let refused = |status: StatusCode, why: &str| {
            tracing::info!(request = id, %method, status = status.as_u16(), %address, "refused: {why}");
        };
        if let Ok(answer) = &answer
            && answer.status().is_client_error()
        {
            refused(answer.status(), "the protocol does not take it");
        }
        let mut answer = answer.unwrap_or_else(|refusal| {
            refused(refusal.status, &refusal.message);
            refusal.into_response()
        });
        let status = answer.status().as_u16();
        self.metrics.request(status);
        tracing::debug!(request = id, %method, status, micros, "answered");
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(HeaderValue::try_from(id).ok().map(|id| (REQUEST_ID, id)));
        let is_last = headers.contains_key(CONNECTION) || self.turns().is_stopped();
        if is_last || !self.bodies.skip(&mut body, self.patience.body).await {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        origin.into_iter().for_each(|origin| guard::allow(headers, origin));
        answer
    }

    async fn served(
        &self,
        local: IpAddr,
        address: IpAddr,
        id: &str,
        head: Parts,
        body: &mut Incoming,
        origin: &mut Option<HeaderValue>,
    ) -> Result<Response<Body>, Refusal> {
        let (host, from) = self.guard.check(local, &head)?;
        *origin = from;
        if let Some(headers) = guard::preflight(&head) {
            let mut answer = empty(StatusCode::NO_CONTENT);
            *answer.headers_mut() = headers;
            return Ok(answer);
        }
        if let Some(place) = oauth::place_of(head.uri.path()) {
            let issuer = site::find(&self.sites, &host, place.site()).and_then(|site| site.issuer.as_ref());
            let nothing = || Refusal::new(StatusCode::NOT_FOUND, "nobody signs in by OAuth here");
            let issuer = issuer.ok_or_else(nothing)?;
            self.requests.count(address).await?;
            return oauth::answer(issuer, &place, address, &head, body, self.patience.body).await;
        }
        body::check_query(&head.uri)?;
        let nothing = || Refusal::new(StatusCode::NOT_FOUND, format!("nothing is here; MCP is at {}", route::FORMS));
        let (site, narrowing) = route::route_of(head.uri.path()).ok_or_else(nothing)?;
        let site = site::find(&self.sites, &host, site).ok_or_else(|| {
            let message =
                "no such site is served here: its name stands in the address, /mcp/SITE, as the operator gave it";
            Refusal::new(StatusCode::NOT_FOUND, message)
        })?;
        if head.method != Method::POST {
            let sessions = session::ended_by(&head, site.sessions.as_ref())?;
            let Signed { mut caller, .. } = self.caller(site, address, id, &head).await?;
            sessions.end(&mut caller, &head.headers).await?;
            self.turns.end_session(&caller);
            return Ok(empty(StatusCode::NO_CONTENT));
        }
        self.message(site, narrowing, address, id, head, body).await
    }

    /// Who asks, through what and from where.
    async fn caller(&self, site: &Site, address: IpAddr, id: &str, head: &Parts) -> Result<Signed, Refusal> {
        let agent = head.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).map(short);
        let path = head.uri.path();
        let signed_in = site.sign_in.caller(address, head).await;
        let outcome = match signed_in.as_ref().map_err(|refusal| refusal.status) {
            Ok(_) => "accepted",
            Err(StatusCode::TOO_MANY_REQUESTS) => "limited",
            Err(StatusCode::SERVICE_UNAVAILABLE) => "unanswered",
            Err(_) => "refused",
        };
        self.metrics.sign_in(site.label(), outcome);
        let mut signed = signed_in.map_err(|refusal| match &site.issuer {
            Some(issuer) if refusal.status == StatusCode::UNAUTHORIZED => {
                let sent_one = head.headers.contains_key(AUTHORIZATION);
                challenge::challenged(refusal, issuer.addresses(), path, sent_one)
            }
            _ => refusal,
        })?;
        let caller = &mut signed.caller;
        caller.client = Some(agent.unwrap_or_else(|| "unknown".to_owned()));
        caller.address = Some(address);
        caller.request = Some(Arc::new(RequestId::new(id)));
        Ok(signed)
    }
}

/// Serves until the system asks for the end: then nothing more is begun, what is under way may take the time that a call
/// may take, and writes are finished.
pub async fn serve_http(listener: TcpListener, endpoint: Arc<Endpoint>) {
    if let Ok(address) = listener.local_addr() {
        let scheme = if endpoint.tls.is_some() { "https" } else { "http" };
        tracing::info!("serving MCP at {scheme}://{address}/mcp");
    }
    stop_when_asked(endpoint.turns().clone());
    endpoint.connections.accept(listener, &endpoint).await;
    if tokio::time::timeout(endpoint.grace, endpoint.connections.closed()).await.is_err() {
        tracing::warn!("calls that still run after {:?} are cut; writes are finished", endpoint.grace);
    }
    endpoint.protocol.end();
    endpoint.turns().finish().await;
}
