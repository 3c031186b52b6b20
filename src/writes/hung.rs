//! The conditions on the documents that comments, files, tasks and the like hang on, where one of these is written.

use crate::documents::DocTypeCall;
use crate::documents::file_fields::any_withheld;
use crate::error::ToolError;
use crate::policy::{FileReach, Operation, WriteState, hangs_on};

/// Checks that the documents on which this one hangs, before and after the write, may be changed: a condition can say which
/// may.
///
/// # Errors
/// A condition that one of them does not satisfy, and the site's.
pub(super) async fn judge(on: &DocTypeCall<'_>, state: WriteState<'_>) -> Result<(), ToolError> {
    for (doctype, name) in hangs_on(on.def.name, state) {
        judge_one(on, on.session.policy.exact_name(doctype), name).await?;
    }
    let may_read = match FileReach::of(on.def.name, state) {
        FileReach::Same => true,
        FileReach::MovedOwn => false,
        FileReach::Moved(doctype) => may_read_files(on, on.session.policy.exact_name(doctype)).await?,
        FileReach::Taken => {
            return Err(ToolError::refused(
                "File: its address or name leads to what may be a private file of another document; nothing was sent.",
                "attach_file attaches a file that you have.",
            ));
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

async fn may_read_files(on: &DocTypeCall<'_>, doctype: &str) -> Result<bool, ToolError> {
    match on.session.permit(Operation::Read, doctype).await {
        Ok(permit) => {
            let def = DocTypeCall::def_of(on.session, &permit).await?;
            Ok(!any_withheld(&DocTypeCall { def, permit: &permit, ..*on }))
        }
        Err(ToolError::Denied(_)) => Ok(false),
        Err(error) => Err(error),
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
