//! What a document held when it was read, kept as hashes: enough to tell later which of its values were changed since.

use std::hash::{BuildHasher as _, Hash};
use std::sync::LazyLock;

use erpnext_schema::{Children, DocTypeDef, FieldDef, RowKey, TableChange, flag};
use serde_json::{Map, Number, Value};

use crate::entry::is_nothing;

/// One version of a document.
#[derive(PartialEq, Debug)]
pub struct Fingerprint {
    modified: String,
    /// The hash of the place of each value that is one, in order, with the value's hash; nothing where the document has too
    /// many.
    values: Option<Box<[(u64, u64)]>>,
    /// Whether a write of unknown outcome began from it.
    is_unsettled: bool,
}

/// A row by the hash of its table and its name; none for the document itself.
type Row = Option<u64>;

impl Fingerprint {
    /// That of a document as it was read; none where it does not say which version it is.
    pub fn of(doc: &Map<String, Value>) -> Option<Self> {
        let mut values = Values::default();
        doc.iter().for_each(|(field, value)| values.field(field, value));
        Self::with(doc, Some(values))
    }

    /// The same with the values that were collected while it was read, if they are not too many.
    pub fn with(doc: &Map<String, Value>, values: Option<Values>) -> Option<Self> {
        let modified = doc.get("modified")?.as_str()?.to_owned();
        Some(Self { modified, values: values.and_then(Values::sorted), is_unsettled: false })
    }

    /// The version from which a write of unknown outcome began, without its values.
    pub fn unsettled(doc: &Map<String, Value>) -> Option<Self> {
        Some(Self { is_unsettled: true, ..Self::with(doc, None)? })
    }

    /// The version, as the site tells it.
    pub fn modified(&self) -> &str {
        &self.modified
    }

    /// Whether a write of unknown outcome began from it, and it was not shown since. One that holds too many values is no such.
    pub const fn is_unsettled(&self) -> bool {
        self.is_unsettled
    }

    /// How much of memory it takes, in values.
    pub fn size(&self) -> usize {
        1 + self.values.as_ref().map_or(0, |values| values.len())
    }

    /// Whether `doc` is this version.
    pub fn is_of(&self, doc: &Map<String, Value>) -> bool {
        doc.get("modified").and_then(Value::as_str) == Some(&self.modified)
    }

    fn known(&self, row: Row, field: &str) -> Option<u64> {
        let (values, place) = (self.values.as_ref()?, place(row, field));
        values.binary_search_by_key(&place, |(place, _)| *place).ok().map(|at| values[at].1)
    }

    fn holds(&self, row: Row, field: &str, value: &Value) -> bool {
        if self.values.is_none() {
            return false;
        }
        let known = self.known(row, field);
        if is_nothing(value) { known.is_none() } else { known == Some(content(value)) }
    }

    fn holds_as_many(&self, table: &str, now: &[&Map<String, Value>]) -> bool {
        self.known(None, table).unwrap_or_else(|| hash(&0_usize)) == hash(&now.len())
    }

    /// Whether the values that `changes` speaks of, in the form of an update's data, are in `now` what they were in this
    /// version, and the document is in the same state.
    pub fn leaves_room(&self, now: &Map<String, Value>, changes: &Map<String, Value>) -> bool {
        let same = |field: &str| self.holds(None, field, now.get(field).unwrap_or(&Value::Null));
        let same_state = same("docstatus") && same("workflow_state");
        same_state && changes.iter().all(|(field, change)| self.leaves_room_in(now, field, change))
    }

    fn leaves_room_in(&self, now: &Map<String, Value>, field: &str, change: &Value) -> bool {
        let stored = now.get(field).unwrap_or(&Value::Null);
        let Some(rows) = rows(stored).or_else(|| change.is_object().then(Vec::new)) else {
            return self.holds(None, field, stored);
        };
        let same_rows = || {
            let same_number = |row: &&Map<String, Value>| self.same_in(field, row, "idx");
            self.holds_as_many(field, &rows) && rows.iter().all(same_number)
        };
        let same_whole = |row: &Map<String, Value>| row.keys().all(|key| is_kept(key) || self.same_in(field, row, key));
        let named = |key: &RowKey<'_>| key.name.and_then(|name| rows.iter().find(|row| row.get("name") == Some(name)));
        match TableChange::read(field, change) {
            Ok(TableChange::Edits { patch, remove, .. }) => {
                let patched = patch.iter().filter_map(Value::as_object).all(|patch| {
                    let Ok(key) = RowKey::of(patch) else { return false };
                    let columns = || {
                        patch.keys().filter(|column| patch.get(*column).is_some_and(|v| !RowKey::is_part(column, v)))
                    };
                    match named(&key) {
                        Some(row) => columns().all(|column| self.same_in(field, row, column)),
                        // A number or a value may stand for another row by now; if none does, the row is the one it was.
                        None => {
                            let by: Vec<&String> = key.matching.into_iter().flat_map(Map::keys).collect();
                            let stands = same_rows()
                                && rows.iter().all(|row| by.iter().all(|key| self.same_in(field, row, key)));
                            stands
                                && meant(&key, &rows)
                                    .iter()
                                    .all(|row| columns().all(|column| self.same_in(field, row, column)))
                        }
                    }
                });
                let removed =
                    remove.iter().all(|entry| match RowKey::of_removed(entry).ok().as_ref().and_then(named) {
                        Some(row) => same_whole(row),
                        None => same_rows() && rows.iter().all(|row| same_whole(row)),
                    });
                patched && removed
            }
            _ => same_rows() && rows.iter().all(|row| same_whole(row)),
        }
    }

    fn same_in(&self, table: &str, row: &Map<String, Value>, column: &str) -> bool {
        self.holds(
            Some(row_of(table, row.get("name").unwrap_or(&Value::Null).into())),
            column,
            row.get(column).unwrap_or(&Value::Null),
        )
    }

    /// Whether `now` is another state for people: something was changed that the site does not work out by itself.
    pub fn was_changed_by_hand(&self, def: &DocTypeDef, children: Children<'_>, now: &Map<String, Value>) -> bool {
        let by_hand = |field: &&FieldDef| field.kind.holds_value() && field.flags & BY_THE_SITE == 0;
        let docstatus = now.get("docstatus").unwrap_or(&Value::Null);
        !self.holds(None, "docstatus", docstatus)
            || def.fields.iter().filter(by_hand).any(|field| {
                let stored = now.get(field.fieldname).unwrap_or(&Value::Null);
                if !field.kind.is_table() {
                    return !self.holds(None, field.fieldname, stored);
                }
                let (rows, child) = (rows(stored).unwrap_or_default(), field.rows_of().and_then(children));
                let columns = || child.into_iter().flat_map(|child| child.fields).filter(by_hand);
                let differs = |row: &&Map<String, Value>| {
                    columns().any(|column| !self.same_in(field.fieldname, row, column.fieldname))
                };
                !self.holds_as_many(field.fieldname, &rows) || rows.iter().any(differs)
            })
    }
}

const BY_THE_SITE: u32 = flag::READ_ONLY | flag::HIDDEN | flag::VIRTUAL | flag::STANDARD;

fn rows(value: &Value) -> Option<Vec<&Map<String, Value>>> {
    value.as_array().map(|rows| rows.iter().filter_map(Value::as_object).collect())
}

/// The rows that a number and values mean, as they are written; all where none is called just so.
fn meant<'r>(key: &RowKey<'_>, rows: &[&'r Map<String, Value>]) -> Vec<&'r Map<String, Value>> {
    let is_it = |row: &&Map<String, Value>| {
        key.idx.is_none_or(|idx| row.get("idx").and_then(Value::as_u64) == Some(idx))
            && key.matching.into_iter().flatten().all(|(column, value)| row.get(column) == Some(value))
    };
    let meant: Vec<_> = rows.iter().copied().filter(is_it).collect();
    if meant.is_empty() { rows.to_vec() } else { meant }
}

/// Whether the site sets the column of every row at every write.
fn is_kept(column: &str) -> bool {
    matches!(column, "modified" | "modified_by" | "docstatus")
}

/// A value, as far as it tells whether another is the same.
#[derive(Clone, Copy, Debug)]
pub enum ComparedValue<'v> {
    /// A text.
    Text(&'v str),
    /// A number, which is the same as such, however it is written.
    Number(&'v Number),
    /// Anything else.
    Other(&'v Value),
}

impl<'v> From<&'v Value> for ComparedValue<'v> {
    fn from(value: &'v Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text),
            Value::Number(number) => Self::Number(number),
            other => Self::Other(other),
        }
    }
}

impl ComparedValue<'_> {
    /// Whether it is as if it were not there.
    pub fn is_nothing(self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Number(number) => number.as_f64() == Some(0.0),
            Self::Other(value) => value.is_null(),
        }
    }

    fn content(self) -> u64 {
        match self {
            Self::Text(text) => hash(&text),
            Self::Number(number) => hash(&number.as_f64().map(f64::to_bits)),
            // As a list: the text `true` is another value.
            Self::Other(value) => hash(&[value.to_string()]),
        }
    }
}

/// The values of a document, as they come.
#[derive(Default, Debug)]
pub struct Values(Vec<(u64, u64)>);

impl Values {
    /// The most that are kept of a document: of one with more, none is.
    pub const MOST: usize = 4_000;

    /// A field of the document itself, with its rows where it has any.
    pub fn field(&mut self, field: &str, value: &Value) {
        let Some(rows) = rows(value) else {
            if !is_nothing(value) {
                self.0.push((place(None, field), content(value)));
            }
            return;
        };
        self.rows(field, rows.len());
        for row in rows {
            if self.0.len() > Self::MOST {
                return;
            }
            let name = row.get("name").unwrap_or(&Value::Null);
            self.row(field, name.into(), row.iter().map(|(key, value)| (key.as_str(), value.into())));
        }
    }

    /// How many rows a table has.
    pub fn rows(&mut self, table: &str, count: usize) {
        self.0.push((place(None, table), hash(&count)));
    }

    /// One of them.
    pub fn row<'v>(
        &mut self,
        table: &str,
        name: ComparedValue<'v>,
        cells: impl Iterator<Item = (&'v str, ComparedValue<'v>)>,
    ) {
        let at = Some(row_of(table, name));
        self.0.extend(cells.filter(|(_, held)| !held.is_nothing()).map(|(key, held)| (place(at, key), held.content())));
    }

    /// In the order of places.
    fn sorted(self) -> Option<Box<[(u64, u64)]>> {
        let Self(mut values) = self;
        if values.len() > Self::MOST {
            return None;
        }
        // Of rows that share a name, the last counts: so it was kept first.
        values.reverse();
        values.sort_by_key(|(place, _)| *place);
        values.dedup_by_key(|(place, _)| *place);
        Some(values.into())
    }
}

fn row_of(table: &str, name: ComparedValue<'_>) -> u64 {
    match name {
        ComparedValue::Text(name) => hash(&(table, name)),
        ComparedValue::Number(number) => hash(&(table, [number.to_string()])),
        ComparedValue::Other(other) => hash(&(table, [other.to_string()])),
    }
}

fn place(row: Row, field: &str) -> u64 {
    hash(&(row, field))
}

fn content(value: &Value) -> u64 {
    ComparedValue::from(value).content()
}

fn hash(value: &impl Hash) -> u64 {
    // A document has thousands of values. Another process hashes otherwise, so nobody can work out what looks the same.
    static HOW: LazyLock<foldhash::quality::RandomState> = LazyLock::new(Default::default);
    HOW.hash_one(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn doc(qty: [f64; 2], po: &str, modified: &str) -> Map<String, Value> {
        let row = |name: &str, idx: u8, code: &str, qty: f64| json!({"name": name, "idx": idx, "item_code": code, "qty": qty, "amount": qty * 2.0, "modified": modified});
        let rows = json!([row("r1", 1, "A", qty[0]), row("r2", 2, "B", qty[1])]);
        json!({"modified": modified, "docstatus": 0, "po_no": po, "items": rows}).as_object().unwrap().clone()
    }

    #[test]
    fn a_change_has_room_beside_changes_of_other_values() {
        let read = Fingerprint::of(&doc([1.0, 2.0], "", "1")).unwrap();
        let now = doc([1.0, 5.0], "A", "2");
        let room = |changes: Value| read.leaves_room(&now, changes.as_object().unwrap());
        for fits in [
            json!({"remarks": "x"}),
            json!({"items": {"patch": [{"name": "r1", "qty": 9}]}}),
            json!({"items": {"patch": [{"idx": 2, "rate": 9}]}}),
            json!({"items": {"patch": [{"idx": 1, "qty": 9}]}}),
            json!({"items": {"patch": [{"match": {"item_code": "A"}, "qty": 9}]}}),
            json!({"items": {"add": [{"qty": 9}], "remove": ["r1"]}}),
        ] {
            assert!(room(fits.clone()), "{fits}");
        }
        for clashes in [
            json!({"po_no": "B"}),
            json!({"items": {"patch": [{"name": "r2", "qty": 9}]}}),
            json!({"items": {"patch": [{"idx": 2, "qty": 9}]}}),
            json!({"items": {"patch": [{"match": {"item_code": "B"}, "qty": 9}]}}),
            json!({"items": {"patch": [{"match": {"item_code": "called otherwise"}, "qty": 9}]}}),
            json!({"items": {"patch": [{"match": {"qty": 5}, "rate": 9}]}}),
            json!({"items": {"remove": ["r2"]}}),
            json!({"items": [{"name": "r1"}]}),
            json!({"items": {"rows": [], "replace": true}}),
        ] {
            assert!(!room(clashes.clone()), "{clashes}");
        }
        let mut submitted = doc([1.0, 2.0], "", "2");
        submitted.insert("docstatus".to_owned(), json!(1));
        assert!(!read.leaves_room(&submitted, json!({"remarks": "x"}).as_object().unwrap()));
        let mut fewer = doc([1.0, 2.0], "", "2");
        fewer["items"].as_array_mut().unwrap().remove(0);
        let by_number = json!({"items": {"patch": [{"idx": 1, "qty": 9}]}});
        assert!(!read.leaves_room(&fewer, by_number.as_object().unwrap()));
    }

    #[test]
    fn what_the_site_works_out_is_no_change_by_hand() {
        let def = erpnext_doctypes::any("Sales Order").unwrap();
        let read = Fingerprint::of(&doc([1.0, 2.0], "", "1")).unwrap();
        let changed = |now: &Map<String, Value>| read.was_changed_by_hand(def, &erpnext_doctypes::any, now);
        let mut now = doc([1.0, 2.0], "", "2");
        now.insert("per_billed".to_owned(), json!(100.0));
        assert!(!changed(&now));
        assert!(changed(&doc([1.0, 2.0], "A", "2")));
        assert!(changed(&doc([3.0, 2.0], "", "2")));
    }
}
