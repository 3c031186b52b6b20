//! `make_mapped_doc`: the next document of a chain, unsaved, for the client to change and insert.

use erpnext_schema::{DocTypeDef, FieldDef, flag};
use serde_json::{Value, json};

use super::chains::{Chain, Rows, chain};
use super::further_chains::further;
use crate::doc::{Doc, int, is_empty, rows, text};
use crate::documents::Left;
use crate::error::SiteError;
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;
use crate::site::Site;

/// `frappe.model.mapper.make_mapped_doc`.
pub fn make_mapped_doc(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (method, source) = (request.text("method")?, request.text("source_name")?);
    let chain = chain(&method).or_else(|| further(&method)).ok_or_else(|| not_mapped(&method))?;
    let site = &request.site;
    let source = site.load(chain.from, &source)?;
    site.check(chain.from, Some(&source), Right::Read)?;
    if chain.submitted && int(&source, "docstatus") != 1 {
        return Err(SiteError::invalid("Cannot map because following condition fails: docstatus=1"));
    }
    if !site.role_allows(chain.to, Right::Create) {
        return Err(SiteError::no_role(&site.user.name, chain.to));
    }
    Ok(Reply::message(mapped(site, chain, &source)?))
}

/// The refusal of a method that maps nothing; of one by which ERPNext does, that this site has none of it, as no site
/// says.
fn not_mapped(method: &str) -> SiteError {
    let name = method.rsplit('.').next().unwrap_or_default();
    if method.starts_with("erpnext.") && (name.starts_with("make_") || name.starts_with("create_")) {
        return SiteError::invalid("This sample site cannot make such a document from another; a site of ERPNext can");
    }
    SiteError::closed(method)
}

/// The target of a chain, filled from its source.
fn mapped(site: &Site<'_>, chain: &'static Chain, source: &Doc) -> Result<Doc, SiteError> {
    let (from, to) = (site.controller(chain.from)?, site.controller(chain.to)?);
    let mut doc = blank(site, to);
    copy(from, to, source, &mut doc, chain.fields);
    for (field, value) in chain.set {
        doc.insert((*field).to_owned(), json!(value));
    }
    for table in to.tables() {
        let mut filled = Vec::new();
        if let Some(child) = table.target().and_then(|target| site.meta.get(target)) {
            for (from_child, row, renamed, left) in sources(site, chain, from, table, source) {
                let Some(left) = site.left(left, from_child, row)? else { continue };
                let mut made = blank(site, child);
                copy(from_child, child, row, &mut made, renamed);
                made.extend(left);
                let place = [
                    ("idx", json!(filled.len() + 1)),
                    ("parentfield", json!(table.fieldname)),
                    ("parenttype", json!(to.name)),
                    ("__islocal", json!(1)),
                    ("__unsaved", json!(1)),
                ];
                made.extend(place.map(|(key, value)| (key.to_owned(), value)));
                filled.push(Value::Object(made));
            }
        }
        let is_counted = |rows: &Rows| rows.to == table.fieldname && matches!(rows.left, Left::Made(..));
        if filled.is_empty() && chain.rows.iter().any(is_counted) {
            return Err(SiteError::invalid(format!("All of {} is billed or came back", text(source, "name"))));
        }
        doc.insert(table.fieldname.to_owned(), Value::Array(filled));
    }
    if chain.from == chain.to {
        turn_back(&mut doc);
    } else if int(source, "is_return") == 1 && to.field("is_return").is_some() {
        doc.insert("is_return".to_owned(), json!(1));
    }
    site.fill_values(to, &mut doc)?;
    doc.insert("__islocal".to_owned(), json!(1));
    doc.insert("__onload".to_owned(), json!({ "load_after_mapping": true }));
    doc.insert("__unsaved".to_owned(), json!(1));
    Ok(doc)
}

type Source<'s> = (&'static DocTypeDef, &'s Doc, &'static [(&'static str, &'static str)], Left);

/// The rows that become rows of a table of the target: those that the chain names, else those of a table of the same
/// name and DocType.
fn sources<'s>(
    site: &Site<'_>,
    chain: &'static Chain,
    from: &'static DocTypeDef,
    table: &FieldDef,
    source: &'s Doc,
) -> Vec<Source<'s>> {
    let named = chain.rows.iter().find(|rows| rows.to == table.fieldname);
    let (field, renamed, left) = match named {
        Some(named) => (named.from, named.fields, named.left),
        None => (table.fieldname, &[][..], Left::All),
    };
    let Some(child) = from.table(field).and_then(FieldDef::rows_of) else {
        return Vec::new();
    };
    let same = table.target() == Some(child) && !table.is(flag::NO_COPY);
    match site.meta.get(child) {
        Some(child) if named.is_some() || same => rows(source, field).map(|row| (child, row, renamed, left)).collect(),
        _ => Vec::new(),
    }
}

/// Copies what bears the same name on both sides and may be copied, then what is renamed.
fn copy(from: &DocTypeDef, to: &DocTypeDef, source: &Doc, target: &mut Doc, renamed: &[(&str, &str)]) {
    for field in to.fields.iter().filter(|field| !field.is(flag::NO_COPY) && !field.kind.is_table()) {
        let known = from.fields.iter().find(|known| known.fieldname == field.fieldname);
        let value = source.get(field.fieldname);
        if known.is_some_and(|known| !known.is(flag::NO_COPY)) && !is_empty(value) {
            target.extend(value.map(|value| (field.fieldname.to_owned(), value.clone())));
        }
    }
    for (field, into) in renamed {
        if !text(source, field).is_empty() {
            target.insert((*into).to_owned(), json!(text(source, field)));
        }
    }
}

/// Makes a return of a copy whose rows are turned: so are the amounts that do not follow from them.
fn turn_back(doc: &mut Doc) {
    doc.insert("is_return".to_owned(), json!(1));
    doc.insert("ignore_pricing_rule".to_owned(), json!(1));
    turn(doc, "discount_amount");
    let taxes = doc.get_mut("taxes").and_then(Value::as_array_mut);
    for row in taxes.into_iter().flatten().filter_map(Value::as_object_mut) {
        if text(row, "charge_type") == "Actual" {
            turn(row, "tax_amount");
        }
    }
}

fn turn(doc: &mut Doc, field: &str) {
    if let Some(number) = doc.get(field).and_then(Value::as_f64) {
        doc.insert(field.to_owned(), json!(0.0 - number));
    }
}

/// A new document with nothing but defaults, without nulls.
pub(super) fn blank(site: &Site<'_>, def: &'static DocTypeDef) -> Doc {
    let mut doc = Doc::new();
    doc.insert("owner".to_owned(), json!(site.user.name));
    doc.insert("docstatus".to_owned(), json!(0));
    doc.insert("idx".to_owned(), json!(0));
    site.fill_defaults(def, &mut doc);
    doc.insert("doctype".to_owned(), json!(def.name));
    doc
}
