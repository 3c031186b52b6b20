//! The desk's search for a link: documents whose name, title or search fields hold the text.

use erpnext_schema::{DocTypeDef, FieldKind, Version, doctype_flag};
use serde_json::{Value, json};

use crate::doc::{Doc, cint, display};
use crate::error::SiteError;
use crate::query::List;
use crate::reply::Reply;
use crate::request::Request;

/// `frappe.desk.search.search_link`.
pub fn search_link(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doctype, words) = (request.text("doctype")?, request.text("txt")?);
    if doctype == "DocType" {
        return doctypes(request);
    }
    let def = request.site.doctype(&doctype)?;
    let fields = shown(def);
    let pattern = format!("%{}%", words.trim());
    let or_filters: Vec<Value> = match words.trim() {
        "" => Vec::new(),
        _ => searched(def, &fields).map(|field| json!([doctype, field, "like", pattern])).collect(),
    };
    let mut filters = match request.json("filters")? {
        Value::Object(filters) => filters.into_iter().map(|(field, value)| equality(&doctype, field, value)).collect(),
        Value::Array(filters) => filters,
        _ => Vec::new(),
    };
    if def.field("disabled").is_some_and(|field| field.kind == FieldKind::Check) {
        filters.push(json!([doctype, "disabled", "!=", 1]));
    }
    if def.field("enabled").is_some_and(|field| field.kind == FieldKind::Check) {
        filters.push(json!([doctype, "enabled", "=", 1]));
    }
    // A list of one filter is not what it was on 15 (H56).
    filters.push(json!([doctype, "name", "is", "set"]));
    let length = request.args.get("page_length").map_or(10, cint);
    let list = List {
        fields: json!(fields),
        filters: Value::Array(filters),
        or_filters: Value::Array(or_filters),
        order_by: Some("idx desc, name asc".to_owned()),
        length: u64::try_from(length).ok().filter(|length| *length > 0),
        ..List::default()
    };
    let titled = def.is(doctype_flag::TITLE_IN_LINKS);
    let found = request.site.list(&doctype, &list)?;
    let mut found: Vec<Value> =
        found.iter().map(|row| entry(row, &fields, def.title_field.filter(|_| titled))).collect();
    // H66.
    if request.site.version() >= Version::V16 {
        for entry in &mut found {
            let label = entry.get("label").unwrap_or(&entry["value"]).clone();
            entry["label"] = label;
        }
    }
    Ok(Reply::message(found))
}

/// DocTypes, of which a site tells any user; by the filters that are sent for them.
fn doctypes(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let filters = request.json("filters")?;
    let part = filters["name"][1].as_str().unwrap_or_default().trim_matches('%').to_lowercase();
    let left_out: Vec<&str> = match filters["name"][0].as_str() {
        Some("not in") => filters["name"][1].as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let module = filters["module"].as_str().map(str::to_lowercase);
    let is_table = filters["istable"].as_i64();
    let mut all = request.site.meta.all();
    all.retain(|def| {
        is_table.is_none_or(|is_table| def.is(doctype_flag::CHILD) == (is_table == 1))
            && module.as_ref().is_none_or(|module| def.module.to_lowercase() == *module)
            && def.name.to_lowercase().contains(&part)
            && !left_out.contains(&def.name)
    });
    let named = request.site.version() >= Version::V16;
    let found = all.iter().map(|def| match named {
        true => json!({"value": def.name, "description": def.module, "label": def.name}),
        false => json!({"value": def.name, "description": def.module}),
    });
    Ok(Reply::message(found.collect::<Vec<Value>>()))
}

fn equality(doctype: &str, field: String, value: Value) -> Value {
    match value {
        Value::Array(condition) if condition.len() == 2 => json!([doctype, field, condition[0], condition[1]]),
        value => json!([doctype, field, "=", value]),
    }
}

/// The name, the title and the search fields: what the desk shows of a document.
fn shown(def: &'static DocTypeDef) -> Vec<&'static str> {
    let mut fields = vec!["name"];
    for field in def.title_field.into_iter().chain(def.search_fields.iter().copied()) {
        if !fields.contains(&field) && def.field(field).is_some_and(|field| field.in_lists()) {
            fields.push(field);
        }
    }
    fields
}

/// Those of them that hold text.
fn searched<'f>(def: &'static DocTypeDef, fields: &'f [&'static str]) -> impl Iterator<Item = &'f &'static str> {
    use FieldKind::{Data, Link, LongText, ReadOnly, Select, SmallText, Text, TextEditor};
    fields.iter().filter(|field| {
        def.field(field).is_some_and(|field| {
            matches!(field.kind, Data | Link | LongText | ReadOnly | Select | SmallText | Text | TextEditor)
        })
    })
}

/// One document found: the description joins what is shown besides the name, each text once.
fn entry(row: &Doc, fields: &[&str], title: Option<&str>) -> Value {
    let text = |field: &str| row.get(field).map(display).unwrap_or_default();
    let mut shown: Vec<String> = Vec::new();
    for field in fields.iter().skip(1).filter(|field| Some(**field) != title) {
        let text = text(field);
        if !text.is_empty() && !shown.contains(&text) {
            shown.push(text);
        }
    }
    let mut entry = json!({ "value": text("name"), "description": shown.join(", ") });
    if let (Some(title), Value::Object(entry)) = (title, &mut entry) {
        entry.insert("label".to_owned(), json!(text(title)));
    }
    entry
}
