//! Deleting a document with its rows.

use erpnext_schema::{DocTypeDef, doctype_flag};

use super::own;
use crate::doc::{int, text};
use crate::error::{Message, SiteError, exc};
use crate::perms::Right;
use crate::site::Site;
use crate::store::Sql;

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
        let name = crate::doc::display(&doc["name"]);
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
            let data = serde_json::Value::Object(doc.clone()).to_string();
            let kept = serde_json::json!({ "deleted_doctype": doctype, "deleted_name": name, "data": data });
            own::add(self, "Deleted Document", kept)?;
        }
        self.db.delete_where(def, "name = ?1", &[Sql::Text(name.clone())])?;
        for table in def.fields.iter().filter(|field| field.kind.is_table()) {
            if let Some(child) = table.target().and_then(|target| self.meta.get(target)) {
                let params = [name.clone(), doctype.to_owned()].map(Sql::Text);
                self.db.delete_where(child, "parent = ?1 AND parenttype = ?2", &params)?;
            }
        }
        if def.is(doctype_flag::CHILD) {
            self.touch(text(&doc, "parenttype"), text(&doc, "parent"))?;
        }
        self.journal("delete", doctype, &name)
    }
}
