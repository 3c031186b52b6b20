//! The DocTypes that a site has beside those of the tables: other apps' and those that were made on it.

use crate::context::Session;
use crate::site::{FoundDocTypes, SiteError};

/// The most words that DocTypes are looked for by, after all of them together found none.
const MOST_WORDS: usize = 3;
/// What is told where the site may have more of them.
pub(super) const CUT: &str = "more DocTypes of the site fit than one search gives, and some of its own may be \
                              missing here: search for a longer part of the name";

/// Those that the configuration opens without naming them, by a part of the name or a module; each with its module.
///
/// # Errors
/// The site's.
pub(super) async fn opened(
    session: &Session<'_>,
    text: Option<&str>,
    module: Option<&str>,
) -> Result<FoundDocTypes, SiteError> {
    let policy = session.policy;
    if policy.default_operations().is_empty() {
        return Ok(FoundDocTypes::default());
    }
    let is_own = |name: &str| session.catalog.generated(name).is_none() && !policy.names(name);
    let mut found = session.site.doctypes(text, module).await?;
    found.doctypes.retain(|(name, _)| is_own(name) && !policy.operations(name).is_empty());
    Ok(found)
}

/// Those whose name holds the text, or else the first of its words that any name holds.
///
/// # Errors
/// The site's.
pub(super) async fn meant(session: &Session<'_>, text: &str, words: &[String]) -> Result<FoundDocTypes, SiteError> {
    let mut is_cut = false;
    let words = words.iter().map(String::as_str).filter(|word| *word != text).take(MOST_WORDS);
    for part in std::iter::once(text).chain(words) {
        let found = opened(session, Some(part), None).await?;
        if !found.doctypes.is_empty() {
            return Ok(found);
        }
        is_cut = is_cut || found.is_cut;
    }
    Ok(FoundDocTypes { is_cut, ..FoundDocTypes::default() })
}
