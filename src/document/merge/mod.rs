//! Changes laid onto a stored document without losing any of it.
//!
//! The site sets every column of a row that is not sent to NULL and deletes every row that is not named (H1), loses the
//! table where a name is wrong (H2), and empties it for a null (H3). So complete tables of
//! complete rows are sent: the stored ones, with what was given laid onto them.

mod table;

use std::collections::BTreeMap;

use erpnext_schema::{DocTypeDef, Rule, TableChange, Violation, flag};
use serde_json::{Map, Value};

use super::Writing;
use table::{Row, Table};

/// A change that is laid onto a stored document.
#[derive(Debug)]
pub struct Merged {
    /// What to send: the fields given, every table of them complete.
    pub body: Map<String, Value>,
    /// What was given: the fields, and of each row in its place in `body` the columns given for it.
    pub given: Map<String, Value>,
    places: BTreeMap<String, Vec<Option<String>>>,
}

impl Merged {
    /// Where in the data a row of `body` was given: `items.patch[0]`.
    pub fn place(&self, table: &str, row: usize) -> String {
        let given = self.places.get(table).and_then(|places| places.get(row)?.clone());
        given.unwrap_or_else(|| format!("{table}[{row}]"))
    }
}

/// Lays changes, as `check_document` gives them, onto the document that is stored.
///
/// # Errors
/// A row that is not in the document, that several rows fit, or that is named twice; a mandatory table without rows; a
/// whole table that would drop rows with values, unless the caller says that this is meant.
pub fn onto_stored(
    def: &DocTypeDef,
    writing: &Writing<'_>,
    stored: &Map<String, Value>,
    changes: &Map<String, Value>,
) -> Result<Merged, Vec<Violation>> {
    let (mut body, mut given, mut places) = (changes.clone(), changes.clone(), BTreeMap::new());
    let mut violations = Vec::new();
    for (key, value) in changes {
        let Some(field) = def.table(key) else { continue };
        let path = format!("data.{key}");
        let table = Table::new(field, writing, stored);
        let rows = match TableChange::read(&path, value) {
            Ok(TableChange::Whole { rows, replace }) => table.whole(rows, replace, &mut violations),
            Ok(TableChange::Edits { patch, add, remove }) => table.edited(patch, add, remove, &mut violations),
            Err(violation) => {
                violations.push(violation);
                continue;
            }
        };
        if rows.is_empty() && field.is(flag::REQD) {
            let message = "is mandatory and needs at least one row";
            violations.push(Violation::new(path, Rule::Mandatory, message));
        }
        let (mut whole, mut columns, mut from) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            let Row { whole: complete, given, place } = row;
            whole.push(Value::Object(complete));
            columns.push(Value::Object(given));
            from.push(place.map(|place| format!("{key}{place}")));
        }
        body.insert(key.clone(), Value::Array(whole));
        given.insert(key.clone(), Value::Array(columns));
        places.insert(key.clone(), from);
    }
    if violations.is_empty() { Ok(Merged { body, given, places }) } else { Err(violations) }
}
