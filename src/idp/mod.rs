//! Tokens of a company's identity provider: whose one is, and how much it lets its holder do. Who issues them, and who has a key
//! here, is the configuration's to say.

mod claims;
mod jwks;
mod jwt;
mod keys;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Idp;
use crate::oauth::{Addresses, NoFetcher, Scope};
use jwt::{Expectation, verify};
use keys::{Keys, Times, Unanswered};

pub use jwt::Untrusted;
pub use keys::NoKeys;

/// A provider whose tokens are taken.
#[derive(Debug)]
pub struct IdentityProvider {
    addresses: Addresses,
    config: Idp,
    keys: Arc<Keys>,
}

/// Whose a token is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// The value of the claim that names the person.
    pub subject: String,
    /// How much the token lets them do.
    pub scope: Scope,
}

/// Why a token lets nobody in.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotTaken {
    /// It cannot be trusted.
    #[error(transparent)]
    Token(#[from] Untrusted),
    /// It does not say whose it is.
    #[error(
        "it has no claim {0}: have the provider put it into access tokens, or name another one in sign_in.idp.claim"
    )]
    NoSubject(String),
    /// It says whose it is, and nobody has checked that.
    #[error("its email is not verified (email_verified): name another claim in sign_in.idp.claim")]
    Unverified,
    /// It lets nothing be done here.
    #[error("it names no scope of this server")]
    Scope,
    /// The provider does not say which keys it has.
    #[error("the identity provider does not answer")]
    Unanswered,
}

impl From<Unanswered> for NotTaken {
    fn from(_: Unanswered) -> Self {
        Self::Unanswered
    }
}

impl IdentityProvider {
    /// The provider of a configuration; nothing is asked.
    ///
    /// # Errors
    /// [`NoFetcher`].
    pub fn new(config: &Idp) -> Result<Self, NoFetcher> {
        Ok(Self {
            addresses: Addresses::of_provider(config),
            keys: Keys::new(config, Times::default())?,
            // Who has a key here is read anew, and not kept here.
            config: Idp { users: BTreeMap::new(), ..config.clone() },
        })
    }

    /// The endpoint that tokens are meant for.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Whether it is the one that this states, whoever has a key here.
    pub fn is_of(&self, config: &Idp) -> bool {
        self.config.is_same_provider(config)
    }

    /// How many keys it has with which tokens can be verified, asked for anew.
    ///
    /// # Errors
    /// [`NoKeys`].
    pub async fn count_keys(&self) -> Result<usize, NoKeys> {
        self.keys.count().await
    }

    /// Whose this token is, at the endpoint at that path.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub async fn whom(&self, token: &str, path: &str) -> Result<Known, NotTaken> {
        let Idp { audience, algorithms, claim, scopes, scope_prefix, .. } = &self.config;
        let narrower = format!("{}{path}", self.addresses.origin);
        let stated = audience.as_deref();
        let audiences = [stated.unwrap_or(&self.addresses.resource), stated.unwrap_or(&narrower)];
        let are_addresses = stated.is_none_or(|stated| stated == self.addresses.resource);
        let expected = Expectation { issuer: &self.config.issuer, audiences: &audiences, are_addresses, algorithms };
        let now = jiff::Timestamp::now().as_second();
        let claims = match verify(token, &self.keys.current().await?, &expected, now) {
            Err(Untrusted::UnknownKey) => verify(token, &self.keys.renewed().await?, &expected, now)?,
            decided => decided?,
        };
        let scope = claims::scope(&claims, scope_prefix, *scopes)?;
        Ok(Known { subject: claims::subject(&claims, claim)?.to_owned(), scope })
    }
}
