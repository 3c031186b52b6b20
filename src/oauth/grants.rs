//! Grants: whose they are, who holds a token of one, and the site's tokens behind it, which are renewed and taken back.

use std::sync::Arc;
use std::time::Duration;

use super::Scope;
use super::grant::{Access, Grant, SiteTokens};
use super::login::{Refused, refused};
use super::server::{AuthorizationServer, Failed, Turn};
use super::store::{Key, now};
use crate::shared::seal::hash;
use crate::shared::{Keyspace, NotKept};
use crate::site::{Credentials, Tokens};

/// How many grants one person has; a further one ends the oldest.
const GRANTS_OF_PERSON: usize = 20;
/// How many seconds it is tried to keep a grant whose tokens the site gives once.
const KEPT_WITHIN: u32 = 5;

/// Who holds an access token.
#[derive(Debug)]
pub struct Granted {
    /// What proves to the site who it is.
    pub credentials: Credentials,
    /// For whom it was given.
    pub user: String,
    /// Through which client.
    pub client: String,
    /// How much the holder may do.
    pub scope: Scope,
}

/// Why an access token is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unknown {
    /// It is none, it is over, it was taken back, or it is meant for something else.
    Token,
    /// The site does not say.
    Unanswered,
}

impl From<Failed> for Unknown {
    fn from(Failed: Failed) -> Self {
        Self::Unanswered
    }
}

impl From<Tokens> for SiteTokens {
    fn from(tokens: Tokens) -> Self {
        use secrecy::ExposeSecret;
        Self {
            access: tokens.access.expose_secret().to_owned(),
            refresh: tokens.refresh.expose_secret().to_owned(),
            until: now().saturating_add(tokens.expires_in),
        }
    }
}

impl AuthorizationServer {
    /// Notes a grant as this person's; which of theirs are too many then, the oldest first.
    pub(super) async fn belongs(&self, id: Key, user: &str) -> Result<Vec<Key>, Failed> {
        let key = hash(user);
        let turn = self.lock(key).await?;
        let mut ids = Vec::new();
        for known in self.get::<Vec<Key>>(Keyspace::Person, key).await?.unwrap_or_default() {
            // Those that have ended count no more.
            if self.get::<Grant>(Keyspace::Grant, known).await?.is_some() {
                ids.push(known);
            }
        }
        ids.push(id);
        let beyond = ids.drain(..ids.len().saturating_sub(GRANTS_OF_PERSON)).collect();
        // Longer than one grant: each renewal lengthens that one.
        self.put_in(&turn, Keyspace::Person, &ids, self.lifetimes.grant * 12).await?;
        self.settle().await;
        Ok(beyond)
    }

    /// The grant with a new pair of the site's tokens, where the site still gives one to an enabled user.
    pub(super) async fn renewed(&self, turn: &Turn<'_>, mut grant: Grant) -> Result<Grant, Refused> {
        let nobody = self.app.caller(Credentials::nobody()).of_user(&grant.user);
        let asked = async {
            let tokens = self.app.as_caller(&nobody).renew(&self.site, &grant.site.refresh).await.map_err(refused)?;
            let caller = self.app.caller(Credentials::bearer(tokens.access.clone()).map_err(|_| Refused::Denied)?);
            // Of a disabled user, 15 and 16 renew the tokens all the same.
            let is_enabled = self.app.as_caller(&caller).is_enabled(&grant.user).await;
            Ok((tokens, is_enabled.map_err(refused)))
        };
        let why = match asked.await {
            Ok((tokens, is_enabled)) => {
                // Calls under way still have the pair of now: it is taken back when the next one comes.
                let last = std::mem::replace(&mut grant.site, tokens.into());
                if is_enabled.is_err() {
                    // Nobody has said that the user is enabled: the next call renews, and asks again.
                    grant.site.until = 0;
                }
                if let Some(former) = grant.former.replace(last.access) {
                    self.take_back(&grant.user, former);
                }
                let kept = self.keep(turn, &grant).await;
                if kept == Err(NotKept::Lost) {
                    // Another server has gone on with the grant, and knows nothing of this pair.
                    self.take_back(&grant.user, grant.site.access);
                    return Err(Refused::Unanswered);
                }
                self.settle().await;
                match is_enabled {
                    Ok(true) if kept.is_ok() => return Ok(grant),
                    Ok(true) | Err(Refused::Unanswered) => Refused::Unanswered,
                    Ok(false) | Err(Refused::Denied) => Refused::Denied,
                }
            }
            Err(why) => why,
        };
        if matches!(why, Refused::Denied) {
            // Another server may have had the pair that was asked with. What cannot be ended now is asked about again at the
            // next renewal.
            let kept = self.put_in(turn, Keyspace::Grant, &grant, self.lifetimes.grant).await;
            kept.map_err(|_| Refused::Unanswered)?;
            self.end(turn).await.map_err(|Failed| Refused::Unanswered)?;
            tracing::info!(
                user = grant.user,
                client = grant.client,
                "the site lets the user in no more: the tokens end"
            );
        }
        Err(why)
    }

    /// Keeps a grant with tokens that the site gives once, for some seconds where it cannot at once.
    async fn keep(&self, turn: &Turn<'_>, grant: &Grant) -> Result<(), NotKept> {
        for _ in 0..KEPT_WITHIN {
            match self.put_in(turn, Keyspace::Grant, grant, self.lifetimes.grant).await {
                Err(NotKept::Away(_)) => tokio::time::sleep(Duration::from_secs(1)).await,
                decided => return decided,
            }
        }
        self.put_in(turn, Keyspace::Grant, grant, self.lifetimes.grant).await
    }

    /// Ends a grant, here and at the site.
    pub(super) async fn end(&self, turn: &Turn<'_>) -> Result<(), Failed> {
        if let Some(grant) = self.take::<Grant>(Keyspace::Grant, turn.on).await? {
            for access in &grant.access {
                // Without its grant it is good for nothing.
                _ = self.take::<Access>(Keyspace::Access, *access).await;
            }
            self.settle().await;
            for access in grant.former.into_iter().chain([grant.site.access]) {
                self.take_back(&grant.user, access);
            }
        }
        Ok(())
    }

    /// Has the site take a pair of its tokens back. Nobody waits for it: they are known to nobody else.
    pub(super) fn take_back(&self, user: &str, access: String) {
        let (app, client) = (self.app.clone(), self.site.clone());
        let nobody = app.caller(Credentials::nobody()).of_user(user);
        tokio::spawn(async move {
            if let Err(error) = app.as_caller(&nobody).take_back(&client, &access).await {
                tracing::debug!(status = error.status(), "the site took no token back: {}", error.what());
            }
        });
    }

    /// Who holds the access token of that hash, at the endpoint at that path.
    ///
    /// # Errors
    /// [`Unknown`].
    pub async fn whom(self: &Arc<Self>, token: Key, path: &str) -> Result<Granted, Unknown> {
        let access: Access = self.get(Keyspace::Access, token).await?.ok_or(Unknown::Token)?;
        let mut grant: Grant = self.get(Keyspace::Grant, access.grant).await?.ok_or(Unknown::Token)?;
        if !self.addresses.covers(&grant.resource, path) {
            return Err(Unknown::Token);
        }
        if self.is_due(&grant) {
            let (server, id) = (Arc::clone(self), access.grant);
            // It is finished and kept, whoever leaves: the site gives each pair once.
            let renewal = tokio::spawn(async move { server.renewed_where_due(id).await });
            grant = renewal.await.unwrap_or(Err(Unknown::Unanswered))?;
        }
        let credentials = Credentials::bearer(grant.site.access.into()).map_err(|_| Unknown::Token)?;
        Ok(Granted { credentials, user: grant.user, client: grant.client, scope: access.scope.min(grant.scope) })
    }

    async fn renewed_where_due(&self, id: Key) -> Result<Grant, Unknown> {
        let turn = self.lock(id).await?;
        // Somebody else may have done it meanwhile.
        let grant: Grant = self.get(Keyspace::Grant, id).await?.ok_or(Unknown::Token)?;
        if !self.is_due(&grant) {
            return Ok(grant);
        }
        self.renewed(&turn, grant).await.map_err(|why| match why {
            Refused::Denied => Unknown::Token,
            Refused::Unanswered => Unknown::Unanswered,
        })
    }

    fn is_due(&self, grant: &Grant) -> bool {
        grant.site.until <= now().saturating_add(self.lifetimes.due.as_secs())
    }
}
