//! Tokens: handed out for a code, renewed, taken back, and recognised.

use std::time::Duration;

use serde_json::json;

use super::Scope;
use super::answer::Answer;
use super::form::Form;
use super::grant::{Access, Code, Grant, Refresh, SiteTokens};
use super::login::{Refused, refused};
use super::seal::{NoRandomness, challenge, hash};
use super::server::{AuthorizationServer, failed};
use super::store::{Key, Kind, now};
use crate::site::{Credentials, Tokens};

/// What an access token begins with: whoever finds one knows what it is.
const ACCESS: &str = "ema_";
/// What a refresh token begins with.
const REFRESH: &str = "emr_";
/// For what it is sealed.
const PURPOSE: &str = "refresh";
/// How many access tokens of a grant are good.
const ACCESS_OF_GRANT: usize = 2;
/// How many grants one person has; a further one ends the oldest.
const GRANTS_OF_PERSON: usize = 20;

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
}

impl Default for Lifetimes {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self { login: secs(600), code: secs(120), access: secs(3600), grant: secs(30 * 24 * 3600), due: secs(60) }
    }
}

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
            && let Err(why) = self.client(client).await
        {
            return Answer::with_status(401, "invalid_client", why.1);
        }
        let done = match form.get("grant_type") {
            Some("authorization_code") => self.redeem(form, client).await,
            Some("refresh_token") => self.renew(form, client).await,
            _ => return Answer::error("unsupported_grant_type", "grant_type is authorization_code or refresh_token"),
        };
        done.unwrap_or_else(|NoRandomness| failed())
    }

    async fn redeem(&self, form: &Form, client: &str) -> Result<Answer, NoRandomness> {
        let invalid = |words| Ok(Answer::error("invalid_grant", words));
        let (Some(code), Some(verifier)) = (form.get("code"), form.get("code_verifier")) else {
            return Ok(Answer::error("invalid_request", "code and code_verifier are needed"));
        };
        let key = hash(code);
        // Whatever is wrong with it, it was tried: it is good no more.
        let (request, grant) = match self.take::<Code>(Kind::Code, key).await {
            Some(Code::Fresh(request, grant)) => (request, *grant),
            Some(Code::Used(id)) => {
                let _turn = self.lock(id).await;
                self.end(id).await;
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
            self.take_back(&grant);
            return invalid("the code is not this client's, or its redirect_uri, code_verifier or resource is another");
        }
        let id = hash(&self.sealer.secret()?);
        self.put(Kind::Code, key, &Code::Used(id), self.lifetimes.code).await?;
        tracing::info!(user = grant.user, client = grant.client, "signed in by OAuth");
        let user = grant.user.clone();
        let answer = self.hand_out(id, grant, None).await?;
        for beyond in self.belongs(id, &user).await? {
            let _turn = self.lock(beyond).await;
            self.end(beyond).await;
        }
        Ok(answer)
    }

    async fn renew(&self, form: &Form, client: &str) -> Result<Answer, NoRandomness> {
        let invalid = |words| Ok(Answer::error("invalid_grant", words));
        let Some(token) = form.get("refresh_token") else {
            return Ok(Answer::error("invalid_request", "refresh_token is needed"));
        };
        let over = "the refresh token is not known, too old or taken back: sign in again";
        let Some(refresh) = self.refresh(token) else { return invalid(over) };
        let _turn = self.lock(refresh.grant).await;
        let Some(grant) = self.get::<Grant>(Kind::Grant, refresh.grant).await else { return invalid(over) };
        if grant.client_id != client || !self.is_meant(form, &grant.resource) {
            return invalid("the refresh token is not this client's, or meant for another resource");
        }
        if refresh.generation != grant.generation {
            self.end(refresh.grant).await;
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
        match self.renewed(refresh.grant, grant).await {
            Ok(grant) => self.hand_out(refresh.grant, grant, scope).await,
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

    /// Notes a grant as this person's; which of theirs are too many then, the oldest first.
    async fn belongs(&self, id: Key, user: &str) -> Result<Vec<Key>, NoRandomness> {
        let key = hash(user);
        let _turn = self.lock(key).await;
        let mut ids = Vec::new();
        for known in self.get::<Vec<Key>>(Kind::Person, key).await.unwrap_or_default() {
            // Those that have ended count no more.
            if self.get::<Grant>(Kind::Grant, known).await.is_some() {
                ids.push(known);
            }
        }
        ids.push(id);
        let beyond = ids.drain(..ids.len().saturating_sub(GRANTS_OF_PERSON)).collect();
        // Longer than one grant: each renewal lengthens that one.
        self.put(Kind::Person, key, &ids, self.lifetimes.grant * 12).await?;
        self.settle().await;
        Ok(beyond)
    }

    /// Whether what a client asks a token for is what it was granted for.
    fn is_meant(&self, form: &Form, resource: &str) -> bool {
        form.get("resource")
            .is_none_or(|asked| self.addresses.resource(Some(asked)).is_some_and(|asked| asked == resource))
    }

    /// The next pair of tokens of a grant.
    async fn hand_out(&self, id: Key, mut grant: Grant, scope: Option<Scope>) -> Result<Answer, NoRandomness> {
        let access = format!("{ACCESS}{}", self.sealer.secret()?);
        grant.generation += 1;
        let of_grant = Refresh { grant: id, generation: grant.generation };
        let refresh = format!("{REFRESH}{}", self.sealer.seal_text(PURPOSE, &of_grant)?);
        let (scope, lives) = (scope.unwrap_or(grant.scope), self.lifetimes);
        grant.access.push(hash(&access));
        let old: Vec<Key> = grant.access.drain(..grant.access.len().saturating_sub(ACCESS_OF_GRANT)).collect();
        self.put(Kind::Grant, id, &grant, lives.grant).await?;
        self.put(Kind::Access, hash(&access), &Access { grant: id, scope }, lives.access).await?;
        for old in old {
            self.take::<Access>(Kind::Access, old).await;
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

    /// The grant with a new pair of the site's tokens, where the site still gives one to an enabled user. Its turn is held.
    async fn renewed(&self, id: Key, mut grant: Grant) -> Result<Grant, Refused> {
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
                self.take_back(&grant);
                grant.site = tokens.into();
                let kept = self.put(Kind::Grant, id, &grant, self.lifetimes.grant).await;
                match is_enabled {
                    Ok(true) if kept.is_ok() => {
                        self.settle().await;
                        return Ok(grant);
                    }
                    Ok(true) | Err(Refused::Unanswered) => Refused::Unanswered,
                    Ok(false) | Err(Refused::Denied) => Refused::Denied,
                }
            }
            Err(why) => why,
        };
        if matches!(why, Refused::Denied) {
            self.put(Kind::Grant, id, &grant, self.lifetimes.grant).await.ok();
            self.end(id).await;
            tracing::info!(
                user = grant.user,
                client = grant.client,
                "the site lets the user in no more: the tokens end"
            );
        }
        Err(why)
    }

    /// Takes back a token, and all that came of the same login (RFC 7009). Whatever is sent, nothing is told.
    pub async fn revoke(&self, form: &Form) -> Answer {
        let Some(token) = form.get("token") else { return Answer::error("invalid_request", "token is missing") };
        let id = match self.refresh(token) {
            Some(refresh) => Some(refresh.grant),
            None => self.get::<Access>(Kind::Access, hash(token)).await.map(|access| access.grant),
        };
        if let Some(id) = id {
            let _turn = self.lock(id).await;
            let grant = self.get::<Grant>(Kind::Grant, id).await;
            if grant.is_some_and(|grant| form.get("client_id").is_none_or(|client| client == grant.client_id)) {
                self.end(id).await;
            }
        }
        Answer::Json(200, json!({}))
    }

    /// Ends a grant, here and at the site. Its turn is held.
    async fn end(&self, id: Key) {
        if let Some(grant) = self.take::<Grant>(Kind::Grant, id).await {
            for access in &grant.access {
                self.take::<Access>(Kind::Access, *access).await;
            }
            self.settle().await;
            self.take_back(&grant);
        }
    }

    /// Has the site take its tokens back. Nobody waits for it: they are known to nobody else.
    fn take_back(&self, grant: &Grant) {
        let (app, client, access) = (self.app.clone(), self.site.clone(), grant.site.access.clone());
        let nobody = app.caller(Credentials::nobody()).of_user(&grant.user);
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
    pub async fn whom(&self, token: Key, path: &str) -> Result<Granted, Unknown> {
        let access: Access = self.get(Kind::Access, token).await.ok_or(Unknown::Token)?;
        let mut grant: Grant = self.get(Kind::Grant, access.grant).await.ok_or(Unknown::Token)?;
        if !self.addresses.covers(&grant.resource, path) {
            return Err(Unknown::Token);
        }
        if self.is_due(&grant) {
            let _turn = self.lock(access.grant).await;
            // Somebody else may have done it meanwhile.
            grant = self.get(Kind::Grant, access.grant).await.ok_or(Unknown::Token)?;
            if self.is_due(&grant) {
                grant = self.renewed(access.grant, grant).await.map_err(|why| match why {
                    Refused::Denied => Unknown::Token,
                    Refused::Unanswered => Unknown::Unanswered,
                })?;
            }
        }
        let credentials = Credentials::bearer(grant.site.access.into()).map_err(|_| Unknown::Token)?;
        Ok(Granted { credentials, user: grant.user, client: grant.client, scope: access.scope.min(grant.scope) })
    }

    fn is_due(&self, grant: &Grant) -> bool {
        grant.site.until <= now().saturating_add(self.lifetimes.due.as_secs())
    }
}
