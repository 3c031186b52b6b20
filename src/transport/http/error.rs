//! Why nothing is served over HTTP.

use std::io::ErrorKind;
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
    #[error("{0}: {1}{fix}", fix = mends(.1))]
    Listen(SocketAddr, std::io::Error),
}

/// What to do about an address at which nobody can listen.
fn mends(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::AddrInUse => {
            "; another program listens there, or this server already: end it, or name another address"
        }
        ErrorKind::AddrNotAvailable => "; this machine has no such address",
        ErrorKind::PermissionDenied => "; a port below 1024 needs a right of its own: name a higher one",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::HttpError;

    #[test]
    fn an_address_at_which_nobody_can_listen_is_told_with_what_to_do() {
        let address = ([127, 0, 0, 1], 80).into();
        for (kind, told) in [
            (ErrorKind::AddrInUse, "another program listens there"),
            (ErrorKind::AddrNotAvailable, "this machine has no such address"),
            (ErrorKind::PermissionDenied, "name a higher one"),
        ] {
            let error = HttpError::Listen(address, Error::from(kind)).to_string();
            assert!(error.starts_with("127.0.0.1:80: ") && error.contains(told), "{error}");
        }
    }
}
