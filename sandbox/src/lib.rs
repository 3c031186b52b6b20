//! A small Frappe-compatible site on SQLite, for trying, demos and tests. It answers as a real site does, traps
//! included; it computes no taxes, ledgers or stock.

mod base;
mod clock;
pub mod doc;
pub mod documents;
pub mod error;
mod faults;
mod http;
pub mod keys;
pub mod load;
pub mod meta;
mod methods;
pub mod perms;
pub mod query;
pub mod reply;
pub mod request;
pub mod sample;
pub mod site;
pub mod store;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use faults::{Fault, Faults, Kind};
pub use keys::Key;

use crate::http::App;
use crate::meta::Meta;
use crate::perms::User;
use crate::site::Site;
use crate::store::{Sql, Store};

/// How a sandbox is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory that keeps the data; in memory where `None`.
    pub data: Option<PathBuf>,
    /// The port on 127.0.0.1; 0 takes any that is free.
    pub port: u16,
    /// How many times over the sample data is put in; none where `None`.
    pub sample: Option<u32>,
    /// Whether errors tell their traceback, as a site in development does.
    pub tracebacks: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { data: None, port: 0, sample: None, tracebacks: true }
    }
}

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The directory or the file in it.
    #[error("{0}: {1}")]
    Data(PathBuf, String),
    /// The port.
    #[error("127.0.0.1:{0}: {1}")]
    Port(u16, std::io::Error),
    /// The first documents break a rule.
    #[error("the site's first documents: {0}")]
    Base(error::SiteError),
}

/// A write that took effect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Write {
    /// When, in the site's time zone.
    pub at: String,
    /// Who.
    pub user: String,
    /// `insert`, `update`, `delete`, `submit`, `cancel`, `rename`.
    pub verb: String,
    /// Of what.
    pub doctype: String,
    /// Which.
    pub name: String,
}

/// A running site. It stops when it is dropped.
pub struct Sandbox {
    app: Arc<App>,
    port: u16,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// Opens the store, puts in what a new site has, and listens on 127.0.0.1.
    ///
    /// # Errors
    /// A directory or a port that cannot be used.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let place = options.data.clone().unwrap_or_default();
        let data = |error: String| StartError::Data(place.clone(), error);
        if let Some(directory) = &options.data {
            std::fs::create_dir_all(directory).map_err(|error| data(error.to_string()))?;
        }
        let store = Store::open(options.data.as_deref()).map_err(|error| data(error.to_string()))?;
        let app = App { store, meta: Meta::default(), faults: Faults::default(), tracebacks: options.tracebacks };
        let app = Arc::new(app);
        let administrator = User::administrator();
        let laid = app.store.transaction(|db| {
            let site = Site::new(db, &app.meta, &administrator);
            base::lay(&site)?;
            methods::reports::seed(&site)?;
            Ok(((), true))
        });
        laid.map_err(StartError::Base)?;
        let listener = TcpListener::bind(("127.0.0.1", options.port)).await;
        let listener = listener.map_err(|error| StartError::Port(options.port, error))?;
        let port = listener.local_addr().map_err(|error| StartError::Port(options.port, error))?.port();
        if let Some(scale) = options.sample {
            let user = User::administrator();
            let put = app.store.transaction(|db| Ok((Site::new(db, &app.meta, &user).put_sample(scale)?, true)));
            put.map_err(StartError::Base)?;
        }
        let (stop, mut stopped) = watch::channel(false);
        let router = Router::new().fallback(http::handle).with_state(app.clone());
        let server = tokio::spawn(async move {
            let until = async move { drop(stopped.wait_for(|stop| *stop).await) };
            let _ = axum::serve(listener, router).with_graceful_shutdown(until).await;
        });
        Ok(Self { app, port, stop, server })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The keys that open the site.
    pub fn keys(&self) -> &'static [Key] {
        keys::KEYS
    }

    /// What goes wrong on demand.
    pub fn faults(&self) -> &Faults {
        &self.app.faults
    }

    /// Every write that took effect, oldest first.
    pub fn journal(&self) -> Vec<Write> {
        let rows = self.app.store.transaction(|db| {
            let sql = "SELECT at, user, verb, doctype, name FROM journal ORDER BY rowid";
            Ok::<_, rusqlite::Error>((db.query(sql, &[])?, false))
        });
        let text = |cell| if let Sql::Text(text) = cell { text } else { String::new() };
        let write = |row: Vec<Sql>| {
            let [at, user, verb, doctype, name] = <[Sql; 5]>::try_from(row).ok()?.map(text);
            Some(Write { at, user, verb, doctype, name })
        };
        rows.unwrap_or_default().into_iter().filter_map(write).collect()
    }

    /// Works on the site directly, as Administrator, in one transaction; for sample data and tests.
    ///
    /// # Errors
    /// The work's own; nothing is kept then.
    pub fn with<T>(&self, work: impl FnOnce(&Site<'_>) -> Result<T, error::SiteError>) -> Result<T, error::SiteError> {
        let user = User::administrator();
        self.app.store.transaction(|db| Ok((work(&Site::new(db, &self.app.meta, &user))?, true)))
    }

    /// Stops listening once the requests that are being answered are.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let mut this = self;
        let _ = (&mut this.server).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}
