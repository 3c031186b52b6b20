//! Lists by method: `get_list`, `reportview.get`, counts.

use serde_json::{Value, json};

use crate::error::{SiteError, exc};
use crate::query::List;
use crate::reply::Reply;
use crate::request::Request;

/// The list that a request asks for. A length of 0, empty, or no number gives everything and skips nothing (H16).
///
/// # Errors
/// 500 for malformed JSON (H21) and for a negative length.
pub fn asked(request: &Request<'_>, usual: u64) -> Result<List, SiteError> {
    let sent = ["limit_page_length", "page_length", "limit"].iter().find_map(|key| request.args.get(*key));
    let length = match sent.map(crate::doc::display) {
        None => Some(usual),
        Some(text) => match text.trim().parse::<i64>() {
            Ok(length) if length < 0 => {
                let text = format!("(1064, \"You have an error in your SQL syntax near '{length} offset 0'\")");
                return Err(SiteError::new(exc::PROGRAMMING, text));
            }
            Ok(length) if length > 0 => u64::try_from(length).ok(),
            _ => None,
        },
    };
    let fields = match request.args.get("fields") {
        Some(Value::String(text)) if text == "*" => json!(["*"]),
        _ => request.json("fields")?,
    };
    let start = ["limit_start", "start"].iter().find(|key| request.args.contains_key(**key));
    Ok(List {
        fields,
        filters: request.json("filters")?,
        or_filters: request.json("or_filters")?,
        group_by: request.opt("group_by"),
        order_by: request.opt("order_by"),
        start: start.and_then(|key| u64::try_from(request.int(key)).ok()).unwrap_or(0),
        length,
        parent: request.opt("parent").or_else(|| request.opt("parent_doctype")),
        ignore_permissions: false,
    })
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
    let list = asked(request, 20)?;
    Ok(Reply::message(rows(request, &doctype, &list)?))
}

pub fn reportview_get_list(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    let mut list = asked(request, 20)?;
    list.order_by = list.order_by.or_else(|| request.site.meta.get(&doctype).map(|def| def.sort.to_owned()));
    Ok(Reply::message(rows(request, &doctype, &list)?))
}

pub fn reportview_get_count(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    let mut list = asked(request, 0)?;
    list.length = request.opt("limit").and_then(|limit| limit.parse().ok());
    Ok(Reply::message(request.site.count(&doctype, &list)?))
}

/// H23: asks for no right.
pub fn client_get_count(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("doctype")?;
    let list = List { ignore_permissions: true, filters: request.json("filters")?, ..List::default() };
    Ok(Reply::message(request.site.count(&doctype, &list)?))
}
