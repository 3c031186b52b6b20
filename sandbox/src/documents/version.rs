//! Versions: what a save changed, kept for DocTypes that track changes.

use erpnext_schema::{DocTypeDef, doctype_flag};
use serde_json::{Value, json};

use super::change::same;
use super::naming::random;
use crate::doc::{Doc, display};
use crate::error::SiteError;
use crate::site::Site;

impl Site<'_> {
    /// Adds a Version where something was changed.
    pub(super) fn keep_version(&self, def: &'static DocTypeDef, before: &Doc, after: &Doc) -> Result<(), SiteError> {
        let Some(version) = self.meta.get("Version").filter(|_| def.is(doctype_flag::TRACK_CHANGES)) else {
            return Ok(());
        };
        let null = Value::Null;
        let mut changed = Vec::new();
        let values = def.fields.iter().filter(|field| field.kind.holds_value() && !field.kind.is_table());
        for field in values.chain(def.standard_fields().iter().filter(|field| field.fieldname == "docstatus")) {
            let (old, new) = (before.get(field.fieldname), after.get(field.fieldname));
            if !same(field, old, new) {
                changed.push(json!([field.fieldname, old.unwrap_or(&null), new.unwrap_or(&null)]));
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        let data = json!({
            "added": [], "changed": changed, "data_import": null, "removed": [], "row_changed": [],
            "updater_reference": null,
        });
        let mut row = Doc::new();
        let texts = [
            ("name", random()),
            ("ref_doctype", def.name.to_owned()),
            ("docname", display(after.get("name").unwrap_or(&null))),
            ("data", data.to_string()),
        ];
        row.extend(texts.map(|(key, value)| (key.to_owned(), json!(value))));
        self.stamp(&mut row);
        self.db.add_row(version, &row)
    }
}
