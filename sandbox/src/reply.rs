//! What a request is answered with.

use serde_json::{Map, Value, json};

/// An answer without its server messages, which are added on the way out.
#[derive(Clone, PartialEq, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// What is sent.
    pub body: Body,
}

/// What is sent.
#[derive(Clone, PartialEq, Debug)]
pub enum Body {
    /// A JSON object.
    Json(Map<String, Value>),
    /// Bytes of a content type: a file, a page.
    Bytes(&'static str, Vec<u8>),
}

impl Reply {
    /// `{"message": …}`: what methods answer. A method that returns nothing answers `{}`.
    pub fn message(value: impl Into<Value>) -> Self {
        match value.into() {
            Value::Null => Self::json(json!({})),
            value => Self::json(json!({ "message": value })),
        }
    }

    /// `{"data": …}`: what `/api/resource` answers.
    pub fn data(value: impl Into<Value>) -> Self {
        Self::json(json!({ "data": value.into() }))
    }

    /// An object with keys of its own, for the methods that answer neither.
    pub fn json(body: Value) -> Self {
        let body = match body {
            Value::Object(body) => body,
            other => Map::from_iter([("message".to_owned(), other)]),
        };
        Self { status: 200, body: Body::Json(body) }
    }

    /// Bytes of a content type.
    pub fn bytes(content_type: &'static str, bytes: Vec<u8>) -> Self {
        Self { status: 200, body: Body::Bytes(content_type, bytes) }
    }

    /// The same with keys beside those of a JSON answer, which count where they are the same.
    pub fn beside(mut self, keys: Map<String, Value>) -> Self {
        if let Body::Json(body) = &mut self.body {
            for (key, value) in keys {
                body.entry(key).or_insert(value);
            }
        }
        self
    }

    /// The same with another status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}
