//! DocTypes as people write them: in another case, with other joints, in one word, in the plural.

use serde_json::{Map, Value};

use crate::context::Session;
use crate::documents::nested::asks_for_use;
use crate::site::{SiteError, SiteErrorKind};
use crate::tool::{Tool, arguments};

/// The arguments that name DocTypes.
const ARGUMENTS: [&str; 2] = ["doctype", "doctypes"];
/// The one that names the document of a file, and those that may ask about documents of others.
const OF_A_FILE: &str = "attachment";
const FILTERS: [&str; 3] = ["filters", "or_filters", "where"];
/// The most names of one argument that are looked at, and the longest of them, in bytes.
const MOST_NAMES: usize = 50;
const LONGEST: usize = 140;

/// Writes the DocTypes that a call names as they are called, where one alone can be meant. What is permitted on it is asked
/// afterwards.
pub(super) async fn spell_doctypes(session: &Session<'_>, tool: Tool, given: &mut Map<String, Value>) {
    let takes = arguments::of(&tool);
    let taken = given.iter_mut().filter(|(name, _)| takes.iter().any(|arg| arg.name == **name));
    let names: Vec<&mut String> =
        taken.flat_map(|(argument, value)| named(argument, value).into_iter().take(MOST_NAMES)).collect();
    for text in names {
        if let Some(meant) = meant(session, text).await {
            meant.clone_into(text);
        }
    }
}

/// The DocTypes that an argument names.
fn named<'v>(argument: &str, value: &'v mut Value) -> Vec<&'v mut String> {
    let mut found = Vec::new();
    if ARGUMENTS.contains(&argument) {
        match value {
            Value::Array(names) => found.extend(names.iter_mut().filter_map(text)),
            name => found.extend(text(name)),
        }
    } else if argument == OF_A_FILE {
        found.extend(value.get_mut("doctype").and_then(text));
    } else if FILTERS.contains(&argument) {
        asked_about(value, &mut found);
    }
    found
}

fn text(value: &mut Value) -> Option<&mut String> {
    if let Value::String(text) = value { Some(text) } else { None }
}

/// The DocTypes behind `used in`, wherever it stands.
fn asked_about<'v>(value: &'v mut Value, found: &mut Vec<&'v mut String>) {
    match value {
        Value::Object(entries) => entries.values_mut().for_each(|value| asked_about(value, found)),
        Value::Array(parts) => {
            let mut is_next = false;
            for part in parts {
                let is_doctype = is_next && part.is_string();
                is_next = !is_next && part.as_str().is_some_and(asks_for_use);
                if is_doctype {
                    found.extend(text(part));
                } else {
                    asked_about(part, found);
                }
            }
        }
        _ => {}
    }
}

/// The generated DocType that is meant by another spelling of its name.
async fn meant(session: &Session<'_>, text: &str) -> Option<&'static str> {
    let catalog = session.catalog;
    if text.len() > LONGEST || catalog.known(text).is_some() || session.policy.names(text) {
        return None;
    }
    let meant = among(text, catalog.generated_names())?;
    // No two differ by case and joints alone (H26).
    let plain = |name: &str| name.trim().replace(['_', '-'], " ").to_ascii_lowercase();
    if plain(meant) == plain(text) {
        return Some(meant);
    }
    // The site may have a DocType of its own that is called so: where it does not tell, nobody guesses.
    if session.policy.operations(text).is_empty() {
        return Some(meant);
    }
    let own = catalog.def(session.asker(), text).await;
    let is_none = |error: SiteError| matches!(error.kind(), SiteErrorKind::Missing | SiteErrorKind::Denied);
    own.is_err_and(is_none).then_some(meant)
}

/// The one of the names that the text spells; else the only one of which it is the plural.
fn among<'a>(text: &str, names: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let spelt: String = folded(text).collect();
    let mut plurals = names.clone().filter(|name| is_plural(&spelt, name));
    let same = |name: &&str| behind(&spelt, name) == Some("");
    names.clone().find(same).or_else(|| plurals.next().filter(|_| plurals.next().is_none()))
}

fn is_plural(spelt: &str, name: &str) -> bool {
    let irregular = || name.strip_suffix('y').and_then(|stem| behind(spelt, stem)) == Some("ies");
    matches!(behind(spelt, name), Some("s" | "es")) || irregular()
}

/// What of a folded text stands behind the name, where it begins with that. Nothing is made of the name: all of them are tried.
fn behind<'t>(spelt: &'t str, name: &str) -> Option<&'t str> {
    let mut rest = spelt.chars();
    folded(name).all(|sign| rest.next() == Some(sign)).then_some(rest.as_str())
}

fn folded(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use erpnext_schema::Version;

    use super::*;

    #[test]
    fn a_doctype_is_found_by_its_plural_and_in_one_word() {
        for version in Version::ALL.iter().copied() {
            let names = erpnext_doctypes::names(version);
            // Each of all takes its time.
            for name in names.clone().step_by(13) {
                let plural = match name.strip_suffix('y') {
                    Some(stem) => format!("{stem}ies"),
                    None => format!("{name}s"),
                };
                let is_another = names.clone().any(|other| folded(other).eq(folded(&plural)));
                for spelt in [name.replace(' ', ""), name.replace(' ', "-"), name.to_uppercase(), plural] {
                    let found = among(&spelt, names.clone());
                    assert!(found == Some(name) || is_another && found != Some(name), "{spelt}: {found:?}");
                }
            }
            assert_eq!(among("sales orders", names.clone()), Some("Sales Order"));
            assert_eq!(among("Sales", names.clone()), None);
            // Of two plurals neither is meant, unless one is a name itself.
            assert_eq!(among("abies", ["Aby", "Abie"].into_iter()), None);
            assert_eq!(among("abies", ["Aby", "Abie", "Abies"].into_iter()), Some("Abies"));
        }
    }
}
