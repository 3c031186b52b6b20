//! Which documents point to a document: by Links and Dynamic Links, on the form or in its rows.

use std::collections::HashSet;

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options, doctype_flag, flag};
use serde_json::{Value, json};

use crate::error::{SiteError, exc};
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;
use crate::site::Site;
use crate::store::{Sql, quote, table_name};

/// DocTypes that record what a voucher did; they never keep it from being cancelled.
pub const RECORDS: [&str; 8] = [
    "GL Entry",
    "Stock Ledger Entry",
    "Payment Ledger Entry",
    "Repost Item Valuation",
    "Serial and Batch Bundle",
    "Comment",
    "Version",
    "Communication",
];

/// A field that may point to documents of one DocType.
pub struct Pointer {
    /// The DocType that has the field: for a field of a row the row's.
    pub def: &'static DocTypeDef,
    /// The field.
    pub field: &'static FieldDef,
    /// For a Dynamic Link, the field that names the DocType.
    pub dynamic: Option<&'static str>,
}

/// Every field, of a DocType with documents, that may point to documents of `doctype`.
pub fn pointers(site: &Site<'_>, doctype: &str) -> Result<Vec<Pointer>, SiteError> {
    let tables = site.db.query("SELECT name FROM sqlite_master WHERE type = 'table'", &[])?;
    let text = |cell| if let Sql::Text(text) = cell { Some(text) } else { None };
    let tables: HashSet<String> = tables.into_iter().flatten().filter_map(text).collect();
    let kept = |def: &&DocTypeDef| {
        !def.is(doctype_flag::SINGLE) && !def.is(doctype_flag::VIRTUAL) && tables.contains(&format!("tab{}", def.name))
    };
    let mut pointers = Vec::new();
    for def in site.meta.all().into_iter().filter(kept) {
        for field in def.fields.iter().filter(|field| !field.is(flag::VIRTUAL)) {
            let dynamic = match (field.kind, field.options) {
                (FieldKind::Link, Options::Target(target)) if target == doctype => None,
                (FieldKind::DynamicLink, Options::TargetField(by)) if def.field(by).is_some() => Some(by),
                _ => continue,
            };
            site.db.prepare(def)?;
            pointers.push(Pointer { def, field, dynamic });
        }
    }
    Ok(pointers)
}

/// The submitted documents that point to this one, without those that only record it, and without its amendment.
pub fn submitted(site: &Site<'_>, doctype: &str, name: &str) -> Result<Vec<(String, String)>, SiteError> {
    let mut found = Vec::new();
    for Pointer { def, field, dynamic } in pointers(site, doctype)? {
        if RECORDS.contains(&def.name) || field.fieldname == "amended_from" {
            continue;
        }
        let child = def.is(doctype_flag::CHILD);
        let columns = if child { "parenttype, parent" } else { "?3, name" };
        let mut condition = format!("docstatus = 1 AND {} = ?1 AND ?2 = ?2 AND ?3 = ?3", quote(field.fieldname));
        if let Some(by) = dynamic {
            condition.push_str(&format!(" AND {} = ?2", quote(by)));
        }
        let sql = format!("SELECT DISTINCT {columns} FROM {} WHERE {condition} ORDER BY 1, 2", table_name(def.name));
        let params = [name, doctype, def.name].map(|text| Sql::Text(text.to_owned()));
        for row in site.db.query(&sql, &params)? {
            if let Ok([Sql::Text(other), Sql::Text(by)]) = <[Sql; 2]>::try_from(row) {
                let itself = other == doctype && by.eq_ignore_ascii_case(name);
                let known = found.iter().any(|(doctype, name)| *doctype == other && *name == by);
                if !itself && !known && !RECORDS.contains(&other.as_str()) {
                    found.push((other, by));
                }
            }
        }
    }
    Ok(found)
}

/// Refuses to cancel what a submitted document points to.
///
/// # Errors
/// 417 LinkExistsError that names the first of them.
pub fn check_cancel(site: &Site<'_>, doctype: &str, name: &str) -> Result<(), SiteError> {
    let Some((by_type, by)) = submitted(site, doctype, name)?.into_iter().next() else { return Ok(()) };
    let link = |doctype: &str, name: &str| format!("{doctype} <a href=\"/app/Form/{doctype}/{name}\">{name}</a>");
    let (this, other) = (link(doctype, name), link(&by_type, &by));
    Err(SiteError::throw(exc::LINK_EXISTS, format!("Cannot delete or cancel because {this} is linked with {other} ")))
}

/// `frappe.desk.form.linked_with.get_submitted_linked_docs`: what has to be cancelled before this document, and what
/// before that in turn.
pub fn get_submitted_linked_docs(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let start = (request.text("doctype")?, request.text("name")?);
    let site = &request.site;
    let doc = site.load(&start.0, &start.1)?;
    site.check(&start.0, Some(&doc), Right::Read)?;
    let mut all = vec![start];
    let mut at = 0;
    while let Some((doctype, name)) = all.get(at).cloned() {
        for linked in submitted(site, &doctype, &name)? {
            if !all.contains(&linked) {
                all.push(linked);
            }
        }
        at += 1;
    }
    let docs: Vec<Value> =
        all.iter().skip(1).map(|(doctype, name)| json!({"doctype": doctype, "name": name, "docstatus": 1})).collect();
    Ok(Reply::message(json!({ "count": docs.len(), "docs": docs })))
}
