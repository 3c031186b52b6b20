//! What came of the steps: a table of them, and what did not pass against the exceptions with their reasons.
//!
//! `TABLE_EXCEPTIONS=write` writes the exceptions anew; what stands there already keeps its reason.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::DocTypeDef;

use crate::tidy::{read as text, root};

/// What came of the steps.
#[derive(Default)]
pub struct Account {
    doctypes: BTreeSet<&'static str>,
    /// By step, how often it passed.
    passed: BTreeMap<String, usize>,
    /// By DocType and step, the reason.
    failed: BTreeMap<String, String>,
    /// By step, how often it could not be tried because of another one.
    untried: BTreeMap<String, usize>,
}

impl Account {
    pub fn of(def: &'static DocTypeDef) -> Self {
        Self { doctypes: BTreeSet::from([def.name]), ..Self::default() }
    }

    pub fn with(mut self, other: Self) -> Self {
        self.doctypes.extend(other.doctypes);
        self.failed.extend(other.failed);
        for (all, more) in [(&mut self.passed, other.passed), (&mut self.untried, other.untried)] {
            more.into_iter().for_each(|(step, count)| *all.entry(step).or_default() += count);
        }
        self
    }

    pub fn note<T>(&mut self, def: &DocTypeDef, step: &str, result: Result<T, String>) -> Option<T> {
        match result {
            Ok(value) => {
                *self.passed.entry(step.to_owned()).or_default() += 1;
                Some(value)
            }
            Err(why) => {
                self.failed.insert(format!("{} / {step}", def.name), short(&why));
                None
            }
        }
    }

    pub fn untried(&mut self, step: &str) {
        *self.untried.entry(step.to_owned()).or_default() += 1;
    }

    /// How often each step passed, failed and could not be tried.
    pub fn table(&self, site: &str) -> String {
        let failed = |step: &str| self.failed.keys().filter(|key| key.split(" / ").nth(1) == Some(step)).count();
        let in_failed = self.failed.keys().filter_map(|key| key.split(" / ").nth(1));
        let steps: BTreeSet<&str> =
            self.passed.keys().chain(self.untried.keys()).map(String::as_str).chain(in_failed).collect();
        let line = |step: &&str| {
            let [passed, untried] = [&self.passed, &self.untried].map(|of| of.get(*step).copied().unwrap_or_default());
            format!("{step:<16} {passed:>6} {:>9} {untried:>10}\n", failed(step))
        };
        let head = format!("{site}, {} DocTypes\n", self.doctypes.len());
        let columns = format!("{:<16} {:>6} {:>9} {:>10}\n", "step", "passed", "exception", "not tried");
        head + &columns + &steps.iter().map(line).collect::<String>()
    }

    /// Holds what failed to the exceptions of that file. What stands in the file beside it may fail, too, and is not
    /// repeated.
    pub fn judge(&self, file: &str, beside: Option<&str>) {
        let (listed, beside) = (text(file), beside.map(text).unwrap_or_default());
        let (known, beside) = (read(&listed), read(&beside));
        let mut now = written(&self.failed);
        now.retain(|key, _| !beside.contains_key(key) && !beside.contains_key(&of_both(key)));
        if writes_exceptions() {
            let lines = now.iter().map(|(key, why)| format!("{key} / {}\n", known.get(key).unwrap_or(why)));
            std::fs::write(root().join(file), lines.collect::<String>()).unwrap();
            return;
        }
        let tried = |key: &&String| key.split(" / ").next().is_some_and(|doctype| self.doctypes.contains(doctype));
        let new: Vec<_> = now.iter().filter(|(key, _)| !known.contains_key(*key)).collect();
        let gone: Vec<_> = known.keys().filter(tried).filter(|key| !now.contains_key(*key)).collect();
        assert!(new.is_empty() && gone.is_empty(), "new: {new:#?}\nno longer, take them out of {file}: {gone:#?}");
    }
}

/// Whether the run writes the exceptions anew.
pub fn writes_exceptions() -> bool {
    std::env::var_os("TABLE_EXCEPTIONS").is_some()
}

/// `DocType / step / reason`, a line each.
pub fn read(text: &str) -> BTreeMap<String, &str> {
    let line = |line| {
        let mut parts = str::splitn(line, 3, " / ");
        let key = format!("{} / {}", parts.next().unwrap(), parts.next().unwrap());
        (key, parts.next().unwrap_or_else(|| panic!("no reason in {line:?}")))
    };
    text.lines().map(line).collect()
}

/// The exceptions as they stand in the file: a line each, both flavours in one where both fail.
fn written(failed: &BTreeMap<String, String>) -> BTreeMap<String, &str> {
    let both = |key: &str| {
        let (generic, typed) = (key.replace(" / typed ", " / generic "), key.replace(" / generic ", " / typed "));
        if failed.contains_key(&generic) && failed.contains_key(&typed) { of_both(key) } else { key.to_owned() }
    };
    failed.iter().rev().map(|(key, why)| (both(key), why.as_str())).collect()
}

/// The key of a step with both flavours of tools.
fn of_both(key: &str) -> String {
    key.replace(" / generic ", " / ").replace(" / typed ", " / ")
}

/// The reason on one line; names that are drawn at random left out.
fn short(why: &str) -> String {
    let line = why.lines().find(|line| line.starts_with("- ")).or(why.lines().next()).unwrap_or_default();
    // Rows are numbered in the order in which they happen to be made.
    let line: String = line.trim_start_matches("- ").chars().filter(|c| !c.is_ascii_digit()).collect();
    line.chars().take(140).collect::<String>().trim().to_owned()
}
