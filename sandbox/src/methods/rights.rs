//! What the user may do: rights on one document, asked for by name.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::doc::Doc;
use crate::error::SiteError;
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;
use crate::site::Site;

/// The rights in the site's order, by their names on the wire.
pub const RIGHTS: [(&str, Right); 14] = [
    ("select", Right::Select),
    ("read", Right::Read),
    ("write", Right::Write),
    ("create", Right::Create),
    ("delete", Right::Delete),
    ("submit", Right::Submit),
    ("cancel", Right::Cancel),
    ("amend", Right::Amend),
    ("print", Right::Print),
    ("email", Right::Email),
    ("report", Right::Report),
    ("import", Right::Import),
    ("export", Right::Export),
    ("share", Right::Share),
];

/// The user's rights on a document as 0 and 1. Administrator's come without the two keys about `if_owner`.
pub fn on(site: &Site<'_>, doc: &Doc) -> Result<Map<String, Value>, SiteError> {
    let mut rights = Map::new();
    if !site.user.is_administrator() {
        rights.insert("if_owner".to_owned(), json!({}));
        rights.insert("has_if_owner_enabled".to_owned(), json!(false));
    }
    for (name, right) in RIGHTS {
        rights.insert(name.to_owned(), json!(i32::from(site.may(doc, right)?)));
    }
    Ok(rights)
}

/// `frappe.client.get_doc_permissions`.
pub fn get_doc_permissions(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doc = request.site.load(&request.text("doctype")?, &request.text("docname")?)?;
    Ok(Reply::message(json!({ "permissions": on(&request.site, &doc)? })))
}

/// `frappe.client.has_permission`.
pub fn has_permission(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    request.site.doctype(&doctype)?;
    let wanted = request.opt("perm_type").unwrap_or_else(|| "read".to_owned());
    let doc = match request.opt("docname") {
        Some(name) => Some(request.site.load(&doctype, &name)?),
        None => None,
    };
    let right = RIGHTS.iter().find(|(name, _)| *name == wanted).map(|(_, right)| *right);
    let has = match (right, doc) {
        (None, _) => false,
        (Some(right), Some(doc)) => request.site.may(&doc, right)?,
        (Some(right), None) => request.site.role_allows(&doctype, right),
    };
    Ok(Reply::message(json!({ "has_permission": has })))
}

/// `frappe.core.doctype.user_permission.user_permission.get_user_permissions`: the caller's own, by the DocType of what they
/// leave to be seen.
pub fn get_user_permissions(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let mut by_doctype: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for restriction in request.site.restrictions()? {
        let one = |name: &String| json!({"doc": name, "applicable_for": restriction.applies_to, "is_default": 0});
        by_doctype.entry(&restriction.allow).or_default().extend(restriction.names.iter().map(one));
    }
    Ok(Reply::message(json!(by_doctype)))
}
