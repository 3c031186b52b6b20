//! What people hang on a document: comments, assignments, tags. The site asks for the right to read at most.

use serde_json::{Value, json};

use crate::doc::{Doc, text};
use crate::documents::{own, without_nulls};
use crate::error::{Message, SiteError};
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;
use crate::site::Site;
use crate::store::{Sql, quote, table_name};

/// `frappe.desk.form.utils.add_comment`.
pub fn add_comment(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doctype, name) = (request.text("reference_doctype")?, request.text("reference_name")?);
    let content = request.text("content")?;
    let (email, by) = (request.text("comment_email")?, request.text("comment_by")?);
    let site = &request.site;
    let doc = site.load(&doctype, &name)?;
    site.check(&doctype, Some(&doc), Right::Read)?;
    let comment = own::add(
        site,
        "Comment",
        json!({
            "comment_type": "Comment", "comment_email": email, "comment_by": by, "reference_doctype": doctype,
            "reference_name": text(&doc, "name"), "content": content,
        }),
    )?;
    site.journal("insert", "Comment", text(&comment, "name"))?;
    Ok(Reply::message(without_nulls(comment)))
}

/// `frappe.desk.form.assign_to.add`: one ToDo for each user who has none for the document yet.
pub fn assign(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doctype, name) = (request.text("doctype")?, request.text("name")?);
    let users: Vec<String> = match request.json("assign_to")? {
        Value::Array(users) => users.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => return Err(SiteError::json()),
    };
    let site = &request.site;
    let name = text(&site.load(&doctype, &name)?, "name").to_owned();
    let assigned = assigned(site, &doctype, &name)?;
    let mut again = Vec::new();
    for user in users {
        if assigned.iter().any(|todo| text(todo, "owner") == user) {
            again.push(user);
            continue;
        }
        if site.db.exists(site.controller("User")?, &user)?.is_none() {
            return Err(SiteError::missing("User", &user));
        }
        let todo = own::add(
            site,
            "ToDo",
            json!({
                "status": "Open", "priority": request.opt("priority").unwrap_or_else(|| "Medium".to_owned()),
                "date": request.opt("date").unwrap_or_else(|| site.today()), "allocated_to": user,
                "description": request.opt("description"), "reference_type": doctype, "reference_name": name,
                "assigned_by": site.user.name,
            }),
        )?;
        site.journal("insert", "ToDo", text(&todo, "name"))?;
        own::note(site, &doctype, &name, "Assigned", &format!("{} assigned {user}", site.user.name))?;
    }
    if !again.is_empty() {
        let text = format!("Already in the following Users ToDo list:<br>{}", again.join("<br>"));
        site.say(Message::new(text));
    }
    keep_assigned(site, &doctype, &name)
}

/// `frappe.desk.form.assign_to.remove`.
pub fn unassign(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doctype, name, user) = (request.text("doctype")?, request.text("name")?, request.text("assign_to")?);
    let site = &request.site;
    for todo in assigned(site, &doctype, &name)?.iter().filter(|todo| text(todo, "owner") == user) {
        let closed = json!({"status": "Cancelled", "modified": site.now_text(), "modified_by": site.user.name});
        site.set("ToDo", text(todo, "name"), &closed.as_object().cloned().unwrap_or_default())?;
        site.journal("update", "ToDo", text(todo, "name"))?;
        own::note(site, &doctype, &name, "Assignment Completed", &format!("{} removed {user}", site.user.name))?;
    }
    keep_assigned(site, &doctype, &name)
}

/// The open ToDos of a document, each with `owner`, its user, and `name`.
pub fn assigned(site: &Site<'_>, doctype: &str, name: &str) -> Result<Vec<Doc>, SiteError> {
    let def = site.controller("ToDo")?;
    site.db.prepare(def)?;
    let sql = "SELECT allocated_to, name FROM tabToDo WHERE reference_type = ?1 AND reference_name = ?2
        AND status NOT IN ('Cancelled', 'Closed') AND allocated_to IS NOT NULL ORDER BY creation DESC";
    site.sql(sql, &[doctype, name].map(|text| Sql::Text(text.to_owned())), &["owner", "name"])
}

/// Copies the users of the open ToDos to `_assign` and answers with the ToDos.
fn keep_assigned(site: &Site<'_>, doctype: &str, name: &str) -> Result<Reply, SiteError> {
    let todos = assigned(site, doctype, name)?;
    let users: Vec<&str> = todos.iter().map(|todo| text(todo, "owner")).collect();
    set_hidden(site, doctype, name, "_assign", json!(users).to_string())?;
    Ok(Reply::message(todos.into_iter().map(Value::Object).collect::<Vec<_>>()))
}

/// `frappe.desk.doctype.tag.tag.add_tag`.
pub fn add_tag(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (tag, doctype, name) = (request.text("tag")?, request.text("dt")?, request.text("dn")?);
    let site = &request.site;
    let name = text(&site.load(&doctype, &name)?, "name").to_owned();
    let known = tags(site, &doctype, &name)?;
    if !known.iter().any(|known| known.eq_ignore_ascii_case(&tag)) {
        let link = json!({"tag": tag, "document_type": doctype, "document_name": name, "title": name});
        let link = own::add(site, "Tag Link", link)?;
        site.journal("insert", "Tag Link", text(&link, "name"))?;
    }
    keep_tags(site, &doctype, &name)?;
    Ok(Reply::message(tag))
}

/// `frappe.desk.doctype.tag.tag.remove_tag`.
pub fn remove_tag(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (tag, doctype, name) = (request.text("tag")?, request.text("dt")?, request.text("dn")?);
    let site = &request.site;
    let condition = "document_type = ?1 AND document_name = ?2 AND tag = ?3 COLLATE utf8mb4_unicode_ci";
    let params = [doctype.as_str(), &name, &tag].map(|text| Sql::Text(text.to_owned()));
    if site.db.delete_where(site.controller("Tag Link")?, condition, &params)? > 0 {
        site.journal("delete", "Tag Link", &tag)?;
    }
    keep_tags(site, &doctype, &name)?;
    Ok(Reply::message(Value::Null))
}

/// The tags of a document.
pub fn tags(site: &Site<'_>, doctype: &str, name: &str) -> Result<Vec<String>, SiteError> {
    let condition = "document_type = ?1 AND document_name = ?2 ORDER BY creation";
    let params = [doctype, name].map(|text| Sql::Text(text.to_owned()));
    let links = site.db.rows_where(site.controller("Tag Link")?, condition, &params)?;
    Ok(links.iter().map(|link| text(link, "tag").to_owned()).collect())
}

/// Copies the tags to `_user_tags`, each after a comma.
fn keep_tags(site: &Site<'_>, doctype: &str, name: &str) -> Result<(), SiteError> {
    let tags: String = tags(site, doctype, name)?.iter().map(|tag| format!(",{tag}")).collect();
    set_hidden(site, doctype, name, "_user_tags", tags)
}

fn set_hidden(site: &Site<'_>, doctype: &str, name: &str, column: &str, value: String) -> Result<(), SiteError> {
    site.db.prepare(site.controller(doctype)?)?;
    let sql = format!("UPDATE {} SET {} = ?1 WHERE name = ?2", table_name(doctype), quote(column));
    site.db.execute(&sql, &[Sql::Text(value), Sql::Text(name.to_owned())])?;
    Ok(())
}
