//! Versions: what a save changed, kept for DocTypes that track changes.

use erpnext_schema::{DocTypeDef, Shape, doctype_flag};
use serde_json::{Value, json};

use super::change::same;
use super::naming::random;
use crate::doc::{Doc, display, rows, text};
use crate::error::SiteError;
use crate::meta::Meta;
use crate::site::Site;

impl Site<'_> {
    /// Adds a Version where something was changed.
    pub(super) fn keep_version(&self, def: &'static DocTypeDef, before: &Doc, after: &Doc) -> Result<(), SiteError> {
        let Some(version) = self.meta.get("Version").filter(|_| def.is(doctype_flag::TRACK_CHANGES)) else {
            return Ok(());
        };
        let Some(data) = data(self.meta, def, before, after) else { return Ok(()) };
        let mut row = Doc::new();
        let texts = [
            ("name", random()),
            ("ref_doctype", def.name.to_owned()),
            ("docname", display(after.get("name").unwrap_or(&Value::Null))),
            ("data", data),
        ];
        row.extend(texts.map(|(key, value)| (key.to_owned(), json!(value))));
        self.stamp(version, &mut row);
        self.db.add_row(version, &row)
    }
}

/// The `data` of the Version, a JSON text whose keys stand in alphabetical order; `None` where nothing changed.
fn data(meta: &Meta, def: &DocTypeDef, old: &Doc, new: &Doc) -> Option<String> {
    let mut changed = differences(def, old, new);
    if old.get("docstatus") != new.get("docstatus") {
        changed.push(json!(["docstatus", old.get("docstatus"), new.get("docstatus")]));
    }
    let (mut added, mut removed, mut row_changed) = (Vec::new(), Vec::new(), Vec::new());
    for table in def.tables() {
        let child = table.target().and_then(|target| meta.get(target));
        let named =
            |doc: &'_ Doc, name: &str| rows(doc, table.fieldname).find(|row| text(row, "name") == name).cloned();
        for row in rows(new, table.fieldname) {
            match (named(old, text(row, "name")), child) {
                (None, _) => added.push(json!([table.fieldname, row])),
                (Some(before), Some(child)) => {
                    let fields = differences(child, &before, row);
                    if !fields.is_empty() {
                        let at = row.get("idx").cloned().unwrap_or(json!(0)).as_i64().unwrap_or(0) - 1;
                        row_changed.push(json!([table.fieldname, at, row.get("name"), fields]));
                    }
                }
                (Some(_), None) => {}
            }
        }
        let gone = rows(old, table.fieldname).filter(|row| named(new, text(row, "name")).is_none());
        removed.extend(gone.map(|row| json!([table.fieldname, row])));
    }
    if changed.is_empty() && added.is_empty() && removed.is_empty() && row_changed.is_empty() {
        return None;
    }
    let data = json!({
        "added": added, "changed": changed, "data_import": null, "removed": removed, "row_changed": row_changed,
        "updater_reference": null,
    });
    Some(data.to_string())
}

/// `[field, before, after]` for every field of the form whose value changed.
fn differences(def: &DocTypeDef, old: &Doc, new: &Doc) -> Vec<Value> {
    let plain =
        def.fields.iter().filter(|field| !matches!(field.kind.shape(), Shape::Layout | Shape::Rows | Shape::Secret));
    plain
        .filter_map(|field| {
            let (before, after) = (old.get(field.fieldname), new.get(field.fieldname));
            let differ = !same(field, before, after);
            differ.then(|| json!([field.fieldname, before, after]))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use erpnext_schema::Version;
    use serde_json::{Value, json};

    use super::data;
    use crate::doc::Doc;
    use crate::meta::Meta;

    fn doc(value: Value) -> Doc {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_submission_is_told_as_the_site_recorded_it() {
        let def = erpnext_doctypes::get(Version::V15, "Sales Order").unwrap();
        let draft = doc(
            json!({"status": "Draft", "docstatus": 0, "po_no": null, "total": 1, "items": [{"name": "a", "qty": 1.0}]}),
        );
        let submitted = doc(json!({
            "status": "To Deliver and Bill", "docstatus": 1, "po_no": "", "total": 1.0, "items": [{"name": "a", "qty": 1.0}]
        }));
        let recorded = r#"{"added":[],"changed":[["status","Draft","To Deliver and Bill"],["docstatus",0,1]],"data_import":null,"removed":[],"row_changed":[],"updater_reference":null}"#;
        assert_eq!(data(&Meta::new(Version::V15), def, &draft, &submitted).unwrap(), recorded);
        assert_eq!(data(&Meta::new(Version::V15), def, &draft, &draft), None);
    }

    #[test]
    fn rows_that_came_went_and_changed_are_told_apart() {
        let def = erpnext_doctypes::get(Version::V15, "Sales Order").unwrap();
        let old = doc(json!({"items": [{"name": "a", "idx": 1, "qty": 1.0}, {"name": "b", "idx": 2, "qty": 1.0}]}));
        let new = doc(json!({"items": [{"name": "a", "idx": 1, "qty": 3.0}, {"name": "c", "idx": 2, "qty": 1.0}]}));
        let told: Value = serde_json::from_str(&data(&Meta::new(Version::V15), def, &old, &new).unwrap()).unwrap();
        assert_eq!(told["row_changed"], json!([["items", 0, "a", [["qty", 1.0, 3.0]]]]));
        assert_eq!(told["added"][0][1]["name"], "c");
        assert_eq!(told["removed"][0][1]["name"], "b");
    }
}
