//! Who wrote a document and when, and what a stored Custom Field changes about a DocType.

use erpnext_schema::{DocTypeDef, doctype_flag};
use serde_json::{Value, json};

use crate::doc::{Doc, text};
use crate::error::SiteError;
use crate::site::Site;

impl Site<'_> {
    /// Sets `modified` and `modified_by`, and for a new document `owner`, `creation`, `docstatus` and `idx`; a Single was
    /// never created.
    pub(super) fn stamp(&self, def: &DocTypeDef, doc: &mut Doc) {
        let (now, user) = (json!(self.now_text()), json!(self.user.name));
        for (key, value) in [("modified", &now), ("modified_by", &user)] {
            doc.insert(key.to_owned(), value.clone());
        }
        for (key, value) in [("owner", user), ("creation", now), ("docstatus", json!(0)), ("idx", json!(0))] {
            if doc.get(key).is_none_or(Value::is_null) && !(key == "creation" && def.is(doctype_flag::SINGLE)) {
                doc.insert(key.to_owned(), value);
            }
        }
    }

    /// Gives a row the stamps and the `docstatus` of its document.
    pub(super) fn stamp_row(&self, row: &mut Doc, doc: &Doc) {
        for key in ["modified", "modified_by", "docstatus"] {
            row.insert(key.to_owned(), doc.get(key).cloned().unwrap_or_default());
        }
        for key in ["owner", "creation"] {
            if row.get(key).is_none_or(Value::is_null) {
                row.insert(key.to_owned(), doc.get(key).cloned().unwrap_or_default());
            }
        }
    }

    /// Takes note of a document that changes the metadata: a Custom Field adds its field to the form.
    pub(super) fn learn(&self, def: &DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        if def.name == "Custom Field" {
            self.meta.add_field(doc);
            self.renew(doc)?;
        }
        Ok(())
    }

    /// Takes note that a document is gone which changed the metadata.
    pub(super) fn unlearn(&self, def: &DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        if def.name == "Custom Field" {
            self.meta.remove_field(text(doc, "dt"), text(doc, "fieldname"));
            self.renew(doc)?;
        }
        Ok(())
    }

    /// Has the table follow the DocType that a Custom Field is of.
    fn renew(&self, field: &Doc) -> Result<(), SiteError> {
        if let Some(changed) = self.meta.get(text(field, "dt")) {
            self.db.renew(changed)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use crate::{Sandbox, Version};

    #[tokio::test]
    async fn a_custom_field_is_there_until_it_is_deleted() {
        for &version in Version::ALL {
            let sandbox = Sandbox::sample(version).await;
            sandbox
                .with(|site| {
                    let field = json!({"doctype": "Custom Field", "dt": "Lead", "fieldname": "custom_tier",
                        "label": "Tier", "fieldtype": "Data"});
                    let made = site.insert(field.as_object().unwrap().clone())?;
                    let is_there = || site.meta.get("Lead").unwrap().field("custom_tier").is_some();
                    assert!(is_there());
                    site.delete("Custom Field", made["name"].as_str().unwrap())?;
                    assert!(!is_there());
                    let lead = json!({"doctype": "Lead", "first_name": "Ada", "custom_tier": "A"});
                    let made = site.insert(lead.as_object().unwrap().clone())?;
                    let stored = site.load("Lead", made["name"].as_str().unwrap())?;
                    assert!(!stored.contains_key("custom_tier"), "{stored:?}");
                    Ok(())
                })
                .unwrap();
        }
    }
}
