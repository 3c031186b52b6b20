//! What a form decides of a field by other fields: whether it is shown, locked, or has to be given. A site says so by
//! expressions in JavaScript, which its forms run. Kept are facts: the common forms, read, and never the text of one.

mod condition;
pub mod sections;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::snapshot::DocType;
use crate::{Version, flag};

pub use condition::{Condition, Judged, NEW, Term};

/// What is decided of a field.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FormRule {
    /// That it has to be given.
    Needed,
    /// That it is shown.
    Shown,
    /// That it cannot be changed.
    Locked,
}

/// A fact: a field of a DocType, in one version or in all.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct FormFact {
    /// The DocType.
    pub doctype: String,
    /// The field that is decided of.
    pub field: String,
    /// The version that has it so; all where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<u8>,
    /// When; none where the expression is of no common form, and no flag of the tables says that there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
}

/// What is known of a field under a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    /// Other fields decide nothing.
    Free,
    /// They decide so.
    When(&'static Condition),
    /// They decide in a way that is not read.
    Unread,
}

impl FormRule {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Needed, Self::Shown, Self::Locked];

    /// The site's key for the expression.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Needed => "mandatory_depends_on",
            Self::Shown => "depends_on",
            Self::Locked => "read_only_depends_on",
        }
    }

    /// The facts, one a line.
    pub const fn facts(self) -> &'static str {
        match self {
            Self::Needed => include_str!("needed.jsonl"),
            Self::Shown => include_str!("shown.jsonl"),
            Self::Locked => include_str!("locked.jsonl"),
        }
    }

    /// The bit of the tables for a field that has such an expression; without one the facts name them all.
    pub const fn flag(self) -> Option<u32> {
        match self {
            Self::Needed => Some(flag::CONDITIONALLY_REQD),
            Self::Shown => Some(flag::CONDITIONAL),
            Self::Locked => None,
        }
    }

    /// The bit for a field of which a site says otherwise than the facts.
    const fn otherwise(self) -> u32 {
        match self {
            Self::Needed => flag::NEEDED_OTHERWISE,
            Self::Shown => flag::SHOWN_OTHERWISE,
            Self::Locked => flag::LOCKED_OTHERWISE,
        }
    }

    /// What is known of a field with these flags, on a site of the version.
    pub fn of(self, version: Version, doctype: &str, field: &str, flags: u32) -> Known {
        if self.flag().is_some_and(|bit| flags & bit == 0) {
            return Known::Free;
        }
        if flags & self.otherwise() != 0 {
            return Known::Unread;
        }
        match self.fact(version, doctype, field) {
            Some(fact) => fact.when.as_ref().map_or(Known::Unread, Known::When),
            None if self.flag().is_some() => Known::Unread,
            None => Known::Free,
        }
    }

    fn fact(self, version: Version, doctype: &str, field: &str) -> Option<&'static FormFact> {
        let known = FACTS.get(&(self, doctype.to_owned()))?;
        known.iter().find(|fact| fact.field == field && fact.only.is_none_or(|only| only == version.major()))
    }
}

static FACTS: LazyLock<BTreeMap<(FormRule, String), Vec<FormFact>>> = LazyLock::new(|| {
    let mut all: BTreeMap<_, Vec<FormFact>> = BTreeMap::new();
    for rule in FormRule::ALL {
        // A test reads every line.
        for fact in rule.facts().lines().filter_map(|line| serde_json::from_str::<FormFact>(line).ok()) {
            all.entry((rule, fact.doctype.clone())).or_default().push(fact);
        }
    }
    all
});

/// Marks the fields of which this site says otherwise than the facts: somebody customised them, or its app is another than
/// the one that is known. `meta` is what the DocType was read from.
pub fn mark(version: Version, meta: &Value, doctype: &mut DocType) {
    sections::mark(version, meta, doctype);
    for entry in meta.get("fields").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().trim();
        let name = text("fieldname");
        for rule in FormRule::ALL {
            let said = text(rule.key());
            let differs = match rule.fact(version, &doctype.name, name) {
                Some(fact) => said.is_empty() || Condition::parse(said) != fact.when,
                None => rule.flag().is_none() && !said.is_empty(),
            };
            if differs {
                let of_it = doctype.fields.iter_mut().filter(|field| field.fieldname == name);
                of_it.for_each(|field| field.flags |= rule.otherwise());
            }
        }
    }
}
