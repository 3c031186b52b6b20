//! Sharing a document with a user, and following it.

use erpnext_schema::{Version, doctype_flag};
use serde_json::{Value, json};

use crate::doc::{Doc, text};
use crate::documents::own;
use crate::documents::without_nulls;
use crate::error::{Message, SiteError};
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;
use crate::store::Sql;

/// `frappe.share.add`: one DocShare for each user and document.
pub fn share(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doctype, name, user) = (request.text("doctype")?, request.text("name")?, request.text("user")?);
    let site = &request.site;
    let doc = site.load(&doctype, &name)?;
    site.check(&doctype, Some(&doc), Right::Share)?;
    if site.db.exists(site.controller("User")?, &user)?.is_none() {
        return Err(SiteError::missing("User", &user));
    }
    let rights = ["write", "share", "submit"].map(|right| (right.to_owned(), json!(request.int(right))));
    let condition = "share_doctype = ?1 AND share_name = ?2 AND user = ?3";
    let params = [&doctype, &name, &user].map(|text| Sql::Text(text.clone()));
    let shares = site.db.rows_where(site.controller("DocShare")?, condition, &params)?;
    let shared = match shares.first() {
        Some(share) => {
            site.set("DocShare", text(share, "name"), &Doc::from_iter(rights))?;
            site.load("DocShare", text(share, "name"))?
        }
        None => {
            let mut row = json!({
                "user": user, "share_doctype": doctype, "share_name": name, "read": 1, "everyone": 0, "notify_by_email": 1,
            });
            for (right, value) in rights {
                row[right] = value;
            }
            own::add(site, "DocShare", row)?
        }
    };
    site.journal("insert", "DocShare", text(&shared, "name"))?;
    Ok(Reply::message(without_nulls(shared)))
}

/// `frappe.desk.form.document_follow.follow_document`.
pub fn follow(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doctype, name, user) = (request.text("doctype")?, request.text("doc_name")?, request.text("user")?);
    let site = &request.site;
    let doc = site.load(&doctype, &name)?;
    site.check(&doctype, Some(&doc), Right::Read)?;
    let new = site.version() >= Version::V16;
    if user == "Administrator" && new {
        site.say(Message { alert: true, ..Message::new("Administrator can't follow") });
    }
    // H68.
    if user == "Administrator" || !site.controller(&doctype)?.is(doctype_flag::TRACK_CHANGES) {
        return Ok(Reply::message(if new { json!(false) } else { Value::Null }));
    }
    let condition = "ref_doctype = ?1 AND ref_docname = ?2 AND user = ?3";
    let params = [&doctype, &name, &user].map(|text| Sql::Text(text.clone()));
    if !site.db.rows_where(site.controller("Document Follow")?, condition, &params)?.is_empty() {
        return Ok(Reply::message(Value::Null));
    }
    let row = json!({ "ref_doctype": doctype, "ref_docname": name, "user": user });
    let follow = own::add(site, "Document Follow", row)?;
    site.journal("insert", "Document Follow", text(&follow, "name"))?;
    Ok(Reply::message(without_nulls(follow)))
}
