//! Who issues the tokens of those who sign in in their browser: this server, the company's identity provider, or the site.

use std::sync::Arc;

use super::error::HttpError;
use crate::app::App;
use crate::config::Config;
use crate::idp::IdentityProvider;
use crate::oauth::{Addresses, AuthorizationServer, Documents, Lifetimes, SiteTokens};

/// Who does for one site.
#[derive(Clone, Debug)]
pub enum Issuer {
    /// This server, before the site's login.
    Here(Arc<AuthorizationServer>),
    /// The company's identity provider.
    Provider(Arc<IdentityProvider>),
    /// The site's own OAuth provider.
    Site(Arc<SiteTokens>),
}

impl Issuer {
    /// As the configuration says, where it says so.
    ///
    /// # Errors
    /// What cannot be set up.
    pub fn of(
        config: &Config,
        app: &App,
        lifetimes: Lifetimes,
        documents: Option<&Arc<Documents>>,
    ) -> Result<Option<Self>, HttpError> {
        if let Some(config) = &config.sign_in.idp {
            return Ok(Some(Self::Provider(Arc::new(IdentityProvider::new(config)?))));
        }
        if let Some(oauth) = &config.sign_in.site_oauth {
            return Ok(Some(Self::Site(Arc::new(SiteTokens::new(oauth, config, app.clone())))));
        }
        let Some(config) = &config.sign_in.oauth else { return Ok(None) };
        let server = AuthorizationServer::new(config, app.clone())?.with_lifetimes(lifetimes);
        let server = match documents {
            Some(documents) => server.with_documents(Arc::clone(documents)),
            None => server,
        };
        Ok(Some(Self::Here(Arc::new(server))))
    }

    /// Whether it is the one that a configuration states, whoever its people are.
    pub fn is_of(&self, config: &Config) -> bool {
        let sign_in = &config.sign_in;
        match self {
            Self::Here(_) => sign_in.oauth.is_some(),
            Self::Provider(provider) => sign_in.idp.as_ref().is_some_and(|idp| provider.is_of(idp)),
            Self::Site(tokens) => sign_in.site_oauth.as_ref().is_some_and(|oauth| tokens.are_of(oauth)),
        }
    }

    /// The endpoint that tokens are meant for.
    pub fn addresses(&self) -> &Addresses {
        match self {
            Self::Here(server) => server.addresses(),
            Self::Provider(provider) => provider.addresses(),
            Self::Site(tokens) => tokens.addresses(),
        }
    }
}
