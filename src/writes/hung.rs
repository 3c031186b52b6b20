//! What hangs on a document: comments, files, tasks. To make, change or remove one changes what is told of the document, so the
//! conditions on reading and updating that hold here too.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::documents::DocTypeCall;
use crate::documents::file_fields::any_withheld;
use crate::error::ToolError;
use crate::policy::{Operation, WriteState};
use crate::shape::{is_set, text_of};

/// The DocTypes of what hangs on documents, and the fields that name the DocType and the document.
const HUNG: [(&str, &str, &str); 9] = [
    // The document says by which it is repeated.
    ("Auto Repeat", "reference_doctype", "reference_document"),
    ("Comment", "reference_doctype", "reference_name"),
    (MESSAGE, "reference_doctype", "reference_name"),
    ("DocShare", "share_doctype", "share_name"),
    ("Document Follow", "ref_doctype", "ref_docname"),
    ("File", "attached_to_doctype", "attached_to_name"),
    ("Tag Link", "document_type", "document_name"),
    ("ToDo", "reference_type", "reference_name"),
    ("Version", "ref_doctype", "docname"),
];

const MESSAGE: &str = "Communication";

/// That the documents which this one hangs on, before or after the write, may be changed, where a condition says which may.
///
/// # Errors
/// A condition that one of them does not satisfy, and the site's.
pub(super) async fn judge(on: &DocTypeCall<'_>, state: WriteState<'_>) -> Result<(), ToolError> {
    let Some((_, by, link)) = HUNG.iter().find(|(hung, ..)| *hung == on.def.name) else { return Ok(()) };
    // One that is sent leaves what it is about as it was; by one that came in, the site opens that again.
    let came_in = |doc: &Map<String, Value>| text_of(doc, "sent_or_received") == "Received";
    if on.def.name == MESSAGE && !state.result().is_some_and(came_in) {
        return Ok(());
    }
    let ends = [state.stored(), state.result()].into_iter().flatten();
    let ends: BTreeSet<(&str, &str)> = ends.map(|doc| (text_of(doc, by), text_of(doc, link))).collect();
    for (doctype, name) in ends {
        if !doctype.is_empty() && !name.is_empty() {
            judge_one(on, on.session.policy.exact_name(doctype), name).await?;
        }
    }
    match state.result() {
        Some(result) if on.def.name == "File" => judge_file(on, state.stored(), result).await,
        _ => Ok(()),
    }
}

/// What decides who gets a file.
const REACH: [&str; 3] = ["attached_to_doctype", "attached_to_name", "is_private"];
/// By what the site finds what is in a file.
const BY_ADDRESS: &[&str] = &["file_url"];
const BY_NAME: &[&str] = &["file_url", "file_name", "is_private"];

/// Refuses to attach a file elsewhere, or to make it public, where it may not be read, and to make one of what may be
/// another's: it could be read from then on.
async fn judge_file(
    on: &DocTypeCall<'_>,
    stored: Option<&Map<String, Value>>,
    result: &Map<String, Value>,
) -> Result<(), ToolError> {
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
        return Err(ToolError::refused(
            "File: its address or name leads to what may be a private file of another document; nothing was sent.",
            "attach_file attaches a file that you have.",
        ));
    }
    let Some(stored) = stored.filter(|_| !is_same(&REACH)) else { return Ok(()) };
    let doctype = text_of(stored, "attached_to_doctype");
    let may_read = if doctype.is_empty() {
        !is_set(stored, "is_private")
    } else {
        match on.session.permit(Operation::Read, on.session.policy.exact_name(doctype)).await {
            Ok(permit) => {
                let def = DocTypeCall::def_of(on.session, &permit).await?;
                !any_withheld(&DocTypeCall { def, permit: &permit, ..*on })
            }
            Err(ToolError::Denied(_)) => false,
            Err(error) => return Err(error),
        }
    };
    if may_read {
        return Ok(());
    }
    Err(ToolError::refused(
        "File: this one may not be read here, and could be where it was attached or public; nothing was sent.",
        "Somebody who may read it does that in the desk.",
    ))
}

/// The fields by which the site takes what is in a private file for this one: it leaves its own address out, follows `..`,
/// and goes by the name where there is no address. None where it takes nothing of the kind.
fn taken_from(file: &Map<String, Value>) -> Option<&'static [&'static str]> {
    match text_of(file, "file_url") {
        "" => (is_set(file, "is_private") && !is_set(file, "is_folder")).then_some(BY_NAME),
        address => (address.contains("/private/files/") || address.contains("..")).then_some(BY_ADDRESS),
    }
}

async fn judge_one(on: &DocTypeCall<'_>, doctype: &str, name: &str) -> Result<(), ToolError> {
    for operation in [Operation::Update, Operation::Read] {
        let permit = match on.session.permit(operation, doctype).await {
            Ok(permit) => permit,
            Err(ToolError::Denied(_)) => continue,
            Err(error) => return Err(error),
        };
        if permit.is_conditional() {
            let def = DocTypeCall::def_of(on.session, &permit).await?;
            let there = DocTypeCall { def, permit: &permit, ..*on };
            let stored = on.session.site.get(&permit, name).await?.data;
            there.can_be_judged(&stored).await?;
            permit.admits_stored(&stored)?;
        }
        break;
    }
    Ok(())
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
