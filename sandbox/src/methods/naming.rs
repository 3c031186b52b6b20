//! A new name for a document, and for everything that points to it.

use erpnext_schema::{Options, doctype_flag, flag};
use serde_json::json;

use crate::doc::Doc;
use crate::error::{Message, SiteError};
use crate::meta::Reference;
use crate::perms::Right;
use crate::site::Site;
use crate::store::{Sql, quote, table_name};

/// Renames a document and answers with its new name; with `merge` it becomes one with the document that has it.
///
/// # Errors
/// 417 where the DocType does not allow it or the name is taken; 404, 403.
pub fn rename(site: &Site<'_>, doctype: &str, old: &str, new: &str, merge: bool) -> Result<String, SiteError> {
    let def = site.controller(doctype)?;
    let doc = site.load(doctype, old)?;
    let old = crate::doc::text(&doc, "name").to_owned();
    site.check(doctype, Some(&doc), Right::Write)?;
    if !def.is(doctype_flag::ALLOW_RENAME) {
        return Err(SiteError::invalid(format!("{doctype} not allowed to be renamed")));
    }
    if new.is_empty() || new == old {
        return Err(SiteError::invalid("No changes made because old and new name are the same."));
    }
    let taken = site.db.exists(def, new)?.filter(|taken| *taken != old);
    match (&taken, merge) {
        (Some(taken), false) => {
            return Err(SiteError::invalid(format!("Another {doctype} with name {taken} exists, select another name")));
        }
        (None, true) => {
            return Err(SiteError::invalid(format!("{doctype} {new} does not exist, select a new target to merge")));
        }
        _ => {}
    }
    let text = |text: &str| Sql::Text(text.to_owned());
    if taken.is_some() {
        site.db.delete_where(def, "name = ?1", &[text(&old)])?;
    } else {
        let sql =
            format!("UPDATE {} SET name = ?1, modified = ?2, modified_by = ?3 WHERE name = ?4", table_name(doctype));
        site.db.execute(&sql, &[text(new), text(&site.now_text()), text(&site.user.name), text(&old)])?;
    }
    for table in def.tables() {
        let Some(child) = table.target().and_then(|target| site.meta.get(target)) else { continue };
        site.db.prepare(child)?;
        let sql = format!("UPDATE {} SET parent = ?1 WHERE parent = ?2 AND parenttype = ?3", table_name(child.name));
        site.db.execute(&sql, &[text(new), text(&old), text(doctype)])?;
    }
    repoint(site, doctype, &old, new)?;
    if let Some(field) = def.autoname.and_then(|rule| rule.strip_prefix("field:")) {
        site.set(doctype, new, &Doc::from_iter([(field.to_owned(), json!(new))]))?;
    }
    site.journal("rename", doctype, new)?;
    let said = format!("Document renamed from <strong>{old}</strong> to <strong>{new}</strong>");
    site.say(Message { indicator: Some("green"), alert: true, ..Message::new(said) });
    Ok(new.to_owned())
}

/// Makes every field that pointed to the old name point to the new one.
fn repoint(site: &Site<'_>, doctype: &str, old: &str, new: &str) -> Result<(), SiteError> {
    let tables = site.db.query("SELECT name FROM sqlite_master WHERE type = 'table'", &[])?;
    let tables: Vec<Sql> = tables.into_iter().flatten().collect();
    for Reference { def, field } in site.meta.references(doctype).iter().chain(site.meta.references("")) {
        let by = match field.options {
            Options::TargetField(by) if def.field(by).is_none() => continue,
            Options::TargetField(by) => format!(" AND {} = ?3", quote(by)),
            _ => String::new(),
        };
        if !tables.contains(&Sql::Text(format!("tab{}", def.name))) || field.is(flag::VIRTUAL) {
            continue;
        }
        site.db.prepare(def)?;
        let column = quote(field.fieldname);
        let sql = format!("UPDATE {} SET {column} = ?1 WHERE {column} = ?2 AND ?3 = ?3{by}", table_name(def.name));
        site.db.execute(&sql, &[new, old, doctype].map(|text| Sql::Text(text.to_owned())))?;
    }
    Ok(())
}
