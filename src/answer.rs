//! What a tool gives: the data, the document that was made, and what is to be said beside them.

use std::borrow::Borrow;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::cache::Answered;
use crate::shape::RowTexts;
use crate::site::Unparsed;

/// What a call came to, before it is written for the client.
#[derive(Clone, Debug, Default)]
pub struct ToolAnswer {
    /// What the client gets.
    pub data: Map<String, Value>,
    /// The rows of its document that are written already.
    pub rows: RowTexts,
    /// The document that was made, if one was.
    pub made: Option<Made>,
    /// What was written to a file beside the answer, if anything was.
    pub exported: Option<Box<Exported>>,
    /// What the site said, and what is to be said of it: `messages` of what the client gets.
    pub messages: Vec<String>,
    /// The age in seconds of the oldest cached answer of the site that it rests on, if it rests on one.
    pub age_s: Option<u64>,
    /// Whether its text was made before, or is to be kept.
    pub text: Text,
}

/// The text of an answer.
#[derive(Clone, Debug, Default)]
pub enum Text {
    /// It is made of the data.
    #[default]
    Made,
    /// The same, and it is kept beside what the data were made of.
    Kept(Box<Place>),
    /// It was kept. There are no data but those that come to it.
    Known(Arc<Answered>),
}

/// Where a text is kept.
#[derive(Clone, Debug)]
pub struct Place {
    /// Beside this answer of the site.
    pub of: Unparsed,
    /// All else that shaped it.
    pub by: String,
    /// The version of the document that it tells, where the document has one.
    pub version: Option<String>,
}

/// An answer as it is given: JSON, and the same as values where they were made.
#[derive(Debug)]
pub struct Given {
    data: Option<Value>,
    /// The JSON.
    pub text: String,
}

/// A document that was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Made {
    /// Its name.
    pub name: String,
    /// Whether an earlier call made it, with the same key: then nothing was sent now.
    pub before: bool,
}

/// What left the site in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exported {
    /// The DocType that it is about.
    pub doctype: String,
    /// The columns, as a caller names them.
    pub columns: Vec<String>,
    /// How many rows, without the one that names the columns.
    pub rows: u64,
    /// The file's SHA-256 in hexadecimal digits.
    pub sha256: String,
}

impl ToolAnswer {
    /// All of it, as the client gets it.
    pub fn into_value(self) -> Value {
        let mut data = self.data;
        if !self.messages.is_empty() {
            data.insert("messages".to_owned(), self.messages.into());
        }
        data.extend(self.age_s.map(|age| ("age_s".to_owned(), age.into())));
        Value::Object(data)
    }
}

/// What is to be said beside the data, under its key; none if there is nothing.
pub fn note_of<S: Borrow<str>>(notes: &[S]) -> Option<(String, Value)> {
    (!notes.is_empty()).then(|| ("note".to_owned(), notes.join("; ").into()))
}

impl From<Map<String, Value>> for ToolAnswer {
    fn from(data: Map<String, Value>) -> Self {
        Self { data, ..Self::default() }
    }
}

impl Given {
    /// Values, and their JSON.
    pub fn new(data: Value, text: String) -> Self {
        Self { data: Some(data), text }
    }

    /// JSON that this program has written.
    pub fn written(text: String) -> Self {
        Self { data: None, text }
    }

    /// As values, and as JSON.
    pub fn into_parts(self) -> (Value, String) {
        // What was written here can be read.
        let data = self.data.unwrap_or_else(|| serde_json::from_str(&self.text).unwrap_or_default());
        (data, self.text)
    }
}

/// An object is the data; anything else stands in it as `answer`.
impl From<Value> for ToolAnswer {
    fn from(data: Value) -> Self {
        match data {
            Value::Object(data) => data.into(),
            other => Map::from_iter([("answer".to_owned(), other)]).into(),
        }
    }
}
