//! Deleting many documents.

use erpnext_schema::Verb;
use schemars::JsonSchema;
use serde::Deserialize;

use super::check::twice;
use super::{Ask, run, within_most};
use crate::answer::ToolAnswer;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::tool::document_args::NameArgs;
use crate::tool::kinds::{DocTypeName, DocumentName, Names};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::tools::write;

/// Deletes many documents of a DocType.
pub static DELETE: ToolSpec = ToolSpec {
    name: "delete_bulk_documents",
    title: "Delete many documents",
    description: "Permanently deletes up to 500 documents of one DocType; one confirmation for all. Submitted \
                  documents have to be cancelled first. The answer accounts for each row and says where to continue.",
    toolset: Toolset::Bulk,
    operation: Operation::Delete,
    effect: Effect::Destroys,
    offered: |policy| policy.permits_somewhere(Operation::Delete),
    special: Special::NONE,
    handler: handler!(BulkDeleteArgs, delete),
};

#[derive(Deserialize, JsonSchema)]
struct BulkDeleteArgs {
    doctype: DocTypeName,
    names: Names,
    /// first row to process, as given by the answer of a stopped call
    start_at: Option<u64>,
}

async fn delete(call: Call<'_>, args: BulkDeleteArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Delete, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(Verb::Delete)?;
    let rows: Vec<NameArgs> =
        args.names.0.into_iter().map(|name| NameArgs { name: DocumentName(name), overwrite: false }).collect();
    within_most(&call, "names", rows.len())?;
    let again = twice("names", &rows);
    if !again.is_empty() {
        return Err(ToolError::arguments(call.tool.name(), again));
    }
    run(&call, &on, args.start_at, &rows, Ask::of(&permit), |on, row| Box::pin(write::delete_one_of_many(on, row)))
        .await
}
