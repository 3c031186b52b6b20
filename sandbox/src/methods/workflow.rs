//! Workflows: which actions a user may take on a document, and taking one. Setting `workflow_state` by an update
//! goes past all of this (H51).

use serde_json::{Value, json};

use crate::doc::{Doc, display, int, rows, text};
use crate::documents::{own, without_nulls};
use crate::error::{Exc, SiteError, exc};
use crate::meta::Meta;
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;
use crate::site::Site;
use crate::store::Sql;

/// `frappe.model.workflow.get_transitions`.
pub fn get_transitions(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doc, workflow) = sent(request)?;
    Ok(Reply::message(transitions(&request.site, &doc, &workflow)?))
}

/// `frappe.model.workflow.apply_workflow`.
pub fn apply_workflow(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let action = request.text("action")?;
    let (mut doc, workflow) = sent(request)?;
    let site = &request.site;
    let open = transitions(site, &doc, &workflow)?;
    let refused = |exc: Exc, text: &str| SiteError::throw(exc, text);
    // Of several with that name the last.
    let Some(transition) = open.iter().filter_map(Value::as_object).rfind(|open| text(open, "action") == action) else {
        return Err(refused(exc::WORKFLOW_TRANSITION, "Not a valid Workflow Action"));
    };
    let own = text(&doc, "owner") == site.user.name && !site.user.is_administrator();
    if own && int(transition, "allow_self_approval") == 0 {
        return Err(refused(exc::WORKFLOW_TRANSITION, "Self approval is not allowed"));
    }
    let next = text(transition, "next_state").to_owned();
    let state = rows(&workflow, "states").find(|state| text(state, "state") == next);
    let state = state.ok_or_else(|| refused(exc::WORKFLOW_STATE, "Workflow State not set"))?;
    doc.insert(text(&workflow, "workflow_state_field").to_owned(), json!(next));
    if !text(state, "update_field").is_empty() {
        doc.insert(text(state, "update_field").to_owned(), state.get("update_value").cloned().unwrap_or_default());
    }
    let wanted = state.get("doc_status").map(display).and_then(|status| status.parse::<i64>().ok()).unwrap_or(0);
    let (doctype, name) = (text(&doc, "doctype").to_owned(), text(&doc, "name").to_owned());
    let saved = match (int(&doc, "docstatus"), wanted) {
        (from, to) if from == to => site.save(doc)?,
        (0, 1) => site.submit(doc)?,
        (1, 2) => {
            doc.insert("docstatus".to_owned(), json!(2));
            site.save(doc)?
        }
        _ => return Err(refused(exc::VALIDATION, &format!("Illegal Document Status for {next}"))),
    };
    own::note(site, &doctype, &name, "Workflow", &next)?;
    Ok(Reply::message(without_nulls(saved)))
}

/// The document that was sent, as it is stored, and the workflow of its DocType.
fn sent(request: &Request<'_>) -> Result<(Doc, Doc), SiteError> {
    let sent = request.doc("doc")?;
    let site = &request.site;
    let doctype = text(&sent, "doctype");
    if !site.role_allows(doctype, Right::Read) {
        return Err(SiteError::no_role(&site.user.name, doctype).quiet());
    }
    let doc = site.load(doctype, text(&sent, "name"))?;
    site.check(doctype, Some(&doc), Right::Read)?;
    Ok((doc, of(site, doctype)?))
}

/// The active workflow of a DocType; without one the site looks for a document without a name.
fn of(site: &Site<'_>, doctype: &str) -> Result<Doc, SiteError> {
    let def = site.controller("Workflow")?;
    let found = site.db.rows_where(def, "document_type = ?1 AND is_active = 1", &[Sql::Text(doctype.to_owned())])?;
    let missing = || match site.role_allows("Workflow", Right::Read) {
        true => SiteError::missing("Workflow", ""),
        false => SiteError::no_role(&site.user.name, "Workflow").quiet(),
    };
    let found = found.into_iter().next().ok_or_else(missing)?;
    site.load("Workflow", text(&found, "name"))
}

/// The rows of the workflow that lead on from the document's state and that one of the user's roles allows. The
/// Python conditions of a row are not looked at.
fn transitions(site: &Site<'_>, doc: &Doc, workflow: &Doc) -> Result<Vec<Value>, SiteError> {
    let state = text(doc, text(workflow, "workflow_state_field"));
    if state.is_empty() {
        return Err(SiteError::throw(exc::WORKFLOW_STATE, "Workflow State not set"));
    }
    let open =
        rows(workflow, "transitions").filter(|row| text(row, "state") == state && site.user.has(text(row, "allowed")));
    Ok(open.cloned().map(Value::Object).collect())
}

/// Adds the field of a lead's state.
pub fn add_state(meta: &Meta) {
    if meta.get("Lead").is_some_and(|lead| lead.field("workflow_state").is_none()) {
        let field = json!({
            "dt": "Lead", "fieldname": "workflow_state", "label": "Workflow State", "fieldtype": "Link",
            "options": "Workflow State", "hidden": 1, "allow_on_submit": 1, "no_copy": 1,
        });
        meta.add_field(field.as_object().unwrap_or(&Doc::new()));
    }
}

/// Puts the workflow of a new site into it: leads are approved or rejected by a Sales Manager. As on every site, the
/// workflow brings the field of its state along.
///
/// # Errors
/// The database's.
pub fn seed(site: &Site<'_>) -> Result<(), SiteError> {
    const NAME: &str = "Lead Approval";
    add_state(site.meta);
    if site.has("Workflow", NAME) {
        return Ok(());
    }
    let add = |doctype: &str, row: Value| {
        let mut row = row.as_object().cloned().unwrap_or_default();
        row.entry("name").or_insert_with(|| json!(crate::documents::random()));
        for (key, value) in [("owner", "Administrator"), ("modified_by", "Administrator")] {
            row.insert(key.to_owned(), json!(value));
        }
        for key in ["creation", "modified"] {
            row.insert(key.to_owned(), json!(site.now_text()));
        }
        site.db.add_row(site.controller(doctype)?, &row)
    };
    let workflow = json!({
        "name": NAME, "workflow_name": NAME, "document_type": "Lead", "is_active": 1, "workflow_state_field": "workflow_state",
    });
    add("Workflow", workflow)?;
    for (at, state) in ["Open", "Approved", "Rejected"].into_iter().enumerate() {
        if !site.has("Workflow State", state) {
            add("Workflow State", json!({ "name": state, "workflow_state_name": state }))?;
        }
        let row = json!({
            "idx": at + 1, "state": state, "doc_status": "0", "allow_edit": "Sales User", "parent": NAME,
            "parentfield": "states", "parenttype": "Workflow",
        });
        add("Workflow Document State", row)?;
    }
    for (at, (action, next)) in [("Approve", "Approved"), ("Reject", "Rejected")].into_iter().enumerate() {
        let row = json!({
            "idx": at + 1, "state": "Open", "action": action, "next_state": next, "allowed": "Sales Manager",
            "allow_self_approval": 1, "parent": NAME, "parentfield": "transitions", "parenttype": "Workflow",
        });
        add("Workflow Transition", row)?;
    }
    Ok(())
}
