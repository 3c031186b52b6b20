//! `App`: a site that is served, and the connections of callers to it. Each call of a connection passes one pipeline.

pub(crate) mod attempt;
mod begun;
mod pipeline;
mod read_back;
mod spelling;
#[cfg(test)]
mod tests;
mod waits;

pub use waits::Waits;

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::answer::Given;
use crate::audit::Audit;
use crate::config::{Config, Narrowing, Tools};
use crate::context::{Session, SiteState, UserState, client_options};
use crate::error::ToolError;
use crate::metrics::Health;
use crate::policy::Policy;
use crate::shared::Shared;
use crate::site::{BadCredentials, BadUrl, Caller, CallerClient, Client, Credentials, SetUpError, SiteError, SiteUrl};
use crate::tool::progress::CallObserver;
use crate::tool::{Published, Registry, Tool};
use crate::tools::{self, File};

/// One site under one configuration; cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    served: Arc<Served>,
    view: Arc<View>,
}

/// A site that is served.
#[derive(Debug)]
struct Served {
    url: SiteUrl,
    config: Config,
    state: SiteState,
    /// The tools that the configuration publishes: made once, as they are never freed.
    published: Vec<&'static Published>,
}

/// What may be done there: all that the configuration leaves, or less.
#[derive(Debug)]
struct View {
    narrowing: Narrowing,
    policy: Arc<Policy>,
    tools: Tools,
    registry: Registry,
}

impl View {
    fn new(config: &Config, state: &SiteState, published: &[&'static Published]) -> Self {
        let policy = Arc::new(Policy::from_config(config));
        let version = state.version.clone();
        let registry = Registry::new(Arc::clone(&policy), version, &config.tools, tools::ALL, published);
        Self { narrowing: Narrowing::default(), policy, tools: config.tools.clone(), registry }
    }
}

/// Why a configuration cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum CannotServe {
    /// The address cannot be used.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// The key or the secret cannot be one.
    #[error(transparent)]
    Credentials(#[from] BadCredentials),
    /// The HTTP client cannot be set up.
    #[error(transparent)]
    Client(#[from] SetUpError),
}

impl App {
    /// Serves the site of the configuration, and connects the caller whose key stands there. Nothing is asked of the site.
    ///
    /// # Errors
    /// An address or a key that cannot be one.
    pub fn from_config(config: &Config, audit: Audit) -> Result<(Self, Connection), CannotServe> {
        Self::with_client(config, Client::new(client_options(config))?, audit)
    }

    /// The same with a client that behaves otherwise than the configuration says.
    ///
    /// # Errors
    /// As [`App::from_config`].
    pub fn with_client(config: &Config, client: Client, audit: Audit) -> Result<(Self, Connection), CannotServe> {
        let app = Self::open(config, client, audit)?;
        let connection = app.own_connection(config)?;
        Ok((app, connection))
    }

    /// Connects the caller whose key stands in the configuration.
    ///
    /// # Errors
    /// A key that cannot be one.
    pub fn own_connection(&self, config: &Config) -> Result<Connection, CannotServe> {
        let erpnext = &config.erpnext;
        let credentials = Credentials::new(erpnext.api_key.clone(), erpnext.api_secret.clone())?;
        Ok(Connection::new(self, self.caller(credentials)))
    }

    /// Serves the site of the configuration, whose key nobody uses.
    ///
    /// # Errors
    /// An address that cannot be one.
    pub fn open(config: &Config, client: Client, audit: Audit) -> Result<Self, CannotServe> {
        let url = SiteUrl::parse(&config.erpnext.url, config.erpnext.allow_insecure_http)?;
        let state = SiteState::new(config, client, audit);
        let published = tools::published::of(config, tools::is_known);
        let view = Arc::new(View::new(config, &state, &published));
        Ok(Self { served: Arc::new(Served { url, config: config.clone(), state, published }), view })
    }

    /// The same site, of which less is left.
    #[must_use]
    pub fn narrowed(&self, narrowing: &Narrowing) -> Self {
        let Served { config, state, published, .. } = &*self.served;
        let view = View { narrowing: narrowing.clone(), ..View::new(&config.narrowed(narrowing), state, published) };
        Self { served: Arc::clone(&self.served), view: Arc::new(view) }
    }

    /// Somebody with these credentials, of whom no more is known.
    pub fn caller(&self, credentials: Credentials) -> Caller {
        Caller::new(self.served.url.clone(), credentials)
    }

    /// The ERPNext user behind a caller, as the site says now. Nothing is kept.
    ///
    /// # Errors
    /// The site's: [`SiteErrorKind::BadKey`](crate::site::SiteErrorKind::BadKey) where it does not know the credentials.
    pub async fn user_of(&self, caller: &Caller) -> Result<String, SiteError> {
        self.served.state.client.as_caller(caller).logged_user().await
    }

    /// Whether there is a tool of this name that may be called.
    pub fn has_tool(&self, name: &str) -> bool {
        self.view.registry.find(name).is_some()
    }

    /// The site as this caller, without a connection that is recorded.
    pub fn as_caller<'a>(&'a self, caller: &'a Caller) -> CallerClient<'a> {
        self.served.state.client.as_caller(caller)
    }

    /// How the site has been.
    pub fn health(&self) -> Health {
        let state = &self.served.state;
        Health { unshipped: state.audit.unshipped(), ..state.client.health() }
    }

    /// What other servers of the site know too, where there are any.
    pub fn shared(&self) -> Option<&Shared> {
        self.served.state.client.shared()
    }

    /// Connects a caller; none if the caller's site is another.
    pub fn connect(&self, caller: Caller) -> Option<Connection> {
        (caller.site == self.served.url).then(|| Connection::new(self, caller))
    }
}

/// One caller's way to one site: the one identity that its calls have. Over stdio there is one for the life of the process.
#[derive(Debug)]
pub struct Connection {
    app: App,
    user: Arc<UserState>,
    caller: Caller,
}

impl Connection {
    fn new(app: &App, caller: Caller) -> Self {
        Self { user: app.served.state.user(caller.identity()), app: app.clone(), caller }
    }

    /// What a call sees of it.
    pub fn session(&self) -> Session<'_> {
        let View { policy, tools, .. } = &*self.app.view;
        Session::new(&self.app.served.state, policy, tools, &self.user, &self.caller)
    }

    /// How much less than the configuration leaves may be done.
    pub fn narrowing(&self) -> &Narrowing {
        &self.app.view.narrowing
    }

    /// The tools that may be called.
    pub fn registry(&self) -> &Registry {
        &self.app.view.registry
    }

    /// Runs a tool for an MCP client, and records it. The result is the data and the same as JSON text.
    ///
    /// # Errors
    /// Whatever stopped it, with a message that says what to do next.
    pub async fn call(
        &self,
        tool: Tool,
        arguments: Map<String, Value>,
        client: Option<String>,
    ) -> Result<(Value, String), ToolError> {
        self.observed_call(tool, arguments, client, &CallObserver::default()).await
    }

    /// Reads back the file of an export that this caller had made with the tool, and records it.
    ///
    /// # Errors
    /// That there is none any more, and that it may not be had.
    pub async fn read_back(
        &self,
        tool: Tool,
        given: Map<String, Value>,
        client: Option<String>,
        observer: &CallObserver,
    ) -> Result<File, ToolError> {
        Box::pin(read_back::run(&self.session(), tool, given, client, observer)).await
    }

    /// Records the call of a tool that there is and that is not permitted here.
    pub async fn refuse(
        &self,
        tool: Tool,
        arguments: &Map<String, Value>,
        client: Option<String>,
        observer: &CallObserver,
    ) {
        let _waits = self.waits(tool, arguments, || client.clone(), observer);
        pipeline::refuse(&self.session(), tool, arguments, client).await;
        observer.record();
    }

    /// Records the call of a tool whose arguments are none.
    pub async fn misread(&self, tool: Tool, client: Option<String>, observer: &CallObserver) {
        let _waits = self.waits(tool, &Map::new(), || client.clone(), observer);
        pipeline::misread(&self.session(), tool, client).await;
        observer.record();
    }

    /// Records a call that asks for a write again, and is answered as the first was.
    pub async fn repeat(
        &self,
        tool: Tool,
        arguments: Map<String, Value>,
        client: Option<String>,
        observer: &CallObserver,
    ) {
        let _waits = self.waits(tool, &arguments, || client.clone(), observer);
        pipeline::repeat(&self.session(), self.registry(), tool, arguments, client).await;
        observer.record();
    }

    /// As [`Connection::call`], for a client that is told how far the call is and may call off what it has not begun.
    ///
    /// # Errors
    /// As [`Connection::call`].
    pub async fn observed_call(
        &self,
        tool: Tool,
        arguments: Map<String, Value>,
        client: Option<String>,
        observer: &CallObserver,
    ) -> Result<(Value, String), ToolError> {
        self.answer(tool, arguments, client, observer).await.map(Given::into_parts)
    }

    /// The same, with values only where they were made.
    ///
    /// # Errors
    /// As [`Connection::call`].
    pub async fn answer(
        &self,
        tool: Tool,
        arguments: Map<String, Value>,
        client: Option<String>,
        observer: &CallObserver,
    ) -> Result<Given, ToolError> {
        let session = self.session();
        // On the heap: whoever passes a call on moves what it keeps.
        Box::pin(pipeline::run(&session, self.registry(), tool, arguments, client, observer)).await
    }
}
