//! Child rows: how they are sent, what they are called, how they are written (H1, H2, H3).

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, doctype_flag, flag};
use serde_json::{Value, json};

use super::naming::random;
use crate::doc::{Doc, display, is_empty, text};
use crate::error::{Message, SiteError, exc};
use crate::perms::Right;
use crate::site::Site;
use crate::store::{Sql, columns, quote, table_name, to_sql};

/// Marks a row that this request adds.
const NEW: &str = "__new";

/// Whether a row is to be added: it has no name, or says so. That it says `__unsaved` of itself adds nothing.
pub fn is_new(row: &Doc) -> bool {
    row.contains_key(NEW) || is_empty(row.get("name")) || row.get("__islocal").is_some_and(|v| v == 1 || v == true)
}

fn tables(def: &'static DocTypeDef) -> impl Iterator<Item = &'static FieldDef> {
    let child = def.is(doctype_flag::CHILD);
    def.fields.iter().filter(move |field| field.kind.is_table() && !child && !field.is(flag::VIRTUAL))
}

impl Site<'_> {
    /// Reads the tables of a document that was sent: null empties one (H3), `idx` is taken as it is.
    ///
    /// # Errors
    /// 500 for anything but a list of objects.
    pub(super) fn take_rows(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        let parent = doc.get("name").cloned().unwrap_or_default();
        let refused = || SiteError::new(exc::TYPE, "'str' object does not support item assignment");
        for table in tables(def) {
            let Some(value) = doc.get_mut(table.fieldname) else { continue };
            if value.is_null() || value == "" {
                *value = json!([]);
            }
            let rows = value.as_array_mut().ok_or_else(refused)?;
            for (at, row) in rows.iter_mut().enumerate() {
                let row = row.as_object_mut().ok_or_else(refused)?;
                row.remove(NEW);
                let new = is_new(row);
                row.remove("__islocal");
                if new {
                    // H14.
                    row.insert("__unsaved".to_owned(), json!(1));
                    row.insert(NEW.to_owned(), json!(1));
                }
                if row.get("idx").is_none_or(|idx| idx.is_null() || idx == 0) {
                    row.insert("idx".to_owned(), json!(at + 1));
                }
                row.insert("parent".to_owned(), parent.clone());
                row.insert("parentfield".to_owned(), json!(table.fieldname));
                row.insert("parenttype".to_owned(), json!(def.name));
            }
        }
        Ok(())
    }

    /// Stamps the rows of a document, and fills in those that are new.
    pub(super) fn stamp_rows(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        self.each_row(def, doc, |child, row, doc| {
            if is_new(row) {
                self.fill_defaults(child, row);
            }
            self.stamp_row(row, doc);
            Ok(())
        })
    }

    /// Does something to every row, with its DocType and its document.
    pub(super) fn each_row(
        &self,
        def: &'static DocTypeDef,
        doc: &mut Doc,
        mut work: impl FnMut(&'static DocTypeDef, &mut Doc, &Doc) -> Result<(), SiteError>,
    ) -> Result<(), SiteError> {
        for table in tables(def) {
            let Some(child) = table.target().and_then(|target| self.meta.get(target)) else { continue };
            let Some(Value::Array(mut rows)) = doc.get_mut(table.fieldname).map(Value::take) else { continue };
            let result = rows.iter_mut().filter_map(Value::as_object_mut).try_for_each(|row| work(child, row, doc));
            doc.insert(table.fieldname.to_owned(), Value::Array(rows));
            result?;
        }
        Ok(())
    }

    /// Adds a row that the site's code makes: it has no defaults, and is not told to be unsaved.
    pub(super) fn append_row(&self, def: &'static DocTypeDef, doc: &mut Doc, table: &str, row: Value) {
        let Value::Object(mut row) = row else { return };
        let name = doc.get("name").cloned().unwrap_or_default();
        let at = crate::doc::rows(doc, table).count() + 1;
        for (key, value) in [
            ("name", json!(random())),
            ("owner", json!(self.user.name)),
            ("creation", json!(self.now_text())),
            ("idx", json!(at)),
            ("parent", name),
            ("parentfield", json!(table)),
            ("parenttype", json!(def.name)),
            (NEW, json!(1)),
        ] {
            row.insert(key.to_owned(), value);
        }
        self.stamp_row(&mut row, doc);
        match doc.get_mut(table).and_then(Value::as_array_mut) {
            Some(rows) => rows.push(Value::Object(row)),
            None => drop(doc.insert(table.to_owned(), json!([row]))),
        }
    }

    /// Gives the rows the name of their document, and new ones a name of their own.
    pub(super) fn name_rows(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        self.each_row(def, doc, |_, row, doc| {
            row.insert("parent".to_owned(), json!(display(doc.get("name").unwrap_or(&Value::Null))));
            if is_empty(row.get("name")) {
                row.insert("name".to_owned(), json!(random()));
            }
            Ok(())
        })
    }

    /// Writes a stored document: every column, then its rows. A row that is stored under no such name changes
    /// nothing (H2), and rows that are not there any more are deleted.
    pub(super) fn write(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        let name = display(doc.get("name").unwrap_or(&Value::Null));
        if def.is(doctype_flag::SINGLE) {
            self.write_single(def, doc)?;
        } else {
            self.db.set_row(def, &name, &whole(def, doc))?;
        }
        self.each_row(def, doc, |child, row, _| match is_new(row) {
            true => self.db.add_row(child, row),
            false => self.db.set_row(child, text(row, "name"), &whole(child, row)),
        })?;
        for table in tables(def) {
            let Some(child) = table.target().and_then(|target| self.meta.get(target)) else { continue };
            let kept: Vec<Sql> =
                crate::doc::rows(doc, table.fieldname).map(|row| Sql::Text(text(row, "name").to_owned())).collect();
            let marks = vec!["?"; kept.len()].join(", ");
            let condition = format!("parent = ? AND parenttype = ? AND parentfield = ? AND name NOT IN ({marks})");
            let mut params: Vec<Sql> =
                [name.as_str(), def.name, table.fieldname].map(|text| Sql::Text(text.to_owned())).to_vec();
            params.extend(kept);
            self.db.delete_where(child, &condition, &params)?;
        }
        Ok(())
    }

    fn write_single(&self, def: &'static DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        for field in columns(def).filter(|field| !matches!(field.fieldname, "name" | "owner" | "creation")) {
            let value = doc.get(field.fieldname).unwrap_or(&Value::Null);
            let value = match to_sql(field, value)? {
                Sql::Real(_) if field.kind == FieldKind::Duration => Sql::Text(display(value)),
                Sql::Integer(number) => Sql::Text(number.to_string()),
                Sql::Real(number) => Sql::Text(json!(number).to_string()),
                other => other,
            };
            self.db.set_single(def.name, field.fieldname, value)?;
        }
        Ok(())
    }

    /// Saves a row by itself, and its document's `modified` with it.
    pub(super) fn save_row(&self, def: &'static DocTypeDef, mut row: Doc) -> Result<Doc, SiteError> {
        self.check(def.name, Some(&row), Right::Write)?;
        self.check_values(def, &mut row)?;
        self.stamp(def, &mut row);
        self.db.set_row(def, text(&row, "name"), &row)?;
        self.touch(text(&row, "parenttype"), text(&row, "parent"))?;
        Ok(self.render(def, &row))
    }

    /// Gives a document a new `modified`, as a save without a change does.
    pub(super) fn touch(&self, doctype: &str, name: &str) -> Result<(), SiteError> {
        let Some(def) = self.meta.get(doctype) else { return Ok(()) };
        let mut doc = Doc::new();
        doc.insert("modified".to_owned(), json!(self.now_text()));
        doc.insert("modified_by".to_owned(), json!(self.user.name));
        self.db.set_row(def, name, &doc)?;
        self.journal("update", doctype, name)
    }

    /// Whether the name and the unique values of a new document are free.
    pub(super) fn check_free(&self, def: &'static DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        let name = display(doc.get("name").unwrap_or(&Value::Null));
        if self.db.exists(def, &name)?.is_some() {
            let text = format!("('{}', '{name}', IntegrityError(1062, \"Duplicate entry '{name}'\"))", def.name);
            let words = format!("{} <strong>{name}</strong> already exists", def.name);
            let message = Message { title: "Duplicate Name", indicator: Some("red"), ..Message::new(words) };
            return Err(SiteError::new(exc::DUPLICATE, text).with(message));
        }
        self.check_unique(def, doc)
    }

    /// Whether no other document has the unique values of this one.
    pub(super) fn check_unique(&self, def: &'static DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        if def.is(doctype_flag::SINGLE) {
            return Ok(());
        }
        let name = display(doc.get("name").unwrap_or(&Value::Null));
        for field in columns(def).filter(|field| field.is(flag::UNIQUE)) {
            let Some(value) = doc.get(field.fieldname).filter(|value| !is_empty(Some(value))) else { continue };
            let sql = format!(
                "SELECT name FROM {} WHERE {} = ?1 AND name != ?2",
                table_name(def.name),
                quote(field.fieldname)
            );
            self.db.prepare(def)?;
            if self.db.scalar(&sql, &[to_sql(field, value)?, Sql::Text(name.clone())])?.is_some() {
                let value = display(value);
                let key = field.fieldname;
                let text = format!(
                    "('{}', '{name}', IntegrityError(1062, \"Duplicate entry '{value}' for key '{key}'\"))",
                    def.name
                );
                let message = Message::new(format!("{} must be unique", field.label));
                return Err(SiteError::new(exc::UNIQUE, text).with(message));
            }
        }
        Ok(())
    }
}

/// The document with a null for every column that it does not state (H1).
fn whole(def: &'static DocTypeDef, doc: &Doc) -> Doc {
    let fields = columns(def).filter(|field| field.fieldname != "name");
    fields.map(|field| (field.fieldname.to_owned(), doc.get(field.fieldname).cloned().unwrap_or_default())).collect()
}
