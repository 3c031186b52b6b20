//! The certificate of this server, read anew when it was replaced.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::HttpError;
use crate::config;

/// What encrypts connections.
pub struct Tls(RwLock<TlsAcceptor>);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// As these files say.
    ///
    /// # Errors
    /// Files that cannot be read, or do not belong together.
    pub fn read(files: &config::Tls) -> Result<Self, HttpError> {
        Ok(Self(RwLock::new(acceptor(files)?)))
    }

    /// Encrypts as the other does from now on; connections that there are stay as they are.
    pub fn take(&self, other: Self) {
        let acceptor = other.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = acceptor;
    }

    /// What takes the next connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn acceptor(files: &config::Tls) -> Result<TlsAcceptor, HttpError> {
    let failed = |file: &Path, why: String| HttpError::Certificate(file.to_owned(), why);
    let of = |file: &Path, error: pem::Error| match error {
        pem::Error::NoItemsFound => failed(file, "there is no private key in it, in PEM".to_owned()),
        error => failed(file, error.to_string()),
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| of(&files.certificate, error))?;
    if chain.is_empty() {
        return Err(failed(&files.certificate, "there is no certificate in it".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| of(&files.key, error))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
    let mut config = config.map_err(|error| failed(&files.key, error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
