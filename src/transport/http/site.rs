//! The sites that are served, each with its own callers and views.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::http::uri::Authority;

use super::issuer::Issuer;
use super::session::Sessions;
use super::sign_in::SignIn;
use super::views::Views;
use crate::app::Connection;
use crate::context::overlay::Overlay;
use crate::metrics::Health;

/// A site that is served.
#[derive(Debug)]
pub struct Site {
    /// Its name in addresses; empty for the one that has none.
    pub name: String,
    /// The hosts that are its own, in lower case.
    pub hosts: Vec<String>,
    /// Who may call.
    pub sign_in: SignIn,
    /// Whose tokens are taken, where people sign in in their browser.
    pub issuer: Option<Issuer>,
    /// The sessions of its clients, where they have any.
    pub sessions: Option<Sessions>,
    /// What may be called.
    pub views: Views,
    /// Reads the site's metadata as the first caller, where the configuration has no key for it.
    pub overlay: Mutex<Option<Overlay>>,
}

/// What a site of that name is called where something has to stand.
pub fn label(name: &str) -> &str {
    if name.is_empty() { "erpnext" } else { name }
}

impl Site {
    /// Has the site's metadata read as this caller, if it is the first.
    pub fn read_metadata(&self, connection: &Arc<Connection>) {
        if let Some(overlay) = self.overlay.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let first = Arc::clone(connection);
            tokio::spawn(async move {
                overlay.recall(&first.session());
                overlay.run(&first.session()).await;
            });
        }
    }

    /// What it is called where something has to stand.
    pub fn label(&self) -> &str {
        label(&self.name)
    }

    /// How it has been.
    pub fn health(&self) -> Health {
        self.views.health()
    }

    fn has(&self, host: &Authority) -> bool {
        let whole = host.as_str().to_ascii_lowercase();
        self.hosts.iter().any(|known| *known == whole || *known == host.host().to_ascii_lowercase())
    }
}

/// The site that is asked for by this host and this name. A host that is one site's leads to no other.
pub fn find<'a>(sites: &'a [Site], host: &Authority, name: Option<&str>) -> Option<&'a Site> {
    if let Some(own) = sites.iter().find(|site| site.has(host)) {
        return Some(own).filter(|own| name.is_none_or(|name| own.name == name));
    }
    match (name, sites) {
        (None, [only]) => Some(only),
        (name, sites) => sites.iter().find(|site| site.name == name.unwrap_or_default()),
    }
}
