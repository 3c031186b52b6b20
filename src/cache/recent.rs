//! What is remembered for a while, and up to so many: the oldest goes first.

use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Values by key, each for the same time.
pub(crate) struct Recent<K, V> {
    lifetime: Duration,
    most: usize,
    kept: Mutex<Kept<K, V>>,
}

struct Kept<K, V> {
    values: HashMap<K, (Instant, V)>,
    /// Since when each is kept, the oldest first.
    order: VecDeque<(Instant, K)>,
}

impl<K: Hash + Eq + Clone, V: Clone> Recent<K, V> {
    /// Nothing yet.
    pub fn new(lifetime: Duration, most: usize) -> Self {
        Self { lifetime, most, kept: Mutex::new(Kept { values: HashMap::new(), order: VecDeque::new() }) }
    }

    /// The value, if it is not too old.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let kept = self.lock();
        kept.values.get(key).filter(|(since, _)| since.elapsed() < self.lifetime).map(|(_, value)| value.clone())
    }

    /// Keeps a value from now on.
    pub fn insert(&self, key: K, value: V) {
        let (mut kept, now) = (self.lock(), Instant::now());
        kept.order.push_back((now, key.clone()));
        kept.values.insert(key, (now, value));
        self.forget_oldest(&mut kept, now);
    }

    /// Changes the value; one that is not there begins as its default, from now on.
    pub fn change(&self, key: K, change: impl FnOnce(&mut V))
    where
        V: Default,
    {
        let value = self.get(&key);
        if value.is_none() {
            self.insert(key.clone(), V::default());
        }
        if let Some((_, value)) = self.lock().values.get_mut(&key) {
            change(value);
        }
    }

    /// Forgets all.
    pub fn clear(&self) {
        let mut kept = self.lock();
        kept.values.clear();
        kept.order.clear();
    }

    fn forget_oldest(&self, kept: &mut Kept<K, V>, now: Instant) {
        while let Some((since, key)) = kept.order.pop_front() {
            if kept.order.len() < self.most && now.duration_since(since) < self.lifetime {
                kept.order.push_front((since, key));
                return;
            }
            // One that was kept anew has a later place, too.
            if kept.values.get(&key).is_some_and(|(kept, _)| *kept == since) {
                kept.values.remove(&key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept<K, V>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> fmt::Debug for Recent<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recent")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn the_oldest_goes_first_and_what_is_kept_anew_stays() {
        let recent = Recent::new(HOUR, 2);
        for key in ["a", "b", "b", "c"] {
            recent.insert(key, ());
        }
        assert_eq!(["a", "b", "c"].map(|key| recent.get(key).is_some()), [false, true, true]);
        recent.clear();
        assert_eq!(recent.get("c"), None);
    }

    #[test]
    fn what_is_too_old_is_gone() {
        let recent = Recent::new(Duration::ZERO, 2);
        recent.insert("a", 1);
        assert_eq!(recent.get("a"), None);
    }

    #[test]
    fn a_change_begins_with_nothing() {
        let recent = Recent::new(HOUR, 2);
        recent.change("a", |count: &mut u32| *count += 1);
        recent.change("a", |count| *count += 1);
        assert_eq!(recent.get("a"), Some(2));
    }
}
