//! Tokens: handed out for a code, renewed, and taken back.

use std::time::Duration;

use serde_json::json;

use super::Scope;
use super::answer::Answer;
use super::form::Form;
use super::grant::{Access, Code, Grant, Refresh};
use super::login::Refused;
use super::server::{AuthorizationServer, Failed, Turn};
use super::store::{Key, now};
use crate::shared::Keyspace;
use crate::shared::seal::{challenge, hash};

/// What an access token begins with: whoever finds one knows what it is.
const ACCESS: &str = "ema_";
/// What a refresh token begins with.
const REFRESH: &str = "emr_";
/// For what it is sealed.
const PURPOSE: &str = "refresh";
/// How many access tokens of a grant are good.
const ACCESS_OF_GRANT: usize = 2;

/// Whether a token is of the form of ours.
pub fn is_access_token(text: &str) -> bool {
    text.starts_with(ACCESS)
}

/// How long what is handed out is good for.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// From the client's request to the person's return from the site, each half.
    pub login: Duration,
    /// A code.
    pub code: Duration,
    /// An access token.
    pub access: Duration,
    /// A grant that is not renewed.
    pub grant: Duration,
    /// The site's token is renewed so long before its end.
    pub due: Duration,
    /// A refresh token, after it was used: its client may not have got the answer.
    pub grace: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        let secs = Duration::from_secs;
        let (login, code, access, grant) = (secs(600), secs(120), secs(3600), secs(30 * 24 * 3600));
        Self { login, code, access, grant, due: secs(60), grace: secs(30) }
    }
}

/// That it is this server's own fault, for a while.
fn unavailable() -> Answer {
    Answer::with_status(503, "temporarily_unavailable", "the server cannot do it now: try again in seconds")
}

impl AuthorizationServer {
    /// The endpoint for tokens.
    pub async fn token(&self, form: &Form) -> Answer {
        if form.has_one_twice() {
            return Answer::error("invalid_request", "a parameter was sent twice");
        }
        let Some(client) = form.get("client_id") else {
            return Answer::error("invalid_request", "client_id is missing");
        };
        // Whose id is not known registers anew where it is told so with 401.
        if !client.starts_with("https://")
            && let Err(why) = self.registered(client)
        {
            return Answer::with_status(401, "invalid_client", why.1);
        }
        let done = match form.get("grant_type") {
            Some("authorization_code") => self.redeem(form, client).await,
            Some("refresh_token") => self.renew(form, client).await,
            _ => return Answer::error("unsupported_grant_type", "grant_type is authorization_code or refresh_token"),
        };
        done.unwrap_or_else(|Failed| unavailable())
    }

    async fn redeem(&self, form: &Form, client: &str) -> Result<Answer, Failed> {
        let invalid = |words| Ok(Answer::error("invalid_grant", words));
        let (Some(code), Some(verifier)) = (form.get("code"), form.get("code_verifier")) else {
            return Ok(Answer::error("invalid_request", "code and code_verifier are needed"));
        };
        // Whoever uses the code again waits for the grant that it gives, and ends that. A code is taken only where a grant can
        // be made.
        let (key, turn) = (hash(code), self.lock(hash(&format!("grant of {code}"))).await?);
        // Whatever is wrong with it, it was tried: it is good no more.
        let (request, grant) = match self.take::<Code>(Keyspace::Code, key).await? {
            Some(Code::Fresh(request, grant)) => (request, *grant),
            Some(Code::Used) => {
                self.end(&turn).await?;
                tracing::warn!("a code was used twice: what it gave is taken back");
                return invalid("the code was used already");
            }
            None => return invalid("the code is not known, or too old"),
        };
        let fits = request.client_id == client
            && form.get("redirect_uri").is_none_or(|asked| asked == request.redirect)
            && challenge(verifier) == request.challenge
            && self.is_meant(form, &request.resource);
        if !fits {
            self.take_back(&grant.user, grant.site.access);
            return invalid("the code is not this client's, or its redirect_uri, code_verifier or resource is another");
        }
        self.put(Keyspace::Code, key, &Code::Used, self.lifetimes.code).await?;
        tracing::info!(user = grant.user, client = grant.client, "signed in by OAuth");
        let (id, user) = (turn.on, grant.user.clone());
        let answer = self.hand_out(&turn, grant.for_next_pair(), None).await?;
        drop(turn);
        for beyond in self.belongs(id, &user).await? {
            self.end(&self.lock(beyond).await?).await?;
        }
        Ok(answer)
    }

    async fn renew(&self, form: &Form, client: &str) -> Result<Answer, Failed> {
        let invalid = |words| Ok(Answer::error("invalid_grant", words));
        let Some(token) = form.get("refresh_token") else {
            return Ok(Answer::error("invalid_request", "refresh_token is needed"));
        };
        let over = "the refresh token is not known, too old or taken back: sign in again";
        let Some(refresh) = self.refresh(token) else { return invalid(over) };
        let turn = self.lock(refresh.grant).await?;
        let Some(grant) = self.get::<Grant>(Keyspace::Grant, refresh.grant).await? else { return invalid(over) };
        if grant.client_id != client || !self.is_meant(form, &grant.resource) {
            return invalid("the refresh token is not this client's, or meant for another resource");
        }
        let is_again = refresh.generation.saturating_add(1) == grant.generation
            && now() < grant.renewed.saturating_add(self.lifetimes.grace.as_secs());
        if refresh.generation != grant.generation && !is_again {
            self.end(&turn).await?;
            tracing::warn!(
                user = grant.user,
                client = grant.client,
                "a refresh token came again: all of its tokens end"
            );
            return invalid("the refresh token was used already: sign in again");
        }
        let scope = match form.get("scope").map(|scope| Scope::asked(Some(scope))) {
            None => None,
            Some(Some(scope)) if scope <= grant.scope => Some(scope),
            Some(_) => return Ok(Answer::error("invalid_scope", "it is more than was granted: sign in again")),
        };
        if is_again {
            // Whoever has both of the pair uses one: when the other comes after the grace, all end.
            return self.hand_out(&turn, grant, scope).await;
        }
        match self.renewed(&turn, grant).await {
            Ok(grant) => self.hand_out(&turn, grant.for_next_pair(), scope).await,
            Err(Refused::Denied) => invalid("ERPNext does not let the person in any more"),
            Err(Refused::Unanswered) => {
                Ok(Answer::with_status(503, "temporarily_unavailable", "ERPNext does not answer: try again in seconds"))
            }
        }
    }

    /// What a refresh token holds, where it is one of ours.
    fn refresh(&self, token: &str) -> Option<Refresh> {
        self.sealer.open_text(PURPOSE, token.strip_prefix(REFRESH)?)
    }

    /// Whether what a client asks a token for is what it was granted for.
    fn is_meant(&self, form: &Form, resource: &str) -> bool {
        form.get("resource")
            .is_none_or(|asked| self.addresses.resource(Some(asked)).is_some_and(|asked| asked == resource))
    }

    /// A pair of tokens of a grant, of its generation.
    async fn hand_out(&self, turn: &Turn<'_>, mut grant: Grant, scope: Option<Scope>) -> Result<Answer, Failed> {
        let access = format!("{ACCESS}{}", self.sealer.secret()?);
        let of_grant = Refresh { grant: turn.on, generation: grant.generation };
        let refresh = format!("{REFRESH}{}", self.sealer.seal_text(PURPOSE, &of_grant)?);
        let (scope, lives) = (scope.unwrap_or(grant.scope), self.lifetimes);
        grant.access.push(hash(&access));
        let old: Vec<Key> = grant.access.drain(..grant.access.len().saturating_sub(ACCESS_OF_GRANT)).collect();
        // The generation last: where the other cannot be kept, the refresh token that the client has is good still.
        self.put(Keyspace::Access, hash(&access), &Access { grant: turn.on, scope }, lives.access).await?;
        self.put_in(turn, Keyspace::Grant, &grant, lives.grant).await?;
        for old in old {
            _ = self.take::<Access>(Keyspace::Access, old).await;
        }
        self.settle().await;
        Ok(Answer::Json(
            200,
            json!({
                "access_token": access,
                "token_type": "Bearer",
                "expires_in": lives.access.as_secs(),
                "refresh_token": refresh,
                "scope": scope.names(),
            }),
        ))
    }

    /// Takes back a token, and all that came of the same login (RFC 7009). Whatever is sent, nothing is told.
    pub async fn revoke(&self, form: &Form) -> Answer {
        let Some(token) = form.get("token") else { return Answer::error("invalid_request", "token is missing") };
        self.taken_back(token, form.get("client_id"))
            .await
            .map_or_else(|Failed| unavailable(), |()| Answer::Json(200, json!({})))
    }

    async fn taken_back(&self, token: &str, client: Option<&str>) -> Result<(), Failed> {
        let id = match self.refresh(token) {
            Some(refresh) => Some(refresh.grant),
            None => self.get::<Access>(Keyspace::Access, hash(token)).await?.map(|access| access.grant),
        };
        if let Some(id) = id {
            let turn = self.lock(id).await?;
            let grant = self.get::<Grant>(Keyspace::Grant, id).await?;
            if grant.is_some_and(|grant| client.is_none_or(|client| client == grant.client_id)) {
                self.end(&turn).await?;
            }
        }
        Ok(())
    }
}
