//! What several servers of one site must know of each other, in one place that all of them ask: a Redis or a Valkey
//! (`http.redis`). Names there are keyed hashes, and values are sealed for their names: who reads it learns nothing, and who
//! writes it can put nothing in another's place.

mod away;
mod held;
mod memory;
mod name;
#[cfg(not(feature = "redis"))]
#[path = "no_redis.rs"]
mod redis;
#[cfg(feature = "redis")]
mod redis;
mod rule;
pub mod seal;
mod store;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use away::Away;
pub use held::{Lease, NotKept};
pub use memory::Memory;
pub use name::Keyspace;
pub use redis::{BadAddress, Redis};
pub use rule::{Counted, Full, Rate, Window};
pub use store::{Store, StoreFuture};

use name::Names;
use seal::{NoRandomness, Sealer};

/// What the servers of one site share; cheap to clone.
#[derive(Clone)]
pub struct Shared {
    store: Arc<dyn Store>,
    sealer: Arc<Sealer>,
    names: Arc<Names>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Shared {
    /// What is shared of the site at this address, sealed with this key.
    ///
    /// # Errors
    /// No randomness.
    pub fn new(store: Arc<dyn Store>, key: [u8; 32], site: &str) -> Result<Self, NoRandomness> {
        Ok(Self { store, sealer: Arc::new(Sealer::new(Some(key))?), names: Arc::new(Names::new(&key, site)) })
    }

    /// Whether the store answered when it was asked last.
    pub fn is_up(&self) -> bool {
        self.store.is_up()
    }

    /// What seals that which all of them open.
    pub fn sealer(&self) -> Arc<Sealer> {
        Arc::clone(&self.sealer)
    }

    /// Keeps a value for so long, in the place of the one before.
    ///
    /// # Errors
    /// [`Away`].
    pub async fn put(&self, space: Keyspace, key: &[u8], value: &impl Serialize, lives: Duration) -> Result<(), Away> {
        let name = self.names.of(space, key);
        let sealed = self.sealer.seal(&name, value)?;
        self.store.put(&name, sealed, lives).await
    }

    /// The value.
    ///
    /// # Errors
    /// [`Away`].
    pub async fn get<T: DeserializeOwned>(&self, space: Keyspace, key: &[u8]) -> Result<Option<T>, Away> {
        let name = self.names.of(space, key);
        self.store.get(&name).await?.map(|sealed| self.open(&name, &sealed)).transpose()
    }

    /// The value, which is gone then: of all who ask at once, one gets it.
    ///
    /// # Errors
    /// [`Away`].
    pub async fn take<T: DeserializeOwned>(&self, space: Keyspace, key: &[u8]) -> Result<Option<T>, Away> {
        let name = self.names.of(space, key);
        self.store.take(&name).await?.map(|sealed| self.open(&name, &sealed)).transpose()
    }

    /// What somebody else has put there is not taken for nothing: what it stood in the place of is not known.
    fn open<T: DeserializeOwned>(&self, name: &str, sealed: &[u8]) -> Result<T, Away> {
        self.sealer.open(name, sealed).ok_or_else(|| {
            tracing::error!(name, "what is shared with other servers (http.redis) was not sealed by one of them");
            Away
        })
    }

    /// Holds something that no other server then holds, once none does; none if one did all the time.
    ///
    /// # Errors
    /// [`Away`].
    pub async fn hold(&self, space: Keyspace, key: &[u8], patience: Duration) -> Result<Option<Lease>, Away> {
        Lease::take(self, self.names.of(space, key), patience).await
    }

    /// Whether some server holds something.
    ///
    /// # Errors
    /// [`Away`].
    pub async fn is_held(&self, space: Keyspace, key: &[u8]) -> Result<bool, Away> {
        Ok(self.store.get(&self.names.of(space, key)).await?.is_some())
    }

    /// Counts one request against all of these rates, or against none where one has no room.
    ///
    /// # Errors
    /// [`Away`]; within, how long until there is room.
    pub async fn pass(&self, rates: &[(&[u8], Rate)]) -> Result<Result<(), Duration>, Away> {
        let rates = rates.iter().map(|(key, rate)| (self.names.of(Keyspace::Rate, key), *rate)).collect();
        self.store.pass(rates).await
    }

    /// Counts something so many times, where all windows have room for it. Without an entry nothing is counted: it is told
    /// what is there.
    ///
    /// # Errors
    /// [`Away`].
    pub async fn count(
        &self,
        key: &[u8],
        entry: Option<&str>,
        times: u64,
        windows: &[Window],
    ) -> Result<Counted, Away> {
        let entry = entry.map(|entry| self.names.entry(entry));
        self.store.count(&self.names.of(Keyspace::Quota, key), entry, times, windows).await
    }

    /// Counts an entry no more. Nobody waits for it.
    pub fn uncount(&self, key: &[u8], entry: &str, times: u64) {
        let (name, entry, store) =
            (self.names.of(Keyspace::Quota, key), self.names.entry(entry), Arc::clone(&self.store));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { _ = store.uncount(&name, &entry, times).await });
        }
    }
}
