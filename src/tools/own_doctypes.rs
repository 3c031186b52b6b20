//! The DocTypes that a site has beside those of the tables: other apps' and those that were made on it.

use crate::context::Session;
use crate::site::SiteError;

/// The most words that DocTypes are looked for by, after all of them together found none.
const MOST_WORDS: usize = 3;

/// Those that the configuration opens without naming them, by a part of the name or a module; each with its module.
///
/// # Errors
/// The site's.
pub(super) async fn opened(
    session: &Session<'_>,
    text: Option<&str>,
    module: Option<&str>,
) -> Result<Vec<(String, String)>, SiteError> {
    let policy = session.policy;
    if policy.default_operations().is_empty() {
        return Ok(Vec::new());
    }
    let is_own = |name: &str| session.catalog.generated(name).is_none() && !policy.names(name);
    let mut found = session.site.doctypes(text, module).await?;
    found.retain(|(name, _)| is_own(name) && !policy.operations(name).is_empty());
    Ok(found)
}

/// The names of those whose name holds the text, or else the first of its words that any name holds.
///
/// # Errors
/// The site's.
pub(super) async fn meant(session: &Session<'_>, text: &str, words: &[String]) -> Result<Vec<String>, SiteError> {
    let words = words.iter().map(String::as_str).filter(|word| *word != text).take(MOST_WORDS);
    for part in std::iter::once(text).chain(words) {
        let found = opened(session, Some(part), None).await?;
        if !found.is_empty() {
            return Ok(found.into_iter().map(|(name, _)| name).collect());
        }
    }
    Ok(Vec::new())
}
