//! The store in this process: several servers in one program share it, as tests do.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::{FutureExt, ready};

use super::rule::micros;
use super::store::{Store, StoreFuture};
use super::{Counted, Rate, Window};

/// Keeps all of it for as long as the process lives.
#[derive(Default)]
pub struct Memory(Mutex<Shelves>);

#[derive(Default)]
struct Shelves {
    /// Each with its end, in microseconds since 1970.
    values: HashMap<String, (Vec<u8>, u64)>,
    /// The state of each rate.
    rates: HashMap<String, u64>,
    /// When which entries were counted, oldest first.
    counts: HashMap<String, Vec<(u64, String)>>,
}

impl Shelves {
    fn get(&self, name: &str, now: u64) -> Option<Vec<u8>> {
        self.values.get(name).filter(|(_, until)| *until > now).map(|(value, _)| value.clone())
    }

    fn put(&mut self, name: &str, value: Vec<u8>, lives: Duration, now: u64) {
        self.values.retain(|_, (_, until)| *until > now);
        self.values.insert(name.to_owned(), (value, now.saturating_add(micros(lives))));
    }

    fn is_held(&self, name: &str, by: &str, now: u64) -> bool {
        self.get(name, now).is_some_and(|holder| holder == by.as_bytes())
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl Memory {
    fn shelves(&self) -> (MutexGuard<'_, Shelves>, u64) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, micros);
        (self.0.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

fn told<'a, T: Send + 'a>(answer: T) -> StoreFuture<'a, T> {
    ready(Ok(answer)).boxed()
}

impl Store for Memory {
    fn put<'a>(&'a self, name: &'a str, value: Vec<u8>, lives: Duration) -> StoreFuture<'a, ()> {
        let (mut shelves, now) = self.shelves();
        shelves.put(name, value, lives, now);
        told(())
    }

    fn get<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        let (shelves, now) = self.shelves();
        told(shelves.get(name, now))
    }

    fn take<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        let (mut shelves, now) = self.shelves();
        let value = shelves.get(name, now);
        shelves.values.remove(name);
        told(value)
    }

    fn hold<'a>(&'a self, name: &'a str, by: &'a str, lives: Duration) -> StoreFuture<'a, bool> {
        let (mut shelves, now) = self.shelves();
        let may = shelves.get(name, now).is_none_or(|holder| holder == by.as_bytes());
        if may {
            shelves.put(name, by.as_bytes().to_vec(), lives, now);
        }
        told(may)
    }

    fn lengthen<'a>(&'a self, name: &'a str, by: &'a str, lives: Duration) -> StoreFuture<'a, bool> {
        let (mut shelves, now) = self.shelves();
        let is_held = shelves.is_held(name, by, now);
        if is_held {
            shelves.put(name, by.as_bytes().to_vec(), lives, now);
        }
        told(is_held)
    }

    fn release<'a>(&'a self, name: &'a str, by: &'a str) -> StoreFuture<'a, bool> {
        let (mut shelves, now) = self.shelves();
        let is_held = shelves.is_held(name, by, now);
        if is_held {
            shelves.values.remove(name);
        }
        told(is_held)
    }

    fn put_held<'a>(
        &'a self,
        (held, by): (&'a str, &'a str),
        name: &'a str,
        value: Vec<u8>,
        lives: Duration,
    ) -> StoreFuture<'a, bool> {
        let (mut shelves, now) = self.shelves();
        let is_held = shelves.is_held(held, by, now);
        if is_held {
            shelves.put(name, value, lives, now);
        }
        told(is_held)
    }

    fn pass(&self, rates: Vec<(String, Rate)>) -> StoreFuture<'_, Result<(), Duration>> {
        let (mut shelves, now) = self.shelves();
        let mut next = Vec::new();
        for (name, rate) in rates {
            match rate.after_one(shelves.rates.get(&name).copied(), now) {
                Ok(state) => next.push((name, state)),
                Err(wait) => return told(Err(Duration::from_micros(wait))),
            }
        }
        shelves.rates.extend(next);
        told(Ok(()))
    }

    fn count<'a>(
        &'a self,
        name: &'a str,
        entry: Option<String>,
        times: u64,
        windows: &'a [Window],
    ) -> StoreFuture<'a, Counted> {
        let (mut shelves, now) = self.shelves();
        let counted = shelves.counts.entry(name.to_owned()).or_default();
        let longest = windows.iter().map(|window| micros(window.over)).max().unwrap_or_default();
        counted.retain(|(at, _)| *at > now.saturating_sub(longest));
        let sent: Vec<u64> = counted.iter().map(|(at, _)| *at).collect();
        let told_of = Counted::of(&sent, times, windows, now);
        if let Some(entry) =
            entry.filter(|entry| told_of.full.is_none() && counted.iter().all(|(_, known)| known != entry))
        {
            (0..times).for_each(|_| counted.push((now, entry.clone())));
        }
        told(told_of)
    }

    fn uncount<'a>(&'a self, name: &'a str, entry: &'a str, _: u64) -> StoreFuture<'a, ()> {
        let (mut shelves, _) = self.shelves();
        shelves.counts.entry(name.to_owned()).or_default().retain(|(_, known)| known != entry);
        told(())
    }

    fn is_up(&self) -> bool {
        true
    }
}
