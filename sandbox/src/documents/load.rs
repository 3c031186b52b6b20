//! Reading: a document with its rows, and what of it a user may see.

use erpnext_schema::{DocTypeDef, FieldKind, Shape, doctype_flag};
use serde_json::{Value, json};

use crate::doc::{Doc, cint, flt, text};
use crate::error::SiteError;
use crate::perms::Right;
use crate::site::Site;
use crate::store::Sql;

/// A Duration of a Single stays the text that it is stored as.
fn is_duration(def: &DocTypeDef, field: &str) -> bool {
    def.field(field).is_some_and(|field| field.kind == FieldKind::Duration)
}

impl Site<'_> {
    /// The document with its child rows, nulls included, to be worked on: rights are not asked, hidden fields not
    /// taken out.
    ///
    /// # Errors
    /// 404 for a document, 500 for a DocType that does not exist.
    pub fn load(&self, doctype: &str, name: &str) -> Result<Doc, SiteError> {
        let def = self.controller(doctype)?;
        if def.is(doctype_flag::SINGLE) {
            return self.load_single(def);
        }
        let row = if def.is(doctype_flag::VIRTUAL) { None } else { self.db.row(def, name)? };
        let Some(mut doc) = row else { return Err(SiteError::missing(doctype, name)) };
        doc.insert("doctype".to_owned(), json!(def.name));
        self.load_rows(def, &mut doc)?;
        Ok(self.render(def, &doc))
    }

    fn load_rows(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        if def.is(doctype_flag::CHILD) {
            return Ok(());
        }
        let parent = text(doc, "name").to_owned();
        for table in def.tables() {
            let Some(child) = table.target().and_then(|target| self.meta.get(target)) else { continue };
            let params = [&parent, def.name, table.fieldname].map(|text: &str| Sql::Text(text.to_owned()));
            let condition = "parent = ?1 AND parenttype = ?2 AND parentfield = ?3 ORDER BY idx";
            let rows = self.db.rows_where(child, condition, &params)?;
            doc.insert(table.fieldname.to_owned(), rows.into_iter().map(Value::Object).collect());
        }
        Ok(())
    }

    fn load_single(&self, def: &'static DocTypeDef) -> Result<Doc, SiteError> {
        let mut doc = Doc::new();
        for (key, value) in [("name", def.name), ("owner", "Administrator")] {
            doc.insert(key.to_owned(), json!(value));
        }
        doc.insert("docstatus".to_owned(), json!(0));
        doc.insert("idx".to_owned(), json!(0));
        for (key, value) in self.db.single(def.name)? {
            let text = json!(value);
            let value = match def.field(&key).map(|field| field.kind.shape()) {
                Some(Shape::Bool | Shape::Int) if key != "idx" => json!(cint(&text)),
                Some(Shape::Float) if !is_duration(def, &key) => json!(flt(&text)),
                _ => text,
            };
            doc.insert(key, value);
        }
        self.load_rows(def, &mut doc)?;
        Ok(self.render(def, &doc))
    }

    /// The document as the user sees it, nulls included: read right checked, hidden fields taken out.
    ///
    /// # Errors
    /// As [`Site::load`]; 403.
    pub fn read(&self, doctype: &str, name: &str) -> Result<Doc, SiteError> {
        let def = self.controller(doctype)?;
        let doc = match self.load(doctype, name) {
            // Whoever may not read the DocType does not learn which documents there are.
            Err(error) if error.exc.status == 404 => {
                let child = def.is(doctype_flag::CHILD);
                return Err(if child { error } else { self.check(doctype, None, Right::Read).err().unwrap_or(error) });
            }
            loaded => loaded?,
        };
        self.check(doctype, Some(&doc), Right::Read)?;
        Ok(self.hide(def, doc))
    }

    /// The document without the fields whose level the user may not read. Numbers become 0, not absent (H4).
    pub fn hide(&self, def: &'static DocTypeDef, mut doc: Doc) -> Doc {
        if self.user.is_administrator() {
            return doc;
        }
        self.put_masks(def, &mut doc);
        let level = |level| self.level_allows(def.name, level, Right::Read);
        for field in def.fields.iter().filter(|field| field.permlevel > 0 && !level(field.permlevel)) {
            let hidden = match field.kind.shape() {
                Shape::Float => json!(0.0),
                Shape::Bool | Shape::Int => json!(0),
                Shape::Rows => json!([]),
                _ => Value::Null,
            };
            doc.insert(field.fieldname.to_owned(), hidden);
        }
        for table in def.tables() {
            let Some(child) = table.target().and_then(|target| self.meta.get(target)) else { continue };
            let rows = doc.get_mut(table.fieldname).and_then(Value::as_array_mut);
            for row in rows.into_iter().flatten().filter_map(Value::as_object_mut) {
                for field in child.fields.iter().filter(|field| field.permlevel > 0 && !level(field.permlevel)) {
                    row.insert(field.fieldname.to_owned(), Value::Null);
                }
            }
        }
        doc
    }
}
