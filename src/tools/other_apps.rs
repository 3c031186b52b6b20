//! Words that ask for what an app beside ERPNext brings, where the site does not have it.

use std::sync::LazyLock;

use crate::catalog::other_apps;
use crate::context::Session;
use crate::site::SiteErrorKind;
use crate::tool::search;

/// What people say for a DocType, as stems.
struct Phrase {
    words: Vec<String>,
    /// Without what is to be done.
    thing: Vec<String>,
    doctype: &'static str,
    /// Whether it means that only where nothing else is said.
    alone: bool,
}

static PHRASES: LazyLock<Vec<Phrase>> = LazyLock::new(|| {
    let phrase = |(words, doctype, alone): (&str, &'static str, bool)| Phrase {
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

/// The DocType of another app that the words name, where the site says that it has none of that name.
pub(super) async fn absent(session: &Session<'_>, text: &str) -> Option<Absent> {
    let (asked, thing) = (search::words(text), thing(text));
    let is_in = |words: &[String]| !words.is_empty() && asked.windows(words.len()).any(|part| part == words);
    let is_said = |phrase: &&Phrase| phrase.thing == thing || !phrase.alone && is_in(&phrase.words);
    let Phrase { doctype, thing: named, .. } = PHRASES.iter().find(is_said)?;
    let error = session.catalog.shown(session.asker(), doctype).await.err()?;
    let is_absent = matches!(error.kind(), SiteErrorKind::Missing | SiteErrorKind::Denied);
    is_absent.then(|| Absent { message: other_apps::absent(doctype), is_all: *named == thing })
}

fn thing(text: &str) -> Vec<String> {
    search::words(&search::thing(text))
}
