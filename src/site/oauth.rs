//! The site's own OAuth provider, as the program that has an OAuth Client there: codes and refresh tokens become tokens of
//! the person, and tokens are taken back.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::reply::{Reply, RequestInfo, decode};
use super::{Answer, Body, Call, CallerClient, SiteError, SiteUrl, endpoints, question, unexpected, url};
use crate::shape::shortened;

/// What the site is asked for: the whole rights of the person. It limits nothing there; this server does.
const SCOPE: &str = "all openid";

/// What the site answers for a code or a refresh token.
pub struct Tokens {
    /// By which it knows the person.
    pub access: SecretString,
    /// For the next pair.
    pub refresh: SecretString,
    /// How long the first is good for, in seconds.
    pub expires_in: u64,
}

/// What the site says of an access token that it knows. Whether it is over, it does not say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Introspected {
    /// To which OAuth Client it was given.
    pub client: String,
    /// With which scopes; they limit nothing there.
    pub scope: String,
}

/// The OAuth Client that the site has for this server.
#[derive(Clone, Debug)]
pub struct OAuthClient {
    /// Its id.
    pub id: String,
    /// Its secret. Frappe takes it among the fields of the form only.
    pub secret: SecretString,
    /// The one address that the site sends people back to.
    pub redirect: String,
}

impl OAuthClient {
    /// Where a person signs in and lets this server in, and comes back from with a code.
    pub fn address(&self, site: &SiteUrl, state: &str, challenge: &str) -> Option<String> {
        let query = url::query_string(&self.query(state, challenge));
        Some(site.join(&endpoints::method(endpoints::AUTHORIZE), &query)?.into())
    }

    fn query(&self, state: &str, challenge: &str) -> [(&'static str, String); 7] {
        [
            ("client_id", self.id.clone()),
            ("response_type", "code".to_owned()),
            ("redirect_uri", self.redirect.clone()),
            ("scope", SCOPE.to_owned()),
            ("state", state.to_owned()),
            ("code_challenge", challenge.to_owned()),
            ("code_challenge_method", "S256".to_owned()),
        ]
    }
}

/// What a provider calls a code or a refresh token that is good no more (RFC 6749, 5.2).
const INVALID_GRANT: &str = "invalid_grant";

impl SiteError {
    /// Whether the site itself says that a code, a token or its user is good no more, in its own JSON: a proxy's page, of
    /// whatever status, says nothing of it. Of a refresh token that it does not know, 15 and 16 say so with 403.
    pub fn ends_a_login(&self) -> bool {
        matches!(
            (self.status(), self.exc_type()),
            (_, Some(INVALID_GRANT))
                | (Some(401), Some("AuthenticationError"))
                | (Some(403), Some("PermissionError"))
                | (Some(404), Some("DoesNotExistError"))
        )
    }
}

/// Tokens, or the error with its name in RFC 6749 where the site gives none of its own.
fn read(asked: RequestInfo<'_>, mut reply: Reply) -> Result<Answer<Map<String, Value>>, SiteError> {
    decode(asked, &mut reply).map_err(|error| {
        let told: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let is_over = error.exc_type.is_none() && told["error"] == INVALID_GRANT;
        if is_over { SiteError { exc_type: Some(INVALID_GRANT.into()), ..error } } else { error }
    })
}

/// A challenge that nothing answers.
const NO_CHALLENGE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What is said against a request for a code, where it is not gone on with.
fn objection(asked: RequestInfo<'_>, mut reply: Reply) -> Result<Option<String>, SiteError> {
    let told: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let is_asked_for_login = reply.location.as_deref().is_some_and(|to| to.starts_with("/login"));
    match reply.status {
        200..400 if !is_asked_for_login => Ok(None),
        400 if told["error"].is_string() => {
            let words = told["description"].as_str().filter(|words| !words.is_empty()).or(told["error"].as_str());
            Ok(words.map(|words| shortened(words, 100).into_owned()))
        }
        _ => Err(decode(asked, &mut reply).err().unwrap_or_else(|| asked.error(super::SiteErrorKind::Unexpected, ""))),
    }
}

/// What is said of a token; none where it is not known, which is an answer and no error.
fn introspected(asked: RequestInfo<'_>, mut reply: Reply) -> Result<Option<Introspected>, SiteError> {
    let told: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
    match told["active"].as_bool().filter(|_| reply.status == 200) {
        Some(true) => Ok(Some(Introspected { client: text("client_id"), scope: text("scope") })),
        Some(false) => Ok(None),
        None => {
            Err(decode(asked, &mut reply).err().unwrap_or_else(|| asked.error(super::SiteErrorKind::Unexpected, "")))
        }
    }
}

impl CallerClient<'_> {
    /// What the site says of an access token; none where it does not know it. Everybody may ask.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn introspect(&self, token: &SecretString) -> Result<Option<Introspected>, SiteError> {
        let form = vec![("token", token.expose_secret().to_owned()), ("token_type_hint", "access_token".to_owned())];
        Box::pin(self.send_for(question(endpoints::INTROSPECT_TOKEN, Body::Form(form)), introspected)).await
    }

    /// The tokens for a code, with the verifier of its challenge.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn redeem(&self, client: &OAuthClient, code: &str, verifier: &str) -> Result<Tokens, SiteError> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", verifier),
            ("redirect_uri", client.redirect.as_str()),
        ];
        self.tokens(client, &fields).await
    }

    /// A new pair for a refresh token. The old one stays good on 15 and 16, until it is taken back.
    ///
    /// # Errors
    /// The site's refusal: 403 for a token that it does not know.
    pub async fn renew(&self, client: &OAuthClient, refresh: &str) -> Result<Tokens, SiteError> {
        self.tokens(client, &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await
    }

    /// Whether the site has this OAuth Client: it then refuses a code that nobody has for the code's sake.
    ///
    /// # Errors
    /// The site's refusal of anything else.
    pub async fn knows(&self, client: &OAuthClient) -> Result<bool, SiteError> {
        match self.redeem(client, "none", "none").await {
            Ok(_) => Err(unexpected(&endpoints::line("POST", endpoints::GET_TOKEN), false, "tokens for no code")),
            Err(error) if error.exc_type() == Some(INVALID_GRANT) => Ok(true),
            Err(error) if error.ends_a_login() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What the site has against letting the caller in through this OAuth Client, in its own words; none where it would ask
    /// them. Nothing is granted by it.
    ///
    /// # Errors
    /// The site's refusal of anything else, and a caller whom it does not know.
    pub async fn objection(&self, client: &OAuthClient) -> Result<Option<String>, SiteError> {
        let (path, query) = (endpoints::method(endpoints::AUTHORIZE), client.query("none", NO_CHALLENGE).into());
        let call = Call { method: reqwest::Method::GET, path, query, body: Body::None, writes: false };
        Box::pin(self.send_for(call, objection)).await
    }

    async fn tokens(&self, client: &OAuthClient, fields: &[(&'static str, &str)]) -> Result<Tokens, SiteError> {
        let own = [("client_id", client.id.as_str()), ("client_secret", client.secret.expose_secret())];
        let form = fields.iter().chain(&own).map(|(name, value)| (*name, (*value).to_owned())).collect();
        let told = Box::pin(self.send_for(question(endpoints::GET_TOKEN, Body::Form(form)), read)).await?.data;
        let text = |key: &str| told.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        match (text("access_token"), text("refresh_token")) {
            (Some(access), Some(refresh)) => Ok(Tokens {
                access: access.into(),
                refresh: refresh.into(),
                expires_in: told.get("expires_in").and_then(Value::as_u64).unwrap_or(3600),
            }),
            _ => Err(unexpected(&endpoints::line("POST", endpoints::GET_TOKEN), false, "no tokens in it")),
        }
    }

    /// Takes an access token back, and the refresh token with it.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn take_back(&self, client: &OAuthClient, access: &str) -> Result<(), SiteError> {
        let form = vec![("token", access.to_owned()), ("client_id", client.id.clone())];
        self.send(question(endpoints::REVOKE_TOKEN, Body::Form(form))).await.map(drop)
    }

    /// Whether a user is enabled, as the user's own record says, which everybody may read. A bearer token of a disabled
    /// one stays good on 15 and 16.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn is_enabled(&self, user: &str) -> Result<bool, SiteError> {
        let bad = |url::BadName(words)| SiteError::new(super::SiteErrorKind::BadName, "User", false, words);
        let path = url::resource_path("User", Some(user)).map_err(bad)?;
        let call = Call { method: reqwest::Method::GET, path, query: Vec::new(), body: Body::None, writes: false };
        let Answer { data, .. }: Answer<Map<String, Value>> = self.send(call).await?;
        Ok(data.get("data").and_then(|user| user.get("enabled")).and_then(Value::as_i64) == Some(1))
    }
}
