//! A small Frappe-compatible site on SQLite, for trying, demos and tests. It answers as a real site does, traps
//! included. What is delivered, billed, returned, paid and in stock is counted, and the ledgers say so.

mod base;
mod bench;
mod clock;
pub mod doc;
pub mod documents;
pub mod error;
mod faults;
mod form;
mod http;
pub mod keys;
pub mod load;
pub mod meta;
mod methods;
pub mod perms;
pub mod query;
mod random;
pub mod reply;
pub mod request;
pub mod sample;
pub mod site;
mod start;
pub mod store;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use erpnext_schema::Version;
pub use faults::{Fault, FaultKind, Faults};
pub use form::{Form, Takes};
pub use http::Provider;
pub use keys::Key;
pub use start::{Data, Loading, Options, StartError};
pub use store::Image;

use crate::http::App;
use crate::perms::User;
use crate::site::Site;
use crate::store::Sql;

/// Whether the site has a method of this dotted path.
pub fn answers(method: &str) -> bool {
    methods::find(method).is_some()
}

/// Whether `make_mapped_doc` of the site takes this method.
pub fn maps(method: &str) -> bool {
    methods::maps(method)
}

/// A write that took effect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Write {
    /// When, in the site's time zone; what `modified` of the document is from then on.
    pub at: String,
    /// Who.
    pub user: String,
    /// `insert`, `update`, `delete`, `submit`, `cancel`, `rename`.
    pub verb: String,
    /// Of what.
    pub doctype: String,
    /// Which.
    pub name: String,
    /// What asked for it: `PUT /api/resource/ToDo/a1b2`, empty where it was no request.
    pub request: String,
    /// The request's `X-Request-Id`.
    pub request_id: Option<String>,
}

/// A running site. It stops when it is dropped.
pub struct Sandbox {
    app: Arc<App>,
    port: u16,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// Starts a site and waits until its data is there.
    ///
    /// # Errors
    /// A directory or a port that cannot be used.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        Loading::begin(options).await?.ready().await
    }

    fn serve(app: App, listener: TcpListener, port: u16) -> Self {
        let app = Arc::new(app);
        let (stop, mut stopped) = watch::channel(false);
        let router =
            Router::new().fallback(http::handle).layer(DefaultBodyLimit::max(http::LARGEST)).with_state(app.clone());
        let server = tokio::spawn(async move {
            let until = async move { drop(stopped.wait_for(|stop| *stop).await) };
            let _ = axum::serve(listener, router).with_graceful_shutdown(until).await;
        });
        Self { app, port, stop, server }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        start::url(self.port)
    }

    /// The keys that open the site.
    pub fn keys(&self) -> &'static [Key] {
        keys::KEYS
    }

    /// Adds a user `KEY@example.com` with these roles, who signs in with that key and the secret of all.
    ///
    /// # Errors
    /// The database's.
    pub fn add_user(&self, key: &str, roles: &[&str]) -> Result<(), error::SiteError> {
        self.with(|site| base::add_user(site, &format!("{key}@example.com"), key, true, roles))
    }

    /// What goes wrong on demand.
    pub fn faults(&self) -> &Faults {
        &self.app.faults
    }

    /// The site's OAuth provider: the tokens that it handed out.
    pub fn oauth(&self) -> &Provider {
        &self.app.provider
    }

    /// Every write that took effect, oldest first.
    pub fn journal(&self) -> Vec<Write> {
        let rows = self.app.store.transaction(|db| {
            let sql = "SELECT at, user, verb, doctype, name, request, request_id FROM journal ORDER BY rowid";
            Ok::<_, rusqlite::Error>((db.query(sql, &[])?, false))
        });
        let text = |cell| if let Sql::Text(text) = cell { Some(text) } else { None };
        let write = |row: Vec<Sql>| {
            let [at, user, verb, doctype, name, request, request_id] = <[Sql; 7]>::try_from(row).ok()?.map(text);
            Some(Write {
                at: at?,
                user: user?,
                verb: verb?,
                doctype: doctype?,
                name: name?,
                request: request?,
                request_id,
            })
        };
        rows.unwrap_or_default().into_iter().filter_map(write).collect()
    }

    /// The forms of what it was asked that no site is known to take: [`Options::takes`].
    pub fn untaken(&self) -> Vec<String> {
        self.app.untaken.seen().iter().map(ToString::to_string).collect()
    }

    /// Does at once what was left to jobs, as a worker of the site does after a while.
    pub fn work(&self) {
        self.app.work();
    }

    /// All of its data, to start others from: [`Data::Image`].
    ///
    /// # Errors
    /// The database's.
    pub fn image(&self) -> Result<Image, StartError> {
        self.app.store.image().map_err(|error| StartError::Image(error.to_string()))
    }

    /// Works on the site directly, as Administrator, in one transaction; for sample data and tests.
    ///
    /// # Errors
    /// The work's own; nothing is kept then.
    pub fn with<T>(&self, work: impl FnOnce(&Site<'_>) -> Result<T, error::SiteError>) -> Result<T, error::SiteError> {
        let user = User::administrator();
        self.app.store.transaction(|db| Ok((work(&Site::new(db, &self.app.meta, &user))?, true)))
    }

    /// Stops listening once the requests that are being answered are; faults are taken back, so that none stalls.
    pub async fn stop(self) {
        self.app.faults.clear();
        let _ = self.stop.send(true);
        let mut this = self;
        let _ = (&mut this.server).await;
    }
}

#[cfg(test)]
impl Sandbox {
    /// A site with the sample data.
    #[allow(clippy::unwrap_used)]
    pub(crate) async fn sample(version: Version) -> Self {
        Self::start(Options { version, sample: Some(1), ..Options::default() }).await.unwrap()
    }
}

impl Drop for Sandbox {
    /// Stops, and fails the test that asked in a form that no site is known to take ([`Options::takes`]).
    fn drop(&mut self) {
        self.server.abort();
        let untaken = self.untaken();
        assert!(untaken.is_empty() || std::thread::panicking(), "no site is known to take these: {untaken:#?}");
    }
}
