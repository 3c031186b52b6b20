//! `diff`: how a live site's DocTypes differ from the snapshot of its version. Nothing differs exactly when a refresh would change
//! no file.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use erpnext_schema::snapshot::DocType;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::load;
use crate::manifest::Manifest;
use crate::refresh::{Access, Connection, Fetched, How, Wanted, is_described};

/// Everything that differs, sorted by name.
#[derive(Serialize, Default, PartialEq, Eq, Debug)]
pub struct Drift {
    /// DocTypes that only the site has.
    pub added: Vec<String>,
    /// DocTypes that only the snapshot has.
    pub removed: Vec<String>,
    /// DocTypes that both have.
    pub changed: Vec<DocTypeChange>,
    /// DocTypes that the site lists and does not give, and that the snapshot's manifest does not know as such → why.
    pub unreadable: BTreeMap<String, String>,
}

/// How a DocType differs.
#[derive(Serialize, PartialEq, Eq, Debug)]
pub struct DocTypeChange {
    pub doctype: String,
    /// Facts about the DocType itself.
    pub keys: Vec<KeyChange>,
    pub added_fields: Vec<String>,
    pub removed_fields: Vec<String>,
    pub changed_fields: Vec<FieldChange>,
    /// Whether the fields that both have stand in another order.
    pub reordered: bool,
}

/// How a field differs.
#[derive(Serialize, PartialEq, Eq, Debug)]
pub struct FieldChange {
    pub fieldname: String,
    pub keys: Vec<KeyChange>,
}

/// One fact; null where it is not stated.
#[derive(Serialize, PartialEq, Eq, Debug)]
pub struct KeyChange {
    pub key: String,
    pub from: Value,
    pub to: Value,
}

impl Drift {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares the snapshot with the site: what is wanted, and with `narrow` nothing else; without it everything that
/// the snapshot holds too.
///
/// # Errors
/// A snapshot that cannot be read, a site that does not answer, a wanted name that neither of them knows.
pub async fn run(root: &Path, access: &Access, mut wanted: Wanted, narrow: bool, jobs: usize) -> anyhow::Result<Drift> {
    let connection = Connection::open(access).await?;
    let base = root.join(load::folder(connection.version));
    let snapshot = if base.is_dir() { load::load(root, connection.version)? } else { Vec::new() };
    let listed = connection.names();
    let (kept, gone): (Vec<&DocType>, Vec<&DocType>) = snapshot.iter().partition(|d| listed.contains(d.name.as_str()));
    let in_question = gone.iter().filter(|doctype| !narrow || wanted.covers(&doctype.name, &doctype.module));
    let removed = in_question.map(|doctype| doctype.name.clone()).collect();
    if let Wanted::Some { doctypes, .. } = &mut wanted {
        // A chosen DocType that vanished is drift, not a typing error.
        doctypes.retain(|name| !gone.iter().any(|doctype| doctype.name == *name));
    }
    let mut names = wanted.names(&connection.listed)?;
    if !narrow {
        names.extend(kept.iter().map(|doctype| doctype.name.clone()));
    }
    let descriptions = snapshot.iter().any(is_described);
    let Fetched { doctypes, failures } = connection.fetch(names, How { jobs, descriptions }).await?;

    let known = Manifest::read(&base).failures;
    let unreadable = failures.into_iter().filter(|(name, _)| !known.contains_key(name)).collect();
    let mut drift = Drift { removed, unreadable, ..Drift::default() };
    for (name, after) in &doctypes {
        match snapshot.iter().find(|before| before.name == *name) {
            None => drift.added.push(name.clone()),
            Some(before) => drift.changed.extend(compare(before, after)?),
        }
    }
    Ok(drift)
}

/// Compares two DocTypes of the same name by what their snapshot files say.
///
/// # Errors
/// None in practice: a snapshot's own text is read back.
pub fn compare(before: &DocType, after: &DocType) -> serde_json::Result<Option<DocTypeChange>> {
    let (old_text, new_text) = (before.to_snapshot(), after.to_snapshot());
    if old_text == new_text {
        return Ok(None);
    }
    let (mut old, mut new): (Map<_, _>, Map<_, _>) =
        (serde_json::from_str(&old_text)?, serde_json::from_str(&new_text)?);
    let (old_fields, new_fields) = (fields(&mut old), fields(&mut new));
    let only = |these: &[(String, Value)], those: &[(String, Value)]| -> Vec<String> {
        these.iter().filter(|(name, _)| find(those, name).is_none()).map(|(name, _)| name.clone()).collect()
    };
    let changed = old_fields.iter().filter_map(|(name, from)| {
        let keys = keys(from.as_object()?, find(&new_fields, name)?.as_object()?);
        (!keys.is_empty()).then(|| FieldChange { fieldname: name.clone(), keys })
    });
    let common = |these: &[(String, Value)], those: &[(String, Value)]| -> Vec<String> {
        these.iter().filter(|(name, _)| find(those, name).is_some()).map(|(name, _)| name.clone()).collect()
    };
    Ok(Some(DocTypeChange {
        doctype: before.name.clone(),
        keys: keys(&old, &new),
        added_fields: only(&new_fields, &old_fields),
        removed_fields: only(&old_fields, &new_fields),
        changed_fields: changed.collect(),
        reordered: common(&old_fields, &new_fields) != common(&new_fields, &old_fields),
    }))
}

/// Takes the fields out, in their order.
fn fields(doctype: &mut Map<String, Value>) -> Vec<(String, Value)> {
    let Some(Value::Array(fields)) = doctype.remove("fields") else { return Vec::new() };
    let named = |field: Value| Some((field.get("fieldname")?.as_str()?.to_owned(), field));
    fields.into_iter().filter_map(named).collect()
}

fn find<'a>(fields: &'a [(String, Value)], name: &str) -> Option<&'a Value> {
    fields.iter().find(|(known, _)| known == name).map(|(_, field)| field)
}

fn keys(old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<KeyChange> {
    let added = new.keys().filter(|key| !old.contains_key(*key));
    let value = |facts: &Map<String, Value>, key: &String| facts.get(key).cloned().unwrap_or_default();
    let change = |key: &String| KeyChange { key: key.clone(), from: value(old, key), to: value(new, key) };
    old.keys().chain(added).map(change).filter(|change| change.from != change.to).collect()
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.added {
            writeln!(f, "+ {name}")?;
        }
        for name in &self.removed {
            writeln!(f, "- {name}")?;
        }
        for change in &self.changed {
            writeln!(f, "~ {}", change.doctype)?;
            for key in &change.keys {
                writeln!(f, "    {key}")?;
            }
            for name in &change.added_fields {
                writeln!(f, "    + {name}")?;
            }
            for name in &change.removed_fields {
                writeln!(f, "    - {name}")?;
            }
            for field in &change.changed_fields {
                let keys: Vec<String> = field.keys.iter().map(KeyChange::to_string).collect();
                writeln!(f, "    ~ {}: {}", field.fieldname, keys.join("; "))?;
            }
            if change.reordered {
                writeln!(f, "    the order of the fields")?;
            }
        }
        for (name, reason) in &self.unreadable {
            writeln!(f, "? {name}: {reason}")?;
        }
        Ok(())
    }
}

impl fmt::Display for KeyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Value| if value.is_null() { "nothing".to_owned() } else { value.to_string() };
        write!(f, "{} {} → {}", self.key, shown(&self.from), shown(&self.to))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn doctype(fields: Value) -> DocType {
        DocType::from_site(&json!({"name": "A", "module": "M", "autoname": "hash", "fields": fields}), true).unwrap()
    }

    #[test]
    fn fields_that_came_went_changed_and_moved_are_told_apart() {
        let before = doctype(json!([
            {"fieldname": "one", "fieldtype": "Data", "label": "One"},
            {"fieldname": "two", "fieldtype": "Data"},
            {"fieldname": "gone", "fieldtype": "Int"},
        ]));
        let mut after = doctype(json!([
            {"fieldname": "two", "fieldtype": "Data"},
            {"fieldname": "new", "fieldtype": "Int"},
            {"fieldname": "one", "fieldtype": "Data", "label": "First", "reqd": 1},
        ]));
        after.autoname = None;
        let change = compare(&before, &after).unwrap().unwrap();
        assert_eq!(
            (change.added_fields.as_slice(), change.removed_fields.as_slice()),
            (&["new".to_owned()][..], &["gone".to_owned()][..])
        );
        assert!(change.reordered);
        assert_eq!(change.keys, [KeyChange { key: "autoname".into(), from: json!("hash"), to: Value::Null }]);
        let text = Drift { changed: vec![change], ..Drift::default() }.to_string();
        assert!(text.contains("~ one: label \"One\" → \"First\"; reqd nothing → true\n"), "{text}");
        assert!(text.contains("autoname \"hash\" → nothing\n"), "{text}");
    }

    #[test]
    fn a_field_in_the_middle_is_no_reordering() {
        let before = doctype(json!([{"fieldname": "a", "fieldtype": "Int"}, {"fieldname": "b", "fieldtype": "Int"}]));
        let mut after = before.clone();
        assert_eq!(compare(&before, &after).unwrap(), None);
        after.fields.remove(0);
        assert!(!compare(&before, &after).unwrap().unwrap().reordered);
    }
}
