//! `run_doc_method`: methods of the documents that are tools of the desk. The document is sent along, and nothing of it
//! is stored.

use serde_json::json;

use crate::doc::{Doc, text};
use crate::error::SiteError;
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;

/// `run_doc_method`: answers with the document as the method left it.
pub fn run_doc_method(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (method, mut doc, args) = (request.text("method")?, request.doc("docs")?, request.json("args")?);
    let site = &request.site;
    let doctype = text(&doc, "doctype").to_owned();
    site.check(&doctype, None, Right::Read)?;
    match (doctype.as_str(), method.as_str()) {
        ("Payment Reconciliation", "get_unreconciled_entries") => site.unreconciled(&mut doc)?,
        ("Payment Reconciliation", "allocate_entries") => {
            site.allocate(&mut doc, args.as_object().unwrap_or(&Doc::new()))?;
        }
        ("Payment Reconciliation", "reconcile") => site.reconcile(&mut doc)?,
        ("Bank Clearance", "get_payment_entries") => site.bank_entries(&mut doc)?,
        ("Bank Clearance", "update_clearance_date") => site.set_clearance(&mut doc)?,
        _ => return Err(SiteError::closed(&method)),
    }
    Ok(Reply::json(json!({ "docs": [doc] })))
}
