//! Answers that are kept for a while: equal questions that come together cost one request, and a change drops them all.

mod answered;
mod recent;

use std::fmt;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::future::Cache as Store;
use ring::digest::{Context, SHA256};

pub use answered::Answered;
pub(crate) use answered::Beside;
pub(crate) use recent::Recent;

/// The bytes that one answer may take; a larger one counts as several.
const SHARE: usize = 64 << 10;
/// A larger answer is not kept: it would stand twice in memory, here and with the one who asked.
pub const LARGEST: usize = 4 << 20;

/// How long answers are kept, and how many.
#[derive(Clone, Copy, Debug)]
pub struct CacheOptions {
    /// The age up to which an answer is given again.
    pub ttl: Duration,
    /// The most answers, each of up to 64 kB.
    pub max_size: u64,
}

/// Answers by question. Of a question only a hash is kept, so that nothing can be read from it.
pub struct Cache<V> {
    store: Store<Key, Kept<V>>,
    /// Part of every key: a question that was under way when something changed answers for the time before it.
    changes: AtomicU64,
}

/// What is not kept of a question.
enum Unkept<V, E> {
    Large(Arc<V>),
    Failed(E),
}

/// What is kept of a question.
pub type Key = [u8; 32];

struct Kept<V> {
    value: Arc<V>,
    bytes: usize,
    since: Instant,
}

// Derived, it would ask `V` to be `Clone`.
impl<V> Clone for Kept<V> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), ..*self }
    }
}

impl<V: Send + Sync + 'static> Cache<V> {
    /// An empty cache.
    pub fn new(keeping: CacheOptions) -> Self {
        let store = Store::builder()
            .max_capacity(keeping.max_size)
            .weigher(|_, kept: &Kept<V>| u32::try_from(1 + kept.bytes / SHARE).unwrap_or(u32::MAX))
            .time_to_live(keeping.ttl)
            .build();
        Self { store, changes: AtomicU64::new(0) }
    }

    /// The answer to a question, and its age where it was kept; `ask` gives it with its weight in bytes. With `fresh`, what
    /// is kept does not do.
    ///
    /// # Errors
    /// What `ask` fails with; failures are never kept.
    pub async fn get<E: Clone + Send + Sync + 'static>(
        &self,
        key: Key,
        fresh: bool,
        ask: impl Future<Output = Result<(V, usize), E>>,
    ) -> Result<(Arc<V>, Option<Duration>), E> {
        let ask = async {
            let (value, bytes) = ask.await.map_err(Unkept::Failed)?;
            let value = Arc::new(value);
            if bytes > LARGEST {
                return Err(Unkept::Large(value));
            }
            Ok(Kept { value, bytes, since: Instant::now() })
        };
        let unkept = |unkept: &Unkept<V, E>| match unkept {
            Unkept::Large(value) => Ok((Arc::clone(value), None)),
            Unkept::Failed(error) => Err(error.clone()),
        };
        if fresh {
            return match ask.await {
                Ok(kept) => {
                    self.store.insert(key, kept.clone()).await;
                    Ok((kept.value, None))
                }
                Err(not) => unkept(&not),
            };
        }
        match self.store.entry(key).or_try_insert_with(ask).await {
            Ok(entry) => {
                let is_new = entry.is_fresh();
                let kept = entry.into_value();
                Ok((kept.value, (!is_new).then(|| kept.since.elapsed())))
            }
            Err(not) => unkept(&not),
        }
    }

    /// Drops everything. No smaller part is surely right: a change on the site can change any other document there.
    pub fn forget(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
        self.store.invalidate_all();
    }

    /// The key of a question now; the question holds all that the answer depends on.
    pub fn key(&self, question: &impl Hash) -> Key {
        let mut digest = Digest(Context::new(&SHA256));
        (self.changes.load(Ordering::Relaxed), question).hash(&mut digest);
        let mut key = Key::default();
        key.copy_from_slice(digest.0.finish().as_ref());
        key
    }
}

/// Takes all that is hashed, where a hash of 64 bits would let two questions be one.
struct Digest(Context);

impl Hasher for Digest {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

impl<V> fmt::Debug for Cache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn cache(ttl: Duration, max_size: u64) -> Cache<usize> {
        Cache::new(CacheOptions { ttl, max_size })
    }

    /// A site that answers with the number of the request.
    #[derive(Default)]
    struct Site(AtomicUsize);

    impl Site {
        async fn answer(&self) -> Result<(usize, usize), String> {
            tokio::task::yield_now().await;
            Ok((self.0.fetch_add(1, Ordering::Relaxed) + 1, 10))
        }
    }

    async fn ask(cache: &Cache<usize>, site: &Site, question: &[&[u8]]) -> (usize, bool) {
        let (value, age) = cache.get(cache.key(&question), false, site.answer()).await.unwrap();
        (*value, age.is_some())
    }

    #[tokio::test]
    async fn an_answer_is_given_again_with_its_age() {
        let (cache, site) = (cache(HOUR, 10), Site::default());
        assert_eq!(ask(&cache, &site, &[b"a"]).await, (1, false));
        assert_eq!(ask(&cache, &site, &[b"a"]).await, (1, true));
        assert_eq!(ask(&cache, &site, &[b"b"]).await, (2, false));
        assert_eq!(ask(&cache, &site, &[b"a", b""]).await, (3, false));
        assert_eq!(ask(&cache, &site, &[b"", b"a"]).await, (4, false));
    }

    #[tokio::test]
    async fn equal_questions_that_come_together_are_one_request() {
        let (cache, site) = (cache(HOUR, 10), Site::default());
        let asked = (0..32).map(|_| ask(&cache, &site, &[b"a"]));
        let answers = futures_util::future::join_all(asked).await;
        assert!(answers.iter().all(|(answer, _)| *answer == 1), "{answers:?}");
    }

    #[tokio::test]
    async fn fresh_asks_again_and_keeps_the_newer_answer() {
        let (cache, site) = (cache(HOUR, 10), Site::default());
        ask(&cache, &site, &[b"a"]).await;
        assert_eq!(*cache.get(cache.key(&[&b"a"[..]]), true, site.answer()).await.unwrap().0, 2);
        assert_eq!(ask(&cache, &site, &[b"a"]).await, (2, true));
    }

    #[tokio::test]
    async fn failures_are_not_kept() {
        let (cache, site) = (cache(HOUR, 10), Site::default());
        let failed = cache.get(cache.key(&[&b"a"[..]]), false, async { Err("down".to_owned()) }).await;
        assert_eq!(failed.unwrap_err(), "down");
        assert_eq!(ask(&cache, &site, &[b"a"]).await, (1, false));
    }

    #[tokio::test]
    async fn an_answer_that_was_under_way_at_a_change_is_not_given_after_it() {
        let (cache, site) = (cache(HOUR, 10), Site::default());
        let during = cache.get(cache.key(&[&b"a"[..]]), false, async {
            cache.forget();
            site.answer().await
        });
        assert_eq!(*during.await.unwrap().0, 1);
        assert_eq!(ask(&cache, &site, &[b"a"]).await, (2, false));
    }

    #[tokio::test]
    async fn what_is_too_old_is_asked_again() {
        let (cache, site) = (cache(Duration::from_nanos(1), 10), Site::default());
        ask(&cache, &site, &[b"a"]).await;
        assert_eq!(ask(&cache, &site, &[b"a"]).await, (2, false));
    }

    #[tokio::test]
    async fn no_more_than_the_size_is_kept_and_large_answers_count_as_several() {
        let (cache, site) = (cache(HOUR, 10), Site::default());
        for i in 0..100 {
            ask(&cache, &site, &[i.to_string().as_bytes()]).await;
        }
        for (name, bytes) in [(&b"large"[..], 11 * SHARE), (b"too large", LARGEST + 1)] {
            let asked = cache.get(cache.key(&[name]), false, async { Ok::<_, String>((0, bytes)) });
            assert_eq!(asked.await.unwrap().1, None);
        }
        cache.store.run_pending_tasks().await;
        assert!(cache.store.weighted_size() <= 10);
        assert!(
            !cache.store.contains_key(&cache.key(&[&b"large"[..]]))
                && !cache.store.contains_key(&cache.key(&[&b"too large"[..]]))
        );
    }
}
