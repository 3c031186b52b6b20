//! `/api/resource/DOCTYPE[/NAME]`: documents by path.

use serde_json::{Map, Value};

use crate::documents::without_nulls;
use crate::error::{SiteError, exc};
use crate::methods::list;
use crate::reply::Reply;
use crate::request::Request;

/// Answers for a path below `/api/resource/`.
///
/// # Errors
/// What the document or the list answers.
pub fn resource(request: &mut Request<'_>, rest: &str) -> Result<Reply, SiteError> {
    if rest.is_empty() {
        return Err(SiteError::new(exc::DOES_NOT_EXIST, ""));
    }
    let (doctype, name) = match rest.split_once('/') {
        // H48: a name that begins or ends with a slash cannot be reached.
        Some((_, name)) if name.starts_with('/') => return Err(SiteError::new(exc::DOES_NOT_EXIST, "")),
        Some((doctype, name)) if !name.is_empty() => (doctype, Some(name.trim_end_matches('/'))),
        Some((doctype, _)) => (doctype, None),
        None => (rest, None),
    };
    match (request.method, name) {
        ("GET" | "HEAD", None) => list(request, doctype),
        ("POST", None) => {
            let mut doc = sent(request)?;
            doc.insert("doctype".to_owned(), Value::from(doctype));
            Ok(Reply::data(without_nulls(request.site.insert(doc)?)))
        }
        ("GET" | "HEAD", Some(name)) => Ok(Reply::data(without_nulls(request.site.read(doctype, name)?))),
        ("PUT", Some(name)) => {
            let changes = sent(request)?;
            Ok(Reply::data(without_nulls(request.site.update(doctype, name, &changes)?)))
        }
        ("POST", Some(name)) => {
            let mut doc = request.site.load(doctype, name)?;
            let docstatus = match request.text("run_method")?.as_str() {
                "submit" => 1,
                "cancel" => 2,
                method => return Err(SiteError::closed(&format!("frappe.model.document.{method}"))),
            };
            doc.insert("docstatus".to_owned(), Value::from(docstatus));
            Ok(Reply::data(without_nulls(request.site.save(doc)?)))
        }
        ("DELETE", Some(name)) => {
            request.site.delete(doctype, name)?;
            Ok(Reply::data("ok").with_status(202))
        }
        _ => Err(SiteError::new(exc::DOES_NOT_EXIST, "")),
    }
}

/// The document that was sent: under `data`, or as a body of JSON whatever its content type says, or as the arguments.
fn sent(request: &Request<'_>) -> Result<Map<String, Value>, SiteError> {
    if request.args.contains_key("data") {
        return request.doc("data");
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(doc)) => Ok(doc),
        _ => Ok(request.args.clone()),
    }
}

fn list(request: &mut Request<'_>, doctype: &str) -> Result<Reply, SiteError> {
    let list = list::asked(request, 20, &["limit_start"])?;
    Ok(Reply::data(list::rows(request, doctype, &list)?))
}
