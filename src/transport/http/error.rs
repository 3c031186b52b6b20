//! Why nothing is served over HTTP.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::app::CannotServe;
use crate::oauth::{NoFetcher, NoServer};
use crate::shared::seal::NoRandomness;

/// Why nothing is served over HTTP.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Anybody who reaches the address would use the server's own key.
    #[error(
        "{0} can be reached from other machines, and nobody would have to sign in: listen on 127.0.0.1, or have people \
         sign in (sign_in)"
    )]
    Open(SocketAddr),
    /// The certificate or its key cannot be used.
    #[error("{file}: {1}", file = .0.display())]
    Certificate(PathBuf, String),
    /// A key that cannot be one.
    #[error(transparent)]
    Site(#[from] CannotServe),
    /// Nobody could sign in by OAuth.
    #[error(transparent)]
    OAuth(#[from] NoServer),
    /// Nobody could sign in by an identity provider.
    #[error("sign_in.idp: {0}")]
    Idp(#[from] NoFetcher),
    /// No session could be sealed.
    #[error("http.sessions: {0}")]
    Sessions(#[from] NoRandomness),
    /// Whose tokens are taken is settled at the start.
    #[error(
        "sign_in.{0} is another than at the start: restart the server to take it; without that, only users of idp may change"
    )]
    Settled(&'static str),
    /// One of the sites cannot be taken.
    #[error("the site {0}: {1}")]
    OfSite(String, Box<HttpError>),
    /// The address is taken, or is none of this machine's.
    #[error("{0}: {1}")]
    Listen(SocketAddr, std::io::Error),
}
