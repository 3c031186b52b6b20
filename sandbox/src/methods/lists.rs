//! Lists and counts by method: `frappe.client` and the desk's `reportview`.

use serde_json::{Map, Value, json};

use crate::doc::{Doc, cint, display};
use crate::error::SiteError;
use crate::query::List;
use crate::reply::Reply;
use crate::request::Request;
use crate::site::Site;

/// What is asked for, in the words of `frappe.client.get_list`.
fn asked(request: &Request<'_>, start: &str, length: &str) -> Result<List, SiteError> {
    let number = |name: &str| request.args.get(name).map(cint);
    Ok(List {
        fields: request.json("fields")?,
        filters: request.json("filters")?,
        or_filters: request.json("or_filters")?,
        group_by: request.opt("group_by"),
        order_by: request.opt("order_by"),
        start: number(start).and_then(|start| u64::try_from(start).ok()).unwrap_or(0),
        length: match number(length) {
            None => Some(20),
            Some(0) => None,
            Some(length) => Some(
                u64::try_from(length)
                    .map_err(|_| SiteError::database("(1064, \"You have an error in your SQL syntax\")"))?,
            ),
        },
        parent: request.opt("parent"),
        ignore_permissions: false,
    })
}

/// `frappe.client.get_list`.
pub fn get_list(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    let list = asked(request, "limit_start", "limit_page_length")?;
    Ok(Reply::message(objects(request.site.list(&doctype, &list)?)))
}

/// `frappe.client.get_count`: rights are not asked (H23).
pub fn get_count(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    let list = List { filters: request.json("filters")?, ignore_permissions: true, ..List::default() };
    Ok(Reply::message(count(&request.site, &doctype, list)?))
}

/// `frappe.desk.reportview.get_count`: counts what the user may see, up to `limit`.
pub fn reportview_get_count(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    let list = List { filters: request.json("filters")?, or_filters: request.json("or_filters")?, ..List::default() };
    let counted = count(&request.site, &doctype, list)?;
    let limit = request.int("limit");
    Ok(Reply::message(if limit > 0 { counted.min(limit) } else { counted }))
}

fn count(site: &Site<'_>, doctype: &str, list: List) -> Result<i64, SiteError> {
    let rows = site.list(doctype, &List { fields: json!(["count(name) as n"]), length: None, ..list })?;
    Ok(rows.first().and_then(|row| row.get("n")).map_or(0, cint))
}

/// `frappe.desk.reportview.get_list`.
pub fn reportview_get_list(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    Ok(Reply::message(objects(view(request, &doctype)?)))
}

/// `frappe.desk.reportview.get`: keys and rows apart, and an empty list instead of both where nothing is found (H24).
pub fn reportview_get(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    let mut rows = view(request, &doctype)?;
    if rows.is_empty() {
        return Ok(Reply::message(json!([])));
    }
    if request.int("with_comment_count") != 0 {
        for row in &mut rows {
            let name = row.get("name").map(display).unwrap_or_default();
            let filters = json!({"reference_doctype": doctype, "reference_name": name, "comment_type": "Comment"});
            let comments = List { filters, ignore_permissions: true, ..List::default() };
            let comments = count(&request.site, "Comment", comments)?;
            row.insert("_comment_count".to_owned(), json!(comments));
        }
    }
    let keys: Vec<&String> = rows.iter().take(1).flat_map(Map::keys).collect();
    let values: Vec<Vec<&Value>> = rows.iter().map(|row| row.values().collect()).collect();
    Ok(Reply::message(json!({ "keys": keys, "values": values, "user_info": {} })))
}

/// The rows of a `reportview`, whose fields are written `` `tabCustomer`.`name` ``.
fn view(request: &Request<'_>, doctype: &str) -> Result<Vec<Doc>, SiteError> {
    let by_desk = ["start", "page_length"].iter().any(|name| request.args.contains_key(*name));
    let (start, length) = if by_desk { ("start", "page_length") } else { ("limit_start", "limit_page_length") };
    let mut list = asked(request, start, length)?;
    let def = request.site.doctype(doctype)?;
    let tables = def.fields.iter().filter_map(|field| Some((field.target()?, format!("{}.", field.fieldname))));
    let prefixes: Vec<(String, String)> = std::iter::once((doctype, String::new()))
        .chain(tables)
        .map(|(target, prefix)| (format!("`tab{target}`."), prefix))
        .collect();
    let plain = |text: &str| {
        let mut plain = text.to_owned();
        for (table, prefix) in &prefixes {
            plain = plain.replace(table.as_str(), prefix);
        }
        plain.replace('`', "")
    };
    if let Value::Array(fields) = &mut list.fields {
        for field in fields {
            *field = json!(plain(&display(field)));
        }
    }
    list.group_by = list.group_by.as_deref().map(plain);
    list.order_by = list.order_by.as_deref().map(plain);
    request.site.list(doctype, &list)
}

fn objects(rows: Vec<Doc>) -> Vec<Value> {
    rows.into_iter().map(Value::Object).collect()
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
