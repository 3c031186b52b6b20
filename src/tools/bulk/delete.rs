//! Deleting many documents.

use erpnext_schema::Verb;
use serde_json::Value;

use super::{START_AT, counted, run, twice};
use crate::answer::ToolAnswer;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::tool::arguments::{DOCTYPE, Kind, needed};
use crate::tool::{Arguments, Call, Effect, Special, ToolSpec, Toolset};
use crate::tools::write;

/// Deletes many documents of a DocType.
pub const DELETE: ToolSpec = ToolSpec {
    name: "delete_bulk_documents",
    title: "Delete many documents",
    description: "Permanently deletes up to 500 documents of one DocType; one confirmation for all. Submitted \
                  documents have to be cancelled first. The answer accounts for each row and says where to continue.",
    args: &[DOCTYPE, needed("names", Kind::Names), START_AT],
    toolset: Toolset::Bulk,
    operation: Operation::Delete,
    effect: Effect::Destroys,
    offered: |policy| policy.permits_somewhere(Operation::Delete),
    special: Special::NONE,
    run: |call| Box::pin(delete(call)),
};

async fn delete(call: Call<'_>) -> Result<ToolAnswer, ToolError> {
    let permit = call.permit(Operation::Delete).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(Verb::Delete)?;
    let names = call.given.value("names").and_then(Value::as_array);
    let rows: Vec<Arguments> =
        names.into_iter().flatten().map(|name| Arguments::made([("name", name.clone())])).collect();
    counted(&call, "names", rows.len())?;
    let again = twice("names", &rows);
    if !again.is_empty() {
        return Err(ToolError::arguments(call.tool.name(), again));
    }
    run(&call, &on, &rows, |on, given| Box::pin(write::delete(on, given))).await
}
