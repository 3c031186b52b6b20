//! That a name by which nothing was found is the name of something: of a wrong one nothing is found either.

use super::links::is_there;
use crate::documents::DocTypeCall;
use crate::error::ToolError;

/// Refuses a name that an argument gives and that no document of the DocType has.
///
/// # Errors
/// That there is none, or that the site could not be asked.
pub async fn check(on: &DocTypeCall<'_>, argument: &str, doctype: &str, name: &str) -> Result<(), ToolError> {
    if is_there(on, doctype, name).await? {
        return Ok(());
    }
    Err(ToolError::refused(
        format!("{argument}: there is no {doctype} named {name:?}; nothing was done."),
        "search_link finds the right name.",
    ))
}
