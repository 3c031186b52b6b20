//! The sessions over HTTP that were ended before their time, where no other server has to know.

use std::sync::Arc;
use std::time::Duration;

use crate::cache::TtlCache;
use crate::shared::seal::hash;

/// How long a session lasts.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// How many ended ones are remembered, those that were ended last. Of those before, their own users alone know the ids.
const MOST: u64 = 100_000;

/// Their names; cheap to clone.
#[derive(Clone, Debug)]
pub struct EndedSessions(Arc<TtlCache<()>>);

impl Default for EndedSessions {
    fn default() -> Self {
        Self(Arc::new(TtlCache::new(MOST)))
    }
}

impl EndedSessions {
    /// Notes the end of one.
    pub fn add(&self, name: &str) {
        self.0.insert(hash(name), (), SESSION_LIFETIME);
    }

    /// Whether it was ended.
    pub fn has(&self, name: &str) -> bool {
        self.0.get(&hash(name)).is_some()
    }
}
