//! What hangs on a document: comments, files, tasks. To make, change or remove one changes what is told of the document, so the
//! conditions on reading and updating that hold here too.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Operation, Permit, Policy, WriteState};
use crate::entry::{is_set, text_of};

/// The DocTypes of what hangs on documents, and the fields that name the DocType and the document.
const HUNG: [(&str, &str, &str); 9] = [
    // The document says by which it is repeated.
    ("Auto Repeat", "reference_doctype", "reference_document"),
    ("Comment", "reference_doctype", "reference_name"),
    (MESSAGE, "reference_doctype", "reference_name"),
    ("DocShare", "share_doctype", "share_name"),
    ("Document Follow", "ref_doctype", "ref_docname"),
    (FILE, "attached_to_doctype", "attached_to_name"),
    ("Tag Link", "document_type", "document_name"),
    ("ToDo", "reference_type", "reference_name"),
    ("Version", "ref_doctype", "docname"),
];

const MESSAGE: &str = "Communication";
const FILE: &str = "File";

/// The documents that one of the DocType hangs on, before or after the write, as DocType and name.
pub fn hangs_on<'d>(doctype: &str, state: WriteState<'d>) -> BTreeSet<(&'d str, &'d str)> {
    let Some((_, by, link)) = HUNG.iter().find(|(hung, ..)| *hung == doctype) else { return BTreeSet::new() };
    // One that is sent leaves what it is about as it was; by one that came in, the site opens that again.
    let came_in = |doc: &Map<String, Value>| text_of(doc, "sent_or_received") == "Received";
    if doctype == MESSAGE && !state.result().is_some_and(came_in) {
        return BTreeSet::new();
    }
    let ends = [state.stored(), state.result()].into_iter().flatten();
    let ends = ends.map(|doc| (text_of(doc, by), text_of(doc, link)));
    ends.filter(|(doctype, name)| !doctype.is_empty() && !name.is_empty()).collect()
}

impl Policy {
    /// Leave to change a document of the DocType, however it is spelt, or to read it where none may be changed; nothing where
    /// neither may be.
    pub fn permit_hanging_on(&self, doctype: &str) -> Option<Permit> {
        let doctype = self.exact_name(doctype);
        [Operation::Update, Operation::Read].into_iter().find_map(|operation| self.permit(operation, doctype).ok())
    }
}

/// What a write does to who gets what is in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileReach<'d> {
    /// Nothing.
    Same,
    /// Its address or name leads to what may be a private file of another document.
    Taken,
    /// It is attached elsewhere or made public, and was one of a document of this DocType.
    Moved(&'d str),
    /// The same of a private one that was attached to nothing.
    MovedOwn,
}

/// What decides who gets a file.
const REACH: &[&str] = &["attached_to_doctype", "attached_to_name", "is_private"];
/// By what the site finds what is in a file.
const BY_ADDRESS: &[&str] = &["file_url"];
const BY_NAME: &[&str] = &["file_url", "file_name", "is_private"];

impl<'d> FileReach<'d> {
    /// That of a write to a document of the DocType.
    pub fn of(doctype: &str, state: WriteState<'d>) -> Self {
        let Some(result) = state.result().filter(|_| doctype == FILE) else { return Self::Same };
        let stored = state.stored();
        let is_same = |fields: &[&str]| {
            let same = |stored: &Map<String, Value>| {
                let mut fields = fields.iter();
                fields.all(|field| {
                    text_of(stored, field) == text_of(result, field) && is_set(stored, field) == is_set(result, field)
                })
            };
            stored.is_some_and(same)
        };
        if taken_from(result).is_some_and(|by| !is_same(by)) {
            return Self::Taken;
        }
        let Some(stored) = stored.filter(|_| !is_same(REACH)) else { return Self::Same };
        match text_of(stored, "attached_to_doctype") {
            "" if is_set(stored, "is_private") => Self::MovedOwn,
            "" => Self::Same,
            doctype => Self::Moved(doctype),
        }
    }
}

/// The fields by which the site takes what is in a private file for this one: it leaves its own address out, follows `..`,
/// and goes by the name where there is no address. None where it takes nothing of the kind.
fn taken_from(file: &Map<String, Value>) -> Option<&'static [&'static str]> {
    match text_of(file, "file_url") {
        "" => (is_set(file, "is_private") && !is_set(file, "is_folder")).then_some(BY_NAME),
        address => (address.contains("/private/files/") || address.contains("..")).then_some(BY_ADDRESS),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::HUNG;

    #[test]
    fn what_hangs_on_documents_names_them_by_fields_that_there_are() {
        for (doctype, by, link) in HUNG {
            let def = erpnext_doctypes::any(doctype).unwrap();
            assert!(def.field(by).is_some() && def.field(link).is_some(), "{doctype}: {by}, {link}");
        }
    }
}
