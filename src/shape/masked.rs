//! Fields that version 16 masks for users without the right to see them (H84): it shows `XXXXXXXX` or 0 in the place of the
//! value, finds the true value by a filter, and stores the masks over the values when such a user saves the document.

use std::collections::BTreeMap;

use erpnext_schema::DocTypeDef;
use serde_json::{Map, Value};

/// The masked fields of a DocType and of the rows of its tables.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Masked(pub BTreeMap<String, Vec<String>>);

impl Masked {
    /// Whether the site shows a mask in the place of the field.
    pub fn hides(&self, doctype: &str, field: &str) -> bool {
        self.of(doctype).iter().any(|masked| masked == field)
    }

    /// The masked fields of one DocType.
    pub fn of(&self, doctype: &str) -> &[String] {
        self.0.get(doctype).map(Vec::as_slice).unwrap_or_default()
    }

    /// Takes the masks out of a document and its rows.
    pub fn take_out(&self, def: &DocTypeDef, doc: &mut Map<String, Value>) {
        doc.retain(|key, _| !self.hides(def.name, key));
        for (key, value) in doc {
            let Some(child) = def.field(key).filter(|field| field.kind.is_table()).and_then(|table| table.target())
            else {
                continue;
            };
            for row in value.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                row.retain(|key, _| !self.hides(child, key));
            }
        }
    }
}
