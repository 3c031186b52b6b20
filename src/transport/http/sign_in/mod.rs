//! From a request to its caller: the credential that it presents, held against the site, kept for a short time.

mod credential;
mod failures;
mod forwarded;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{HeaderValue, RETRY_AFTER};
use hyper::http::request::Parts;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::challenge::insufficient;
use super::error::HttpError;
use super::issuer::Issuer;
use super::refusal::Refusal;
use super::route::is_for_keys;
use crate::app::{App, CannotServe};
use crate::cache::TtlCache;
use crate::config::{Config, Narrowing};
use crate::idp::{Known, NotTaken};
use crate::oauth::{Granted, Holder, NotHeld, Scope, Unknown};
use crate::shape::shortened;
use crate::site::{Caller, Credentials, SiteError, SiteErrorKind};
use credential::{Presented, presented, unauthorized};

pub use failures::{Failures, network};
pub use forwarded::client as client_address;

/// How long the site's word on a credential is taken for true: so long after its user was disabled it still works here, as
/// far as the site lets it.
const KEPT: Duration = Duration::from_secs(60);
/// How long a credential that the site refused is refused without asking again.
const REFUSED: Duration = Duration::from_secs(10);
/// How many tokens that the site does not let in come from an address a minute. The people of a company may share one, as those
/// of claude.ai do, and their tokens are over each hour.
const STRANGERS: u32 = 240;
/// The most characters of a name that are told.
const LONGEST_NAME: usize = 100;
/// How many credentials are remembered. Bad ones leave first: their time is shorter.
const MOST: u64 = 10_000;

/// How callers of one site sign in.
#[derive(Debug)]
pub struct SignIn {
    app: App,
    ways: RwLock<Arc<Ways>>,
    /// By the hash of the credential.
    known: TtlCache<Result<Caller, Unverified>>,
    failures: Failures,
    /// Those with a token that the site has to be asked about.
    strangers: Failures,
    issuer: Option<Issuer>,
}

/// Why the site lets a credential do nothing.
#[derive(Clone, Debug)]
enum Unverified {
    /// It is nobody's.
    Refused,
    /// The site does not say.
    Unanswered(SiteError),
}

/// Who signed in.
#[derive(Debug)]
pub struct Signed {
    /// Who it is.
    pub caller: Caller,
    /// How much is left for them.
    pub narrowing: Narrowing,
    /// How much of that their token lets them do, where it has a scope.
    pub scope: Option<Scope>,
}

/// What a configuration says anew of how callers sign in.
#[derive(Debug)]
pub struct Anew(Ways);

/// The ways there are to sign in.
#[derive(Debug)]
struct Ways {
    /// Whose key is used where nobody signs in.
    own: Option<Caller>,
    own_keys: bool,
    by_browser: bool,
    tokens: Vec<Token>,
    /// By what the identity provider calls them.
    people: BTreeMap<String, Person>,
}

/// Somebody whom the identity provider knows.
#[derive(Debug)]
struct Person {
    credentials: Credentials,
    narrowing: Narrowing,
}

/// A token and the key that it stands for.
#[derive(Debug)]
struct Token {
    name: String,
    hash: [u8; 32],
    credentials: Credentials,
    narrowing: Narrowing,
}

impl SignIn {
    /// As the configuration says.
    ///
    /// # Errors
    /// A key that cannot be one.
    pub fn new(config: &Config, app: App, issuer: Option<Issuer>) -> Result<Self, CannotServe> {
        Ok(Self {
            issuer,
            ways: RwLock::new(Arc::new(Ways::new(config, &app)?)),
            known: TtlCache::new(MOST),
            failures: Failures::default(),
            strangers: Failures::at_most(STRANGERS),
            app,
        })
    }

    /// What a configuration says now, yet to be taken.
    ///
    /// # Errors
    /// As for [`Self::new`], and where it states others whose tokens are taken.
    pub fn anew(&self, config: &Config) -> Result<Anew, HttpError> {
        if let Some((section, _)) = config.sign_in.public_url()
            && self.issuer.as_ref().is_none_or(|issuer| !issuer.is_of(config))
        {
            return Err(HttpError::Settled(section));
        }
        let ways = Ways::new(config, &self.app)?;
        // Who takes the last way to sign in away lets nobody in by that.
        let own = ways.own.filter(|_| !self.is_asked());
        Ok(Anew(Ways { own, ..ways }))
    }

    /// Takes it; the site is asked anew about everybody.
    pub fn take(&self, Anew(ways): Anew) {
        let is_closed = ways.is_closed();
        *self.ways.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ways);
        self.known.clear();
        if is_closed {
            tracing::warn!(
                "sign_in states no way any more: nobody can sign in, and from the next start on nobody has to"
            );
        }
    }

    fn ways(&self) -> Arc<Ways> {
        Arc::clone(&self.ways.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether everybody has to sign in.
    pub fn is_asked(&self) -> bool {
        self.ways().own.is_none()
    }

    /// Who sends a request with this head from this address, and how much is left for them.
    ///
    /// # Errors
    /// 401 where nobody is known by the credential, 429 where too many were tried, 503 where the site cannot say.
    pub async fn caller(&self, address: IpAddr, head: &Parts) -> Result<Signed, Refusal> {
        let (ways, path) = (self.ways(), head.uri.path());
        let (credentials, via, narrowing) = match (presented(&head.headers)?, &ways.own) {
            (Presented::Nothing, Some(_)) if forwarded::is_proxied(head) => {
                let message = "through a proxy nobody is served without signing in: the operator has to set sign_in in \
                               the configuration";
                return Err(Refusal::new(StatusCode::FORBIDDEN, message));
            }
            (Presented::Nothing, Some(own)) => {
                return Ok(Signed { caller: own.clone(), narrowing: Narrowing::default(), scope: None });
            }
            (Presented::Nothing, None) => return Err(unauthorized(ways.how(path))),
            (Presented::Key(credentials), _) if ways.own_keys => (credentials, "key".to_owned(), Narrowing::default()),
            (Presented::Key(_), _) => {
                return Err(unauthorized(format!("API keys are not taken here. {}", ways.how(path))));
            }
            (Presented::Access(hash), _) => return self.by_access(hash, path, &ways).await,
            (Presented::Signed(token), _) => return self.by_provider(&token, path, &ways).await,
            (Presented::Token(hash, token), _) => {
                match ways.tokens.iter().find(|token| bool::from(token.hash.ct_eq(&hash))) {
                    Some(token) => {
                        (token.credentials.clone(), format!("token {}", token.name), token.narrowing.clone())
                    }
                    None => return self.by_site(&token, address, path, &ways).await,
                }
            }
        };
        let mut caller = self.verified(Some(address), credentials).await?;
        caller.via = Some(via);
        Ok(Signed { caller, narrowing, scope: None })
    }

    /// Who has an access token. Nobody guesses one: those that are over are not counted as attempts.
    async fn by_access(&self, hash: [u8; 32], path: &str, ways: &Ways) -> Result<Signed, Refusal> {
        let unknown = || unauthorized(format!("the access token is over, or was taken back. {}", ways.how(path)));
        let Some(Issuer::Here(server)) = self.issuer.as_ref().filter(|_| ways.by_browser) else {
            return Err(unknown());
        };
        let granted = server.whom(hash, path).await;
        let Granted { credentials, user, client, scope } = granted.map_err(|why| match why {
            Unknown::Token => unknown(),
            Unknown::Unanswered => not_answered("ERPNext", 10),
        })?;
        let mut caller = self.verified(None, credentials).await.map_err(|refusal| match refusal.status {
            StatusCode::UNAUTHORIZED => unknown(),
            _ => refusal,
        })?;
        // A site that hands out another user's token at a refresh makes nobody another one.
        if caller.user() != Some(user.as_str()) {
            tracing::warn!("the site's token of a session is another user's now: it is not taken");
            return Err(unknown());
        }
        caller.via = Some(format!("oauth {client}"));
        Ok(Signed { caller, narrowing: Narrowing::default(), scope: Some(scope) })
    }

    /// Whom the identity provider says that it is, by the key that is kept for them. Nobody guesses a signature: attempts
    /// are not counted.
    async fn by_provider(&self, token: &SecretString, path: &str, ways: &Ways) -> Result<Signed, Refusal> {
        let Some(Issuer::Provider(provider)) = self.issuer.as_ref().filter(|_| ways.by_browser) else {
            return Err(unauthorized(format!("the token is none that is known here. {}", ways.how(path))));
        };
        // To sign in once more would help nobody whom the provider knows already.
        let forbidden = |why: String| Refusal::new(StatusCode::FORBIDDEN, why);
        let Known { subject, scope } = provider.whom(token.expose_secret(), path).await.map_err(|why| match why {
            NotTaken::Unanswered => not_answered("the identity provider", 10),
            NotTaken::Scope => insufficient(Scope::Read, provider.addresses(), path),
            NotTaken::Token(why) => unauthorized(format!("the token is not taken: {why}. {}", ways.how(path))),
            why => forbidden(format!("the token is not taken: {why}")),
        })?;
        let person = ways.people.get(&subject).ok_or_else(|| {
            let shown = shortened(&subject, LONGEST_NAME);
            let why = format!("the identity provider says that you are {shown:?}, for whom no key is kept here");
            forbidden(format!("{why}: ask the operator of this server"))
        })?;
        let verified = self.verified(None, person.credentials.clone()).await;
        let mut caller = verified.map_err(|refusal| match refusal.status {
            StatusCode::UNAUTHORIZED => forbidden(NO_USER.to_owned()),
            _ => refusal,
        })?;
        caller.via = Some(format!("idp {subject}"));
        Ok(Signed { caller, narrowing: person.narrowing.clone(), scope: Some(scope) })
    }

    /// Who holds a token of the site's own OAuth provider; for where those are not taken, it is nobody's.
    async fn by_site(&self, token: &SecretString, address: IpAddr, path: &str, ways: &Ways) -> Result<Signed, Refusal> {
        let Some(Issuer::Site(tokens)) = self.issuer.as_ref().filter(|_| ways.by_browser) else {
            self.failures.check(address)?;
            self.failures.note(address).await;
            return Err(unauthorized(format!("the token is none that is known here. {}", ways.how(path))));
        };
        let _turn = if tokens.knows(token) { None } else { Some(self.strangers.turn(address).await?) };
        let Holder { mut caller, client, scope } = match tokens.whom(token).await {
            Ok(holder) => holder,
            Err(why) => {
                // Whose token has too little scope is known, and of one that the site was not heard on nothing is.
                if matches!(why, NotHeld::Token | NotHeld::Client) {
                    self.strangers.note(address).await;
                }
                return Err(match why {
                    NotHeld::Token => unauthorized(format!("the site's token is over, or unknown. {}", ways.how(path))),
                    NotHeld::Client => unauthorized(format!("the token is another program's. {}", ways.how(path))),
                    NotHeld::Scope => insufficient(Scope::Read, tokens.addresses(), path),
                    NotHeld::Unanswered => not_answered("ERPNext", 10),
                });
            }
        };
        caller.via = Some(format!("site {client}"));
        Ok(Signed { caller, narrowing: Narrowing::default(), scope: Some(scope) })
    }

    /// The caller behind credentials, as the site says or said a moment ago; failures are counted for the address.
    async fn verified(&self, address: Option<IpAddr>, credentials: Credentials) -> Result<Caller, Refusal> {
        let hash = *credentials.fingerprint();
        // The site may have refused it in the middle of a call since.
        let is_rejected = |caller: &Caller| caller.credentials.are_rejected();
        self.known.remove_if(&hash, |known| known.as_ref().is_ok_and(is_rejected));
        let known = self.known.get(&hash);
        let _turn = match address.filter(|_| known.is_none()) {
            Some(address) => Some(self.failures.turn(address).await?),
            None => None,
        };
        let known = match known {
            Some(known) => known,
            None => self.known.get_or_load(hash, self.ask(&credentials)).await,
        };
        match known {
            Ok(caller) => Ok(caller),
            Err(Unverified::Unanswered(error)) => Err(unanswered(&error)),
            Err(Unverified::Refused) => {
                self.note(address).await;
                Err(unauthorized(NOT_KNOWN))
            }
        }
    }

    /// Asks the site whose credentials they are; with how long its word is taken for true.
    async fn ask(&self, credentials: &Credentials) -> (Result<Caller, Unverified>, Duration) {
        let caller = self.app.caller(credentials.anew());
        match self.app.user_of(&caller).await {
            Ok(user) if user != "Guest" => (Ok(caller.of_user(&user)), KEPT),
            Err(error) if !matches!(error.kind(), SiteErrorKind::BadKey | SiteErrorKind::Denied) => {
                (Err(Unverified::Unanswered(error)), Duration::ZERO)
            }
            _ => (Err(Unverified::Refused), REFUSED),
        }
    }

    async fn note(&self, address: Option<IpAddr>) {
        if let Some(address) = address {
            self.failures.note(address).await;
        }
    }
}

impl Ways {
    fn new(config: &Config, app: &App) -> Result<Self, CannotServe> {
        let erpnext = &config.erpnext;
        let own = || Credentials::new(erpnext.api_key.clone(), erpnext.api_secret.clone());
        let token = |(name, token): (&String, &crate::config::Token)| {
            let credentials = match &token.key {
                Some((key, secret)) => Credentials::new(key.clone(), secret.clone())?,
                None => own()?,
            };
            Ok(Token { name: name.clone(), hash: token.sha256, credentials, narrowing: token.narrowing.clone() })
        };
        let person = |(name, person): (&String, &crate::config::Person)| {
            let (key, secret) = person.key.clone();
            let credentials = Credentials::new(key, secret)?;
            Ok((name.clone(), Person { credentials, narrowing: person.narrowing.clone() }))
        };
        let people = config.sign_in.idp.iter().flat_map(|idp| &idp.users);
        Ok(Self {
            own: if config.sign_in.is_asked() { None } else { Some(app.caller(own()?)) },
            own_keys: config.sign_in.own_keys,
            by_browser: config.sign_in.public_url().is_some(),
            tokens: config.sign_in.tokens.iter().map(token).collect::<Result<_, CannotServe>>()?,
            people: people.map(person).collect::<Result<_, CannotServe>>()?,
        })
    }

    /// Whether everybody has to sign in, and nobody can.
    fn is_closed(&self) -> bool {
        self.own.is_none() && !self.own_keys && !self.by_browser && self.tokens.is_empty()
    }

    /// How to sign in at a path, in words.
    fn how(&self, path: &str) -> String {
        let by_browser = if is_for_keys(path) {
            "by OAuth, at this address without /key"
        } else {
            "by OAuth: connect this address in your client anew"
        };
        let ways = [
            (self.own_keys, "with your own API key of ERPNext (Authorization: token KEY:SECRET)"),
            (
                !self.tokens.is_empty(),
                "with a token that the operator of this server gave you (Authorization: Bearer TOKEN)",
            ),
            (self.by_browser, by_browser),
        ];
        let ways: Vec<&str> = ways.into_iter().filter_map(|(is_one, words)| is_one.then_some(words)).collect();
        match ways.as_slice() {
            [] if self.is_closed() => "Nobody can sign in here now: ask the operator of this server".to_owned(),
            [] => "Send no Authorization header: nobody signs in here".to_owned(),
            ways => format!("Sign in {}", ways.join(", or ")),
        }
    }
}

const NOT_KNOWN: &str = "ERPNext does not take this key: it is wrong, was replaced by a newer one, or its user is disabled. \
                         Generate a new one under User > Settings > API Access";

const NO_USER: &str = "ERPNext does not take the key that is kept for you: your user is disabled, or has a newer key. Ask the \
                       operator of this server";

/// That the site could not say who it is.
fn unanswered(error: &SiteError) -> Refusal {
    tracing::warn!("who signs in could not be asked: {}", error.for_log());
    let wait = match error.kind() {
        SiteErrorKind::Paused { retry_after } | SiteErrorKind::OverLimit { retry_after } => retry_after.as_secs() + 1,
        _ => 10,
    };
    not_answered("ERPNext", wait)
}

fn not_answered(who: &str, wait: u64) -> Refusal {
    let message = format!("{who} does not answer, and so nobody can sign in: try again in seconds");
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message).with(RETRY_AFTER, HeaderValue::from(wait))
}
