//! What an authorization server keeps between two requests: sealed values, by the hash of what they are asked with.
//!
//! Each kind is bounded, and its oldest value drops out. How many values a person and a grant may have is bounded where
//! they are put in, so that nobody who only renews meets these bounds.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use futures_util::future::{BoxFuture, FutureExt, ready};

use crate::shared::{Keyspace, Lease, NotKept, Shared, StoreFuture};

/// The hash under which something is kept.
pub type Key = [u8; 32];

/// How many of a kind are kept in this process.
const fn most(space: Keyspace) -> usize {
    match space {
        Keyspace::Login | Keyspace::Code => 10_000,
        // Some for each grant: see `Grant::access`.
        Keyspace::Access => 110_000,
        _ => 50_000,
    }
}

/// Where it is kept.
pub trait Store: fmt::Debug + Send + Sync {
    /// Keeps a value for so long, in the place of the one before.
    fn put(&self, space: Keyspace, key: Key, value: Vec<u8>, lives: Duration) -> StoreFuture<'_, ()>;
    /// The value.
    fn get(&self, space: Keyspace, key: Key) -> StoreFuture<'_, Option<Vec<u8>>>;
    /// The value, which is gone then: of two who ask at once, one gets it.
    fn take(&self, space: Keyspace, key: Key) -> StoreFuture<'_, Option<Vec<u8>>>;
    /// Comes back when all that was put and taken before has been made to last, as far as it can be.
    fn settle(&self) -> BoxFuture<'_, ()>;
}

/// A value, when it ends in seconds since 1970, and its place in the order.
struct Entry {
    value: Vec<u8>,
    until: u64,
    at: u64,
}

/// The values of one kind.
#[derive(Default)]
struct Shelf {
    entries: HashMap<Key, Entry>,
    /// The oldest first.
    order: BTreeMap<u64, Key>,
    next: u64,
}

impl Shelf {
    fn put(&mut self, most: usize, key: Key, value: Vec<u8>, now: u64, until: u64) {
        self.take(&key, now);
        let at = self.next;
        self.next += 1;
        self.order.insert(at, key);
        self.entries.insert(key, Entry { value, until, at });
        while let Some((_, oldest)) = self.order.first_key_value() {
            let is_over = self.entries.get(oldest).is_none_or(|entry| entry.until <= now);
            if !is_over && self.entries.len() <= most {
                break;
            }
            if let Some((_, oldest)) = self.order.pop_first() {
                self.entries.remove(&oldest);
            }
        }
    }

    fn take(&mut self, key: &Key, now: u64) -> Option<Vec<u8>> {
        let entry = self.entries.remove(key)?;
        self.order.remove(&entry.at);
        (entry.until > now).then_some(entry.value)
    }
}

/// Kept in this process.
#[derive(Default)]
pub struct Memory(Mutex<HashMap<Keyspace, Shelf>>);

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl Memory {
    /// Keeps a value until then, in seconds since 1970.
    pub fn put_until(&self, space: Keyspace, key: Key, value: Vec<u8>, until: u64) {
        self.shelves().entry(space).or_default().put(most(space), key, value, now(), until);
    }

    /// Forgets a value.
    pub fn remove(&self, space: Keyspace, key: Key) {
        self.shelves().entry(space).or_default().take(&key, now());
    }

    /// All of a kind, the oldest first.
    pub fn all(&self, space: Keyspace) -> Vec<(Keyspace, Key, Vec<u8>, u64)> {
        let mut shelves = self.shelves();
        let Shelf { entries, order, .. } = shelves.entry(space).or_default();
        let entry = |key: &Key| entries.get(key).map(|entry| (space, *key, entry.value.clone(), entry.until));
        order.values().filter_map(entry).collect()
    }

    fn shelves(&self) -> MutexGuard<'_, HashMap<Keyspace, Shelf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    fn put(&self, space: Keyspace, key: Key, value: Vec<u8>, lives: Duration) -> StoreFuture<'_, ()> {
        self.put_until(space, key, value, now().saturating_add(lives.as_secs()));
        ready(Ok(())).boxed()
    }

    fn get(&self, space: Keyspace, key: Key) -> StoreFuture<'_, Option<Vec<u8>>> {
        let shelves = self.shelves();
        let entry = shelves.get(&space).and_then(|shelf| shelf.entries.get(&key)).filter(|entry| entry.until > now());
        ready(Ok(entry.map(|entry| entry.value.clone()))).boxed()
    }

    fn take(&self, space: Keyspace, key: Key) -> StoreFuture<'_, Option<Vec<u8>>> {
        ready(Ok(self.shelves().entry(space).or_default().take(&key, now()))).boxed()
    }

    fn settle(&self) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }
}

/// Kept where all servers of the site ask. What drops out there is what is over: there is room for all.
impl Store for Shared {
    fn put(&self, space: Keyspace, key: Key, value: Vec<u8>, lives: Duration) -> StoreFuture<'_, ()> {
        async move { self.put(space, &key, &encoded(value), lives).await }.boxed()
    }

    fn get(&self, space: Keyspace, key: Key) -> StoreFuture<'_, Option<Vec<u8>>> {
        async move { Ok(self.get::<String>(space, &key).await?.and_then(decoded)) }.boxed()
    }

    fn take(&self, space: Keyspace, key: Key) -> StoreFuture<'_, Option<Vec<u8>>> {
        async move { Ok(self.take::<String>(space, &key).await?.and_then(decoded)) }.boxed()
    }

    fn settle(&self) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }
}

/// Keeps a value there where something is still held.
pub async fn put_held(held: &Lease, space: Keyspace, key: Key, value: Vec<u8>, lives: Duration) -> Result<(), NotKept> {
    held.put(space, &key, &encoded(value), lives).await
}

fn encoded(value: Vec<u8>) -> String {
    BASE64_STANDARD_NO_PAD.encode(value)
}

fn decoded(text: String) -> Option<Vec<u8>> {
    BASE64_STANDARD_NO_PAD.decode(text).ok()
}

/// Seconds since 1970.
pub fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> Key {
        [number; 32]
    }

    #[test]
    fn the_oldest_drops_out_and_what_is_over_goes_with_it() {
        let mut shelf = Shelf::default();
        for number in 0..4 {
            shelf.put(3, key(number), vec![number], 100, 110);
        }
        assert_eq!((shelf.entries.len(), shelf.order.len()), (3, 3));
        assert_eq!(shelf.take(&key(0), 100), None);
        // Put again, it is the youngest.
        shelf.put(3, key(1), vec![9], 101, 111);
        shelf.put(3, key(5), vec![5], 101, 111);
        assert_eq!(shelf.take(&key(2), 101), None);
        assert_eq!(shelf.take(&key(1), 101), Some(vec![9]));
        assert_eq!(shelf.take(&key(1), 101), None);
        assert_eq!(shelf.take(&key(3), 110), None, "it is over");
        shelf.put(3, key(6), vec![6], 200, 210);
        assert_eq!((shelf.entries.len(), shelf.order.len()), (1, 1));
    }
}
