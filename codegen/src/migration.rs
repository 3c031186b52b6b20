//! `diff 15 16`: what changed from one version to another in what data must obey, for people who migrate.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use erpnext_schema::snapshot::DocType;
use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options, Version, doctype_flag, flag};
use serde::Serialize;

use crate::load;
use crate::manifest::Manifest;

/// What changed, DocTypes and fields sorted as the snapshots have them.
#[derive(Serialize, PartialEq, Eq, Debug)]
pub struct Migration {
    /// The older version's number and the newer's.
    pub versions: [String; 2],
    /// DocTypes that are gone, each with the one that its Links seem to point to now.
    pub gone: BTreeMap<String, Option<String>>,
    /// DocTypes that are new.
    pub new: Vec<String>,
    /// DocTypes that both have.
    pub changed: Vec<Changed>,
}

/// What changed in a DocType.
#[derive(Serialize, PartialEq, Eq, Debug)]
pub struct Changed {
    pub doctype: String,
    /// Facts about the DocType itself: what it was and what it is.
    pub facts: Vec<[String; 2]>,
    /// Fields that are gone, each with the new one that seems to hold its value now.
    pub gone: BTreeMap<String, Option<String>>,
    /// Fields that are new, each with its type.
    pub new: Vec<[String; 2]>,
    /// Fields that both have → what changed of each.
    pub changed: Vec<(String, Vec<String>)>,
}

/// Compares the snapshots of two versions.
///
/// # Errors
/// A snapshot that is not there or cannot be read.
pub fn run(root: &Path, from: Version, to: Version) -> anyhow::Result<Migration> {
    let (older, newer) = (load::load(root, from)?, load::load(root, to)?);
    let [was, is] = [from, to].map(|version| Manifest::read(&root.join(load::folder(version))));
    let mut migration = compare([was.number(), is.number()], &older, &newer);
    // What a site lists and does not give (H35) is there all the same.
    migration.new.retain(|name| !was.failures.contains_key(name));
    migration.gone.retain(|name, _| !is.failures.contains_key(name));
    Ok(migration)
}

fn compare(versions: [String; 2], older: &[DocType], newer: &[DocType]) -> Migration {
    let tables = |doctypes: &[DocType]| -> BTreeMap<&'static str, DocTypeDef> {
        doctypes.iter().map(DocType::to_def).map(|def| (def.name, def)).collect()
    };
    let (older, newer) = (tables(older), tables(newer));
    let mut retargeted: BTreeMap<&str, &str> = BTreeMap::new();
    let mut changed = Vec::new();
    for (old, new) in older.values().filter_map(|old| Some((old, newer.get(old.name)?))) {
        let heirs = heirs(old, new);
        for field in old.fields {
            let heir = heirs.get(field.fieldname).copied().flatten().unwrap_or(field.fieldname);
            let now = new.field(heir).filter(|now| now.kind == FieldKind::Link && field.kind == FieldKind::Link);
            if let (Some(was), Some(is)) = (field.target(), now.and_then(FieldDef::target)) {
                retargeted.entry(was).or_insert(is);
            }
        }
        changed.extend(doctype(old, new, &heirs));
    }
    let gone = older.keys().filter(|name| !newer.contains_key(*name));
    let heir = |name: &str| retargeted.get(name).filter(|heir| **heir != name).map(|heir| (*heir).to_owned());
    let gone = gone.map(|name| ((*name).to_owned(), heir(name))).collect();
    let new = newer.keys().filter(|name| !older.contains_key(*name)).map(|name| (*name).to_owned()).collect();
    Migration { versions, gone, new, changed }
}

/// The fields that are gone, each with the new field of the same type that shares most words with it, at least half of
/// them, if one does.
fn heirs(old: &DocTypeDef, new: &DocTypeDef) -> BTreeMap<&'static str, Option<&'static str>> {
    let words = |name: &'static str| name.split('_').filter(|word| word.len() > 2).collect::<BTreeSet<_>>();
    let fresh: Vec<&FieldDef> = new.fields.iter().filter(|field| old.field(field.fieldname).is_none()).collect();
    let gone = old.fields.iter().filter(|field| new.field(field.fieldname).is_none());
    let heir = |field: &FieldDef| {
        let said = words(field.fieldname);
        let scored = fresh.iter().filter(|heir| heir.kind == field.kind).map(|heir| {
            let other = words(heir.fieldname);
            (said.intersection(&other).count(), said.len().max(other.len()), heir.fieldname)
        });
        let alike = scored.filter(|(shared, all, _)| *shared > 0 && shared * 2 >= *all);
        alike.min_by_key(|(shared, ..)| Reverse(*shared)).map(|(.., heir)| heir)
    };
    gone.map(|field| (field.fieldname, heir(field))).collect()
}

fn doctype(
    old: &DocTypeDef,
    new: &DocTypeDef,
    heirs: &BTreeMap<&'static str, Option<&'static str>>,
) -> Option<Changed> {
    let fresh = new.fields.iter().filter(|field| old.field(field.fieldname).is_none());
    let both = old.fields.iter().filter_map(|field| Some((field, new.field(field.fieldname)?)));
    let fields = both.map(|(old, new)| (old.fieldname.to_owned(), field(old, new)));
    let changed = Changed {
        doctype: old.name.to_owned(),
        facts: facts(old)
            .into_iter()
            .zip(facts(new))
            .filter(|(was, is)| was != is)
            .map(|(was, is)| [was, is])
            .collect(),
        gone: heirs.iter().map(|(name, heir)| ((*name).to_owned(), heir.map(str::to_owned))).collect(),
        new: fresh.map(|field| [field.fieldname.to_owned(), kind(field)]).collect(),
        changed: fields.filter(|(_, changes)| !changes.is_empty()).collect(),
    };
    let nothing =
        changed.facts.is_empty() && changed.gone.is_empty() && changed.new.is_empty() && changed.changed.is_empty();
    (!nothing).then_some(changed)
}

/// What a DocType is, each fact by itself.
fn facts(def: &DocTypeDef) -> [String; 6] {
    let whether = |flag: u32, is: &str, is_not: &str| if def.is(flag) { is } else { is_not }.to_owned();
    [
        format!("module {}", def.module),
        format!("title {}", def.title_field.unwrap_or("none")),
        format!("named by {}", def.autoname.unwrap_or("hash")),
        whether(doctype_flag::SUBMITTABLE, "submittable", "not submittable"),
        whether(doctype_flag::SINGLE, "a Single", "no Single"),
        whether(doctype_flag::CHILD, "a child table", "no child table"),
    ]
}

/// What changed of a field.
fn field(old: &FieldDef, new: &FieldDef) -> Vec<String> {
    let mut changes = Vec::new();
    if kind(old) != kind(new) {
        changes.push(format!("{} → {}", kind(old), kind(new)));
    }
    if let (Options::Choices(was), Options::Choices(is)) = (old.options, new.options) {
        let only = |these: &[&'static str], those: &[&str]| -> Vec<String> {
            these.iter().filter(|choice| !those.contains(choice)).map(|choice| format!("{choice:?}")).collect()
        };
        let (gone, fresh) = (only(was, is), only(is, was));
        changes.extend((!gone.is_empty()).then(|| format!("choices gone: {}", gone.join(", "))));
        changes.extend((!fresh.is_empty()).then(|| format!("choices new: {}", fresh.join(", "))));
    }
    for (bit, name) in [(flag::REQD, "mandatory"), (flag::UNIQUE, "unique"), (flag::SET_ONLY_ONCE, "set only once")] {
        match (old.is(bit), new.is(bit)) {
            (false, true) => changes.push(format!("now {name}")),
            (true, false) => changes.push(format!("no longer {name}")),
            _ => {}
        }
    }
    if old.max_length() != new.max_length() && kind(old) == kind(new) {
        let shown =
            |length: Option<u32>| length.map_or_else(|| "any length".to_owned(), |most| format!("{most} characters"));
        changes.push(format!("{} → {}", shown(old.max_length()), shown(new.max_length())));
    }
    changes
}

fn kind(field: &FieldDef) -> String {
    match field.target() {
        Some(target) => format!("{} of {target}", field.kind),
        None => field.kind.to_string(),
    }
}

impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heir =
            |heir: &Option<String>| heir.as_ref().map(|heir| format!("  (perhaps now {heir})")).unwrap_or_default();
        writeln!(f, "From ERPNext {} to {}", self.versions[0], self.versions[1])?;
        writeln!(f, "\n{} DocTypes are gone:", self.gone.len())?;
        for (name, now) in &self.gone {
            writeln!(f, "  - {name}{}", heir(now))?;
        }
        writeln!(f, "\n{} DocTypes are new:", self.new.len())?;
        for name in &self.new {
            writeln!(f, "  + {name}")?;
        }
        writeln!(f, "\n{} DocTypes changed:", self.changed.len())?;
        for changed in &self.changed {
            writeln!(f, "\n{}", changed.doctype)?;
            for [was, is] in &changed.facts {
                writeln!(f, "  {was} → {is}")?;
            }
            for (name, now) in &changed.gone {
                writeln!(f, "  - {name}{}", heir(now))?;
            }
            for [name, kind] in &changed.new {
                writeln!(f, "  + {name}: {kind}")?;
            }
            for (name, changes) in &changed.changed {
                writeln!(f, "  ~ {name}: {}", changes.join("; "))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    fn doctype(name: &str, fields: Value) -> DocType {
        DocType::from_snapshot(&json!({"name": name, "module": "CRM", "fields": fields}).to_string()).unwrap()
    }

    #[test]
    fn what_data_must_obey_is_told_and_nothing_else() {
        let old = [
            doctype("Lead Source", json!([])),
            doctype(
                "Lead",
                json!([
                    {"fieldname": "source", "fieldtype": "Link", "options": "Lead Source", "label": "Source"},
                    {"fieldname": "fax", "fieldtype": "Data"},
                    {"fieldname": "status", "fieldtype": "Select", "options": "Open\nShut"},
                    {"fieldname": "day", "fieldtype": "Date"},
                    {"fieldname": "title", "fieldtype": "Data", "label": "Title"},
                ]),
            ),
            doctype("Note", json!([{"fieldname": "text", "fieldtype": "Text", "label": "Text", "hidden": true}])),
        ];
        let new = [
            doctype(
                "Lead",
                json!([
                    {"fieldname": "utm_source", "fieldtype": "Link", "options": "UTM Source"},
                    {"fieldname": "status", "fieldtype": "Select", "options": "Open\nWon"},
                    {"fieldname": "day", "fieldtype": "Datetime", "reqd": true},
                    {"fieldname": "title", "fieldtype": "Data", "label": "Heading", "length": 30},
                ]),
            ),
            doctype("Note", json!([{"fieldname": "text", "fieldtype": "Text", "label": "Words"}])),
            doctype("UTM Source", json!([])),
        ];
        let expected = "\
From ERPNext 15.1 to 16.2

1 DocTypes are gone:
  - Lead Source  (perhaps now UTM Source)

1 DocTypes are new:
  + UTM Source

1 DocTypes changed:

Lead
  - fax
  - source  (perhaps now utm_source)
  + utm_source: Link of UTM Source
  ~ status: choices gone: \"Shut\"; choices new: \"Won\"
  ~ day: Date → Datetime; now mandatory
  ~ title: 140 characters → 30 characters
";
        assert_eq!(compare(["15.1".to_owned(), "16.2".to_owned()], &old, &new).to_string(), expected);
    }

    #[test]
    fn the_committed_snapshots_tell_what_is_known_of_them() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let migration = run(&root, Version::V15, Version::V16).unwrap();
        assert_eq!((migration.gone.len(), migration.new.len()), (23, 53));
        let heir = |doctype: &str| migration.gone[doctype].as_deref();
        assert_eq!((heir("Lead Source"), heir("Transaction Log")), (Some("UTM Source"), None));
        let of = |doctype: &str| migration.changed.iter().find(|changed| changed.doctype == doctype).unwrap();
        assert_eq!(of("Asset").gone["gross_purchase_amount"].as_deref(), Some("net_purchase_amount"));
        assert!(of("Quotation").facts.contains(&["title title".to_owned(), "title customer_name".to_owned()]));
        let dates = of("Task").changed.iter().map(|(field, changes)| (field.as_str(), changes.join("; ")));
        assert!(dates.clone().any(|change| change == ("exp_end_date", "Date → Datetime".to_owned())));
        let gone: usize = migration.changed.iter().map(|changed| changed.gone.len()).sum();
        assert_eq!(gone, 103, "columns that lists of 15 name and 16 refuses (H62)");
    }
}
