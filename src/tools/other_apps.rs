//! Words that ask for what an app beside ERPNext brings, where the site does not have it.

use crate::catalog::other_apps;
use crate::context::Session;
use crate::site::SiteErrorKind;
use crate::tool::search;

/// What is not there.
pub(super) struct Absent {
    /// Which DocType, and why.
    pub message: String,
    /// Whether nothing else was asked for.
    pub is_all: bool,
}

/// The DocType of another app that the words name, where the site says that it has none of that name.
pub(super) async fn absent(session: &Session<'_>, text: &str) -> Option<Absent> {
    let (asked, thing) = (search::words(text), search::words(&search::thing(text)));
    let (doctype, is_all) = other_apps::phrases().find_map(|(words, doctype, alone)| {
        let (is_all, words) = (thing == search::words(&search::thing(words)), search::words(words));
        let is_in = || !words.is_empty() && asked.windows(words.len()).any(|part| part == words.as_slice());
        (is_all || !alone && is_in()).then_some((doctype, is_all))
    })?;
    let error = session.catalog.shown(session.asker(), doctype).await.err()?;
    let is_absent = matches!(error.kind(), SiteErrorKind::Missing | SiteErrorKind::Denied);
    is_absent.then(|| Absent { message: other_apps::absent(doctype), is_all })
}
