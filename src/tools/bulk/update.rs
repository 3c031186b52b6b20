//! Changing many documents, each to values of its own.

use erpnext_schema::{Purpose, Rule, Verb, Violation};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::check::check;
use super::{Ask, not_within, run, select, within_most, wrong};
use crate::answer::ToolAnswer;
use crate::documents::DocTypeCall;
use crate::documents::names::document_name;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::tool::document_args::UpdateArgs;
use crate::tool::kinds::{Data, DocTypeName, DocumentName, Documents, Filters};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::tools::write;

/// Changes many documents of a DocType.
pub static UPDATE: ToolSpec = ToolSpec {
    name: "update_bulk_documents",
    title: "Update many documents",
    description: "Changes fields of up to 500 documents of one DocType, each to its own values, or all that \
                  where selects to the same; all are checked before the first is sent. It is not atomic: the answer accounts for each row and says where to continue.",
    toolset: Toolset::Bulk,
    operation: Operation::Update,
    effect: Effect::Destroys,
    offered: |policy| policy.permits_somewhere(Operation::Update),
    special: Special::NONE,
    handler: handler!(BulkUpdateArgs, update),
};

#[derive(Deserialize, JsonSchema)]
struct BulkUpdateArgs {
    doctype: DocTypeName,
    /// {"name": …, and the fields to change, as in data of an update; modified as read, if it matters}
    documents: Option<Documents>,
    /// filters, in the place of documents: all that fit get the fields in data, asked about as a whole
    #[serde(rename = "where")]
    filters: Option<Filters>,
    data: Option<Data>,
    /// first row to process, as given by the answer of a stopped call
    start_at: Option<u64>,
}

async fn update(call: Call<'_>, args: BulkUpdateArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Update, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(Verb::Update)?;
    let (documents, whole) = match (args.documents, args.filters, args.data) {
        (Some(documents), None, None) => (documents.0, None),
        (None, Some(filters), Some(data)) => {
            not_within(&call, args.start_at)?;
            // What all of them get is told once if it is wrong.
            on.document(Purpose::Update, &data.0).await?;
            let selected = select::select(&on, &filters).await?;
            let documents = selected.names.iter().zip(&selected.modified).map(|(name, modified)| {
                let mut document = data.0.clone();
                document.insert("name".to_owned(), json!(name));
                document.extend(modified.as_ref().map(|modified| ("modified".to_owned(), json!(modified))));
                document
            });
            (documents.collect(), Some(selected.state()))
        }
        _ => return Err(wrong(&call, "documents", "give either documents, or where with data".to_owned())),
    };
    within_most(&call, "documents", documents.len())?;
    let mut rows = Vec::new();
    let mut unnamed = Vec::new();
    for (i, document) in documents.into_iter().enumerate() {
        match named(document) {
            Some(row) => rows.push(row),
            None => unnamed.push(Violation::new(
                format!("documents[{i}]"),
                Rule::Mandatory,
                "name and at least one field to change",
            )),
        }
    }
    if !unnamed.is_empty() {
        return Err(ToolError::arguments(call.tool.name(), unnamed));
    }
    check(&call, &on, "documents", args.start_at, &rows).await?;
    run(&call, &on, args.start_at, &rows, Ask { whole, ..Ask::of(&permit) }, |on, row| Box::pin(write::update(on, row)))
        .await
}

/// The arguments of a single update.
fn named(mut document: Map<String, Value>) -> Option<UpdateArgs> {
    let name = DocumentName(document_name(&document.remove("name")?)?);
    let modified = document.remove("modified").and_then(|modified| modified.as_str().map(str::to_owned));
    if document.is_empty() {
        return None;
    }
    Some(UpdateArgs {
        name,
        data: Data(document),
        modified,
        overwrite: false,
        form_defaults: None,
        return_document: false,
    })
}
