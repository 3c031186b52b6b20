//! Which permlevels the site shows to one user, as far as it was asked.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What was learned, by DocType and permlevel.
#[derive(Debug, Default)]
pub struct Permlevels(Mutex<HashMap<(&'static str, u8), bool>>);

impl Permlevels {
    /// Whether the site shows fields of this permlevel to the user; none if it was not asked yet.
    pub fn known(&self, doctype: &'static str, permlevel: u8) -> Option<bool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&(doctype, permlevel)).copied()
    }

    /// Remembers what the site said.
    pub fn learn(&self, doctype: &'static str, permlevel: u8, shown: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((doctype, permlevel), shown);
    }
}
