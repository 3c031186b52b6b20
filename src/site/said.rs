//! Who decides how much of the site's words a caller may read.

use std::fmt::Debug;

use super::call_state;
use crate::shape::said::Said;

/// Makes of the site's messages what may be told of them. Everything that the site says to a call passes it at the door,
/// so that nothing behind it holds what must not leave.
pub trait Redact: Debug + Send + Sync {
    /// Notes that the site is asked about documents of this DocType, and may speak of them.
    fn asks(&self, doctype: &str);

    /// The message as it may be told.
    fn redact(&self, said: &Said) -> String;
}

/// The message as the current call may tell it: for what the site says in the data of an answer.
pub fn redacted(message: &str) -> String {
    let said = Said::of(message);
    call_state::redactor().map_or_else(|| said.text.clone(), |redactor| redactor.redact(&said))
}
