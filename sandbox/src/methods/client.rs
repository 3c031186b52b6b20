//! `frappe.client`: documents and lists by method instead of by path.

use serde_json::Value;

use crate::error::SiteError;
use crate::reply::Reply;
use crate::request::Request;

pub fn get(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doc = request.site.read(&request.text("doctype")?, &request.text("name")?)?;
    Ok(Reply::message(Value::Object(doc)))
}

pub fn insert(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doc = request.site.insert(request.doc("doc")?)?;
    Ok(Reply::message(Value::Object(doc)))
}

pub fn save(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doc = request.site.save(request.doc("doc")?)?;
    Ok(Reply::message(Value::Object(doc)))
}
