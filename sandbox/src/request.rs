//! A request as handlers see it: the site, the arguments by name, the uploaded files.

use serde_json::{Map, Value};

use crate::doc::{Doc, cint, display};
use crate::error::{SiteError, exc};
use crate::site::Site;

/// A request that has been read and whose sender is known.
pub struct Request<'a> {
    /// The site as the sender sees it.
    pub site: Site<'a>,
    /// The HTTP method.
    pub method: &'a str,
    /// The method or path that was called: `frappe.client.get`, `/private/files/x.txt`.
    pub path: &'a str,
    /// Arguments: the JSON body, or else query string and form together.
    pub args: Map<String, Value>,
    /// The body as it was sent; of a multipart body nothing.
    pub body: Vec<u8>,
    /// The files of a multipart body.
    pub files: Vec<Upload>,
    /// Names and values of the headers that handlers may look at, names in lower case.
    pub headers: Vec<(String, String)>,
}

/// A file of a multipart body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upload {
    /// The form's field.
    pub field: String,
    /// The name that the sender gave.
    pub filename: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl Request<'_> {
    /// An argument that the method cannot do without, as text.
    ///
    /// # Errors
    /// 500 TypeError where it was not sent.
    pub fn text(&self, name: &str) -> Result<String, SiteError> {
        self.args.get(name).map(display).ok_or_else(|| SiteError::argument(self.path, name))
    }

    /// An argument as text; `None` where it is absent, null or empty.
    pub fn opt(&self, name: &str) -> Option<String> {
        self.args.get(name).map(display).filter(|text| !text.is_empty())
    }

    /// An argument as a flag or number; 0 where it is absent or no number.
    pub fn int(&self, name: &str) -> i64 {
        self.args.get(name).map_or(0, cint)
    }

    /// An argument that is JSON, sent as such or as text; null where it is absent or empty.
    ///
    /// # Errors
    /// 500 JSONDecodeError for text that is no JSON (H21).
    pub fn json(&self, name: &str) -> Result<Value, SiteError> {
        match self.args.get(name) {
            None => Ok(Value::Null),
            Some(Value::String(text)) if text.is_empty() => Ok(Value::Null),
            Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| SiteError::json()),
            Some(value) => Ok(value.clone()),
        }
    }

    /// An argument that holds a document, as an object or as JSON text.
    ///
    /// # Errors
    /// 500 where it is missing or something else.
    pub fn doc(&self, name: &str) -> Result<Doc, SiteError> {
        if !self.args.contains_key(name) {
            return Err(SiteError::argument(self.path, name));
        }
        match self.json(name)? {
            Value::Object(doc) => Ok(doc),
            _ => Err(SiteError::new(exc::ATTRIBUTE, "'str' object has no attribute 'get'")),
        }
    }
}
