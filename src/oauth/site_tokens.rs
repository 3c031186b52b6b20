//! Tokens of the site's own OAuth provider, taken as they are. The site's provider knows neither audiences nor limits, so that
//! taking one is right only because server and site are one resource of one operator, and the token is of a client that was
//! made for this server, with a scope of ours.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::SecretString;

use super::{Addresses, Scope};
use crate::app::App;
use crate::cache::TtlCache;
use crate::config::{Config, SiteOAuth};
use crate::site::{Caller, Credentials, Introspected, SiteError};

/// How long the site's word on a token is taken for true, and how long its refusal.
const KEPT: Duration = Duration::from_secs(60);
const REFUSED: Duration = Duration::from_secs(10);
/// How many tokens are remembered. Bad ones leave first: their time is shorter.
const MOST: u64 = 10_000;

/// The tokens of one site.
#[derive(Debug)]
pub struct SiteTokens {
    addresses: Addresses,
    clients: Vec<String>,
    app: App,
    /// By their hash.
    known: TtlCache<Result<Holder, NotHeld>>,
}

/// Who holds a token.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Who it is.
    pub caller: Caller,
    /// Through which client.
    pub client: String,
    /// How much the token lets them do here; the site would let them do everything.
    pub scope: Scope,
}

/// Why a token lets nobody in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotHeld {
    /// The site does not know it, it is over, or its user is disabled.
    Token,
    /// It was given to a client that was not made for this server.
    Client,
    /// It lets nothing be done here.
    Scope,
    /// The site does not say.
    Unanswered,
}

impl SiteTokens {
    /// Those of the site that a configuration serves.
    pub fn new(oauth: &SiteOAuth, config: &Config, app: App) -> Self {
        Self {
            addresses: Addresses::of_site(oauth, &config.erpnext.url),
            clients: oauth.clients.clone(),
            app,
            known: TtlCache::new(MOST),
        }
    }

    /// Whether they are those that this states.
    pub fn are_of(&self, oauth: &SiteOAuth) -> bool {
        self.clients == oauth.clients && self.addresses.resource == oauth.url.as_str()
    }

    /// The endpoint at which they are taken.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Whether the site said a moment ago who holds this token.
    pub fn knows(&self, token: &SecretString) -> bool {
        let known = |credentials: Credentials| self.known.get(credentials.fingerprint());
        Credentials::bearer(token.clone()).ok().and_then(known).is_some_and(|known| known.is_ok())
    }

    /// Who holds this token, as the site says or said a moment ago.
    ///
    /// # Errors
    /// [`NotHeld`].
    pub async fn whom(&self, token: &SecretString) -> Result<Holder, NotHeld> {
        let credentials = Credentials::bearer(token.clone()).map_err(|_| NotHeld::Token)?;
        let key = *credentials.fingerprint();
        // The site may have refused it in the middle of a call since.
        let is_rejected = |holder: &Holder| holder.caller.credentials.are_rejected();
        self.known.remove_if(&key, |known| known.as_ref().is_ok_and(is_rejected));
        let ask = async {
            let said = self.ask(token, credentials).await;
            let ttl = match said {
                Ok(_) => KEPT,
                Err(NotHeld::Unanswered) => Duration::ZERO,
                Err(_) => REFUSED,
            };
            (said, ttl)
        };
        self.known.get_or_load(key, ask).await
    }

    /// Asks the site. That a token is active it says of those that are over, too, and it lets those of disabled users in.
    async fn ask(&self, token: &SecretString, credentials: Credentials) -> Result<Holder, NotHeld> {
        // Each token counts for itself: a limit for all of them would be used up by one who makes some up.
        let asked = format!("token {}", BASE64_URL_SAFE_NO_PAD.encode(credentials.fingerprint()));
        let nobody = self.app.caller(Credentials::nobody()).of_user(&asked);
        // Whoever asks is let: that the site does not answer says nothing of the token.
        let told = self.app.as_caller(&nobody).introspect(token).await.map_err(|error| unanswered(&error))?;
        let (client, scope) = decide(told, &self.clients)?;
        let caller = self.app.caller(credentials);
        let user = self.app.user_of(&caller).await.map_err(|error| refused(&error))?;
        let is_enabled = self.app.as_caller(&caller).is_enabled(&user).await.map_err(|error| refused(&error))?;
        if user == "Guest" || !is_enabled {
            return Err(NotHeld::Token);
        }
        Ok(Holder { caller: caller.of_user(&user), client, scope })
    }
}

/// What an error of the site, asked with the token, means for it.
fn refused(error: &SiteError) -> NotHeld {
    if error.ends_a_login() { NotHeld::Token } else { unanswered(error) }
}

fn unanswered(error: &SiteError) -> NotHeld {
    tracing::warn!("who holds a token of the site could not be asked: {}", error.for_log());
    NotHeld::Unanswered
}

/// Of which client made for this server a token is, and how much it lets be done here.
fn decide(told: Option<Introspected>, clients: &[String]) -> Result<(String, Scope), NotHeld> {
    let Introspected { client, scope } = told.ok_or(NotHeld::Token)?;
    if !clients.contains(&client) {
        return Err(NotHeld::Client);
    }
    let scope = scope.split_whitespace().filter_map(Scope::from_name).max().ok_or(NotHeld::Scope)?;
    Ok((client, scope))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_the_site_is_of_a_client_made_for_this_server_and_names_a_scope_of_it() {
        let clients = ["ours".to_owned()];
        let of = |client: &str, scope: &str| {
            let told = Introspected { client: client.to_owned(), scope: scope.to_owned() };
            decide(Some(told), &clients).map(|(_, scope)| scope)
        };
        assert_eq!(of("ours", "all openid erpnext:read erpnext:write"), Ok(Scope::Write));
        assert_eq!(of("ours", "all openid"), Err(NotHeld::Scope));
        assert_eq!(of("theirs", "erpnext:submit"), Err(NotHeld::Client));
        assert_eq!(of("", "erpnext:submit"), Err(NotHeld::Client));
        assert_eq!(decide(None, &clients).map(drop), Err(NotHeld::Token));
    }
}
