//! Workflows: what they lead to, and what waits for the user.

use serde_json::{Map, Value, json};

use super::lifecycle::{DocRef, typed};
use super::list::rows;
use super::{Answer, Body, CallerClient, SiteError, SiteErrorKind, WriteError, check, endpoints, unexpected};
use crate::cleared::Cleared;
use crate::policy::{Operation, Permit};

/// The most actions that are asked for at once.
pub const MOST_ACTIONS: usize = 500;

/// A DocType's workflow.
#[derive(Debug)]
pub struct Workflow {
    /// The field that keeps the state.
    pub state_field: String,
    /// The states.
    pub states: Vec<State>,
}

/// A state of a workflow.
#[derive(Debug)]
pub struct State {
    /// What it is called.
    pub name: String,
    /// The `docstatus` that it means.
    pub docstatus: u64,
    /// A field that is set along with it, and to what.
    pub sets: Option<(String, Value)>,
}

/// The workflow that comes with a DocType's metadata.
fn workflow(meta: &Value) -> Option<&Value> {
    let docs = meta.get("__workflow_docs").and_then(Value::as_array);
    docs.into_iter().flatten().find(|doc| doc.get("doctype").is_some_and(|of| of == "Workflow"))
}

/// The field that a DocType's workflow moves, from its metadata; none where there is no workflow.
pub fn workflow_state_field(meta: &Value) -> Option<String> {
    workflow(meta)?.get("workflow_state_field")?.as_str().map(str::to_owned)
}

impl CallerClient<'_> {
    /// The workflow of the DocType, if it has one. Any user gets it with the metadata (H30).
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn workflow(&self, doctype: &str) -> Result<Option<Workflow>, SiteError> {
        let meta = self.doctype_meta(doctype).await?;
        let text = |row: &Value, key: &str| row.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let state = |row: &Value| {
            let docstatus = match row.get("doc_status")? {
                Value::String(text) => text.parse().ok()?,
                other => other.as_u64()?,
            };
            let sets =
                text(row, "update_field").map(|field| (field, row.get("update_value").cloned().unwrap_or_default()));
            Some(State { name: text(row, "state")?, docstatus, sets })
        };
        let states = workflow(&meta).and_then(|doc| doc.get("states")).and_then(Value::as_array);
        let states = states.into_iter().flatten().filter_map(state).collect();
        Ok(workflow_state_field(&meta).map(|state_field| Workflow { state_field, states }))
    }

    /// The rows of the document's workflow that lead on from its state and that the user may take; nothing where its
    /// DocType has no workflow.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn transitions(
        &self,
        permit: &Permit,
        doc: &Map<String, Value>,
    ) -> Result<Option<Vec<Map<String, Value>>>, SiteError> {
        check(permit, &[Operation::Read, Operation::Update, Operation::Submit, Operation::Cancel])?;
        let method = endpoints::TRANSITIONS;
        let body = json!({ "doc": typed(permit, doc) });
        match self.method_post(method, Body::Json(body)).await {
            Ok(answer) => {
                let found = rows(answer.data);
                found.map(Some).ok_or_else(|| unexpected(&endpoints::line("POST", method), false, "no list in it"))
            }
            // The document was read before: what is missing is the workflow. Whoever may not read Workflows is told that
            // instead, and whether there is one is asked of the metadata.
            Err(error) if error.kind() == SiteErrorKind::Missing => Ok(None),
            Err(error) if error.kind() == SiteErrorKind::Denied => match self.workflow(permit.doctype()).await? {
                None => Ok(None),
                Some(_) => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// The documents that wait for an action which the user may take, as the site keeps them, oldest first: of the first
    /// [`MOST_ACTIONS`] those that `readable` gives leave to read; and whether there may be more.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn pending_approvals(
        &self,
        readable: impl Fn(&str) -> Option<Permit>,
    ) -> Result<(Vec<DocRef>, bool), SiteError> {
        let method = endpoints::LIST;
        let body = json!({
            "doctype": "Workflow Action", "fields": ["reference_doctype", "reference_name"],
            "filters": [["status", "=", "Open"]], "order_by": "creation asc", "limit_page_length": MOST_ACTIONS,
        });
        let found = rows(self.method_post(method, Body::Json(body)).await?.data);
        let found = found.ok_or_else(|| unexpected(&endpoints::line("POST", method), false, "no list in it"))?;
        let is_cut = found.len() >= MOST_ACTIONS;
        let mut documents: Vec<DocRef> = Vec::new();
        for row in &found {
            let text = |key: &str| row.get(key).and_then(Value::as_str).map(str::to_owned);
            let (Some(doctype), Some(name)) = (text("reference_doctype"), text("reference_name")) else { continue };
            let document = DocRef { doctype, name };
            let permit = readable(&document.doctype);
            if !documents.contains(&document) && permit.is_some_and(|permit| permit.operation() == Operation::Read) {
                documents.push(document);
            }
        }
        Ok((documents, is_cut))
    }

    /// Takes an action of the document's workflow.
    ///
    /// # Errors
    /// The site's refusal, `WorkflowTransitionError` where the action is not open, or that no answer came.
    pub async fn apply_workflow(
        &self,
        cleared: Cleared<'_>,
        doc: &Map<String, Value>,
        action: &str,
    ) -> Result<Answer<()>, WriteError> {
        check(cleared.permit(), &[Operation::Update, Operation::Submit, Operation::Cancel])?;
        let body = json!({ "doc": typed(cleared.permit(), doc), "action": action });
        Ok(self.method_write(endpoints::APPLY_WORKFLOW, body).await?.try_map(|_| Ok(()))?)
    }
}
