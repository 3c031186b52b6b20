//! Per-call state, shared by the requests of one call: request id, cache policy, age of the oldest cached answer, whether a
//! write was sent, values to mask.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::{Kind, SiteError};

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
    /// Texts of withheld values; shared with the calls that this one is made of.
    withheld: Arc<Mutex<Texts>>,
    /// DocTypes and names of the documents that the site's messages link to; shared likewise.
    mentioned: Arc<Mutex<Vec<(String, String)>>>,
    /// Refusals that quote what was not read; shared likewise.
    refusals: Arc<Mutex<Vec<SiteError>>>,
}

/// Texts by their length, the longest first.
type Texts = BTreeSet<(Reverse<usize>, String)>;

/// More values than this are not kept in mind: then nothing that the site said is told.
const MOST_WITHHELD: usize = 50_000;
/// A shorter value says nothing, and stands everywhere.
const SHORTEST_WITHHELD: usize = 3;
/// The most documents that the messages of one answer are searched for.
const MOST_MENTIONED: usize = 500;
/// The exception that lists Links which lead nowhere.
const LINKS: &str = "LinkValidationError";
/// What stands in the place of a withheld value.
const MASK: &str = "[withheld]";

impl CallState {
    /// A call under the name that the audit log gives it; with `fresh`, no answer that was kept will do.
    pub fn new(id: &str, fresh: bool) -> Arc<Self> {
        let mut scope = Self { id: id.to_owned(), fresh, ..Self::default() };
        if let Some(outer) = current() {
            scope.withheld = Arc::clone(&outer.withheld);
            scope.mentioned = Arc::clone(&outer.mentioned);
            scope.refusals = Arc::clone(&outer.refusals);
        }
        Arc::new(scope)
    }

    /// Takes the names of documents that the site's messages link to for withheld where `hidden` says so of DocType and name.
    pub fn hide(&self, hidden: impl Fn(&str, &str) -> bool) {
        let mentioned = std::mem::take(&mut *self.mentioned.lock().unwrap_or_else(PoisonError::into_inner));
        let names = mentioned.into_iter().filter(|(doctype, name)| hidden(doctype, name));
        self.withhold(names.map(|(_, name)| name));
    }

    /// Whether the site said of a right that it is missing.
    pub fn lacks_a_right(&self) -> bool {
        let refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.iter().any(|error| error.kind() == Kind::Denied)
    }

    /// Takes for withheld what `untold` finds in the site's refusals that quote what was not read.
    pub fn keep_back(&self, untold: impl Fn(&SiteError) -> Vec<String>) {
        let refusals = std::mem::take(&mut *self.refusals.lock().unwrap_or_else(PoisonError::into_inner));
        self.withhold(refusals.iter().flat_map(untold));
    }

    fn withhold(&self, texts: impl Iterator<Item = String>) {
        let mut withheld = self.withheld.lock().unwrap_or_else(PoisonError::into_inner);
        for text in texts.filter(|text| text.chars().count() >= SHORTEST_WITHHELD) {
            if withheld.len() <= MOST_WITHHELD {
                withheld.insert((Reverse(text.len()), text));
            }
        }
    }

    /// Whether a withheld value was read, so that [`CallState::mask`] may find one.
    pub fn must_mask(&self) -> bool {
        !self.withheld.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The site's text without the withheld values that it quotes.
    pub fn mask(&self, text: &str) -> String {
        let withheld = self.withheld.lock().unwrap_or_else(PoisonError::into_inner);
        if withheld.len() > MOST_WITHHELD {
            return MASK.to_owned();
        }
        withheld.iter().fold(text.to_owned(), |text, (_, value)| without(text, value))
    }

    /// Does `work`, whose requests are then those of this call.
    pub async fn run<F: Future>(self: Arc<Self>, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// The age in seconds of the oldest kept answer that was used, if one was.
    pub fn age(&self) -> Option<u64> {
        self.oldest.load(Ordering::Relaxed).checked_sub(1)
    }
}

/// The text with the mask in the place of the value; a number stands for itself only where it is no part of another.
fn without(text: String, value: &str) -> String {
    if !text.contains(value) {
        return text;
    }
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit() || b",.-".contains(&byte));
    if !is_number {
        return text.replace(value, MASK);
    }
    let is_digit = |char: Option<char>| char.is_some_and(|char| char.is_ascii_digit());
    let goes_on = |next: Option<char>, second: Option<char>| {
        is_digit(next) || matches!(next, Some('.' | ',' | ':' | '-')) && is_digit(second)
    };
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in text.match_indices(value) {
        let (before, after) = (&text[..at], &text[at + value.len()..]);
        let (mut back, mut on) = (before.chars().rev(), after.chars());
        if !goes_on(back.next(), back.next()) && !goes_on(on.next(), on.next()) {
            kept.push_str(&text[from..at]);
            kept.push_str(MASK);
            from = at + value.len();
        }
    }
    kept.push_str(&text[from..]);
    kept
}

fn current() -> Option<Arc<CallState>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// The name that requests carry.
pub(super) fn id() -> Option<String> {
    current().map(|scope| scope.id.clone())
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

/// Notes a value that the caller may not see: what the site says may quote it.
pub(super) fn withhold(value: &Value) {
    let Some(scope) = current() else { return };
    let texts = match value {
        Value::String(text) => vec![text.trim().to_owned()],
        // A zero is what an empty field holds.
        Value::Number(number) if number.as_f64() != Some(0.0) => spellings(number.as_f64().unwrap_or_default()),
        _ => return,
    };
    scope.withhold(texts.into_iter());
}

/// Notes documents that the site's messages link to.
pub(super) fn mention(documents: Vec<(String, String)>) {
    if let Some(scope) = current().filter(|_| !documents.is_empty()) {
        let mut mentioned = scope.mentioned.lock().unwrap_or_else(PoisonError::into_inner);
        mentioned.extend(documents.into_iter().take(MOST_MENTIONED));
    }
}

/// Notes a refusal, where it can quote what was not read: why a right is missing, and which Links lead nowhere.
pub(super) fn refused(error: &SiteError) {
    if error.kind() != Kind::Denied && error.exc_type() != Some(LINKS) {
        return;
    }
    if let Some(scope) = current() {
        scope.refusals.lock().unwrap_or_else(PoisonError::into_inner).push(error.clone());
    }
}

/// A number as the site's messages write it.
fn spellings(number: f64) -> Vec<String> {
    let plain = format!("{number:.2}");
    let (whole, cents) = plain.split_once('.').unwrap_or((&plain, ""));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    vec![
        format!("{sign}{grouped}.{cents}"),
        plain.clone(),
        format!("{sign}{grouped}"),
        whole.to_owned(),
        number.to_string(),
    ]
}

/// Notes that a write leaves.
pub(super) fn writes() {
    if let Some(scope) = current() {
        scope.wrote.store(true, Ordering::Relaxed);
    }
}

/// Whether a write has left: what follows it finishes what was begun.
pub(super) fn has_written() -> bool {
    current().is_some_and(|scope| scope.wrote.load(Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{CallState, MOST_WITHHELD, withhold};

    #[tokio::test]
    async fn what_was_withheld_is_not_quoted_in_any_spelling() {
        let scope = CallState::new("id", false);
        let work = async {
            withhold(&json!(1234567.5));
            withhold(&json!("Secret Street 5"));
            withhold(&json!("x"));
            withhold(&json!(0));
            // A call within the call.
            CallState::new("inner", false).run(async { withhold(&json!("inner secret")) }).await;
        };
        scope.clone().run(work).await;
        let said = scope.mask("1,234,567.50 or 1234567.5 of Secret Street 5: inner secret, x, 0");
        assert_eq!(said, "[withheld] or [withheld] of [withheld]: [withheld], x, 0");
    }

    #[tokio::test]
    async fn a_number_is_masked_only_where_it_is_one() {
        let scope = CallState::new("id", false);
        let work = async { [json!(5), json!(0.0), json!(7250)].iter().for_each(withhold) };
        scope.clone().run(work).await;
        for (said, told) in [
            ("5.00 or 15.00, 5.005, 1,235.00", "[withheld] or 15.00, 5.005, 1,235.00"),
            ("limit 7,250.00/7250, at 17:25:01.725000", "limit [withheld]/[withheld], at 17:25:01.725000"),
            ("it is 7250. 7250, USD7250", "it is [withheld]. [withheld], USD[withheld]"),
            ("0.00 of 0", "0.00 of 0"),
        ] {
            assert_eq!(scope.mask(said), told);
        }
    }

    #[tokio::test]
    async fn where_more_is_withheld_than_can_be_looked_for_nothing_is_told() {
        let scope = CallState::new("id", false);
        let note = |count: usize| (0..count).for_each(|at| withhold(&json!(format!("secret {at}"))));
        scope.clone().run(async { note(MOST_WITHHELD) }).await;
        assert_eq!(scope.mask("is secret 49999 known?"), "is [withheld] known?");
        scope.clone().run(async { withhold(&json!("one more")) }).await;
        assert_eq!(scope.mask("is it known?"), "[withheld]");
    }
}
