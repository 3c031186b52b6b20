//! The text that a tool made of a kept answer, beside it: whoever asks the same again gets a copy. It goes with the answer
//! that it was made of, so it is never older, and nobody else's.

use std::sync::{Arc, Mutex, PoisonError};

/// A text, with what it was made by.
#[derive(Debug)]
pub struct Answered {
    /// All that shaped it but the answer beside which it is kept.
    by: String,
    /// Which version of a document it tells, where it says which one.
    version: Option<String>,
    /// The JSON of an object, up to its end: its age follows.
    begun: String,
}

impl Answered {
    /// The JSON `text`, which ends with that age; none where it ends otherwise.
    pub fn new(by: String, version: Option<String>, text: &str, age: Option<u64>) -> Option<Self> {
        let begun = text.strip_suffix(&*end(age))?.to_owned();
        Some(Self { by, version, begun })
    }

    /// The text, at that age.
    pub fn text(&self, age: Option<u64>) -> String {
        let end = end(age);
        let mut text = String::with_capacity(self.begun.len() + end.len());
        text.push_str(&self.begun);
        text.push_str(&end);
        text
    }

    /// Which version of a document it tells, where it says which one.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// How many bytes it takes.
    fn size(&self) -> usize {
        size_of::<Self>()
            + self.by.capacity()
            + self.version.as_ref().map_or(0, String::capacity)
            + self.begun.capacity()
    }
}

/// How the text of an object ends that tells its age last.
fn end(age: Option<u64>) -> String {
    age.map_or_else(|| "}".to_owned(), |age| format!(",\"age_s\":{age}}}"))
}

/// The place of a text beside an answer: it takes room that the answer counts for anyway.
#[derive(Debug)]
pub(crate) struct Beside {
    room: usize,
    answered: Mutex<Option<Arc<Answered>>>,
}

impl Beside {
    /// Beside an answer of so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self { room: super::SHARE - bytes % super::SHARE, answered: Mutex::default() }
    }

    /// The text that was made by all this.
    pub fn answered(&self, by: &str) -> Option<Arc<Answered>> {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.as_ref().filter(|answered| answered.by == by).map(Arc::clone)
    }

    /// Keeps a text in the place of another one, if there is room for it.
    pub fn keep(&self, answered: Answered) {
        if answered.size() <= self.room {
            *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(answered));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::SHARE;
    use super::*;

    fn answered(by: &str, text: &str) -> Answered {
        Answered::new(by.to_owned(), Some("1".to_owned()), text, Some(7)).unwrap()
    }

    #[test]
    fn a_text_is_given_again_with_the_age_that_it_has_by_then() {
        let answered = answered("x", r#"{"document":{"age_s":7},"age_s":7}"#);
        assert_eq!(answered.text(Some(12)), r#"{"document":{"age_s":7},"age_s":12}"#);
        assert_eq!(answered.text(None), r#"{"document":{"age_s":7}}"#);
    }

    #[test]
    fn a_text_that_does_not_end_with_its_age_is_not_kept() {
        for text in [r#"{"document":{"age_s":7}}"#, r#"{"age_s":7,"left_out":{}}"#, r#"{"a":1,"age_s":70}"#] {
            assert!(Answered::new(String::new(), None, text, Some(7)).is_none(), "{text}");
        }
    }

    #[test]
    fn a_text_is_for_those_alone_who_ask_by_the_same() {
        let beside = Beside::new(2_000);
        beside.keep(answered("fields a", r#"{"a":1,"age_s":7}"#));
        assert!(beside.answered("fields b").is_none());
        assert_eq!(beside.answered("fields a").unwrap().text(None), r#"{"a":1}"#);
        beside.keep(answered("fields b", r#"{"b":1,"age_s":7}"#));
        assert!(beside.answered("fields a").is_none() && beside.answered("fields b").is_some());
    }

    #[test]
    fn a_text_takes_no_more_than_the_answer_counts_for() {
        let text = format!(r#"{{"a":"{}","age_s":7}}"#, "x".repeat(1_000));
        for (bytes, fits) in [(2_000, true), (SHARE - 2_000, true), (SHARE - 500, false), (SHARE, true)] {
            let beside = Beside::new(bytes);
            beside.keep(answered("x", &text));
            assert_eq!(beside.answered("x").is_some(), fits, "{bytes}");
        }
    }
}
