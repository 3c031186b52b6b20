//! Documents that arguments name, beside those that a document links to.

use super::links;
use crate::context::Session;
use crate::documents::{DocTypeCall, suggest};
use crate::error::ToolError;
use crate::policy::Operation;

/// Refuses a document that an argument names and that is not there, or is out of the caller's sight, which is told alike. Of
/// a DocType that is closed nothing is told.
///
/// # Errors
/// That it is not there.
pub async fn check(on: &DocTypeCall<'_>, argument: &str, doctype: &str, name: &str) -> Result<(), ToolError> {
    let policy = &on.session.policy;
    let is_told = policy.is_row_filtered(doctype) || policy.permits(Operation::Read, doctype);
    if !is_told || links::is_there(on, doctype, name).await? {
        return Ok(());
    }
    Err(missing(on.session, argument, doctype, name).await)
}

/// That there is no document of the name that an argument gives, with what was probably meant.
pub async fn missing(session: &Session<'_>, argument: &str, doctype: &str, name: &str) -> ToolError {
    let meant = suggest::meant(session, doctype, name).await.map_or_else(String::new, |meant| format!("; {meant}"));
    ToolError::refused(
        format!("{argument}: there is no {doctype} named {name:?}{meant}"),
        "search_link finds the right name; nothing was sent.",
    )
}
