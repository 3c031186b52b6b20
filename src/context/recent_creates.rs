//! The documents that one user made through this server of late.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many names of new documents are remembered.
const REMEMBERED: usize = 1_000;
/// That nothing was sent, which the audit log tells too.
pub const MADE_BEFORE: &str = "made by an earlier call with this idempotency_key; nothing was sent now";

/// The documents made through this server of late: what one create made is not taken for what another did, and a key that
/// the site has no field for is known again.
#[derive(Debug, Default)]
pub struct RecentCreates(Mutex<VecDeque<Document>>);

#[derive(Debug)]
struct Document {
    doctype: String,
    name: String,
    key: Option<String>,
}

impl RecentCreates {
    /// Remembers a document; the oldest makes room.
    pub fn add(&self, doctype: &str, name: &str, key: Option<&str>) {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if made.len() >= REMEMBERED {
            made.pop_front();
        }
        let key = key.map(str::to_owned);
        made.push_back(Document { doctype: doctype.to_owned(), name: name.to_owned(), key });
    }

    /// Whether a create of this server made it.
    pub fn has(&self, doctype: &str, name: &str) -> bool {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.iter().any(|known| known.doctype == doctype && known.name == name)
    }

    /// The document that was made with this key.
    pub fn with_key(&self, doctype: &str, key: &str) -> Option<String> {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = made.iter().rfind(|known| known.doctype == doctype && known.key.as_deref() == Some(key));
        found.map(|known| known.name.clone())
    }
}
