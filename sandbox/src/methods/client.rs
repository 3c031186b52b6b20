//! `frappe.client`: documents by method instead of by path, one or many.

use erpnext_schema::doctype_flag;
use serde_json::{Value, json};

use super::naming;
use crate::doc::{Doc, display, text};
use crate::error::{SiteError, exc};
use crate::perms::Right;
use crate::query::List;
use crate::reply::Reply;
use crate::request::Request;

/// `frappe.client.get`: by name, or the first that the filters find. Nulls are sent (H25).
pub fn get(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    let name = match (request.opt("name"), request.json("filters")) {
        (Some(name), _) => name,
        (None, Ok(Value::Null)) => doctype.clone(),
        (None, filters) => {
            let list = List { filters: filters?, length: Some(1), ..List::default() };
            let found = request.site.list(&doctype, &list)?;
            let found = found.first().and_then(|row| row.get("name")).map(display);
            found.ok_or_else(|| SiteError::throw(exc::DOES_NOT_EXIST, "No document found for given filters"))?
        }
    };
    Ok(Reply::message(request.site.read(&doctype, &name)?))
}

/// `frappe.client.get_value`: fields of the first document that the filters find; an empty object where none is.
pub fn get_value(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    let sent = request.text("fieldname")?;
    let allowed = |right| request.site.role_allows(&doctype, right);
    if request.site.doctype(&doctype)?.flags & doctype_flag::CHILD == 0
        && !allowed(Right::Read)
        && !allowed(Right::Select)
    {
        return Err(SiteError::throw(exc::PERMISSION, format!("No permission for {doctype}")));
    }
    let fields = match request.json("fieldname") {
        Ok(Value::Array(fields)) => Value::Array(fields),
        _ => json!([sent]),
    };
    let filters = match request.json("filters") {
        Ok(Value::String(name)) => json!({ "name": name }),
        Ok(filters @ (Value::Object(_) | Value::Array(_) | Value::Null)) => filters,
        _ => json!({ "name": request.opt("filters") }),
    };
    let list = List { fields, filters, length: Some(1), parent: request.opt("parent"), ..List::default() };
    let found = request.site.list(&doctype, &list)?.into_iter().next();
    let Some(mut row) = found else { return Ok(Reply::message(json!({}))) };
    if row.is_empty() {
        // All fields were hidden from the user (H5): the site is left with the name alone.
        let named = List { fields: json!(["name"]), ..list };
        row = request.site.list(&doctype, &named)?.into_iter().next().unwrap_or_default();
    }
    Ok(Reply::message(row))
}

/// `frappe.client.get_single_value`.
pub fn get_single_value(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doctype, field) = (request.text("doctype")?, request.text("field")?);
    let doc = request.site.read(&doctype, &doctype)?;
    let value = doc.get(&field).cloned();
    value.map(Reply::message).ok_or_else(|| SiteError::invalid(format!("Field {field} does not exist on {doctype}")))
}

/// `frappe.client.insert`.
pub fn insert(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    Ok(Reply::message(request.site.insert(request.doc("doc")?)?))
}

/// `frappe.client.insert_many`: all or none; answers with the names.
pub fn insert_many(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    const MOST: usize = 200;
    let docs = list_of(request, "docs")?;
    if docs.len() > MOST {
        return Err(SiteError::invalid(format!("Only {MOST} inserts allowed in one request")));
    }
    let mut names = Vec::with_capacity(docs.len());
    for doc in docs {
        names.push(request.site.insert(doc)?.get("name").cloned().unwrap_or_default());
    }
    Ok(Reply::message(names))
}

/// `frappe.client.save`: the whole document, `modified` as it was read.
pub fn save(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    Ok(Reply::message(request.site.save(request.doc("doc")?)?))
}

/// `frappe.client.submit`: the whole document, `modified` as it was read.
pub fn submit(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    Ok(Reply::message(request.site.submit(request.doc("doc")?)?))
}

/// `frappe.client.cancel`: refused while submitted documents point to it.
pub fn cancel(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doctype, name) = (request.text("doctype")?, request.text("name")?);
    Ok(Reply::message(request.site.cancel(&doctype, &name)?))
}

/// `frappe.client.delete`.
pub fn delete(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    request.site.delete(&request.text("doctype")?, &request.text("name")?)?;
    Ok(Reply::message(Value::Null))
}

/// `frappe.client.set_value`: one field with its value, or an object of several, also sent as JSON text.
pub fn set_value(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doctype, name, field) = (request.text("doctype")?, request.text("name")?, request.text("fieldname")?);
    let changes = match request.json("fieldname") {
        Ok(Value::Object(changes)) => changes,
        _ => Doc::from_iter([(field, request.args.get("value").cloned().unwrap_or_default())]),
    };
    Ok(Reply::message(request.site.update(&doctype, &name, &changes)?))
}

/// `frappe.client.bulk_update`: each by itself; answers 200 whatever failed.
pub fn bulk_update(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let mut failed = Vec::new();
    for doc in list_of(request, "docs")? {
        let mut changes = doc.clone();
        let (doctype, name) = (text(&doc, "doctype"), text(&doc, "docname"));
        changes.retain(|key, _| key != "doctype" && key != "docname");
        let site = &request.site;
        if let Err(error) = site.db.savepoint(|| site.update(doctype, name, &changes)) {
            let trace = format!("Traceback (most recent call last):\n{}\n", error.exception());
            error.messages.into_iter().for_each(|message| site.say(message));
            failed.push(json!({ "doc": doc, "exc": trace }));
        }
    }
    Ok(Reply::message(json!({ "failed_docs": failed })))
}

/// `frappe.client.rename_doc`.
pub fn rename_doc(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doctype, old) = (request.text("doctype")?, request.text("old_name")?);
    let new = request.text("new_name")?;
    let merge = request.int("merge") != 0;
    Ok(Reply::message(naming::rename(&request.site, &doctype, &old, new.trim(), merge)?))
}

/// `frappe.client.is_document_amended`.
pub fn is_document_amended(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doctype, name) = (request.text("doctype")?, request.text("docname")?);
    if request.site.controller(&doctype)?.field("amended_from").is_none() {
        return Ok(Reply::message(Value::Null));
    }
    let list = List { filters: json!({ "amended_from": name }), length: Some(1), ..List::default() };
    let amended = !request.site.list(&doctype, &list)?.is_empty();
    Ok(Reply::message(if amended { json!(true) } else { Value::Null }))
}

/// `frappe.client.validate_link`: the name and fields of a document; `{"name": null}` where there is none.
pub fn validate_link(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doctype, name) = (request.text("doctype")?, request.text("docname")?);
    let site = &request.site;
    let def = site.doctype(&doctype)?;
    if !site.role_allows(&doctype, Right::Select) && !site.role_allows(&doctype, Right::Read) {
        return Err(may_not_link(&doctype));
    }
    let Some(name) = site.db.exists(def, &name)? else { return Ok(Reply::message(json!({ "name": null }))) };
    let mut answer = Doc::from_iter([("name".to_owned(), json!(name))]);
    if let Value::Array(fields) = request.json("fields")?
        && !fields.is_empty()
    {
        let list =
            List { fields: Value::Array(fields), filters: json!({ "name": name }), length: Some(1), ..List::default() };
        answer.extend(site.list(&doctype, &list)?.into_iter().next().unwrap_or_default());
    }
    Ok(Reply::message(answer))
}

/// `frappe.client.validate_link_and_fetch`: the name and fields of a document that the user may see, else an empty object
/// (H60).
pub fn validate_link_and_fetch(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doctype, name) = (request.text("doctype")?, request.text("docname")?);
    let site = &request.site;
    site.doctype(&doctype)?;
    if !site.role_allows(&doctype, Right::Select) && !site.role_allows(&doctype, Right::Read) {
        return Err(may_not_link(&doctype));
    }
    let mut fields = vec![json!("name")];
    match request.json("fields_to_fetch")? {
        Value::Array(more) => fields.extend(more),
        Value::String(more) => fields.extend(more.split(',').map(|field| json!(field.trim()))),
        _ => {}
    }
    let list =
        List { fields: Value::Array(fields), filters: json!({ "name": name }), length: Some(1), ..List::default() };
    Ok(Reply::message(site.list(&doctype, &list)?.into_iter().next().unwrap_or_default()))
}

fn may_not_link(doctype: &str) -> SiteError {
    let text = format!("You do not have Read or Select Permissions for <strong>{doctype}</strong>");
    SiteError::throw(exc::PERMISSION, text)
}

/// An argument that is a list of documents, as such or as JSON text.
fn list_of(request: &Request<'_>, argument: &str) -> Result<Vec<Doc>, SiteError> {
    request.text(argument)?;
    let wrong = || SiteError::new(exc::TYPE, "string indices must be integers, not 'str'");
    let Value::Array(list) = request.json(argument)? else { return Err(wrong()) };
    list.into_iter().map(|doc| if let Value::Object(doc) = doc { Ok(doc) } else { Err(wrong()) }).collect()
}
