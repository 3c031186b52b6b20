//! The snapshots of all versions as one table for each DocType, whose rows and facts say in which versions they are.

use std::collections::BTreeMap;

use erpnext_schema::snapshot::DocType;
use erpnext_schema::{DocTypeDef, Fact, FieldDef, Version, Versions, flag, intern};

/// A DocType of one or more versions.
pub struct Merged {
    /// What the newest version says, with the rows of all.
    pub def: DocTypeDef,
    /// The versions that have it.
    pub only: Versions,
    /// What older versions say otherwise.
    pub but: Vec<(Versions, Fact)>,
}

/// Every DocType of any of the versions, which come oldest first; sorted by name.
pub fn merge(snapshots: &[(Version, Vec<DocType>)]) -> Vec<Merged> {
    let there = set(snapshots.iter().map(|(version, _)| *version));
    let mut by_name: BTreeMap<&str, Vec<(Version, DocTypeDef)>> = BTreeMap::new();
    for (version, doctypes) in snapshots {
        for doctype in doctypes {
            by_name.entry(&doctype.name).or_default().push((*version, doctype.to_def()));
        }
    }
    by_name.into_values().filter_map(|versions| one(versions, there)).collect()
}

fn one(mut versions: Vec<(Version, DocTypeDef)>, there: Versions) -> Option<Merged> {
    let all = set(versions.iter().map(|(version, _)| *version));
    let (newest, mut def) = versions.pop()?;
    let mut rows: Vec<FieldDef> = only_in(newest, def.fields).collect();
    let mut but = Vec::new();
    while let Some((version, older)) = versions.pop() {
        rows = interleave(rows, only_in(version, older.fields).collect());
        but.extend(facts(&def, &older).map(|fact| (Versions::of(version), fact)));
    }
    let newest = |row: &FieldDef| (row.fieldname, row.only.newest());
    let seen: Vec<_> = rows.iter().map(newest).collect();
    for row in &mut rows {
        let (name, version) = newest(row);
        if seen.iter().any(|(other, newer)| *other == name && *newer > version) {
            row.flags |= flag::SUPERSEDED;
        }
    }
    for row in rows.iter_mut().filter(|row| row.only == all) {
        row.only = Versions::ALL;
    }
    def.fields = intern::list(rows);
    Some(Merged { def, only: if all == there { Versions::ALL } else { all }, but })
}

fn set(versions: impl Iterator<Item = Version>) -> Versions {
    versions.fold(Versions::NONE, |set, version| set.or(Versions::of(version)))
}

fn only_in(version: Version, fields: &'static [FieldDef]) -> impl Iterator<Item = FieldDef> {
    fields.iter().map(move |field| FieldDef { only: Versions::of(version), ..*field })
}

/// What the older version says otherwise about the DocType itself; its tools are chosen later.
fn facts(newest: &DocTypeDef, older: &DocTypeDef) -> impl Iterator<Item = Fact> {
    let facts = |def: &DocTypeDef| {
        [
            Fact::Module(def.module),
            Fact::Flags(def.flags),
            Fact::Autoname(def.autoname),
            Fact::TitleField(def.title_field),
            Fact::SearchFields(def.search_fields),
            Fact::Sort(def.sort),
        ]
    };
    facts(older).into_iter().zip(facts(newest)).filter(|(older, newest)| older != newest).map(|(older, _)| older)
}

/// Both lists in one that keeps the order of each. Rows that say the same become one; rows of one field that stand at
/// the same place stand side by side, the newer one first; a field that moved has a row at either place.
fn interleave(newer: Vec<FieldDef>, older: Vec<FieldDef>) -> Vec<FieldDef> {
    // How well the rest of both lists fits, from each pair of places on.
    let mut fit = vec![vec![0_u32; older.len() + 1]; newer.len() + 1];
    for (i, new) in newer.iter().enumerate().rev() {
        for (j, old) in older.iter().enumerate().rev() {
            let paired = match alike(new, old) {
                0 => 0,
                likeness => likeness + fit[i + 1][j + 1],
            };
            fit[i][j] = paired.max(fit[i + 1][j]).max(fit[i][j + 1]);
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut rows = Vec::with_capacity(newer.len());
    while i < newer.len() || j < older.len() {
        match (newer.get(i), older.get(j)) {
            (Some(new), Some(old)) if alike(new, old) > 0 && fit[i][j] == alike(new, old) + fit[i + 1][j + 1] => {
                if alike(new, old) == SAME {
                    rows.push(FieldDef { only: new.only.or(old.only), ..*new });
                } else {
                    rows.extend([*new, *old]);
                }
                (i, j) = (i + 1, j + 1);
            }
            (Some(new), old) if old.is_none() || fit[i][j] == fit[i + 1][j] => {
                rows.push(*new);
                i += 1;
            }
            (_, Some(old)) => {
                rows.push(*old);
                j += 1;
            }
            (_, None) => break,
        }
    }
    rows
}

/// What [`alike`] says of rows that say the same.
const SAME: u32 = 3;

/// Whether two rows are of one field, and say the same of it.
fn alike(one: &FieldDef, other: &FieldDef) -> u32 {
    match one.fieldname == other.fieldname {
        true if (FieldDef { only: other.only, ..*one }) == *other => SAME,
        true => 2,
        false => 0,
    }
}

#[cfg(test)]
mod tests {
    use erpnext_schema::only::{V15, V16};

    use super::*;

    fn doctype(fields: &[(&str, &str)]) -> DocType {
        let fields: Vec<_> =
            fields.iter().map(|(name, kind)| serde_json::json!({"fieldname": name, "fieldtype": kind})).collect();
        let text = serde_json::json!({"name": "Task", "module": "Projects", "fields": fields}).to_string();
        DocType::from_snapshot(&text).unwrap_or_default()
    }

    fn rows(old: &[(&str, &str)], new: &[(&str, &str)]) -> Vec<(&'static str, Versions, bool)> {
        let merged = merge(&[(Version::V15, vec![doctype(old)]), (Version::V16, vec![doctype(new)])]);
        let rows = merged.iter().flat_map(|doctype| doctype.def.fields);
        rows.map(|row| (row.fieldname, row.only, row.is(flag::SUPERSEDED))).collect()
    }

    #[test]
    fn fields_that_came_went_changed_and_moved_have_rows_of_their_own() {
        let old = [("a", "Data"), ("gone", "Int"), ("b", "Date"), ("c", "Int"), ("d", "Int")];
        let new = [("c", "Int"), ("a", "Data"), ("b", "Datetime"), ("new", "Int"), ("d", "Int")];
        let expected = [
            ("c", V16, false),
            ("a", Versions::ALL, false),
            ("gone", V15, false),
            ("b", V16, false),
            ("b", V15, true),
            ("new", V16, false),
            ("c", V15, true),
            ("d", Versions::ALL, false),
        ];
        assert_eq!(rows(&old, &new), expected);
    }

    #[test]
    fn a_doctype_of_one_version_says_so_once() {
        let versions = [(Version::V15, vec![doctype(&[("a", "Data")])]), (Version::V16, vec![])];
        let merged = merge(&versions);
        assert_eq!((merged[0].only, merged[0].def.fields[0].only), (V15, Versions::ALL));
        let alone = merge(&versions[..1]);
        assert_eq!(alone[0].only, Versions::ALL, "where there is one version, all have it");
    }

    #[test]
    fn facts_that_differ_are_the_older_ones() {
        let mut old = doctype(&[]);
        old.title_field = Some("subject".to_owned());
        let merged = merge(&[(Version::V15, vec![old]), (Version::V16, vec![doctype(&[])])]);
        assert_eq!(merged[0].but, [(V15, Fact::TitleField(Some("subject")))]);
        assert_eq!(merged[0].def.title_field, None);
    }
}
