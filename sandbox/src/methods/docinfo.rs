//! What stands beside a document on the desk: its timeline, versions, files, assignments, tags and the user's rights.

use erpnext_schema::Version;
use serde_json::{Map, Value, json};

use super::{rights, timeline};
use crate::doc::{Doc, text};
use crate::documents::without_nulls;
use crate::error::SiteError;
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;
use crate::site::Site;
use crate::store::Sql;

/// The lists of the timeline by the types of their comments.
const LOGS: [(&str, &[&str]); 6] = [
    ("comments", &["Comment"]),
    ("assignment_logs", &["Assigned", "Assignment Completed"]),
    ("attachment_logs", &["Attachment", "Attachment Removed"]),
    ("info_logs", &["Info", "Edit", "Label"]),
    ("like_logs", &["Like"]),
    ("workflow_logs", &["Workflow"]),
];

/// `frappe.desk.form.load.get_docinfo`.
pub fn get_docinfo(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let site = &request.site;
    let doc = site.load(&request.text("doctype")?, &request.text("name")?)?;
    site.check(text(&doc, "doctype"), Some(&doc), Right::Read)?;
    Ok(Reply::json(json!({ "docinfo": of(site, &doc)? })))
}

/// `frappe.desk.form.load.getdoc`.
pub fn getdoc(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let site = &request.site;
    let doc = site.read(&request.text("doctype")?, &request.text("name")?)?;
    let docinfo = of(site, &doc)?;
    let mut doc = without_nulls(doc);
    doc.insert("__onload".to_owned(), json!({}));
    Ok(Reply::json(json!({ "docs": [doc], "docinfo": docinfo, "_link_titles": {} })))
}

/// The docinfo of a document.
pub fn of(site: &Site<'_>, doc: &Doc) -> Result<Value, SiteError> {
    let (doctype, name) = (text(doc, "doctype"), text(doc, "name"));
    let find = |of: &str, fields: &[&str], condition: &str| select(site, of, fields, condition, doctype, name);
    let comment_fields = ["name", "creation", "content", "owner", "comment_type", "published"];
    let about = "reference_doctype = ?1 AND reference_name = ?2 ORDER BY creation DESC";
    let comments = find("Comment", &comment_fields, about)?;

    let mut info = Map::new();
    info.insert("user_info".to_owned(), Value::Null);
    for (list, kinds) in LOGS {
        let of_kind = |comment: &&Doc| kinds.contains(&text(comment, "comment_type"));
        let comments: Vec<Doc> = comments.iter().filter(of_kind).cloned().collect();
        info.insert(list.to_owned(), json!(comments));
        if list == "comments" {
            let fields = ["user", "read", "write", "share", "submit", "everyone"];
            info.insert(
                "shared".to_owned(),
                json!(find("DocShare", &fields, "share_doctype = ?1 AND share_name = ?2")?),
            );
        }
    }
    info.insert("doctype".to_owned(), json!(doctype));
    info.insert("name".to_owned(), json!(name));
    let attached = "attached_to_doctype = ?1 AND attached_to_name = ?2";
    info.insert(
        "attachments".to_owned(),
        json!(find("File", &["name", "file_name", "file_url", "is_private"], attached)?),
    );
    info.insert("communications".to_owned(), json!([]));
    info.insert("automated_messages".to_owned(), json!([]));
    let of_doc = "ref_doctype = ?1 AND docname = ?2 ORDER BY creation DESC LIMIT 10";
    let versions = find("Version", &["name", "owner", "creation", "data"], of_doc)?;
    info.insert("versions".to_owned(), json!(versions));
    info.insert("assignments".to_owned(), json!(assignments(site, doctype, name)?));
    info.insert("permissions".to_owned(), Value::Object(rights::on(site, doc)?));
    // H68.
    let logs = if site.version() < Version::V16 { "energy_point_logs" } else { "custom_perm_types" };
    for list in ["views", logs, "additional_timeline_content", "milestones"] {
        info.insert(list.to_owned(), json!([]));
    }
    let follows = find("Document Follow", &["name", "user"], "ref_doctype = ?1 AND ref_docname = ?2")?;
    let followed = follows.iter().find(|follow| text(follow, "user") == site.user.name);
    info.insert("is_document_followed".to_owned(), json!(followed.map(|follow| text(follow, "name"))));
    info.insert("tags".to_owned(), json!(timeline::tags(site, doctype, name)?.join(",")));
    info.insert("document_email".to_owned(), Value::Null);

    let owners = comments.iter().chain(&versions).map(|entry| text(entry, "owner"));
    info.insert("user_info".to_owned(), user_info(site, owners)?);
    Ok(Value::Object(info))
}

fn select(
    site: &Site<'_>,
    of: &str,
    fields: &[&str],
    condition: &str,
    doctype: &str,
    name: &str,
) -> Result<Vec<Doc>, SiteError> {
    let params = [doctype, name].map(|text| Sql::Text(text.to_owned()));
    let rows = site.db.rows_where(site.controller(of)?, condition, &params)?;
    let picked = |row: &Doc| {
        let value = |field: &&str| ((*field).to_owned(), row.get(*field).cloned().unwrap_or(Value::Null));
        fields.iter().map(value).collect()
    };
    Ok(rows.iter().map(picked).collect())
}

fn assignments(site: &Site<'_>, doctype: &str, name: &str) -> Result<Vec<Doc>, SiteError> {
    let condition = "reference_type = ?1 AND reference_name = ?2 AND status NOT IN ('Cancelled', 'Closed')";
    let fields = ["name", "allocated_to", "description", "status"];
    let todos = select(site, "ToDo", &fields, condition, doctype, name)?;
    let renamed = |todo: Doc| {
        let key = |key: String| if key == "allocated_to" { "owner".to_owned() } else { key };
        todo.into_iter().map(|(name, value)| (key(name), value)).collect()
    };
    Ok(todos.into_iter().map(renamed).collect())
}

/// Name, picture and time zone of the people who appear.
fn user_info<'n>(site: &Site<'_>, users: impl Iterator<Item = &'n str>) -> Result<Value, SiteError> {
    let mut info = Map::new();
    for user in users {
        if user.is_empty() || info.contains_key(user) {
            continue;
        }
        let row = site.db.row(site.controller("User")?, user)?.unwrap_or_default();
        let known = |field: &str| row.get(field).cloned().filter(|value| !value.is_null());
        let about = json!({
            "fullname": known("full_name").unwrap_or_else(|| json!(user)), "image": known("user_image"), "name": user,
            "email": known("email").unwrap_or_else(|| json!(user)), "time_zone": known("time_zone"),
        });
        info.insert(user.to_owned(), about);
    }
    Ok(Value::Object(info))
}
