//! The sections and tabs that a form shows under a condition, each with the fields that it hides otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Condition, FormRule, Known};
use crate::snapshot::DocType;
use crate::{FieldKind, Version, flag};

/// The facts, one a line.
pub const FACTS: &str = include_str!("sections.jsonl");

/// A fact: a section or a tab of a DocType, in one version or in all.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct SectionFact {
    /// The DocType.
    pub doctype: String,
    /// The name of the section or tab.
    pub section: String,
    /// The version that has it so; all where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<u8>,
    /// The fields in it that people can fill.
    pub holds: Vec<String>,
    /// When it is shown; none where the expression is of no common form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
}

impl SectionFact {
    /// Those that a site's metadata states, with the fields that `is_kept`; what holds none of them is left out.
    pub fn read(meta: &Value, is_kept: impl Fn(&str) -> bool) -> Vec<Self> {
        let text_of =
            |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        let (mut found, mut seen) = (Vec::<Self>::new(), BTreeSet::new());
        // Where the open ones stand among those found.
        let (mut tab, mut section) = (None, None);
        for entry in meta.get("fields").and_then(Value::as_array).into_iter().flatten() {
            let name = text_of(entry, "fieldname");
            // What is stated twice has its first place (H36).
            if !seen.insert(name.clone()) {
                continue;
            }
            match text_of(entry, "fieldtype").parse::<FieldKind>() {
                Ok(kind @ (FieldKind::TabBreak | FieldKind::SectionBreak)) => {
                    let expression = text_of(entry, FormRule::Shown.key());
                    let place = (!expression.is_empty()).then_some(found.len());
                    if place.is_some() {
                        let (doctype, when) = (text_of(meta, "name"), Condition::parse(&expression));
                        found.push(Self { doctype, section: name, only: None, holds: Vec::new(), when });
                    }
                    match kind {
                        FieldKind::TabBreak => (tab, section) = (place, None),
                        _ => section = place,
                    }
                }
                Ok(kind) if kind.holds_value() && is_kept(&name) => {
                    for place in [tab, section].into_iter().flatten() {
                        if let Some(fact) = found.get_mut(place) {
                            fact.holds.push(name.clone());
                        }
                    }
                }
                _ => {}
            }
        }
        found.retain(|fact| !fact.holds.is_empty());
        found
    }

    fn known(&'static self) -> Known {
        self.when.as_ref().map_or(Known::Unread, Known::When)
    }
}

/// What is known of the tab and the section that a field with these flags stands in, as far as they have conditions.
pub fn around(version: Version, doctype: &str, field: &str, flags: u32) -> Vec<Known> {
    match flags & flag::SECTION_OTHERWISE {
        0 => holding(version, doctype, field).map(SectionFact::known).collect(),
        _ => vec![Known::Unread],
    }
}

/// What is known of a section or tab itself, with these flags.
pub fn of_section(version: Version, doctype: &str, section: &str, flags: u32) -> Known {
    let fact = of(version, doctype).find(|fact| fact.section == section);
    fact.filter(|_| flags & flag::SHOWN_OTHERWISE == 0).map_or(Known::Free, SectionFact::known)
}

/// Marks the fields whose section or tab this site shows otherwise than the facts say, or that it put elsewhere.
pub(super) fn mark(version: Version, meta: &Value, doctype: &mut DocType) {
    let is_open = |flags: u32| flags & (flag::READ_ONLY | flag::HIDDEN) == 0;
    let open: BTreeSet<&str> =
        doctype.fields.iter().filter(|field| is_open(field.flags)).map(|field| field.fieldname.as_str()).collect();
    let said = SectionFact::read(meta, |name| open.contains(name));
    let differs = |field: &str| {
        let said: Vec<_> = said.iter().filter(|fact| fact.holds.iter().any(|held| held == field)).collect();
        let known: Vec<_> = holding(version, &doctype.name, field).collect();
        said.len() != known.len() || !said.iter().all(|said| known.iter().any(|known| known.when == said.when))
    };
    let otherwise: Vec<bool> = doctype
        .fields
        .iter()
        .map(|field| field.kind.holds_value() && is_open(field.flags) && differs(&field.fieldname))
        .collect();
    for (field, _) in doctype.fields.iter_mut().zip(otherwise).filter(|(_, otherwise)| *otherwise) {
        field.flags |= flag::SECTION_OTHERWISE;
    }
}

fn holding(version: Version, doctype: &str, field: &str) -> impl Iterator<Item = &'static SectionFact> {
    of(version, doctype).filter(move |fact| fact.holds.iter().any(|held| held == field))
}

fn of(version: Version, doctype: &str) -> impl Iterator<Item = &'static SectionFact> {
    static KNOWN: LazyLock<BTreeMap<String, Vec<SectionFact>>> = LazyLock::new(|| {
        let mut all: BTreeMap<_, Vec<SectionFact>> = BTreeMap::new();
        // A test reads every line.
        for fact in FACTS.lines().filter_map(|line| serde_json::from_str::<SectionFact>(line).ok()) {
            all.entry(fact.doctype.clone()).or_default().push(fact);
        }
        all
    });
    let known = KNOWN.get(doctype).map(Vec::as_slice).unwrap_or_default();
    known.iter().filter(move |fact| fact.only.is_none_or(|only| only == version.major()))
}
