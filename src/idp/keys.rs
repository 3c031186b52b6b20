//! The keys of an identity provider as it publishes them: asked for when they are needed or too old, and never more often
//! because of what a token says.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::jwks::{self, Key};
use crate::config::Idp;
use crate::oauth::{Fetcher, NoFetcher, Unfetched, is_same_origin};

/// The largest document of a provider, in bytes; certificates stand beside keys.
const LARGEST: usize = 256 << 10;

/// For how long keys are used, and how long it is waited until they are asked for again.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// After this they are asked for again.
    pub kept: Duration,
    /// So long they are used where the provider does not answer.
    pub longest: Duration,
    /// For a key that is not known they are asked for at most so often: anybody can name one.
    pub pause: Duration,
    /// After a failure nobody asks for so long.
    pub failed: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let [kept, longest] = [3_600, 24 * 3_600].map(Duration::from_secs);
        let [pause, failed] = [60, 10].map(Duration::from_secs);
        Self { kept, longest, pause, failed }
    }
}

/// That the provider does not say which keys it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unanswered;

/// Why there are no keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoKeys {
    /// A document is not there.
    #[error("{0}: {1}")]
    Unfetched(&'static str, Unfetched),
    /// It tells of another issuer.
    #[error("what it tells of itself has another issuer: write sign_in.idp.issuer to the letter as it stands there")]
    Issuer,
    /// It does not tell where they are.
    #[error("it does not tell where its keys are: set sign_in.idp.jwks_url")]
    Untold,
    /// What is there is something else.
    #[error("where its keys should be is no set of keys (RFC 7517)")]
    NoSet,
    /// None that signs by an algorithm of ours.
    #[error("it has no key for RS256, ES256 or EdDSA")]
    Empty,
    /// Those that do cannot be told apart.
    #[error("none of its keys has a name (kid), by which a token says which one signed it")]
    Nameless,
}

/// The keys of one provider.
#[derive(Debug)]
pub struct Keys {
    source: Source,
    times: Times,
    held: RwLock<Held>,
    /// Who has it asks.
    turn: Arc<Mutex<()>>,
}

#[derive(Clone, Default, Debug)]
struct Held {
    keys: Arc<[Key]>,
    /// When they were read, when that failed last, and when it was done last for one that was not known.
    read: Option<Instant>,
    failed: Option<Instant>,
    renewed: Option<Instant>,
}

impl Keys {
    /// Those of a provider; nothing is asked.
    ///
    /// # Errors
    /// [`NoFetcher`].
    pub fn new(config: &Idp, times: Times) -> Result<Arc<Self>, NoFetcher> {
        Ok(Arc::new(Self { source: Source::new(config)?, times, held: RwLock::default(), turn: Arc::default() }))
    }

    /// The keys, asked for where there are none or they are old.
    pub async fn current(self: &Arc<Self>) -> Result<Arc<[Key]>, Unanswered> {
        let since = Instant::now();
        match self.held().read.map(|read| read.elapsed()) {
            Some(age) if age < self.times.kept => {}
            Some(age) if age < self.times.longest => {
                // Others go on with what there is, as does who asks in vain.
                if let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() {
                    _ = self.ask(turn, since, false).await;
                }
            }
            _ => {
                let turn = Arc::clone(&self.turn).lock_owned().await;
                self.ask(turn, since, false).await?;
            }
        }
        self.usable()
    }

    /// The keys, where one was named that is not among them. Nobody can say that there is none of that name where they could
    /// not be asked for.
    pub async fn renewed(self: &Arc<Self>) -> Result<Arc<[Key]>, Unanswered> {
        let since = Instant::now();
        let turn = Arc::clone(&self.turn).lock_owned().await;
        if self.held().renewed.is_none_or(|renewed| renewed.elapsed() >= self.times.pause) {
            self.ask(turn, since, true).await?;
        }
        self.usable()
    }

    /// How many there are, asked for anew.
    pub async fn count(&self) -> Result<usize, NoKeys> {
        keys_of(&self.source.set().await?).map(|keys| keys.len())
    }

    /// Asks, unless somebody did meanwhile, or it has just failed.
    async fn ask(self: &Arc<Self>, turn: OwnedMutexGuard<()>, since: Instant, renews: bool) -> Result<(), Unanswered> {
        let held = self.held();
        if held.read.is_some_and(|read| read >= since) {
            return Ok(());
        }
        if held.failed.is_some_and(|failed| failed.elapsed() < self.times.failed) {
            return Err(Unanswered);
        }
        let keys = Arc::clone(self);
        // It is finished for all, whoever leaves in the midst of it.
        let asked = tokio::spawn(async move {
            let _turn = turn;
            keys.read(renews).await
        });
        asked.await.unwrap_or(Err(Unanswered))
    }

    /// Takes what the provider says, be it that it has no key any more.
    async fn read(&self, renews: bool) -> Result<(), Unanswered> {
        let issuer = &self.source.issuer;
        match self.source.set().await {
            Ok(set) => {
                let keys = keys_of(&set).unwrap_or_else(|why| {
                    tracing::warn!("tokens of the identity provider {issuer} are not taken: {why}");
                    Vec::new()
                });
                let now = Some(Instant::now());
                self.note(|held| {
                    (held.keys, held.read, held.failed) = (keys.into(), now, None);
                    held.renewed = if renews { now } else { held.renewed };
                });
                Ok(())
            }
            Err(why) => {
                tracing::warn!("the keys of the identity provider {issuer} are not had: {why}");
                self.note(|held| held.failed = Some(Instant::now()));
                Err(Unanswered)
            }
        }
    }

    fn usable(&self) -> Result<Arc<[Key]>, Unanswered> {
        let held = self.held();
        held.read.filter(|read| read.elapsed() < self.times.longest).map(|_| held.keys).ok_or(Unanswered)
    }

    fn held(&self) -> Held {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, change: impl FnOnce(&mut Held)) {
        change(&mut self.held.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Where keys are read.
#[derive(Debug)]
struct Source {
    issuer: String,
    stated: Option<String>,
    /// For the addresses of the configuration, and for what the provider tells beyond its own server.
    trusted: Fetcher,
    guarded: Fetcher,
}

impl Source {
    fn new(config: &Idp) -> Result<Self, NoFetcher> {
        let (issuer, stated) = (config.issuer.clone(), config.jwks_url.clone());
        let is_encrypted = stated.as_ref().unwrap_or(&issuer).starts_with("https://");
        let (trusted, guarded) = (Fetcher::of_configuration(is_encrypted)?, Fetcher::guarded()?);
        Ok(Self { issuer, stated, trusted, guarded })
    }

    /// The set of keys that is there.
    async fn set(&self) -> Result<Value, NoKeys> {
        let unfetched = |what| move |why| NoKeys::Unfetched(what, why);
        let set = match &self.stated {
            Some(address) => self.trusted.json(address, LARGEST).await.map_err(unfetched("its keys"))?,
            None => {
                let of_itself = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
                let told = self.trusted.json(&of_itself, LARGEST).await;
                let told = told.map_err(unfetched("what it tells of itself (OpenID Connect Discovery)"))?;
                if told["issuer"] != self.issuer {
                    return Err(NoKeys::Issuer);
                }
                let address = told["jwks_uri"].as_str().ok_or(NoKeys::Untold)?;
                // The operator vouches for the provider's own server, which may be an inner one, and for no other.
                let is_own = is_same_origin(address, &self.issuer);
                let fetcher = if is_own { &self.trusted } else { &self.guarded };
                fetcher.json(address, LARGEST).await.map_err(unfetched("its keys, where it says that they are"))?
            }
        };
        if jwks::is_set(&set) { Ok(set) } else { Err(NoKeys::NoSet) }
    }
}

/// The keys of a set, of which there is one.
fn keys_of(set: &Value) -> Result<Vec<Key>, NoKeys> {
    let keys = jwks::keys(set);
    match keys.is_empty() {
        false => Ok(keys),
        true if jwks::has_nameless(set) => Err(NoKeys::Nameless),
        true => Err(NoKeys::Empty),
    }
}
