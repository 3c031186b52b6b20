//! The form of a request: verb, path, where its arguments stand, and what they are called; no value.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use erpnext_schema::Version;

use crate::http::args::Sent;

/// Whether a site of that version is known to take requests of that form.
pub type Takes = fn(Version, &Form) -> bool;

/// The form of a request below `/api/`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Form {
    /// The verb.
    pub verb: String,
    /// The decoded path; `/api/resource/{doctype}` and `/api/resource/{doctype}/{name}` for those.
    pub path: String,
    /// Where the arguments stand: `url`, `json`, `form` or `multipart`.
    pub encoding: String,
    /// What they are called. None of a document that is sent to `/api/resource/`: they are its fields.
    pub keys: BTreeSet<String>,
}

impl Form {
    /// Puts one together.
    pub fn new(verb: &str, path: &str, encoding: &str, keys: impl IntoIterator<Item = String>) -> Self {
        let resource = path.strip_prefix("/api/resource/");
        let path = match resource.map(|rest| rest.split_once('/').is_some_and(|(_, name)| !name.is_empty())) {
            Some(true) => "/api/resource/{doctype}/{name}",
            Some(false) => "/api/resource/{doctype}",
            None => path,
        };
        let of_document = resource.is_some() && matches!(verb, "POST" | "PUT");
        let keys = if of_document { BTreeSet::new() } else { keys.into_iter().collect() };
        Self { verb: verb.to_owned(), path: path.to_owned(), encoding: encoding.to_owned(), keys }
    }

    /// That of a request whose body is of this type, empty where there is no body; `None` outside of `/api/`, and for a
    /// body that is no arguments.
    pub(crate) fn of(verb: &str, path: &str, kind: &str, sent: &Sent) -> Option<Self> {
        let args = sent.args.as_ref().ok().filter(|_| path.starts_with("/api/"))?;
        let kind = kind.to_ascii_lowercase();
        let bodies = [("json", "json"), ("x-www-form-urlencoded", "form"), ("multipart/form-data", "multipart")];
        let encoding = bodies.iter().find(|(word, _)| kind.contains(word)).map_or("url", |(_, encoding)| *encoding);
        let files = sent.files.iter().map(|file| file.field.clone());
        Some(Self::new(verb, path, encoding, args.keys().cloned().chain(files)))
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.verb, self.path, self.encoding)?;
        self.keys.iter().try_for_each(|key| write!(f, " {key}"))
    }
}

/// The forms that a site got which nobody knows a site to take; none where nobody asks.
pub struct Untaken {
    takes: Option<Takes>,
    seen: Mutex<BTreeSet<Form>>,
}

impl Untaken {
    pub fn by(takes: Option<Takes>) -> Self {
        Self { takes, seen: Mutex::default() }
    }

    /// Looks at one more request.
    pub fn look(&self, version: Version, form: Option<Form>) {
        if let (Some(takes), Some(form)) = (self.takes, form)
            && !takes(version, &form)
        {
            self.seen().insert(form);
        }
    }

    pub fn seen(&self) -> MutexGuard<'_, BTreeSet<Form>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
