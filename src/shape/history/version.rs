//! What a Version says of a document: the fields that were changed, and the rows that were changed, came and went.

use erpnext_schema::flag;
use serde_json::{Map, Value, json};

use super::{Reader, data, list, stamped};
use crate::shape::called::{self, is_same};
use crate::shape::text_of;

/// What the fields of a document say of a Version.
struct Fields {
    /// What was done with the document.
    what: &'static str,
    changes: Map<String, Value>,
    /// What the site works out itself follows of the rest.
    also: Map<String, Value>,
}

/// A row that came or went, with its table.
type Moved<'a> = (&'a str, &'a Map<String, Value>);

fn moved<'a>(data: &'a Map<String, Value>, key: &str) -> Vec<Moved<'a>> {
    let whole = list(data, key).filter_map(|change| match change.as_slice() {
        [Value::String(table), Value::Object(row)] => Some((table.as_str(), row)),
        _ => None,
    });
    whole.collect()
}

impl Reader<'_> {
    /// A Version, unless nothing of it is worth telling or may be told.
    pub(super) fn version(&self, version: &Map<String, Value>) -> Option<Map<String, Value>> {
        let data = data(version)?;
        let Fields { what, changes, also } = self.fields(&data);
        let mut rows = self.changed_rows(&data);
        let (mut added, mut removed) = (moved(&data, "added"), moved(&data, "removed"));
        if what == "amended" {
            rows.extend(self.replaced(&mut added, &mut removed));
        }
        for (what, moved) in [("added", added), ("removed", removed)] {
            for (table, row) in moved {
                let Some((field, child)) = self.table(table) else { continue };
                rows.push(json!({"table": table, what: self.called(field, child, Some(row), row.get("idx").cloned())}));
            }
        }
        if changes.is_empty() && also.is_empty() && rows.is_empty() && what == "changed" {
            return None;
        }
        let mut entry = stamped(version, self.if_seen("modified_by", "owner"), what);
        if !changes.is_empty() {
            entry.insert("changes".to_owned(), Value::Object(changes));
        }
        if !rows.is_empty() {
            entry.insert("rows".to_owned(), Value::Array(rows));
        }
        if !also.is_empty() {
            entry.insert("also_changed".to_owned(), Value::Object(also));
        }
        Some(entry)
    }

    /// What the document's own fields say.
    fn fields(&self, data: &Map<String, Value>) -> Fields {
        let mut fields = Fields { what: "changed", changes: Map::new(), also: Map::new() };
        for change in list(data, "changed") {
            let [Value::String(field), from, to] = change.as_slice() else { continue };
            if field == "docstatus" {
                // An amendment is compared with the cancelled document that it comes from.
                fields.what = match to.as_u64() {
                    Some(1) => "submitted",
                    Some(0) => "amended",
                    _ => "cancelled",
                };
            } else if let Some(known) = self.shown(field).filter(|_| !is_same(from, to)) {
                let of = if known.is(flag::READ_ONLY) { &mut fields.also } else { &mut fields.changes };
                of.insert(field.clone(), json!({"from": from, "to": to}));
            }
        }
        fields
    }

    /// The rows that were changed in their places.
    fn changed_rows(&self, data: &Map<String, Value>) -> Vec<Value> {
        let mut rows = Vec::new();
        for change in list(data, "row_changed") {
            let [Value::String(table), at, Value::String(name), Value::Array(cells)] = change.as_slice() else {
                continue;
            };
            let Some((field, child)) = self.table(table) else { continue };
            let mut changes = Map::new();
            for cell in cells.iter().filter_map(Value::as_array) {
                let [Value::String(column), from, to] = cell.as_slice() else { continue };
                if !is_same(from, to) && self.may_see(field, child, column) {
                    changes.insert(column.clone(), json!({"from": from, "to": to}));
                }
            }
            if !changes.is_empty() {
                let row = self.rows(table).find(|row| text_of(row, "name") == name);
                let idx = at.as_u64().map(|at| json!(at + 1));
                rows.push(json!({"table": table, "row": self.called(field, child, row, idx), "changes": changes}));
            }
        }
        rows
    }

    /// The rows of an amendment that take the place of old ones, with what changed where they differ: most are equal. Takes both
    /// out of what was added and removed.
    fn replaced(&self, added: &mut Vec<Moved<'_>>, removed: &mut Vec<Moved<'_>>) -> Vec<Value> {
        let mut rows = Vec::new();
        added.retain(|(table, row)| {
            let before = removed.iter().enumerate().filter(|(_, (of, _))| of == table);
            let mut before = before.filter_map(|(at, (_, old))| Some((at, self.amended(table, old, row)?)));
            let Some((at, (called, changes))) = before.next() else { return true };
            removed.remove(at);
            if !changes.is_empty() {
                rows.push(json!({"table": table, "row": called, "changes": changes}));
            }
            false
        });
        rows
    }

    /// A row of an amendment that stands in the place of an old one, and what it has otherwise; nothing where it is about
    /// something else.
    fn amended(
        &self,
        table: &str,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
    ) -> Option<(Map<String, Value>, Map<String, Value>)> {
        let (field, child) = self.table(table)?;
        let child = child?;
        let may_see = |column: &str| self.may_see(field, Some(child), column);
        let called =
            |row: &Map<String, Value>| called::called(Some(child), Some(row), row.get("idx").cloned(), &may_see);
        let (was, is) = (called(old), called(new));
        let of = |row: &Map<String, Value>, column: &str| row.get(column).cloned().unwrap_or_default();
        let changes = child.fields.iter().filter(|column| may_see(column.fieldname)).filter_map(|column| {
            let (from, to) = (of(old, column.fieldname), of(new, column.fieldname));
            (!is_same(&from, &to)).then(|| (column.fieldname.to_owned(), json!({"from": from, "to": to})))
        });
        (was == is).then(|| (is, changes.collect()))
    }
}
