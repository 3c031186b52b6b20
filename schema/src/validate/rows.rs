//! Checks what a document says of its child tables: rows anew, or changes of rows that are there.

use serde_json::{Map, Value, json};

use super::{Check, Purpose};
use crate::table::{RowKey, TableChange};
use crate::value::{Rule, Violation, check_value, not_permitted, quoted};
use crate::{DocTypeDef, FieldDef, FieldKind, flag};

impl Check<'_> {
    /// The value of a table, in the form in which it is given.
    pub(super) fn table(&mut self, field: &FieldDef, path: &str, value: &Value) -> Result<Value, Violation> {
        let change = match (self.purpose, value) {
            (Purpose::Update, value) => TableChange::read(path, value)?,
            (Purpose::Create, Value::Array(rows)) => TableChange::Whole { rows, replace: true },
            (Purpose::Create, value) => {
                let message = format!("expected a list of rows, found {}", quoted(value));
                let child = field.target().and_then(|target| self.context.child(target));
                let rows = child.and_then(|child| as_row(child, value)).map(|row| format!("[{row}]"));
                return Err(Violation::new(path, Rule::Value, message).nearest(rows));
            }
        };
        let Some(child) = field.target().and_then(|target| self.context.child(target)) else {
            let target = field.target().unwrap_or("its child DocType");
            return Err(Violation::new(path, Rule::Value, format!("the metadata of {target} is not known")));
        };
        match change {
            TableChange::Whole { rows: [], .. } if field.is(flag::REQD) => {
                Err(Violation::new(path, Rule::Mandatory, "is mandatory and needs at least one row"))
            }
            TableChange::Whole { rows, replace } => {
                let at = if value.is_array() { path.to_owned() } else { format!("{path}.rows") };
                let rows = self.rows(child, &at, rows, |check, at, row| check.listed(child, field, at, row));
                let replaces = replace && self.purpose == Purpose::Update;
                Ok(if replaces { json!({"rows": rows, "replace": true}) } else { Value::Array(rows) })
            }
            TableChange::Edits { patch, add, remove } => {
                let patch = self.rows(child, &format!("{path}.patch"), patch, |check, at, row| {
                    check.patched(child, field, at, row)
                });
                let add =
                    self.rows(child, &format!("{path}.add"), add, |check, at, row| check.added(child, field, at, row));
                let remove = self.removed(child, field, &format!("{path}.remove"), remove);
                Ok(json!({"patch": patch, "add": add, "remove": remove}))
            }
        }
    }

    /// Checks each row of a list with its place.
    fn rows(
        &mut self,
        child: &DocTypeDef,
        path: &str,
        rows: &[Value],
        check: impl Fn(&mut Self, &str, &Map<String, Value>) -> Map<String, Value>,
    ) -> Vec<Value> {
        let mut wire = Vec::with_capacity(rows.len());
        for (i, row) in rows.iter().enumerate() {
            let at = format!("{path}[{i}]");
            match row {
                Value::Object(row) => wire.push(Value::Object(check(self, &at, row))),
                other => {
                    let message = format!("expected a row as an object, found {}", quoted(other));
                    self.violations.push(Violation::new(at, Rule::Value, message).nearest(as_row(child, other)));
                }
            }
        }
        wire
    }

    /// A row of the whole table: one that is there already where it has a name. Its place in the list is its number,
    /// whatever `idx` it was read with.
    fn listed(
        &mut self,
        child: &DocTypeDef,
        table: &FieldDef,
        at: &str,
        row: &Map<String, Value>,
    ) -> Map<String, Value> {
        let mut row = row.clone();
        if self.purpose == Purpose::Update {
            let named = row.contains_key("name");
            let key = ["idx", "match"].into_iter().find(|key| row.get(*key).is_some_and(|v| RowKey::is_part(key, v)));
            if let Some(key) = key.filter(|_| !named) {
                let message = format!(
                    "a row of the whole table is named by name; {{\"patch\": [{{\"{key}\": …}}]}} changes one row"
                );
                self.violations.push(Violation::new(format!("{at}.{key}"), Rule::Value, message));
                return row;
            }
            row.retain(|key, _| key != "idx");
        }
        let new = self.purpose == Purpose::Create || !row.contains_key("name");
        self.fields(child, Some(table), &format!("{at}."), &row, new)
    }

    /// A new row.
    fn added(
        &mut self,
        child: &DocTypeDef,
        table: &FieldDef,
        at: &str,
        row: &Map<String, Value>,
    ) -> Map<String, Value> {
        if row.contains_key("name") {
            // H2: a row with a name that the document does not have is echoed back and not saved.
            let message = "a new row has no name yet: leave it out, or name a row to change in patch";
            self.violations.push(Violation::new(format!("{at}.name"), Rule::NotWritable, message));
        }
        self.fields(child, Some(table), &format!("{at}."), row, true)
    }

    /// Columns to change of a row, with what names it.
    fn patched(
        &mut self,
        child: &DocTypeDef,
        table: &FieldDef,
        at: &str,
        row: &Map<String, Value>,
    ) -> Map<String, Value> {
        let (named, columns): (Map<_, _>, Map<_, _>) =
            row.clone().into_iter().partition(|(key, value)| RowKey::is_part(key, value));
        let (is_named, before) = (!named.is_empty(), self.violations.len());
        let mut wire = self.key(child, table, at, named);
        if let Some(found) = self.violations.get_mut(before).filter(|_| !is_named) {
            found.nearest =
                matched(child, &columns).filter(|(by, _)| self.context.may_match(table, by)).map(|(_, row)| row);
        }
        if columns.is_empty() {
            self.violations.push(Violation::new(at, Rule::Value, "no column to change is given"));
        }
        wire.extend(self.fields(child, Some(table), &format!("{at}."), &columns, false));
        wire
    }

    /// What names a row.
    fn key(
        &mut self,
        child: &DocTypeDef,
        table: &FieldDef,
        at: &str,
        mut named: Map<String, Value>,
    ) -> Map<String, Value> {
        if let Err((key, message)) = RowKey::of(&named) {
            let place = if key.is_empty() { at.to_owned() } else { format!("{at}.{key}") };
            self.violations.push(Violation::new(place, Rule::Value, message));
            return named;
        }
        for (column, value) in named.get_mut("match").and_then(Value::as_object_mut).into_iter().flatten() {
            let path = format!("{at}.match.{column}");
            let checked = match child.field(column) {
                None => {
                    let known = child.fields.iter().filter(|field| self.context.may_match(table, field));
                    let nearest = self.nearest(column, known);
                    let message = format!("no such field in {}", child.name);
                    Err(Violation::new(path, Rule::UnknownField, message).nearest(nearest))
                }
                Some(field) if !self.context.may_match(table, field) => {
                    Err(Violation::new(path, Rule::NotPermitted, not_permitted(field, "finding rows by")))
                }
                Some(_) if value.is_null() => Ok(Value::Null),
                Some(field) => check_value(field, &path, value),
            };
            match checked {
                Ok(checked) => *value = checked,
                Err(violation) => self.violations.push(violation),
            }
        }
        named
    }

    fn removed(&mut self, child: &DocTypeDef, table: &FieldDef, path: &str, entries: &[Value]) -> Vec<Value> {
        let mut wire = Vec::with_capacity(entries.len());
        for (i, entry) in entries.iter().enumerate() {
            let at = format!("{path}[{i}]");
            match (RowKey::of_removed(entry), entry) {
                (_, Value::Object(named)) => {
                    if let Some(key) =
                        named.iter().find(|(key, value)| !RowKey::is_part(key, value)).map(|(key, _)| key)
                    {
                        let message = "does not say which row is meant: a row is removed by name, idx or match";
                        self.violations.push(Violation::new(format!("{at}.{key}"), Rule::Value, message));
                    }
                    wire.push(Value::Object(self.key(child, table, &at, named.clone())));
                }
                (Ok(_), entry) => wire.push(entry.clone()),
                (Err((_, message)), _) => self.violations.push(Violation::new(at, Rule::Value, message)),
            }
        }
        wire
    }
}

/// What a row is about: the first link that its grid shows, such as the item, else its first link.
fn subject(child: &DocTypeDef) -> Option<&'static FieldDef> {
    let mut links = child.fields.iter().filter(|field| field.kind == FieldKind::Link);
    links.clone().find(|field| field.is(flag::IN_LIST_VIEW)).or_else(|| links.next())
}

/// The patch that was probably meant by one that names no row: of the row with this link, and by which.
fn matched(child: &DocTypeDef, columns: &Map<String, Value>) -> Option<(&'static FieldDef, String)> {
    let by = subject(child)?;
    let link = by.fieldname;
    let value = columns.get(link)?;
    let mut row = Map::from_iter([("match".to_owned(), json!({ (link): value }))]);
    row.extend(
        columns.iter().filter(|(column, _)| *column != link).map(|(column, value)| (column.clone(), value.clone())),
    );
    (row.len() > 1).then(|| (by, Value::Object(row).to_string()))
}

/// The row that a text alone was probably meant for: one that links to it, or whose first text of the grid it is.
fn as_row(child: &DocTypeDef, given: &Value) -> Option<String> {
    let is_shown = |field: &&FieldDef| field.kind == FieldKind::Data && field.is(flag::IN_LIST_VIEW);
    let column = subject(child).or_else(|| child.fields.iter().find(is_shown))?;
    Some(json!({ (column.fieldname): given.as_str()? }).to_string())
}
