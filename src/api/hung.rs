//! The conditions on the documents that comments, files, tasks and the like hang on, where a program writes one of these.

use super::{Error, Site};
use crate::policy::{Denial, FileReach, Operation, Permit, Reason, WriteState, hangs_on};

impl Site {
    /// Checks the documents that one of the permit's DocType hangs on, before and after the write: where a condition says
    /// which of them may be changed, they satisfy it, and no file gets to where it could be read because of the write.
    pub(super) async fn judge_hung(&self, permit: &Permit, state: WriteState<'_>) -> Result<(), Error> {
        // Without a policy the user's rights on the site are all the rules.
        if !self.ruled {
            return Ok(());
        }
        for (doctype, name) in hangs_on(permit.doctype(), state) {
            if let Some(there) = self.policy.permit_hanging_on(doctype).filter(Permit::is_conditional) {
                let stored = self.bound().get(&there, name).await?.data;
                there.admits_stored(&stored)?;
            }
        }
        let why = match FileReach::of(permit.doctype(), state) {
            FileReach::Same => return Ok(()),
            FileReach::Moved(doctype) if self.shows_files(doctype) => return Ok(()),
            FileReach::Moved(_) | FileReach::MovedOwn => {
                "this one may not be read, and could be where it was attached or public"
            }
            FileReach::Taken => "its address or name leads to what may be a private file of another document",
        };
        let (doctype, operation) = (permit.doctype().to_owned(), permit.operation());
        Err(Denial { doctype, operation, reason: Reason::Refused(why.to_owned()) }.into())
    }

    /// Whether every file of the DocType's documents may be read.
    fn shows_files(&self, doctype: &str) -> bool {
        let permit = self.policy.permit(Operation::Read, self.policy.exact_name(doctype));
        permit.is_ok_and(|permit| permit.fields().is_open())
    }
}
