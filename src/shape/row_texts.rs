//! The rows of an answered document as JSON, one behind the other: they are cut where one ends, and not read again.

use std::iter::once;

use serde_json::{Map, Value};

use super::text::is_visible;
use crate::limit::LARGE;
use crate::limit::written::{append, append_text, written};

/// Under which key an answer has its document.
pub(super) const DOCUMENT: &str = "document";

/// The rows of one table.
#[derive(Clone, Default, Debug)]
pub struct TableText {
    json: String,
    /// Where each row ends.
    ends: Vec<usize>,
    /// How many follow of which nothing is written: no answer has room for them.
    unread: usize,
}

impl TableText {
    /// What is written so far: the next row is written behind it.
    pub fn json(&mut self) -> &mut String {
        &mut self.json
    }

    /// Ends a row; its size.
    pub fn end(&mut self) -> usize {
        let begin = self.begin();
        self.ends.push(self.json.len());
        self.json.len() - begin
    }

    /// Takes back what was written of a row.
    pub fn take_back(&mut self) {
        self.json.truncate(self.begin());
    }

    /// Counts a row of which nothing is written.
    pub fn pass(&mut self) {
        self.unread += 1;
    }

    /// The rows that are written.
    pub fn rows(&self) -> impl Iterator<Item = &str> {
        let begins = once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).filter_map(|(begin, end)| self.json.get(begin..*end))
    }

    /// How many follow of which nothing is written.
    pub fn unread(&self) -> usize {
        self.unread
    }

    fn begin(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    fn write(&self, list: &[Value], json: &mut String) {
        json.push('[');
        let mut rows = self.rows();
        for (at, value) in list.iter().enumerate() {
            if at > 0 {
                json.push(',');
            }
            match rows.next().filter(|_| value.is_null()) {
                Some(row) => json.push_str(row),
                None => append(value, json),
            }
        }
        json.push(']');
    }
}

/// The rows of a document by their tables. In the answer, a null stands for each.
#[derive(Clone, Default, Debug)]
pub struct RowTexts(Vec<(&'static str, TableText)>);

impl RowTexts {
    /// Those of these tables.
    pub fn new(tables: Vec<(&'static str, TableText)>) -> Self {
        Self(tables)
    }

    /// Whether no table has any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of this table, if they are written.
    pub fn of(&self, table: &str) -> Option<&TableText> {
        self.0.iter().find(|(name, _)| *name == table).map(|(_, text)| text)
    }

    /// How many bytes they take.
    pub fn length(&self) -> usize {
        self.0.iter().map(|(_, text)| text.json.len()).sum()
    }

    /// Whether every character of them is seen.
    pub fn are_visible(&self) -> bool {
        self.0.iter().all(|(_, text)| is_visible(&text.json))
    }

    /// Puts a null for each into the tables that the answer still has.
    pub fn stand_in(&self, answer: &mut Value) {
        self.each(answer, |table, list| *list = vec![Value::Null; table.ends.len() + table.unread]);
    }

    /// Puts the rows themselves there.
    pub fn put_into(&self, answer: &mut Value) {
        self.each(answer, |table, list| {
            for (value, row) in list.iter_mut().zip(table.rows()) {
                // What was written here can be read.
                *value = serde_json::from_str(row).unwrap_or_default();
            }
        });
    }

    fn each(&self, answer: &mut Value, take: impl Fn(&TableText, &mut Vec<Value>)) {
        let document = answer.get_mut(DOCUMENT).and_then(Value::as_object_mut);
        for (key, value) in document.into_iter().flatten() {
            if let (Some(table), Value::Array(list)) = (self.of(key), value) {
                take(table, list);
            }
        }
    }

    /// The answer's JSON.
    pub fn write(&self, answer: &Value) -> String {
        let mut json = String::with_capacity(self.length().min(8 * LARGE) + (4 << 10));
        let of_document = |key: &str, value: &Value, json: &mut String| match (self.of(key), value) {
            (Some(table), Value::Array(list)) => table.write(list, json),
            _ => append(value, json),
        };
        match answer {
            Value::Object(answer) => write_entries(answer, &mut json, |key, value, json| match value {
                Value::Object(document) if key == DOCUMENT => write_entries(document, json, of_document),
                _ => append(value, json),
            }),
            _ => append(answer, &mut json),
        }
        json
    }

    /// The same, if it is no longer than that many bytes.
    pub fn written(&self, answer: &Value, most: usize) -> Option<String> {
        if self.is_empty() {
            return written(answer, most);
        }
        (self.length_in(answer) <= most).then(|| self.write(answer)).filter(|json| json.len() <= most)
    }

    /// How many bytes those take whose tables the answer still has.
    fn length_in(&self, answer: &Value) -> usize {
        let document = answer.get(DOCUMENT).and_then(Value::as_object);
        let there = self.0.iter().filter(|(name, _)| document.is_some_and(|document| document.contains_key(*name)));
        there.map(|(_, text)| text.json.len()).sum()
    }
}

fn write_entries(map: &Map<String, Value>, json: &mut String, write: impl Fn(&str, &Value, &mut String)) {
    json.push('{');
    for (at, (key, value)) in map.iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        append_text(key, json);
        json.push(':');
        write(key, value, json);
    }
    json.push('}');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{RowTexts, TableText};

    #[test]
    fn rows_that_the_answer_leaves_out_take_no_room_in_it() {
        let mut table = TableText::default();
        table.json().push_str(&json!({"name": "x".repeat(100)}).to_string());
        table.end();
        let rows = RowTexts::new(vec![("items", table)]);
        let without = json!({"document": {"name": "A"}});
        assert_eq!(rows.written(&without, 50), Some(without.to_string()));
        assert_eq!(rows.written(&json!({"document": {"items": [null]}}), 50), None);
    }
}
