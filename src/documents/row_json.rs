//! The rows of a table as they are answered, written while they are read.

use std::borrow::Cow;

use erpnext_schema::FieldDef;
use serde_json::Value;

use super::cell::Cell;
use crate::limit::written::{append, append_text};
use crate::shape::present::{Held, LeftOut, Rows};
use crate::shape::{TableText, shape_scalar};

/// The JSON of the rows of a table.
pub(super) struct RowJson {
    rows: TableText,
    /// By the place of the column: its key, with what stands behind it.
    keys: Vec<String>,
    /// How many bytes an answer may have.
    most: usize,
    /// How many of them the rows so far take, one by one no more than half: so much is left of one that is cut.
    taken: usize,
}

impl RowJson {
    /// Of rows that have so many columns, in an answer of no more bytes than that.
    pub fn new(columns: usize, most: usize) -> Self {
        Self { rows: TableText::default(), keys: vec![String::new(); columns], most, taken: 0 }
    }

    /// Whether no answer has room for one more.
    pub fn is_full(&self) -> bool {
        self.taken > self.most
    }

    /// Counts a row for which there is no room.
    pub fn pass(&mut self) {
        self.rows.pass();
    }

    pub fn begin(&mut self) {
        self.rows.json().push('{');
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
                // Nothing is made of a text that is not shown.
                let text = match rows.may_show(column.fieldname, is_main) {
                    true => rows.text(column, text, left_out),
                    false => Cow::Borrowed(&**text),
                };
                let held = if text.is_empty() { Held::Nothing } else { Held::Something };
                if rows.show(column.fieldname, is_main, held, left_out) {
                    self.key(place, column);
                    append_text(&text, self.rows.json());
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
            append(&value, self.rows.json());
        }
    }

    fn key(&mut self, place: usize, column: &FieldDef) {
        let json = self.rows.json();
        if !json.ends_with('{') {
            json.push(',');
        }
        let key = &mut self.keys[place];
        if key.is_empty() {
            append_text(column.fieldname, key);
            key.push(':');
        }
        json.push_str(key);
    }

    /// Ends the row, which is left out where it was seen before.
    pub fn end(&mut self, was_seen: bool) {
        if was_seen {
            return self.rows.take_back();
        }
        self.rows.json().push('}');
        self.taken = self.taken.saturating_add(self.rows.end().min(self.most / 2));
    }

    pub fn into_text(self) -> TableText {
        self.rows
    }
}
