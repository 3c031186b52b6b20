//! Values that are good for a while, as many as there is room for; loads of one key at the same time become one. The value
//! that ends first leaves first: so an old one holds no room, and one that ends soon pushes out none that lasts.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

/// The hash of what a value is known by.
pub type Key = [u8; 32];

/// The longest that anything is kept, as clocks end, too.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Values by key, each with its end.
pub struct TtlCache<V> {
    weight: fn(&V) -> u64,
    entries: Mutex<Entries<V>>,
}

impl<V: Clone> TtlCache<V> {
    /// An empty one of at most so many values.
    pub fn new(room: u64) -> Self {
        Self::weighed(room, |_| 1)
    }

    /// An empty one of values that weigh so much together at most.
    pub fn weighed(room: u64, weight: fn(&V) -> u64) -> Self {
        let entries =
            Entries { room, weight: 0, by_key: HashMap::new(), ends: BTreeSet::new(), loading: HashMap::new() };
        Self { weight, entries: Mutex::new(entries) }
    }

    /// The value of a key, where there is one that is not over.
    pub fn get(&self, key: &Key) -> Option<V> {
        self.lock().find(key)?.get().cloned()
    }

    /// The value of a key, which else is loaded, once for all who ask meanwhile. `load` gives it with the time for which it is
    /// kept; one that is kept for none is told to those who wait, and no others. If a load is given up, another goes on.
    pub async fn get_or_load(&self, key: Key, load: impl Future<Output = (V, Duration)>) -> V {
        let cell = self.lock().begun(key);
        if let Some(value) = cell.get() {
            return value.clone();
        }
        let waits = Waiting { entries: &self.entries, key, cell };
        let load = async {
            let (value, ttl) = load.await;
            self.lock().settle(key, &waits.cell, (self.weight)(&value), ttl);
            value
        };
        waits.cell.get_or_init(|| load).await.clone()
    }

    /// Keeps a value for a time, in the place of another one.
    pub fn insert(&self, key: Key, value: V, ttl: Duration) {
        let weight = (self.weight)(&value);
        self.lock().put(key, Arc::new(OnceCell::from(value)), weight, ttl);
    }

    /// Drops the value of a key if it is such a one.
    pub fn remove_if(&self, key: &Key, is_such: impl FnOnce(&V) -> bool) {
        let mut entries = self.lock();
        if entries.find(key).and_then(|cell| cell.get()).is_some_and(is_such) {
            entries.remove(key);
        }
    }

    /// Drops everything; what is being loaded is not kept.
    pub fn clear(&self) {
        let mut entries = self.lock();
        entries.loading.clear();
        entries.by_key.clear();
        entries.ends.clear();
        entries.weight = 0;
    }

    fn lock(&self) -> MutexGuard<'_, Entries<V>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> fmt::Debug for TtlCache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TtlCache")
    }
}

struct Entries<V> {
    room: u64,
    weight: u64,
    by_key: HashMap<Key, Entry<V>>,
    /// The keys, in the order of their ends.
    ends: BTreeSet<(Instant, Key)>,
    /// What is being loaded, as long as somebody waits for it. It takes no room.
    loading: HashMap<Key, Arc<OnceCell<V>>>,
}

struct Entry<V> {
    cell: Arc<OnceCell<V>>,
    weight: u64,
    end: Instant,
}

impl<V> Entries<V> {
    fn find(&self, key: &Key) -> Option<&Arc<OnceCell<V>>> {
        self.by_key.get(key).filter(|entry| Instant::now() < entry.end).map(|entry| &entry.cell)
    }

    /// Where the value of a key is or will be.
    fn begun(&mut self, key: Key) -> Arc<OnceCell<V>> {
        match self.find(&key) {
            Some(cell) => Arc::clone(cell),
            None => Arc::clone(self.loading.entry(key).or_default()),
        }
    }

    /// Keeps what was loaded, unless it was dropped or another took its place meanwhile.
    fn settle(&mut self, key: Key, cell: &Arc<OnceCell<V>>, weight: u64, ttl: Duration) {
        if self.loading.get(&key).is_some_and(|loading| Arc::ptr_eq(loading, cell)) {
            self.put(key, Arc::clone(cell), weight, ttl);
        }
    }

    /// Keeps a value after it has made room: no value that comes finds none, unless it is larger than all of it.
    fn put(&mut self, key: Key, cell: Arc<OnceCell<V>>, weight: u64, ttl: Duration) {
        self.loading.remove(&key);
        self.remove(&key);
        if ttl.is_zero() || weight > self.room {
            return;
        }
        let now = Instant::now();
        while let Some((end, first)) = self.ends.first().copied()
            && (end <= now || self.weight > self.room - weight)
        {
            self.remove(&first);
        }
        let end = now + ttl.min(LONGEST);
        self.weight += weight;
        self.ends.insert((end, key));
        self.by_key.insert(key, Entry { cell, weight, end });
    }

    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.by_key.remove(key) {
            self.ends.remove(&(entry.end, *key));
            self.weight -= entry.weight;
        }
    }
}

/// Somebody who waits for a value; the last one who leaves takes along the place of a load that was given up.
struct Waiting<'a, V> {
    entries: &'a Mutex<Entries<V>>,
    key: Key,
    cell: Arc<OnceCell<V>>,
}

impl<V> Drop for Waiting<'_, V> {
    fn drop(&mut self) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        // Let go of before the lock is, so that the last one sees two: its own, and the one that is loaded into.
        let cell = std::mem::take(&mut self.cell);
        let is_its_own = |loading: &Arc<OnceCell<V>>| Arc::ptr_eq(loading, &cell);
        if Arc::strong_count(&cell) == 2 && entries.loading.get(&self.key).is_some_and(is_its_own) {
            entries.loading.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use futures_util::FutureExt;

    use super::*;

    const KEY: Key = [0; 32];

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn kept(cache: &TtlCache<u8>) -> Vec<u8> {
        (0..=u8::MAX).filter_map(|at| cache.get(&[at; 32])).collect()
    }

    #[test]
    fn what_ends_first_leaves_first_and_what_comes_finds_room() {
        let cache = TtlCache::new(3);
        for (at, ttl) in [(1, 30), (2, 20), (3, 40), (4, 10), (5, 5)] {
            cache.insert([at; 32], at, seconds(ttl));
            assert_eq!(cache.get(&[at; 32]), Some(at));
        }
        assert_eq!(kept(&cache), [1, 3, 5]);
    }

    #[test]
    fn what_ends_soon_pushes_out_nothing_that_lasts() {
        let cache = TtlCache::new(10);
        for at in 0..9 {
            cache.insert([at; 32], at, seconds(60));
        }
        for at in 9..=u8::MAX {
            cache.insert([at; 32], at, seconds(10));
        }
        assert_eq!(kept(&cache), [0, 1, 2, 3, 4, 5, 6, 7, 8, u8::MAX]);
    }

    #[test]
    fn all_together_weigh_no_more_than_there_is_room_for() {
        let cache: TtlCache<u8> = TtlCache::weighed(10, |value| u64::from(*value));
        for (at, ttl) in [(4, 30), (5, 20), (11, 10), (6, 40)] {
            cache.insert([at; 32], at, seconds(ttl));
        }
        assert_eq!(kept(&cache), [4, 6]);
        cache.insert([4; 32], 1, seconds(30));
        assert_eq!(cache.lock().weight, 7);
    }

    #[test]
    fn what_is_over_is_given_to_nobody_and_takes_no_room_from_the_next_on() {
        let cache = TtlCache::new(100);
        for at in 0..50 {
            cache.insert([at; 32], at, Duration::from_nanos(1));
        }
        assert!(kept(&cache).is_empty());
        cache.insert([50; 32], 50, Duration::MAX);
        assert_eq!(kept(&cache), [50]);
        let entries = cache.lock();
        assert_eq!((entries.by_key.len(), entries.ends.len(), entries.weight), (1, 1, 1));
    }

    #[tokio::test]
    async fn what_is_not_kept_is_told_to_all_who_wait_and_loaded_again_after() {
        let (cache, loads) = (TtlCache::new(10), AtomicU8::new(0));
        let load = || {
            cache.get_or_load(KEY, async {
                tokio::task::yield_now().await;
                (loads.fetch_add(1, Ordering::Relaxed), Duration::ZERO)
            })
        };
        assert_eq!(futures_util::future::join_all((0..8).map(|_| load())).await, [0; 8]);
        assert_eq!(load().await, 1);
        assert!(cache.lock().by_key.is_empty());
    }

    #[tokio::test]
    async fn another_goes_on_if_a_load_is_given_up() {
        let cache = TtlCache::<u8>::new(10);
        let mut given_up = Box::pin(cache.get_or_load(KEY, std::future::pending()));
        assert!(given_up.as_mut().now_or_never().is_none());
        let mut waits = Box::pin(cache.get_or_load(KEY, async { (7, seconds(60)) }));
        assert!(waits.as_mut().now_or_never().is_none());
        drop(given_up);
        assert_eq!(waits.await, 7);
        assert_eq!(cache.get(&KEY), Some(7));
    }

    #[tokio::test]
    async fn what_is_loaded_takes_no_room_before_it_is_there_and_none_if_it_is_given_up() {
        let cache = TtlCache::new(1);
        cache.insert(KEY, 7, seconds(3_600));
        let load = |at: u8| async move {
            tokio::task::yield_now().await;
            (at, seconds(7_200))
        };
        let [mut first, mut given_up] = [1, 2].map(|at| Box::pin(cache.get_or_load([at; 32], load(at))));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(given_up.as_mut().now_or_never().is_none());
        assert_eq!(kept(&cache), [7]);
        drop(given_up);
        assert_eq!((first.await, kept(&cache)), (1, vec![1]));
        assert!(cache.lock().loading.is_empty());
    }

    #[tokio::test]
    async fn what_is_dropped_while_it_is_loaded_is_not_kept() {
        let cache = TtlCache::<u8>::new(10);
        let during = cache.get_or_load(KEY, async {
            cache.clear();
            (7, seconds(60))
        });
        assert_eq!(during.await, 7);
        assert_eq!(cache.get(&KEY), None);
    }

    #[test]
    fn a_value_goes_if_it_is_such_a_one() {
        let cache = TtlCache::<u8>::new(10);
        cache.insert(KEY, 7, seconds(60));
        cache.remove_if(&KEY, |value| *value != 7);
        assert_eq!(cache.get(&KEY), Some(7));
        cache.remove_if(&KEY, |value| *value == 7);
        assert_eq!(cache.get(&KEY), None);
    }
}
