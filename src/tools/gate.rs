//! The gate that every write passes when all is decided and nothing is sent: confirmation, then the record of the intent.

use serde_json::{Map, Value};

use super::{Arguments, On, ToolError};
use crate::policy::Operation;

/// A write that was decided and not yet sent.
///
/// The operation is the permit's, the tool and its arguments are the call's.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The document's name, where it has one already; none too for a batch as a whole, which has neither `stored` nor
    /// `result`: its documents pass the gate one by one as its [`Member`](super::batch::Member)s.
    pub name: Option<&'a str>,
    /// The document as it is stored, where there is one.
    pub stored: Option<&'a Map<String, Value>>,
    /// The document as the write would leave it, as far as is known before the site computes; none for a delete.
    pub result: Option<&'a Map<String, Value>>,
    /// What would change, for the one who is asked: field by field `{"from": …, "to": …}`, or what else there is to say.
    pub preview: &'a Map<String, Value>,
}

/// What the gate says.
#[derive(Debug)]
#[must_use]
pub enum Go {
    /// The intent is recorded: send it now.
    Send,
    /// Send nothing: this is the answer (a preview to be confirmed, or the end of a dry run).
    Answer(Value),
}

impl On<'_> {
    /// Asks the gate. Every write calls this exactly once, directly before it is sent.
    ///
    /// # Errors
    /// What is not permitted, not confirmed, or cannot be recorded.
    pub async fn gate(&self, given: &Arguments, step: Step<'_>) -> Result<Go, ToolError> {
        let irrevocable = matches!(self.permit.operation(), Operation::Delete | Operation::Cancel);
        if irrevocable && !self.in_batch && !given.flag("confirm") {
            let what = self.permit.operation();
            return Err(ToolError::refused(format!(
                "{} {:?}: nothing was sent: to {what} cannot be undone. If this document is meant, call {} again with \
                 the same arguments and \"confirm\": true.",
                self.def.name,
                step.name.unwrap_or_default(),
                self.tool.name()
            )));
        }
        self.app.audit.intend(self.attempt)?;
        Ok(Go::Send)
    }
}
