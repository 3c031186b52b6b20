//! A question that goes to many DocTypes: where the site refuses some of them, the others are answered and these named.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::error::ToolError;
use crate::site::{SiteError, SiteErrorKind};

/// How many DocTypes are named that were refused for the same reason.
const NAMED: usize = 10;

/// The DocTypes that were not looked at, and why not.
pub type Refused = BTreeMap<String, String>;

/// They as an answer tells them: each reason once, with the first of its DocTypes and how many more there are.
pub fn told(refused: &Refused) -> Value {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (doctype, why) in refused {
        by_reason.entry(why).or_default().push(doctype);
    }
    let told = by_reason.into_iter().map(|(why, doctypes)| {
        let (named, more) = doctypes.split_at(doctypes.len().min(NAMED));
        let mut told = json!({"why": why, "doctypes": named});
        if !more.is_empty() {
            told["more"] = json!(more.len());
        }
        told
    });
    told.collect()
}

/// Why a DocType was not looked at, if others can be asked all the same.
///
/// # Errors
/// What is not about this DocType alone.
pub fn of_one(error: ToolError) -> Result<String, ToolError> {
    match error {
        ToolError::Site(error) if is_answer(&error) || error.kind() == SiteErrorKind::Unscoped => Ok(why(&error)),
        ToolError::Refused { what, .. } => Ok(what),
        error => Err(error),
    }
}

/// Whether the site answered the question, if with a refusal: another question may fare better.
pub fn is_answer(error: &SiteError) -> bool {
    use SiteErrorKind::{Denied, FieldDenied, Missing, Rejected, Server, WrongForm};
    matches!(error.kind(), Denied | FieldDenied | Missing | Rejected | Server | WrongForm)
}

/// What a refusal of the site is told as, beside the DocType.
pub fn why(error: &SiteError) -> String {
    [Some(error.what()), error.exc_type()].into_iter().flatten().collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Refused, told};

    #[test]
    fn a_reason_is_told_once_with_the_first_of_its_doctypes() {
        let denied = (0..12).map(|at| (format!("DocType {at:02}"), "PermissionError".to_owned()));
        let mut refused: Refused = denied.collect();
        refused.insert("Another".to_owned(), "OperationalError".to_owned());
        let told = told(&refused);
        assert_eq!(told[0], json!({"why": "OperationalError", "doctypes": ["Another"]}));
        assert_eq!((&told[1]["doctypes"][9], &told[1]["more"]), (&json!("DocType 09"), &json!(2)), "{told}");
        assert!(told[1]["doctypes"][10].is_null() && told[2].is_null(), "{told}");
    }
}
