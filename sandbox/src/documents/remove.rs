//! Deleting a document with its rows.

use erpnext_schema::{DocTypeDef, doctype_flag};
use serde_json::Value;

use super::own;
use crate::doc::{Doc, display, int, text};
use crate::error::{Message, SiteError, exc};
use crate::perms::Right;
use crate::site::Site;
use crate::store::Sql;

/// What is deleted along with a document: of which DocType, and the fields that name the document.
const ALONG: &[(&str, [&str; 2])] = &[
    ("Comment", ["reference_doctype", "reference_name"]),
    ("DocShare", ["share_doctype", "share_name"]),
    ("Document Follow", ["ref_doctype", "ref_docname"]),
    ("File", ["attached_to_doctype", "attached_to_name"]),
    ("Notification Log", ["document_type", "document_name"]),
    ("Tag Link", ["document_type", "document_name"]),
    ("ToDo", ["reference_type", "reference_name"]),
    ("Version", ["ref_doctype", "docname"]),
    ("View Log", ["reference_doctype", "reference_name"]),
    ("Workflow Action", ["reference_doctype", "reference_name"]),
];

/// What stays without the document that it named.
const FREED: &[(&str, [&str; 2])] = &[
    ("Activity Log", ["reference_doctype", "reference_name"]),
    ("Communication", ["reference_doctype", "reference_name"]),
];

/// Whether documents can be put out of use instead of being deleted.
fn can_rest(def: &DocTypeDef) -> bool {
    def.field("disabled").is_some() || def.field("enabled").is_some()
}

impl Site<'_> {
    /// Deletes a document and its rows.
    ///
    /// # Errors
    /// 404 without a word; 403; 417 where it is submitted or something links to it.
    pub fn delete(&self, doctype: &str, name: &str) -> Result<(), SiteError> {
        let def = self.controller(doctype)?;
        if def.is(doctype_flag::SINGLE) || self.db.exists(def, name)?.is_none() {
            return Err(SiteError::new(exc::DOES_NOT_EXIST, ""));
        }
        let doc = self.load(doctype, name)?;
        let name = display(&doc["name"]);
        if !self.may(&doc, Right::Delete)? {
            let words = format!("User <strong>{}</strong> may not reach {doctype} - {name}", self.user.name);
            let text = format!("User not allowed to delete {doctype}: {name}");
            let mut error = SiteError::throw(exc::PERMISSION, text);
            error.messages.insert(0, Message::new(words));
            return Err(error);
        }
        if int(&doc, "docstatus") == 1 && def.is(doctype_flag::SUBMITTABLE) {
            let text =
                format!("{doctype} {name}: a submitted record cannot be deleted. <a href='#'>Cancel</a> it first.");
            return Err(SiteError::invalid(text));
        }
        if !def.is(doctype_flag::CHILD) {
            self.check_back_links(def, &name, false).map_err(|error| match can_rest(def) {
                true => error.and_then_thrown(format!("You can disable this {doctype} instead of deleting it.")),
                false => error,
            })?;
        }
        if !def.is(doctype_flag::CHILD) && doctype != "Deleted Document" {
            let data = Value::Object(doc.clone()).to_string();
            let kept = serde_json::json!({ "deleted_doctype": doctype, "deleted_name": name, "data": data });
            own::add(self, "Deleted Document", kept)?;
        }
        self.erase(def, &name)?;
        for (doctype, row) in self.naming(ALONG, def, &name)? {
            self.erase(doctype, &row)?;
        }
        for (doctype, fields) in FREED {
            let freed = Doc::from_iter(fields.map(|field| (field.to_owned(), Value::Null)));
            for (of, row) in self.naming(&[(doctype, *fields)], def, &name)? {
                self.db.set_row(of, &row, &freed)?;
            }
        }
        if def.is(doctype_flag::CHILD) {
            self.touch(text(&doc, "parenttype"), text(&doc, "parent"))?;
        }
        self.unlearn(def, &doc)?;
        self.journal("delete", doctype, &name)
    }

    /// The documents of these DocTypes whose two fields name this one.
    fn naming(
        &self,
        from: &[(&str, [&str; 2])],
        def: &DocTypeDef,
        name: &str,
    ) -> Result<Vec<(&'static DocTypeDef, String)>, SiteError> {
        let mut found = Vec::new();
        for (doctype, [by_doctype, by_name]) in from {
            let Some(of) = self.meta.get(doctype) else { continue };
            if !self.db.has_table(doctype)? {
                continue;
            }
            let params = [def.name, name].map(|text| Sql::Text(text.to_owned()));
            let rows = self.db.rows_where(of, &format!("{by_doctype} = ?1 AND {by_name} = ?2"), &params)?;
            found.extend(rows.iter().map(|row| (of, display(&row["name"]))));
        }
        Ok(found)
    }

    /// Takes a document and its rows out of their tables.
    fn erase(&self, def: &'static DocTypeDef, name: &str) -> Result<(), SiteError> {
        self.db.delete_where(def, "name = ?1", &[Sql::Text(name.to_owned())])?;
        for table in def.tables() {
            if let Some(child) = table.target().and_then(|target| self.meta.get(target)) {
                let params = [name, def.name].map(|text| Sql::Text(text.to_owned()));
                self.db.delete_where(child, "parent = ?1 AND parenttype = ?2", &params)?;
            }
        }
        Ok(())
    }
}
