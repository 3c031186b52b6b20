//! Per-call state, shared by the requests of one call: request id, cache policy, age of the oldest cached answer, whether a
//! write was sent, who redacts the site's words.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use erpnext_schema::DayOrders;

use super::Redact;
use crate::limit::memory::Share;

/// How many values of one field are told of as they were read.
const MOST_OF_A_FIELD: usize = 5;

tokio::task_local! {
    // Not an argument of every method: nothing that a method of the client does depends on which call it serves.
    static CURRENT: Arc<CallState>;
}

/// One call, as its requests know it.
#[derive(Debug, Default)]
pub struct CallState {
    id: String,
    fresh: bool,
    /// The age of the oldest kept answer in seconds, and one.
    oldest: AtomicU64,
    wrote: AtomicBool,
    /// Whether a write left, of this call or of one that it is made of.
    sent: Arc<AtomicBool>,
    /// Who decides how much of the site's words is told; shared with the calls that this one is made of, which may have their own.
    redactor: Option<Arc<dyn Redact>>,
    /// The memory that its large answers take.
    shares: Mutex<Vec<Share>>,
    /// What is to be said beside the answer.
    notes: Mutex<Vec<Note>>,
    /// In which order its days are written; shared with the calls that this one is made of, whose own may not show it.
    days: Arc<Mutex<DayOrders>>,
}

/// What is to be said beside an answer.
#[derive(PartialEq, Eq, Debug)]
struct Note {
    /// The field that a value was read of, where it is about one.
    field: Option<String>,
    text: String,
}

impl CallState {
    /// A call under the name that the audit log gives it, which may tell of the site's words what the redactor says; with
    /// `fresh`, no answer that was kept will do.
    pub fn new(id: &str, fresh: bool, redactor: Option<Arc<dyn Redact>>) -> Arc<Self> {
        let whole = current().unwrap_or_default();
        let (sent, days) = (Arc::clone(&whole.sent), Arc::clone(&whole.days));
        Arc::new(Self { id: id.to_owned(), fresh, redactor, sent, days, ..Self::default() })
    }

    /// The same, which sets `sent` when a write leaves, of it or of the calls that it is made of.
    pub fn watched(id: &str, fresh: bool, redactor: Option<Arc<dyn Redact>>, sent: Arc<AtomicBool>) -> Arc<Self> {
        Arc::new(Self { id: id.to_owned(), fresh, redactor, sent, ..Self::default() })
    }

    /// Does `work`, whose requests are then those of this call.
    pub async fn run<F: Future>(self: Arc<Self>, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// What is to be said beside the answer.
    pub fn notes(&self) -> Vec<String> {
        self.taken().into_iter().map(|note| note.text).collect()
    }

    /// Says what is to be said beside the answer of the call that this one is a part of.
    pub fn hand_over(&self) {
        self.taken().into_iter().for_each(add);
    }

    fn taken(&self) -> Vec<Note> {
        std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The age in seconds of the oldest kept answer that was used, if one was.
    pub fn age(&self) -> Option<u64> {
        self.oldest.load(Ordering::Relaxed).checked_sub(1)
    }
}

/// Says something beside the answer of the call, once.
pub fn note(text: String) {
    add(Note { field: None, text });
}

/// Says of a field how a value of it was read.
pub fn note_of(field: &str, said: &str) {
    add(Note { field: Some(field.to_owned()), text: format!("{field}: {said}") });
}

/// Adds a note that is not there. Many rows have many values of one field: the first few show how it is read.
fn add(note: Note) {
    let Some(scope) = current() else { return };
    let mut notes = scope.notes.lock().unwrap_or_else(PoisonError::into_inner);
    if notes.contains(&note) {
        return;
    }
    let Some(field) = &note.field else { return notes.push(note) };
    let others = notes.iter().filter(|other| other.field == note.field).count();
    if others < MOST_OF_A_FIELD {
        notes.push(note);
    } else if others == MOST_OF_A_FIELD {
        notes.push(Note { text: format!("{field}: others are read in the same way"), ..note });
    }
}

/// Takes in how days of the call are written.
pub fn learn_days(orders: DayOrders) {
    if let Some(scope) = current() {
        scope.days.lock().unwrap_or_else(PoisonError::into_inner).extend(orders);
    }
}

/// In which order the days of the call are written, as far as some show it.
pub fn day_orders() -> DayOrders {
    current().map(|scope| scope.days.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap_or_default()
}

fn current() -> Option<Arc<CallState>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// The name that requests carry.
pub(super) fn id() -> Option<String> {
    current().map(|scope| scope.id.clone())
}

/// Who decides how much of the site's words is told.
pub(super) fn redactor() -> Option<Arc<dyn Redact>> {
    current()?.redactor.clone()
}

/// Notes that the site is asked about documents of this DocType.
pub(super) fn asks(doctype: &str) {
    if let Some(redactor) = redactor() {
        redactor.asks(doctype);
    }
}

/// Whether the site has to be asked.
pub(super) fn is_fresh() -> bool {
    current().is_some_and(|scope| scope.fresh)
}

/// Notes that an answer of that age was used.
pub(super) fn used(age: Duration) {
    if let Some(scope) = current() {
        scope.oldest.fetch_max(age.as_secs() + 1, Ordering::Relaxed);
    }
}

/// Whether the call holds memory for a large answer.
pub(super) fn holds_a_share() -> bool {
    current().is_some_and(|scope| !scope.shares.lock().unwrap_or_else(PoisonError::into_inner).is_empty())
}

/// Holds this memory until the call ends.
pub(super) fn hold(share: Share) {
    if let Some(scope) = current() {
        scope.shares.lock().unwrap_or_else(PoisonError::into_inner).push(share);
    }
}

/// Gives back the memory of the answers so far, which a call that reads page by page holds no more.
pub fn let_go() {
    if let Some(scope) = current() {
        scope.shares.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Notes that a write leaves.
pub(super) fn writes() {
    if let Some(scope) = current() {
        scope.wrote.store(true, Ordering::Relaxed);
        scope.sent.store(true, Ordering::Relaxed);
    }
}

/// Whether a write has left: what follows it finishes what was begun.
pub(super) fn has_written() -> bool {
    current().is_some_and(|scope| scope.wrote.load(Ordering::Relaxed))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::check;
    use super::*;
    use crate::limit::memory::Budget;
    use crate::policy::{Operation, Permit};
    use crate::shape::said::Said;

    #[derive(Debug, Default)]
    struct Noted(Mutex<Vec<String>>);

    impl Redact for Noted {
        fn asks(&self, doctype: &str) {
            self.0.lock().unwrap().push(doctype.to_owned());
        }

        fn redact(&self, said: &Said) -> String {
            said.text.clone()
        }
    }

    #[tokio::test]
    async fn who_decides_about_the_sites_words_knows_whatever_it_was_asked_about() {
        let noted = Arc::new(Noted::default());
        let redactor: Arc<dyn Redact> = noted.clone();
        let work = async {
            for doctype in ["Sales Order", "Customer"] {
                check(&Permit::for_test(doctype, Operation::Read), &[Operation::Read]).unwrap();
            }
        };
        CallState::new("1", false, Some(redactor)).run(work).await;
        assert_eq!(*noted.0.lock().unwrap(), ["Sales Order", "Customer"]);
    }

    #[tokio::test]
    async fn a_call_that_reads_page_by_page_holds_one_at_a_time() {
        let budget = Budget::new(2 << 20);
        let work = async {
            for _ in 0..10 {
                hold(budget.take_now(1 << 20).unwrap());
                assert!(holds_a_share());
                let_go();
            }
        };
        CallState::new("1", false, None).run(work).await;
    }
}
