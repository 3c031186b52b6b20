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

    /// Whether that version is known to be the one that was shown last; then it is shown again.
    pub fn again(&self, of: &Document, modified: &str) -> bool {
        let mut store = self.store();
        let known = store.shown.iter().position(|shown| shown.of == *of && shown.version.modified() == modified);
        let known = known.and_then(|at| store.shown.remove(at));
        let is_known = known.is_some();
        store.shown.extend(known);
        is_known
    }

    /// The version that was shown last.
    pub fn of(&self, of: &Document) -> Option<Arc<Fingerprint>> {
        self.store().shown.iter().find(|shown| shown.of == *of).map(|shown| Arc::clone(&shown.version))
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(name: &str) -> Document {
        Document { session: None, doctype: "Sales Order", name: name.to_owned() }
    }

    fn version(modified: &str) -> Option<Fingerprint> {
        Fingerprint::of(json!({"modified": modified}).as_object().unwrap())
    }

    #[test]
    fn a_version_is_shown_again_where_it_was_the_last_alone() {
        let shown = LastShown::default();
        assert!(!shown.again(&document("a"), "1"));
        shown.note(document("a"), version("1"));
        shown.note(document("b"), version("1"));
        assert!(shown.again(&document("a"), "1") && !shown.again(&document("a"), "2"));
        let store = shown.store();
        assert_eq!(store.shown.back().unwrap().of, document("a"), "it is the newest");
        let sizes: usize = store.shown.iter().map(|shown| shown.version.size()).sum();
        assert_eq!((store.shown.len(), store.size), (2, sizes));
        drop(store);
        shown.note(document("a"), version("2"));
        assert!(!shown.again(&document("a"), "1"));
    }
}
