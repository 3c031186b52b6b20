//! The DocTypes whose metadata the site was asked for, and those of them whose answer was understood.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

/// How long the metadata of a DocType is believed, if the site does not say that something changed.
const DAY: Duration = Duration::from_secs(86_400);
/// After what time a DocType is asked for again whose table was not told, or not understood.
const HOUR: Duration = Duration::from_secs(3_600);

/// The DocTypes that the site was asked for.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Asked {
    at: BTreeMap<String, SystemTime>,
    understood: BTreeSet<String>,
    changes: u64,
}

impl Asked {
    /// What was kept of an earlier process.
    pub fn new(at: BTreeMap<String, SystemTime>, understood: BTreeSet<String>) -> Self {
        Self { at, understood, changes: 0 }
    }

    /// When the site was last asked for each.
    pub fn at(&self) -> &BTreeMap<String, SystemTime> {
        &self.at
    }

    /// Those whose tables are the site's: told, understood, and not outdated by a change that is known of.
    pub fn understood(&self) -> &BTreeSet<String> {
        &self.understood
    }

    /// Whether the site is to be asked for the DocType when it is next needed.
    pub fn is_due(&self, doctype: &str) -> bool {
        let believed = if self.understood.contains(doctype) { DAY } else { HOUR };
        match self.at.get(doctype).map(SystemTime::elapsed) {
            Some(Ok(age)) => age >= believed,
            // Never, or in the future: the clock was set back.
            Some(Err(_)) | None => true,
        }
    }

    /// How often the metadata was taken to have changed, for [`Asked::note`].
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// Takes note of an answer to a question that was asked after so many changes, and of what in it was understood. One
    /// that a change overtook may be older than the change, and counts for nothing.
    pub(super) fn note(&mut self, changes: u64, told: impl IntoIterator<Item = (String, bool)>) {
        if changes != self.changes {
            return;
        }
        let now = SystemTime::now();
        for (doctype, is_understood) in told {
            if is_understood {
                self.understood.insert(doctype.clone());
            } else {
                self.understood.remove(&doctype);
            }
            self.at.insert(doctype, now);
        }
    }

    /// Takes it that the metadata changed.
    pub(super) fn outdate(&mut self) {
        self.changes += 1;
        self.understood.clear();
        self.at.values_mut().for_each(|at| *at = SystemTime::UNIX_EPOCH);
    }

    /// Takes it that nothing changed until now of what was understood.
    pub(super) fn renew(&mut self) {
        let now = SystemTime::now();
        for doctype in &self.understood {
            self.at.insert(doctype.clone(), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(doctype: &str, is_understood: bool) -> [(String, bool); 1] {
        [(doctype.to_owned(), is_understood)]
    }

    #[test]
    fn what_was_not_understood_is_not_believed_and_asked_for_sooner() {
        let mut asked = Asked::default();
        asked.note(0, told("UOM", true).into_iter().chain(told("Item", false)));
        assert!(asked.understood().contains("UOM") && !asked.understood().contains("Item"));
        assert!(!asked.is_due("UOM") && !asked.is_due("Item") && asked.is_due("Lead"));
        let earlier = SystemTime::now() - HOUR;
        asked.at.values_mut().for_each(|at| *at = earlier);
        assert!(!asked.is_due("UOM") && asked.is_due("Item"));
        asked.note(0, told("UOM", false));
        assert!(asked.understood().is_empty(), "the site has another table by now");
    }

    #[test]
    fn what_a_change_outdated_is_due_until_it_is_told_by_an_answer_to_a_later_question() {
        let mut asked = Asked::default();
        asked.note(0, told("UOM", true));
        let before = asked.changes();
        asked.outdate();
        for _ in 0..2 {
            assert!(asked.understood().is_empty() && asked.is_due("UOM"));
            asked.note(before, told("UOM", true));
            asked.renew();
        }
        asked.note(asked.changes(), told("UOM", true));
        assert!(asked.understood().contains("UOM") && !asked.is_due("UOM"));
    }
}
