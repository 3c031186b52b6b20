//! Words that ask for what an app beside ERPNext brings, where the site does not have it.

use std::sync::LazyLock;

use super::own_doctypes;
use crate::catalog::other_apps;
use crate::context::Session;
use crate::site::SiteErrorKind;
use crate::tool::search;

/// What people say for a DocType, as stems.
struct Phrase {
    said: &'static str,
    words: Vec<String>,
    /// Without what is to be done.
    thing: Vec<String>,
    doctype: &'static str,
    /// Whether it means that only where nothing else is said.
    alone: bool,
}

static PHRASES: LazyLock<Vec<Phrase>> = LazyLock::new(|| {
    let phrase = |(words, doctype, alone): (&'static str, &'static str, bool)| Phrase {
        said: words,
        words: search::words(words),
        thing: thing(words),
        doctype,
        alone,
    };
    other_apps::phrases().map(phrase).collect()
});

/// What is not there.
pub(super) struct Absent {
    /// Which DocType, and why.
    pub message: String,
    /// Whether nothing else was asked for.
    pub is_all: bool,
}

/// The DocType of another app that the words name and that the site, as it says itself, does not have.
pub(super) async fn absent(session: &Session<'_>, text: &str) -> Option<Absent> {
    let (asked, thing) = (search::words(text), thing(text));
    let is_in = |words: &[String]| !words.is_empty() && asked.windows(words.len()).any(|part| part == words);
    let is_said = |phrase: &&Phrase| is_in(&phrase.words) && (!phrase.alone || phrase.thing == thing);
    let Phrase { said, doctype, thing: named, .. } = PHRASES.iter().find(is_said)?;
    let error = session.catalog.shown(session.asker(), doctype).await.err()?;
    let is_absent = matches!(error.kind(), SiteErrorKind::Missing | SiteErrorKind::Denied);
    let is_absent = is_absent && !may_have_own(session, said).await;
    is_absent.then(|| Absent { message: other_apps::absent(doctype), is_all: *named == thing })
}

/// Whether the site may have a DocType of another app, or one that was made on it, which is called so.
async fn may_have_own(session: &Session<'_>, said: &str) -> bool {
    let part = said.to_lowercase();
    let is_called_so = |name: &str| name.to_lowercase().contains(&part) && other_apps::named(name).is_none();
    if session.policy.doctypes().any(|(name, _)| is_called_so(name)) {
        return true;
    }
    !own_doctypes::opened(session, Some(said), None).await.is_ok_and(|found| found.doctypes.is_empty())
}

fn thing(text: &str) -> Vec<String> {
    search::words(&search::thing(text))
}
