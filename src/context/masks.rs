//! What the site masks for one user (H84), as it said not long ago.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::shape::Masked;

/// What was learned, by DocType.
#[derive(Debug, Default)]
pub struct Masks(Mutex<HashMap<&'static str, (Instant, Arc<Masked>)>>);

impl Masks {
    /// What is masked of a DocType and its rows, if the site said it at most `age` ago.
    pub fn known(&self, doctype: &str, age: Duration) -> Option<Arc<Masked>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(doctype).filter(|(asked, _)| asked.elapsed() < age).map(|(_, masked)| Arc::clone(masked))
    }

    /// Remembers what the site said now.
    pub fn learn(&self, doctype: &'static str, masked: &Arc<Masked>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(doctype, (Instant::now(), Arc::clone(masked)));
    }
}
