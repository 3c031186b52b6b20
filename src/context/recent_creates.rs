//! The documents that one user made through this server of late, and those that are being made.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, VecDeque};
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

/// How many names of new documents are remembered.
const REMEMBERED: usize = 1_000;
/// How many creates of unknown outcome are remembered, and for how long: after this nobody repeats one by mistake.
const LOST: usize = 1_000;
const LOST_FOR: Duration = Duration::from_secs(600);
/// That nothing was sent, which the audit log tells too.
pub const MADE_BEFORE: &str = "made by an earlier call with this idempotency_key; nothing was sent now";

/// The documents made through this server of late: what one create made is not taken for what another did.
#[derive(Debug, Default)]
pub struct RecentCreates(Mutex<Store>);

#[derive(Debug, Default)]
struct Store {
    made: VecDeque<Document>,
    /// What is being made now, and whether just one call makes it.
    under_way: Vec<(String, Map<String, Value>, Arc<AtomicBool>)>,
    /// What may have been made, as a hash, and from when on.
    lost: VecDeque<(u64, Instant)>,
}

#[derive(Debug)]
struct Document {
    doctype: String,
    name: String,
}

impl RecentCreates {
    /// Takes a document for one's own, where no other has done so.
    pub fn claim(&self, doctype: &str, name: &str) -> bool {
        let made = &mut self.store().made;
        if made.iter().any(|known| known.doctype == doctype && known.name == name) {
            return false;
        }
        if made.len() >= REMEMBERED {
            made.pop_front();
        }
        made.push_back(Document { doctype: doctype.to_owned(), name: name.to_owned() });
        true
    }

    /// Whether a call took it for its own.
    pub fn has(&self, doctype: &str, name: &str) -> bool {
        self.store().made.iter().any(|known| known.doctype == doctype && known.name == name)
    }

    /// Notes that a document that holds this is being made, until the guard is dropped.
    pub fn begin(&self, doctype: &str, holds: Map<String, Value>) -> UnderWay<'_> {
        // A document is found by what was sent of it: one that says less is found in one that says more.
        let agrees = |of: &str, other: &Map<String, Value>| {
            of == doctype && holds.iter().all(|(key, value)| other.get(key).is_none_or(|other| other == value))
        };
        let under_way = &mut self.store().under_way;
        let mut twins = under_way.iter().filter(|(of, other, _)| agrees(of, other)).peekable();
        let alone = Arc::new(AtomicBool::new(twins.peek().is_none()));
        twins.for_each(|(.., alone)| alone.store(false, Ordering::Relaxed));
        under_way.push((doctype.to_owned(), holds, Arc::clone(&alone)));
        UnderWay { made: self, alone }
    }

    /// Notes that a call which began `since` may have made a document that holds this: nobody knows.
    pub fn lose(&self, doctype: &str, holds: &Map<String, Value>, since: Instant) {
        let lost = &mut self.store().lost;
        lost.retain(|(_, since)| since.elapsed() < LOST_FOR);
        if lost.len() >= LOST {
            lost.pop_front();
        }
        lost.push_back((hashed(doctype, holds), since));
    }

    /// Since when a document that holds just this may have been made by a call of unknown outcome. A document that is told of is
    /// claimed, so that it is told once: whoever asks for the same again means another one.
    pub fn lost(&self, doctype: &str, holds: &Map<String, Value>) -> Option<Instant> {
        let hash = hashed(doctype, holds);
        let known = |(known, since): &&(u64, Instant)| *known == hash && since.elapsed() < LOST_FOR;
        self.store().lost.iter().find(known).map(|(_, since)| *since)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a document holds, to be known again: it may be large, and is not kept.
fn hashed(doctype: &str, holds: &Map<String, Value>) -> u64 {
    static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    let sorted: BTreeMap<&String, String> = holds.iter().map(|(key, value)| (key, value.to_string())).collect();
    STATE.hash_one((doctype, sorted))
}

/// Something that is being made. Where another call made the same at the same time, nobody can tell whose a document is
/// that is found.
pub struct UnderWay<'a> {
    made: &'a RecentCreates,
    alone: Arc<AtomicBool>,
}

impl UnderWay<'_> {
    /// Whether no other call made the same meanwhile.
    pub fn is_alone(&self) -> bool {
        self.alone.load(Ordering::Relaxed)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.made.store().under_way.retain(|(.., alone)| !Arc::ptr_eq(alone, &self.alone));
    }
}
