//! `Caller`: on whose behalf a call is made. Whatever depends on the user takes one; nothing of it is global.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use ring::digest::{Context, SHA256, digest};
use secrecy::{ExposeSecret, SecretString};

use super::SiteUrl;

/// As long as the keys and secrets that ERPNext makes: nothing is called like one by chance.
const LONG: usize = 15;

/// Tells one user of one site from all others, without telling the user or the key. What belongs to a user is kept under it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Identity([u8; 32]);

impl Identity {
    fn new(site: &SiteUrl, kind: &str, who: &[u8]) -> Self {
        let mut whole = Context::new(&SHA256);
        for part in [site.as_str().as_bytes(), kind.as_bytes(), who] {
            whole.update(&part.len().to_be_bytes());
            whole.update(part);
        }
        let mut identity = [0; 32];
        identity.copy_from_slice(whole.finish().as_ref());
        Self(identity)
    }

    /// Its bytes, to be hashed with others.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Who calls, on which site, through what.
#[derive(Clone, Debug)]
pub struct Caller {
    identity: Identity,
    user: Option<Arc<str>>,
    /// The site the call goes to.
    pub site: SiteUrl,
    /// What proves to the site who calls.
    pub credentials: Credentials,
    /// The MCP session, where the transport has sessions.
    pub session: Option<String>,
    /// Name and version of the MCP client.
    pub client: Option<String>,
    /// The address of the MCP client, where there is a network between.
    pub address: Option<IpAddr>,
    /// How the caller signed in, where that is asked: `key`, `token NAME`.
    pub via: Option<String>,
    /// The request that the call came in, where each call comes in one of its own.
    pub request: Option<Arc<RequestId>>,
}

/// The name of a request, and how many attempts were made in it.
#[derive(Debug)]
pub struct RequestId {
    id: String,
    attempts: AtomicU32,
}

impl RequestId {
    /// A request of that name, in which nothing was tried yet.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), attempts: AtomicU32::new(0) }
    }

    /// The name of the request.
    pub fn as_str(&self) -> &str {
        &self.id
    }

    /// A name for the next attempt: the request's for the first, with a number for those that follow.
    pub fn attempt(&self) -> String {
        match self.attempts.fetch_add(1, Ordering::Relaxed) {
            0 => self.id.clone(),
            more => format!("{}-{more}", self.id),
        }
    }
}

impl Caller {
    /// A caller of whom only site and credentials are known, as over stdio, where one pair of credentials is used from the
    /// start to the end: they are the identity.
    pub fn new(site: SiteUrl, credentials: Credentials) -> Self {
        let identity = Identity::new(&site, "key", credentials.fingerprint());
        Self {
            identity,
            user: None,
            site,
            credentials,
            session: None,
            client: None,
            address: None,
            via: None,
            request: None,
        }
    }

    /// The same where the site has said which user it is: credentials change, the user stays.
    #[must_use]
    pub fn of_user(self, user: &str) -> Self {
        Self { identity: Identity::new(&self.site, "user", user.as_bytes()), user: Some(user.into()), ..self }
    }

    /// Which user it is, where the site has said so.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Under which what belongs to this user is kept.
    pub fn identity(&self) -> Identity {
        self.identity
    }
}

/// What proves to a site who calls. Its text is never shown: `Debug` hides it.
#[derive(Clone, Debug)]
pub struct Credentials {
    secrets: Secrets,
    fingerprint: [u8; 32],
    /// Shared by all copies.
    rejected: Arc<AtomicBool>,
}

#[derive(Clone, Debug)]
enum Secrets {
    /// The API key and secret of an ERPNext user.
    Key { api_key: SecretString, api_secret: SecretString },
    /// A token that the site's OAuth provider gave for a user.
    Bearer(SecretString),
    /// Nothing, as before a user is known.
    Nobody,
}

/// A key or secret that no site can have given out; the text of the value is not in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadCredentials {
    /// Nothing was given.
    #[error("{0} is empty: write the value that ERPNext shows under User > Settings > API Access")]
    Empty(&'static str),
    /// Something that cannot be part of an `Authorization` header.
    #[error(
        "{0} has a character that a key never has (space, colon, control or accented character): \
         copy it again from User > Settings > API Access, key and secret apart"
    )]
    BadCharacter(&'static str),
}

impl Credentials {
    /// Takes a key and a secret that can be sent as `Authorization: token KEY:SECRET`.
    ///
    /// # Errors
    /// An empty value, or one with a character other than visible ASCII, or a colon.
    pub fn new(api_key: SecretString, api_secret: SecretString) -> Result<Self, BadCredentials> {
        for (what, value) in [("api_key", &api_key), ("api_secret", &api_secret)] {
            let value = value.expose_secret();
            if value.is_empty() {
                return Err(BadCredentials::Empty(what));
            }
            if !value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
                return Err(BadCredentials::BadCharacter(what));
            }
        }
        let parts = [api_key.expose_secret(), ":", api_secret.expose_secret()].concat();
        Ok(Self::of(&parts, Secrets::Key { api_key, api_secret }))
    }

    /// A token of the site's OAuth provider, sent as `Authorization: Bearer TOKEN`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn bearer(token: SecretString) -> Result<Self, BadCredentials> {
        match token.expose_secret() {
            "" => Err(BadCredentials::Empty("the token")),
            text if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(BadCredentials::BadCharacter("the token")),
            text => Ok(Self::of(&format!("bearer {text}"), Secrets::Bearer(token))),
        }
    }

    /// None: what is asked is open to everybody.
    pub fn nobody() -> Self {
        Self::of("", Secrets::Nobody)
    }

    fn of(whole: &str, secrets: Secrets) -> Self {
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, whole.as_bytes()).as_ref());
        Self { secrets, fingerprint, rejected: Arc::default() }
    }

    /// A hash of them, from which nothing can be read.
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// Notes that the site no longer takes them.
    pub(super) fn reject(&self) {
        self.rejected.store(true, Ordering::Relaxed);
    }

    /// The same, of which the site has said nothing yet.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self { rejected: Arc::default(), ..self.clone() }
    }

    /// Whether the site has said of these, or of a copy, that it does not take them.
    pub fn are_rejected(&self) -> bool {
        self.rejected.load(Ordering::Relaxed)
    }

    /// The value of the `Authorization` header, where one is sent.
    pub fn authorization(&self) -> Option<SecretString> {
        match &self.secrets {
            Secrets::Key { api_key, api_secret } => {
                Some(format!("token {}:{}", api_key.expose_secret(), api_secret.expose_secret()).into())
            }
            Secrets::Bearer(token) => Some(format!("Bearer {}", token.expose_secret()).into()),
            Secrets::Nobody => None,
        }
    }

    /// `text` with the key and the secret, or the token, made unreadable wherever they occur; a short one only where it
    /// is no part of a word or an address, as a user may be called like it.
    pub fn mask(&self, text: &str) -> String {
        // The longer first: one may contain the other.
        let mut secrets = match &self.secrets {
            Secrets::Key { api_key, api_secret } => vec![api_key.expose_secret(), api_secret.expose_secret()],
            Secrets::Bearer(token) => vec![token.expose_secret()],
            Secrets::Nobody => Vec::new(),
        };
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.iter().fold(text.to_owned(), |text, secret| without(&text, secret))
    }
}

/// The text without the secret.
fn without(text: &str, secret: &str) -> String {
    const HIDDEN: &str = "[hidden]";
    if secret.len() >= LONG {
        return text.replace(secret, HIDDEN);
    }
    let joins = |char: char| char.is_alphanumeric() || matches!(char, '@' | '_');
    let (mut kept, mut from) = (String::with_capacity(text.len()), 0);
    for (at, _) in text.match_indices(secret) {
        let (before, after) = (&text[..at], &text[at + secret.len()..]);
        if !before.ends_with(joins) && !after.starts_with(joins) {
            kept.push_str(&text[from..at]);
            kept.push_str(HIDDEN);
            from = at + secret.len();
        }
    }
    kept + &text[from..]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{BadCredentials, Caller, Credentials};
    use crate::site::SiteUrl;

    #[test]
    fn a_user_stays_the_same_with_another_key_and_is_another_on_another_site() {
        let caller = |site: &str, key: &str| {
            let credentials = Credentials::new(key.into(), "s".into()).unwrap();
            Caller::new(SiteUrl::parse(site, false).unwrap(), credentials)
        };
        let (here, there) = ("https://a.example.com", "https://b.example.com");
        let of = |site, key, user| caller(site, key).of_user(user).identity();
        assert_eq!(of(here, "old", "jo@example.com"), of(here, "new", "jo@example.com"));
        assert_ne!(of(here, "old", "jo@example.com"), of(here, "old", "kim@example.com"));
        assert_ne!(of(here, "old", "jo@example.com"), of(there, "old", "jo@example.com"));
        assert_ne!(caller(here, "old").identity(), caller(here, "new").identity());
        assert_ne!(caller(here, "old").identity(), caller(there, "old").identity());
    }

    #[test]
    fn key_and_secret_are_never_shown() {
        let credentials = Credentials::new("key-3f1".into(), "sec-9a2".into()).unwrap();
        let shown = format!("{credentials:?}");
        assert!(!shown.contains("3f1") && !shown.contains("9a2"), "{shown}");
        assert_eq!(credentials.mask("token key-3f1:sec-9a2, again sec-9a2"), "token [hidden]:[hidden], again [hidden]");
    }

    #[test]
    fn a_token_is_no_more_shown_than_a_key() {
        let token = Credentials::bearer("canary-0123456789".into()).unwrap();
        assert!(!format!("{token:?}").contains("canary"));
        assert_eq!(token.mask("Bearer canary-0123456789!"), "Bearer [hidden]!");
        assert!(Credentials::nobody().authorization().is_none());
        assert!(Credentials::bearer("a b".into()).is_err());
    }

    #[test]
    fn a_secret_that_contains_the_key_is_masked_whole() {
        let credentials = Credentials::new("abcd".into(), "abcdefgh".into()).unwrap();
        assert_eq!(credentials.mask("abcdefgh"), "[hidden]");
    }

    #[test]
    fn a_user_who_is_called_like_a_short_key_is_told() {
        let credentials = Credentials::new("sales".into(), "s3cret".into()).unwrap();
        let text = "sales@example.com is in sales_team; token sales:s3cret";
        assert_eq!(credentials.mask(text), "sales@example.com is in sales_team; token [hidden]:[hidden]");
        let credentials = Credentials::new("0123456789abcde".into(), "s3cret".into()).unwrap();
        assert_eq!(credentials.mask("x0123456789abcdex"), "x[hidden]x");
    }

    #[test]
    fn what_cannot_be_a_key_is_refused_without_showing_it() {
        let refused = |key: &str, secret: &str| Credentials::new(key.into(), secret.into()).unwrap_err();
        assert_eq!(refused("", "s"), BadCredentials::Empty("api_key"));
        for secret in ["a b", "key:secret", "a\nb", "ünï"] {
            let error = refused("k", secret);
            assert_eq!(error, BadCredentials::BadCharacter("api_secret"));
            assert!(!error.to_string().contains(secret));
        }
    }
}
