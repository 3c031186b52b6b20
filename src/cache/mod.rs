//! Answers that are kept for a while: equal questions that come together cost one request, and a change drops them all.

mod answered;
mod ttl;

use std::fmt;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};

pub use answered::Answered;
pub(crate) use answered::Beside;
pub use ttl::{Key, TtlCache};

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
pub struct Cache<V, E> {
    answers: TtlCache<Result<Kept<V>, E>>,
    ttl: Duration,
    /// Part of every key: a question that was under way when something changed answers for the time before it.
    changes: AtomicU64,
}

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

impl<V, E: Clone> Cache<V, E> {
    /// An empty cache.
    pub fn new(keeping: CacheOptions) -> Self {
        let answers = TtlCache::weighed(keeping.max_size, |answer: &Result<Kept<V>, E>| match answer {
            Ok(kept) => 1 + (kept.bytes / SHARE) as u64,
            Err(_) => 1,
        });
        Self { answers, ttl: keeping.ttl, changes: AtomicU64::new(0) }
    }

    /// The answer to a question, and its age where it was kept; `ask` gives it with its weight in bytes. With `fresh`, what
    /// is kept does not do.
    ///
    /// # Errors
    /// What `ask` fails with; failures are never kept.
    pub async fn get(
        &self,
        key: Key,
        fresh: bool,
        ask: impl Future<Output = Result<(V, usize), E>>,
    ) -> Result<(Arc<V>, Option<Duration>), E> {
        let mut is_new = false;
        let load = async {
            is_new = true;
            match ask.await {
                Ok((value, bytes)) => {
                    let ttl = if bytes > LARGEST { Duration::ZERO } else { self.ttl };
                    (Ok(Kept { value: Arc::new(value), bytes, since: Instant::now() }), ttl)
                }
                Err(error) => (Err(error), Duration::ZERO),
            }
        };
        let answer = if fresh {
            let (answer, ttl) = load.await;
            if answer.is_ok() {
                self.answers.insert(key, answer.clone(), ttl);
            }
            answer
        } else {
            self.answers.get_or_load(key, load).await
        };
        let kept = answer?;
        Ok((kept.value, (!is_new).then(|| kept.since.elapsed())))
    }

    /// Drops everything. No smaller part is surely right: a change on the site can change any other document there.
    pub fn forget(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
        self.answers.clear();
    }

    /// The key of a question now; the question holds all that the answer depends on.
    pub fn key(&self, question: &impl Hash) -> Key {
        let mut all = Bytes(Vec::with_capacity(512));
        (self.changes.load(Ordering::Relaxed), question).hash(&mut all);
        let mut key = Key::default();
        key.copy_from_slice(digest(&SHA256, &all.0).as_ref());
        key
    }
}

/// Takes all that is hashed, where a hash of 64 bits would let two questions be one.
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

impl<V, E> fmt::Debug for Cache<V, E> {
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

    fn cache(ttl: Duration, max_size: u64) -> Cache<usize, String> {
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

    async fn ask(cache: &Cache<usize, String>, site: &Site, question: &[&[u8]]) -> (usize, bool) {
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
        let names: Vec<String> = (0..100).map(|i| i.to_string()).collect();
        for name in &names {
            ask(&cache, &site, &[name.as_bytes()]).await;
        }
        let is_kept = |name: &&String| cache.answers.get(&cache.key(&[name.as_bytes()])).is_some();
        assert_eq!(names.iter().filter(is_kept).count(), 10);
        for (name, bytes) in [(&b"large"[..], 11 * SHARE), (b"too large", LARGEST + 1)] {
            let asked = || cache.get(cache.key(&[name]), false, async { Ok((0, bytes)) });
            assert_eq!(asked().await.unwrap().1, None);
            assert_eq!(asked().await.unwrap().1, None);
        }
    }
}
