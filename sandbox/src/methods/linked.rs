//! Which submitted documents stand in the way of a cancellation.

use serde_json::{Value, json};

use crate::error::SiteError;
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;

/// `frappe.desk.form.linked_with.get_submitted_linked_docs`: what has to be cancelled before this document, and what
/// before that in turn.
pub fn get_submitted_linked_docs(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let start = (request.text("doctype")?, request.text("name")?);
    let site = &request.site;
    let doc = site.load(&start.0, &start.1)?;
    site.check(&start.0, Some(&doc), Right::Read)?;
    let mut all = vec![start];
    let mut at = 0;
    while let Some((doctype, name)) = all.get(at).cloned() {
        for link in site.back_links(&doctype, &name, true)? {
            let link = (link.doctype, link.name);
            if !all.contains(&link) {
                all.push(link);
            }
        }
        at += 1;
    }
    let docs: Vec<Value> =
        all.iter().skip(1).map(|(doctype, name)| json!({"doctype": doctype, "name": name, "docstatus": 1})).collect();
    Ok(Reply::message(json!({ "count": docs.len(), "docs": docs })))
}
