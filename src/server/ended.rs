//! The sessions over HTTP that were ended before their time, where no other server has to know.

use std::fmt;
use std::time::Duration;

use moka::future::Cache;
use moka::policy::EvictionPolicy;

/// How long a session lasts.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// How many ended ones are remembered. Of those before, their own users alone know the ids.
const MOST: u64 = 100_000;

/// Their names; cheap to clone.
#[derive(Clone)]
pub struct EndedSessions(Cache<String, ()>);

impl Default for EndedSessions {
    fn default() -> Self {
        // What was ended last is never the one that finds no room.
        let ended = Cache::builder().eviction_policy(EvictionPolicy::lru()).max_capacity(MOST);
        Self(ended.time_to_live(SESSION_LIFETIME).build())
    }
}

impl EndedSessions {
    /// Notes the end of one.
    pub async fn add(&self, name: String) {
        self.0.insert(name, ()).await;
    }

    /// Whether it was ended.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

impl fmt::Debug for EndedSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndedSessions").finish_non_exhaustive()
    }
}
