//! The version of the file's form, and the steps by which an older file gets there.

use std::cmp::Ordering;

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};
use serde_json::Value;

use super::error::ConfigError;
use super::json;

/// The version that is read and written.
pub const VERSION: u64 = latest(STEPS);

/// Where a file states its own; one that does not is of the first.
pub(super) const KEY: &str = "version";

/// From each version to the next, the first one first. The configurations in `tests/it/configurations/` are brought along.
const STEPS: &[Step] = &[];

/// Changes a file in place, which keeps its order and its indentation; says what it changed, a line for each change.
type Step = fn(&CstObject) -> Vec<String>;

/// A file in the form that is read.
#[derive(PartialEq, Eq, Debug)]
pub struct Migrated {
    /// All of it.
    pub text: String,
    /// What is different, a line for each change.
    pub changes: Vec<String>,
}

const fn latest(steps: &[Step]) -> u64 {
    steps.len() as u64 + 1
}

/// Refuses a file of another version, whatever else it holds: its keys may have another meaning.
pub(super) fn check(file: &Value) -> Result<(), ConfigError> {
    let message = match stated(file).cmp(&VERSION) {
        Ordering::Equal => return Ok(()),
        Ordering::Less => {
            format!("this program reads version {VERSION}; `erpnext-mcp config migrate --write` brings the file there")
        }
        Ordering::Greater => newer(VERSION),
    };
    Err(ConfigError::new(KEY, message))
}

/// The text in the form that is read; none if it has that form.
pub(super) fn migrated(text: &str) -> Result<Option<Migrated>, ConfigError> {
    migrated_by(STEPS, text)
}

fn migrated_by(steps: &[Step], text: &str) -> Result<Option<Migrated>, ConfigError> {
    let (file, twice) = json::parse(text)?;
    if let Some(error) = twice.into_iter().next() {
        return Err(error);
    }
    if !file.is_object() {
        return Err(ConfigError::new("", "expected an object with the sections of the configuration"));
    }
    let (from, to) = (stated(&file), latest(steps));
    if let Some(wrong) = file.get(KEY).filter(|version| version.as_u64() != Some(from)) {
        let expected = if to == 1 { "1".to_owned() } else { format!("a whole number from 1 to {to}") };
        return Err(ConfigError::new(KEY, format!("expected {expected}, found {wrong}")));
    }
    match from.cmp(&to) {
        Ordering::Less => {}
        Ordering::Equal => return Ok(None),
        Ordering::Greater => return Err(ConfigError::new(KEY, newer(to))),
    }
    let (mark, text) = match text.strip_prefix('\u{feff}') {
        Some(text) => ("\u{feff}", text),
        None => ("", text),
    };
    let whole = CstRootNode::parse(text, &ParseOptions::default());
    let whole = whole.map_err(|error| ConfigError::new("", error.to_string()))?;
    let object = whole.object_value_or_set();
    let due = (1..).zip(steps).filter(|(version, _)| *version >= from);
    let changes = due.flat_map(|(_, step)| step(&object)).collect();
    let version = CstInputValue::Number(to.to_string());
    match object.get(KEY) {
        Some(there) => there.set_value(version),
        None => drop(object.insert(0, KEY, version)),
    }
    Ok(Some(Migrated { text: format!("{mark}{whole}"), changes }))
}

/// The version of a file. What can be none is left to the reader, which says what is expected.
fn stated(file: &Value) -> u64 {
    file.get(KEY).and_then(Value::as_u64).filter(|version| *version > 0).unwrap_or(1)
}

fn newer(known: u64) -> String {
    format!(
        "this program reads versions up to {known}: upgrade it, or use the copy that was kept when the file was migrated"
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jsonc_parser::cst::{CstInputValue, CstObject};
    use serde_json::json;

    use super::{Migrated, Step, VERSION, check, migrated, migrated_by};

    const STEPS: [Step; 2] = [first, second];

    fn first(file: &CstObject) -> Vec<String> {
        let Some(cache) = file.get("cash") else { return Vec::new() };
        cache.remove();
        file.append("cache", CstInputValue::Bool(true));
        vec!["cash is called cache".to_owned()]
    }

    fn second(_: &CstObject) -> Vec<String> {
        vec!["second".to_owned()]
    }

    #[test]
    fn a_file_goes_through_the_steps_that_are_due_and_keeps_the_rest() {
        let of = |text: &str| migrated_by(&STEPS, text).unwrap();
        let first = of("\u{feff}{\n\t\"tools\": {\"mode\":   \"auto\"},\n\t\"cash\": 1\n}\n").unwrap();
        assert_eq!(first.changes, ["cash is called cache", "second"]);
        let text = first.text;
        assert!(text.starts_with("\u{feff}{\n\t\"version\": 3,\n\t\"tools\": {\"mode\":   \"auto\"},\n"), "{text:?}");
        assert!(text.ends_with("\t\"cache\": true\n}\n") && !text.contains("cash"), "{text:?}");
        let second = Migrated { text: "{\"version\": 3, \"cash\": 1}".to_owned(), changes: vec!["second".to_owned()] };
        assert_eq!(of("{\"version\": 2, \"cash\": 1}"), Some(second));
        assert_eq!(of("{\"version\": 3}"), None);
        for (wrong, why) in [
            ("{\"version\": 4}", "up to 3"),
            ("{\"version\": 0}", "from 1 to 3, found 0"),
            ("{\"version\": \"1\"}", "from 1 to 3, found \"1\""),
            ("[]", "expected an object"),
            ("{\"a\": 1, \"a\": 2}", "twice"),
            ("{", "not JSON"),
        ] {
            let error = migrated_by(&STEPS, wrong).unwrap_err();
            assert!(error.to_string().contains(why), "{wrong}: {error}");
        }
    }

    #[test]
    fn where_there_is_one_version_alone_it_is_what_is_expected() {
        assert_eq!(migrated_by(&[], "{\"version\": 0}").unwrap_err().message, "expected 1, found 0");
    }

    #[test]
    fn a_file_of_this_version_is_read_and_needs_no_step() {
        let file = json!({"version": VERSION});
        check(&file).unwrap();
        assert_eq!(migrated(&file.to_string()).unwrap(), None);
    }

    #[test]
    fn a_file_of_a_version_to_come_is_refused_with_what_to_do() {
        let error = check(&json!({"version": VERSION + 1, "no_such_key": 1})).unwrap_err();
        assert!(error.place == "version" && error.message.contains("upgrade it"), "{error}");
    }
}
