//! Which permlevels the site shows to one user, as it said not long ago: a right may be taken away at any time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A DocType and one of its levels.
type Level = (&'static str, u8);

/// What was learned, by DocType and permlevel, and when.
#[derive(Debug, Default)]
pub struct Permlevels(Mutex<HashMap<Level, (Instant, bool)>>);

impl Permlevels {
    /// Whether the site shows fields of this permlevel to the user; none if it did not say so at most `age` ago.
    pub fn known(&self, doctype: &'static str, permlevel: u8, age: Duration) -> Option<bool> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(doctype, permlevel)).filter(|(said, _)| said.elapsed() < age).map(|(_, shown)| *shown)
    }

    /// Remembers what the site said.
    pub fn learn(&self, doctype: &'static str, permlevel: u8, shown: bool) {
        let learned = (Instant::now(), shown);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((doctype, permlevel), learned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_site_said_of_a_level_is_believed_for_a_while() {
        let levels = Permlevels::default();
        levels.learn("Customer", 1, true);
        assert_eq!(levels.known("Customer", 1, Duration::from_secs(600)), Some(true));
        assert_eq!(levels.known("Customer", 1, Duration::ZERO), None);
        levels.learn("Customer", 1, false);
        assert_eq!(levels.known("Customer", 1, Duration::from_secs(600)), Some(false));
        assert_eq!(levels.known("Customer", 2, Duration::from_secs(600)), None);
    }
}
