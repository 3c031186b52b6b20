//! What only the desk's lists do: rows as bare values, comments counted beside them, deleting many.

use erpnext_schema::doctype_flag;
use serde_json::{Map, Value, json};

use super::list;
use crate::doc::display;
use crate::error::SiteError;
use crate::query::List;
use crate::reply::Reply;
use crate::request::Request;

/// `frappe.desk.reportview.get`: keys and rows apart, and an empty list instead of both where nothing is found (H24).
pub fn get(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    let mut asked = list::asked(request, 20, &["start", "limit_start"])?;
    // H72: these alone list what has no table; nothing runs or waits here.
    if request.site.doctype(&doctype)?.is(doctype_flag::VIRTUAL) {
        return Ok(Reply::message(json!([])));
    }
    if let (Some(function), Some(field)) = (request.opt("aggregate_function"), request.opt("aggregate_on_field")) {
        if !["count", "sum", "avg"].contains(&function.as_str()) {
            return Err(SiteError::invalid("Invalid aggregate function"));
        }
        let of = request.opt("aggregate_on_doctype").unwrap_or_else(|| doctype.clone());
        asked.aggregate = Some((function, format!("`tab{of}`.`{field}`")));
    }
    let mut rows = request.site.list(&doctype, &asked)?;
    if rows.is_empty() {
        return Ok(Reply::message(json!([])));
    }
    if request.int("with_comment_count") != 0 {
        for row in &mut rows {
            let name = row.get("name").map(display).unwrap_or_default();
            let filters = json!({"reference_doctype": doctype, "reference_name": name, "comment_type": "Comment"});
            let comments = List { filters, ignore_permissions: true, ..List::default() };
            row.insert("_comment_count".to_owned(), json!(request.site.count("Comment", &comments)?));
        }
    }
    let keys: Vec<&String> = rows.iter().take(1).flat_map(Map::keys).collect();
    let values: Vec<Vec<&Value>> = rows.iter().map(|row| row.values().collect()).collect();
    Ok(Reply::message(json!({ "keys": keys, "values": values, "user_info": {} })))
}

/// `frappe.desk.reportview.delete_items`: what cannot be deleted stays, and the answer does not tell.
pub fn delete_items(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    if let Value::Array(names) = request.json("items")? {
        let site = &request.site;
        for name in names {
            let _ = site.db.savepoint(|| site.delete(&doctype, &display(&name)));
        }
    }
    Ok(Reply::message(Value::Null))
}
