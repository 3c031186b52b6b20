//! The rows of a table as they are answered, written while they are read.

use std::borrow::Cow;

use erpnext_schema::FieldDef;
use serde_json::Value;

use super::cell::Cell;
use crate::limit::written::{append, append_text};
use crate::shape::present::{Held, LeftOut, Rows};
use crate::shape::shape_scalar;

/// The JSON of a list of rows.
pub(super) struct RowJson {
    json: String,
    /// By the place of the column: its key, with what stands behind it.
    keys: Vec<String>,
    /// Where the last row begins.
    begin: usize,
}

impl RowJson {
    /// Of rows that have so many columns.
    pub fn new(columns: usize) -> Self {
        Self { json: "[".to_owned(), keys: vec![String::new(); columns], begin: 1 }
    }

    pub fn begin(&mut self) {
        self.begin = self.json.len();
        self.json.push_str(if self.begin == 1 { "{" } else { ",{" });
    }

    /// A value of the row, as rows show it, if they do; `left_out` is told of what they do not.
    pub fn add(
        &mut self,
        (place, column): (usize, &FieldDef),
        is_main: bool,
        cell: &Cell<'_>,
        rows: Rows,
        left_out: &mut LeftOut,
    ) {
        let value: Cow<'_, Value> = match cell {
            Cell::Text(text) => {
                let text = rows.text(column, text, left_out);
                let held = if text.is_empty() { Held::Nothing } else { Held::Something };
                if rows.show(column.fieldname, is_main, held, left_out) {
                    self.key(place, column);
                    append_text(&text, &mut self.json);
                }
                return;
            }
            Cell::Null => return,
            Cell::Bool(value) => Cow::Owned(Value::Bool(*value)),
            Cell::Number(number) => {
                let mut value = Value::Number(number.clone());
                shape_scalar(column, &mut value);
                Cow::Owned(value)
            }
            Cell::Other(value) => Cow::Borrowed(value),
        };
        if rows.show(column.fieldname, is_main, Held::of(&value), left_out) {
            self.key(place, column);
            append(&value, &mut self.json);
        }
    }

    fn key(&mut self, place: usize, column: &FieldDef) {
        if !self.json.ends_with('{') {
            self.json.push(',');
        }
        let key = &mut self.keys[place];
        if key.is_empty() {
            append_text(column.fieldname, key);
            key.push(':');
        }
        self.json.push_str(key);
    }

    /// Ends the row, which is left out where it was seen before.
    pub fn end(&mut self, was_seen: bool) {
        match was_seen {
            true => self.json.truncate(self.begin),
            false => self.json.push('}'),
        }
    }

    pub fn into_json(mut self) -> String {
        self.json.push(']');
        self.json
    }
}
