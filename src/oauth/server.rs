//! The authorization server of one site.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

use super::addresses::Addresses;
use super::answer::Answer;
use super::client::{BadClient, Client};
use super::documents::Documents;
use super::endpoints::Endpoints;
use super::kept::Kept;
use super::logins::Logins;
use super::store::{Key, Memory, Store, put_held};
use super::tokens::Lifetimes;
use crate::app::App;
use crate::config::OAuth;
use crate::shared::seal::{NoRandomness, Sealer};
use crate::shared::{Away, Keyspace, Lease, NotKept};
use crate::site::OAuthClient;

/// For what the ids of registered clients are sealed.
const CLIENT: &str = "client";
/// How many grants are worked on at once, at the least.
const LOCKS: usize = 64;
/// How long something is waited for that another server works on.
const PATIENCE: Duration = Duration::from_secs(20);

/// That something could not be done, by no fault of who asks: no randomness, or what servers share is away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed;

impl From<NoRandomness> for Failed {
    fn from(_: NoRandomness) -> Self {
        Self
    }
}

impl From<Away> for Failed {
    fn from(_: Away) -> Self {
        Self
    }
}

impl From<NotKept> for Failed {
    fn from(_: NotKept) -> Self {
        Self
    }
}

/// Nobody else works on a grant, or on a person's grants, while it is held.
pub(super) struct Turn<'a> {
    /// On what.
    pub(super) on: Key,
    _here: MutexGuard<'a, ()>,
    elsewhere: Option<Lease>,
}

/// Why there is no authorization server.
#[derive(Debug, thiserror::Error)]
pub enum NoServer {
    /// The system has no randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The HTTP client for documents cannot be set up.
    #[error("the HTTP client for documents of clients cannot be set up")]
    Documents,
    /// What was kept cannot be read.
    #[error("{file}: {1}", file = .0.display())]
    State(PathBuf, std::io::Error),
}

/// Lets clients in whom people have let in.
#[derive(Debug)]
pub struct AuthorizationServer {
    pub(super) addresses: Addresses,
    pub(super) endpoints: Endpoints,
    pub(super) app: App,
    pub(super) site: OAuthClient,
    pub(super) sealer: Arc<Sealer>,
    pub(super) lifetimes: Lifetimes,
    pub(super) logins: Logins,
    store: Arc<dyn Store>,
    documents: Arc<Documents>,
    locks: Vec<Mutex<()>>,
}

impl AuthorizationServer {
    /// The server of a configuration, before the site of that app.
    ///
    /// # Errors
    /// [`NoServer`].
    pub fn new(config: &OAuth, app: App) -> Result<Self, NoServer> {
        let endpoints = Endpoints::new(&config.url);
        let sealer = Arc::new(Sealer::new(config.key())?);
        let store: Arc<dyn Store> = match (app.shared(), &config.state_file) {
            (Some(shared), _) => Arc::new(shared.clone()),
            (None, Some(file)) => {
                let kept = Kept::read(file, Arc::clone(&sealer));
                Arc::new(kept.map_err(|error| NoServer::State(file.clone(), error))?)
            }
            (None, None) => Arc::new(Memory::default()),
        };
        Ok(Self {
            site: OAuthClient {
                id: config.client_id.clone(),
                secret: config.client_secret.clone(),
                redirect: endpoints.callback(),
            },
            sealer,
            lifetimes: Lifetimes::default(),
            logins: Logins::new(app.shared()),
            store,
            documents: Arc::new(Documents::new().map_err(|_| NoServer::Documents)?),
            locks: (0..LOCKS).map(|_| Mutex::default()).collect(),
            addresses: Addresses::own(&config.url, &endpoints.issuer),
            endpoints,
            app,
        })
    }

    /// The same with other lifetimes.
    #[must_use]
    pub fn with_lifetimes(self, lifetimes: Lifetimes) -> Self {
        Self { lifetimes, ..self }
    }

    /// The same with documents of clients that are had otherwise, for tests.
    #[must_use]
    pub fn with_documents(self, documents: Arc<Documents>) -> Self {
        Self { documents, ..self }
    }

    /// The endpoint for MCP before which it stands.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Where its own pages and endpoints are.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Registers a client (RFC 7591). Its id holds all that it told, sealed: nothing is kept, and nothing can be used up.
    pub fn register(&self, body: &[u8]) -> Answer {
        let told = serde_json::from_slice(body).unwrap_or_default();
        let client = match Client::read(&told) {
            Ok(client) => client,
            Err(BadClient(code, words)) => return Answer::error(code, words),
        };
        match self.sealer.seal_text(CLIENT, &client) {
            Ok(id) => Answer::Json(
                201,
                serde_json::json!({
                    "client_id": id,
                    "client_id_issued_at": super::store::now(),
                    "client_name": client.name,
                    "redirect_uris": client.redirects,
                    "grant_types": ["authorization_code", "refresh_token"],
                    "response_types": ["code"],
                    "token_endpoint_auth_method": "none",
                }),
            ),
            Err(_) => failed(),
        }
    }

    /// The client of that id, for somebody at that address.
    pub(super) async fn client(&self, id: &str, from: IpAddr) -> Result<Client, BadClient> {
        if id.starts_with("https://") { self.documents.client(id, from).await } else { self.registered(id) }
    }

    /// The client that was given that id when it registered.
    pub(super) fn registered(&self, id: &str) -> Result<Client, BadClient> {
        let unknown = BadClient("invalid_client", "the program is not registered here: have it connect anew");
        self.sealer.open_text(CLIENT, id).ok_or(unknown)
    }

    /// Keeps a value that nobody else works on.
    pub(super) async fn put(
        &self,
        space: Keyspace,
        key: Key,
        value: &impl serde::Serialize,
        lives: Duration,
    ) -> Result<(), Failed> {
        let sealed = self.sealer.seal(space.word(), value)?;
        Ok(self.store.put(space, key, sealed, lives).await?)
    }

    /// Keeps the value that a turn is for, where it is held still: a server that slept for longer must not put what it knew in
    /// the place of what another one did meanwhile.
    pub(super) async fn put_in(
        &self,
        turn: &Turn<'_>,
        space: Keyspace,
        value: &impl serde::Serialize,
        lives: Duration,
    ) -> Result<(), NotKept> {
        let sealed = self.sealer.seal(space.word(), value).map_err(Away::from)?;
        match &turn.elsewhere {
            Some(held) => put_held(held, space, turn.on, sealed, lives).await?,
            None => self.store.put(space, turn.on, sealed, lives).await?,
        }
        Ok(())
    }

    /// The value that is kept.
    pub(super) async fn get<T: serde::de::DeserializeOwned>(
        &self,
        space: Keyspace,
        key: Key,
    ) -> Result<Option<T>, Failed> {
        let sealed = self.store.get(space, key).await?;
        Ok(sealed.and_then(|sealed| self.sealer.open(space.word(), &sealed)))
    }

    /// The value that is kept, once.
    pub(super) async fn take<T: serde::de::DeserializeOwned>(
        &self,
        space: Keyspace,
        key: Key,
    ) -> Result<Option<T>, Failed> {
        let sealed = self.store.take(space, key).await?;
        Ok(sealed.and_then(|sealed| self.sealer.open(space.word(), &sealed)))
    }

    /// Comes back when all that was kept before will outlive the process, as far as it is to.
    pub(super) async fn settle(&self) {
        self.store.settle().await;
    }

    /// While it is held, nobody else works on this, through whichever server. One is held at a time: two may share a lock.
    pub(super) async fn lock(&self, on: Key) -> Result<Turn<'_>, Failed> {
        let here = self.locks[usize::from(on[0]) % LOCKS].lock().await;
        let elsewhere = match self.app.shared() {
            Some(shared) => Some(shared.hold(Keyspace::Turn, &on, PATIENCE).await?.ok_or(Failed)?),
            None => None,
        };
        Ok(Turn { on, _here: here, elsewhere })
    }
}

/// That it is this server's own fault.
pub(super) fn failed() -> Answer {
    Answer::with_status(500, "server_error", "the server could not do it: try again")
}
