//! Documents: read, insert, save, submit, cancel, delete, each under the site's rules. All as methods of [`Site`].

use erpnext_schema::{DocTypeDef, doctype_flag};
use serde_json::{Value, json};

use crate::doc::{Doc, text};
use crate::error::SiteError;
use crate::methods::versions;
use crate::perms::Right;
use crate::site::Site;
use crate::store::{Sql, columns};

impl Site<'_> {
    /// The document with its child rows as `frappe.client.get` gives it, nulls included, to be worked on: rights are
    /// not asked, hidden fields not taken out.
    ///
    /// # Errors
    /// 404 for a document, 500 for a DocType that does not exist.
    pub fn load(&self, doctype: &str, name: &str) -> Result<Doc, SiteError> {
        let def = self.controller(doctype)?;
        let Some(mut doc) = self.db.row(def, name)? else { return Err(SiteError::missing(doctype, name)) };
        doc.insert("doctype".to_owned(), json!(doctype));
        self.load_rows(def, &mut doc)?;
        Ok(doc)
    }

    fn load_rows(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        let parent = text(doc, "name").to_owned();
        for table in def.fields.iter().filter(|field| field.kind.is_table()) {
            let Some(child) = table.target().and_then(|target| self.meta.get(target)) else { continue };
            let params = [&parent, def.name, table.fieldname].map(|text: &str| Sql::Text(text.to_owned()));
            let condition = "parent = ?1 AND parenttype = ?2 AND parentfield = ?3 ORDER BY idx";
            let mut rows = self.db.rows_where(child, condition, &params)?;
            for row in &mut rows {
                row.insert("doctype".to_owned(), json!(child.name));
            }
            doc.insert(table.fieldname.to_owned(), rows.into_iter().map(Value::Object).collect());
        }
        Ok(())
    }

    /// The document as the user sees it, nulls included: read right checked, hidden fields taken out.
    ///
    /// # Errors
    /// As [`Site::load`]; 403.
    pub fn read(&self, doctype: &str, name: &str) -> Result<Doc, SiteError> {
        let doc = self.load(doctype, name)?;
        self.check(doctype, Some(&doc), Right::Read)?;
        Ok(doc)
    }

    /// Adds a document under all rules and gives it as `insert` of the site echoes it (H13).
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn insert(&self, mut doc: Doc) -> Result<Doc, SiteError> {
        let def = self.controller(text(&doc, "doctype"))?;
        self.check(def.name, None, Right::Create)?;
        if text(&doc, "name").is_empty() {
            let number = self.db.next_in_series(def.name)?;
            doc.insert("name".to_owned(), json!(format!("{}-{number:05}", def.name)));
        }
        let (now, user) = (self.now_text(), self.user.name.clone());
        for (key, value) in [("owner", &user), ("creation", &now), ("modified", &now), ("modified_by", &user)] {
            doc.insert(key.to_owned(), json!(value));
        }
        self.db.add_row(def, &doc)?;
        self.journal("insert", def.name, text(&doc, "name"))?;
        Ok(doc)
    }

    /// Saves a whole document as it was read and changed; rows that it does not list are deleted, columns that a row
    /// does not state are emptied (H1, H3). Its `docstatus` submits and cancels.
    ///
    /// # Errors
    /// The rule that is broken; 417 TimestampMismatchError where `modified` is not the stored one (H9).
    pub fn save(&self, mut doc: Doc) -> Result<Doc, SiteError> {
        let def = self.controller(text(&doc, "doctype"))?;
        self.check(def.name, Some(&doc), Right::Write)?;
        doc.insert("modified".to_owned(), json!(self.now_text()));
        let name = text(&doc, "name").to_owned();
        let stored = self.load(def.name, &name)?;
        self.db.set_row(def, &name, &doc)?;
        versions::keep(self, def, &stored, &doc)?;
        self.journal("update", def.name, &name)?;
        Ok(doc)
    }

    /// Changes some fields: what `PUT /api/resource/X/NAME` does.
    ///
    /// # Errors
    /// As [`Site::save`]; 404.
    pub fn update(&self, doctype: &str, name: &str, changes: &Doc) -> Result<Doc, SiteError> {
        let mut doc = self.load(doctype, name)?;
        for (key, value) in changes.iter().filter(|(key, _)| *key != "doctype") {
            doc.insert(key.clone(), value.clone());
        }
        self.save(doc)
    }

    /// Submits a whole document.
    ///
    /// # Errors
    /// As [`Site::save`].
    pub fn submit(&self, mut doc: Doc) -> Result<Doc, SiteError> {
        doc.insert("docstatus".to_owned(), json!(1));
        self.save(doc)
    }

    /// Cancels a submitted document.
    ///
    /// # Errors
    /// As [`Site::save`]; 417 LinkExistsError where submitted documents link to it.
    pub fn cancel(&self, doctype: &str, name: &str) -> Result<Doc, SiteError> {
        let mut doc = self.load(doctype, name)?;
        doc.insert("docstatus".to_owned(), json!(2));
        self.save(doc)
    }

    /// Deletes a document and its rows.
    ///
    /// # Errors
    /// 404; 403; 417 where it is submitted or something links to it.
    pub fn delete(&self, doctype: &str, name: &str) -> Result<(), SiteError> {
        let def = self.controller(doctype)?;
        let Some(name) = self.db.exists(def, name)? else { return Err(SiteError::missing(doctype, name)) };
        self.check(doctype, None, Right::Delete)?;
        self.db.delete_where(def, "name = ?1", &[Sql::Text(name.clone())])?;
        self.journal("delete", doctype, &name)
    }

    /// Sets columns of a stored document, without rules, rights or a new `modified`.
    ///
    /// # Errors
    /// The database's.
    pub fn set(&self, doctype: &str, name: &str, columns: &Doc) -> Result<(), SiteError> {
        let def = self.controller(doctype)?;
        self.db.set_row(def, name, columns)
    }
}

/// The document as `/api/resource` sends it: without nulls (H25), which is also what an insert answers.
pub fn without_nulls(mut doc: Doc) -> Doc {
    doc.retain(|_, value| !value.is_null());
    for value in doc.values_mut() {
        for row in value.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            row.retain(|_, value| !value.is_null());
        }
    }
    doc
}

/// Whether documents of this DocType are submitted and cancelled.
pub fn is_submittable(def: &DocTypeDef) -> bool {
    def.is(doctype_flag::SUBMITTABLE)
}

/// The names of a DocType's columns.
pub fn column_names(def: &DocTypeDef) -> Vec<&'static str> {
    columns(def).map(|field| field.fieldname).collect()
}
