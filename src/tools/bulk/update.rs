//! Changing many documents, each to values of its own.

use erpnext_schema::{Purpose, Rule, Verb, Violation};
use serde_json::{Map, Value};

use super::{START_AT, check, documents, run};
use crate::answer::ToolAnswer;
use crate::documents::DocTypeCall;
use crate::documents::names::document_name;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::tool::arguments::{DOCTYPE, Kind, needed};
use crate::tool::{Arguments, Call, Effect, Special, ToolSpec, Toolset};
use crate::tools::write;

/// Changes many documents of a DocType.
pub const UPDATE: ToolSpec = ToolSpec {
    name: "update_bulk_documents",
    title: "Update many documents",
    description: "Changes fields of up to 500 documents of one DocType, each to its own values; all are checked before \
                  the first is sent. It is not atomic: the answer accounts for each row and says where to continue.",
    args: &[
        DOCTYPE,
        needed("documents", Kind::Objects)
            .about("{\"name\": …, and the fields to change, as in data of an update; modified as read, if it matters}"),
        START_AT,
    ],
    toolset: Toolset::Bulk,
    operation: Operation::Update,
    effect: Effect::Destroys,
    offered: |policy| policy.permits_somewhere(Operation::Update),
    special: Special::NONE,
    run: |call| Box::pin(update(call)),
};

async fn update(call: Call<'_>) -> Result<ToolAnswer, ToolError> {
    let permit = call.permit(Operation::Update).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(Verb::Update)?;
    let mut rows = Vec::new();
    let mut unnamed = Vec::new();
    for (i, document) in documents(&call)?.into_iter().enumerate() {
        match named(document) {
            Some(row) => rows.push(row),
            None => unnamed.push(Violation {
                path: format!("documents[{i}]"),
                rule: Rule::Mandatory,
                message: "name and at least one field to change".to_owned(),
                nearest: None,
            }),
        }
    }
    if !unnamed.is_empty() {
        return Err(ToolError::arguments(call.tool.name(), unnamed));
    }
    check(&on, "documents", Purpose::Update, &rows).await?;
    run(&call, &on, &rows, |on, given| Box::pin(write::update(on, given))).await
}

/// The arguments of a single update.
fn named(mut document: Map<String, Value>) -> Option<Arguments> {
    let name = document_name(&document.remove("name")?)?;
    let modified = document.remove("modified").unwrap_or_default();
    if document.is_empty() {
        return None;
    }
    Some(Arguments::made([("name", Value::from(name)), ("modified", modified), ("data", Value::Object(document))]))
}
