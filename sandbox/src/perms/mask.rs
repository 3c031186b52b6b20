//! Masked fields of version 16 (H84): whoever has no right to see them reads a mask, and writes it over what is stored.

use erpnext_schema::{DocTypeDef, FieldDef, Shape};
use serde_json::{Value, json};

use crate::doc::{Doc, text};
use crate::site::Site;

const MASK: &str = "XXXXXXXX";

impl Site<'_> {
    /// The fields of a DocType that the user sees masked. No role of the sandbox has the right `mask`.
    pub fn masked(&self, doctype: &str) -> Vec<String> {
        if self.user.is_administrator() { Vec::new() } else { self.meta.masked(doctype) }
    }

    /// Puts masks over the values of a document.
    pub fn put_masks(&self, def: &DocTypeDef, doc: &mut Doc) {
        for name in self.masked(def.name) {
            let (Some(field), Some(value)) = (def.field(&name), doc.get(&name)) else { continue };
            if let Some(mask) = mask(field, value) {
                // A number is masked in a single read as 0, in a list by text.
                let number = matches!(field.kind.shape(), Shape::Int | Shape::Float | Shape::Bool);
                let mask = if number && !text(doc, "doctype").is_empty() { json!(0) } else { mask };
                doc.insert(name, mask);
            }
        }
    }
}

/// The mask of a value; none for one that is not set.
fn mask(field: &FieldDef, value: &Value) -> Option<Value> {
    if value.is_null() || value == "" {
        return None;
    }
    Some(json!(match (field.kind.shape(), value.as_str()) {
        (Shape::Date, _) => "XX-XX-XXXX".to_owned(),
        (Shape::Time, _) => "XX:XX".to_owned(),
        (_, Some(mail)) if mail.contains('@') => {
            format!("XXXXXX@{}", mail.split_once('@').map_or("", |(_, host)| host))
        }
        _ => MASK.to_owned(),
    }))
}
