//! The versions of documents that one user was shown last: a write that starts from an older one is told before it is sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::document::fingerprint::Fingerprint;

/// How many values of documents are remembered in all.
const MOST: usize = 20_000;

/// What was shown last.
#[derive(Debug, Default)]
pub struct LastShown(Mutex<Store>);

#[derive(Debug, Default)]
struct Store {
    /// Newest at the end.
    shown: VecDeque<Shown>,
    /// In values.
    size: usize,
}

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
        let mut store = self.store();
        let Store { shown, size } = &mut *store;
        if let Some(earlier) = shown.iter().position(|shown| shown.of == of).and_then(|at| shown.remove(at)) {
            *size -= earlier.version.size();
        }
        if let Some(version) = version {
            *size += version.size();
            shown.push_back(Shown { of, version: Arc::new(version) });
        }
        while *size > MOST
            && let Some(oldest) = shown.pop_front()
        {
            *size -= oldest.version.size();
        }
    }

    /// The version that was shown last.
    pub fn of(&self, of: &Document) -> Option<Arc<Fingerprint>> {
        self.store().shown.iter().find(|shown| shown.of == *of).map(|shown| Arc::clone(&shown.version))
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
