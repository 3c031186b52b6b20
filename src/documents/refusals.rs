//! A question that goes to many DocTypes: where the site refuses some of them, the others are answered and these named.

use std::collections::BTreeMap;

use crate::error::ToolError;
use crate::site::{Kind, SiteError};

/// The DocTypes that were not looked at, and why not.
pub type Refused = BTreeMap<String, String>;

/// Why a DocType was not looked at, if others can be asked all the same.
///
/// # Errors
/// What is not about this DocType alone.
pub fn of_one(error: ToolError) -> Result<String, ToolError> {
    match error {
        ToolError::Site(error) if is_answer(&error) || error.kind() == Kind::Unscoped => Ok(why(&error)),
        ToolError::Refused { what, .. } => Ok(what),
        error => Err(error),
    }
}

/// Whether the site answered the question, if with a refusal: another question may fare better.
pub fn is_answer(error: &SiteError) -> bool {
    use Kind::{Denied, FieldDenied, Missing, Rejected, Server, WrongForm};
    matches!(error.kind(), Denied | FieldDenied | Missing | Rejected | Server | WrongForm)
}

/// What a refusal of the site is told as, beside the DocType.
pub fn why(error: &SiteError) -> String {
    [Some(error.what()), error.exc_type()].into_iter().flatten().collect::<Vec<_>>().join(": ")
}
