//! Lists by method: `get_list`, `reportview.get`, counts.

use erpnext_schema::Version;
use serde_json::{Value, json};

use crate::error::{SiteError, exc};
use crate::query::List;
use crate::reply::Reply;
use crate::request::Request;

/// The list that a request asks for. A length of 0, empty, or no number gives everything and skips nothing (H16); `start` names the
/// arguments that say how many rows to skip.
///
/// # Errors
/// 500 for malformed JSON (H21) and for a negative length.
pub fn asked(request: &Request<'_>, usual: u64, start: &[&str]) -> Result<List, SiteError> {
    let sent = ["limit_page_length", "page_length", "limit"].iter().find_map(|key| request.args.get(*key));
    let length = match sent.map(crate::doc::display) {
        None => Some(usual),
        Some(text) => match text.trim().parse::<i64>() {
            Ok(length) if length < 0 => return Err(negative(request, "Limit", length)),
            Ok(length) if length > 0 => u64::try_from(length).ok(),
            _ => None,
        },
    };
    let fields = match request.args.get("fields") {
        Some(Value::String(text)) if text == "*" => json!(["*"]),
        _ => request.json("fields")?,
    };
    let start = start.iter().find(|key| request.args.contains_key(**key)).map_or(0, |key| request.int(key));
    if start < 0 {
        return Err(negative(request, "Offset", start));
    }
    if start > 0 && length.is_none() && request.site.version() >= Version::V16 {
        return Err(SiteError::syntax(&format!("OFFSET {start}")));
    }
    Ok(List {
        fields,
        filters: request.json("filters")?,
        or_filters: request.json("or_filters")?,
        aggregate: None,
        group_by: request.opt("group_by"),
        order_by: request.opt("order_by"),
        start: u64::try_from(start).unwrap_or(0),
        length,
        parent: request.opt("parent").or_else(|| request.opt("parent_doctype")),
        ignore_permissions: false,
    })
}

/// 500 for a number below zero (H16).
fn negative(request: &Request<'_>, what: &'static str, number: i64) -> SiteError {
    match request.site.version() {
        Version::V15 => SiteError::syntax(&format!("{number} offset 0")),
        _ => SiteError::throw(exc::TYPE, format!("{what} must be a non-negative integer")),
    }
}

/// The rows as objects, or as lists of values where `as_dict` is off.
pub fn rows(request: &Request<'_>, doctype: &str, list: &List) -> Result<Vec<Value>, SiteError> {
    let rows = request.site.list(doctype, list)?;
    let plain = request.opt("as_dict").is_some_and(|flag| matches!(flag.as_str(), "0" | "false" | "False"));
    let value = |row: serde_json::Map<String, Value>| {
        if plain { row.into_iter().map(|(_, value)| value).collect() } else { Value::Object(row) }
    };
    Ok(rows.into_iter().map(value).collect())
}

pub fn get_list(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    if request.args.get("debug").and_then(Value::as_str).is_some_and(|debug| debug.parse::<f64>().is_err()) {
        return Err(SiteError::new(exc::ARGUMENT_TYPE, "Argument 'debug' has another type"));
    }
    let list = asked(request, 20, &["limit_start"])?;
    Ok(Reply::message(rows(request, &doctype, &list)?))
}

pub fn reportview_get_list(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    let mut list = asked(request, 20, &["start", "limit_start"])?;
    list.order_by = list.order_by.or_else(|| request.site.meta.get(&doctype).map(|def| def.sort.to_owned()));
    Ok(Reply::message(rows(request, &doctype, &list)?))
}

pub fn reportview_get_count(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    let mut list = asked(request, 0, &[])?;
    list.length = request.opt("limit").and_then(|limit| limit.parse().ok());
    let distinct = request.opt("distinct").is_some_and(|flag| matches!(flag.as_str(), "1" | "true" | "True"));
    // H70: the count is a function over the name of the table, in which 15 finds words of SQL.
    if !distinct
        && request.site.version() < Version::V16
        && WRITING.iter().any(|word| doctype.to_lowercase().contains(word))
    {
        return Err(SiteError::throw(exc::DATA, "Use of sub-query or function is restricted"));
    }
    // A count asks for no parent, but for the right on one.
    if request.site.user.is_administrator() && list.parent.is_none() {
        list.ignore_permissions = true;
    }
    Ok(Reply::message(request.site.count(&doctype, &list)?))
}

/// Words that version 15 does not let a function near.
const WRITING: &[&str] = &["select", "create", "insert", "delete", "drop", "update", "case", "show"];

/// H23: asks for no right on version 15.
pub fn client_get_count(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    let list = List {
        ignore_permissions: request.site.version() < Version::V16,
        filters: request.json("filters")?,
        ..List::default()
    };
    Ok(Reply::message(request.site.count(&doctype, &list)?))
}
