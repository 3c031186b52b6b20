//! Strings and lists that live as long as the process, so that metadata read at run time fits the generated tables.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

static TEXTS: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);

/// The one copy of this text.
pub fn text(text: &str) -> &'static str {
    let mut known = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known.get(text) {
        return found;
    }
    let kept: &'static str = Box::leak(text.into());
    known.insert(kept);
    kept
}

/// A value that is never freed.
pub fn one<T>(item: T) -> &'static T {
    Box::leak(Box::new(item))
}

/// A list that is never freed; no room is kept that it does not use.
pub fn list<T>(items: Vec<T>) -> &'static [T] {
    Box::leak(items.into_boxed_slice())
}
