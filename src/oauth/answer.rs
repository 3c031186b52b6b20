//! What a request to the authorization server is answered with.

use std::time::Duration;

use serde_json::{Value, json};

/// An answer, without HTTP.
#[derive(Debug)]
pub enum Answer {
    /// JSON with a status.
    Json(u16, Value),
    /// A page for a person.
    Page {
        /// The status.
        status: u16,
        /// HTML.
        html: String,
        /// What the browser is to keep.
        cookie: Option<Cookie>,
    },
    /// To another address.
    Redirect {
        /// Which.
        to: String,
        /// What the browser is to keep.
        cookie: Option<Cookie>,
    },
}

/// What a browser keeps, and nobody but this server reads.
#[derive(Debug)]
pub struct Cookie {
    /// Its value; empty to forget it.
    pub value: String,
    /// How long.
    pub lives: Duration,
}

impl Answer {
    /// An error of an endpoint that programs use, with its code of RFC 6749 or 7591.
    pub fn error(code: &str, description: &str) -> Self {
        Self::with_status(400, code, description)
    }

    /// The same with another status.
    pub fn with_status(status: u16, code: &str, description: &str) -> Self {
        Self::Json(status, json!({"error": code, "error_description": description}))
    }
}
