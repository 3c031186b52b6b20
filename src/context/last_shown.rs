//! The versions of documents that one user was shown last: a write that starts from an older one is told before it is sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::document::fingerprint::Fingerprint;

/// How many values of documents are remembered in all.
const MOST: usize = 20_000;

/// What was shown last, newest at the end.
#[derive(Debug, Default)]
pub struct LastShown(Mutex<VecDeque<Shown>>);

#[derive(Debug)]
struct Shown {
    of: Document,
    version: Arc<Fingerprint>,
}

/// Of which document, in which MCP session: one session does not know what another one was shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// The session, where the transport has sessions.
    pub session: Option<String>,
    /// The DocType.
    pub doctype: &'static str,
    /// The name.
    pub name: String,
}

impl LastShown {
    /// Remembers the version in the place of an earlier one; of none that nothing is known any more.
    pub fn note(&self, of: Document, version: Option<Fingerprint>) {
        let mut shown = self.shown();
        shown.retain(|shown| shown.of != of);
        shown.extend(version.map(|version| Shown { of, version: Arc::new(version) }));
        let mut size: usize = shown.iter().map(|shown| shown.version.size()).sum();
        while size > MOST
            && let Some(oldest) = shown.pop_front()
        {
            size -= oldest.version.size();
        }
    }

    /// The version that was shown last.
    pub fn of(&self, of: &Document) -> Option<Arc<Fingerprint>> {
        self.shown().iter().find(|shown| shown.of == *of).map(|shown| Arc::clone(&shown.version))
    }

    fn shown(&self) -> MutexGuard<'_, VecDeque<Shown>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
