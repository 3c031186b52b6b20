//! Fields that version 16 masks for users without the right to see them (H84): it shows `XXXXXXXX` or 0 in the place of the
//! value, finds the true value by a filter, and stores the masks over the values when such a user saves the document.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use erpnext_schema::{DocTypeDef, FieldDef, rows_mut};
use serde_json::{Map, Value};

use crate::policy::may_be_mask;

/// How long what is masked is believed for reads; somebody may mask a field at any time.
pub const FOR_READS: Duration = Duration::from_secs(600);
/// The same for writes, which would lose data.
pub const FOR_WRITES: Duration = Duration::from_secs(60);

/// The masked fields of a DocType and of the rows of its tables.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Masked(pub BTreeMap<String, Vec<String>>);

impl Masked {
    /// What metadata says of a DocType and its child tables, as one user gets it.
    pub fn in_bundle(bundle: &[Value]) -> Self {
        let masked = |doc: &Value| {
            let fields = doc.get("masked_fields")?.as_array()?.iter().filter_map(Value::as_str);
            let fields: Vec<String> = fields.map(str::to_owned).collect();
            (!fields.is_empty()).then_some((doc.get("name")?.as_str()?.to_owned(), fields))
        };
        Self(bundle.iter().filter_map(masked).collect())
    }

    /// Whether nothing is masked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the site shows a mask in the place of the field.
    pub fn hides(&self, doctype: &str, field: &str) -> bool {
        self.of(doctype).iter().any(|masked| masked == field)
    }

    /// The masked fields of one DocType.
    pub fn of(&self, doctype: &str) -> &[String] {
        self.0.get(doctype).map(Vec::as_slice).unwrap_or_default()
    }

    /// Takes the masked fields out of a document that was read, and out of its rows.
    pub fn take_out(&self, def: &DocTypeDef, doc: &mut Map<String, Value>) {
        self.take_out_if(def, doc, |_| true);
    }

    /// Takes the masks out of a document that may be one that is to be made: what its caller sets is no mask.
    pub fn take_out_masks(&self, def: &DocTypeDef, doc: &mut Map<String, Value>) {
        self.take_out_if(def, doc, |value| value.as_f64() == Some(0.0) || value.as_str().is_some_and(may_be_mask));
    }

    fn take_out_if(&self, def: &DocTypeDef, doc: &mut Map<String, Value>, is_taken: fn(&Value) -> bool) {
        if self.is_empty() {
            return;
        }
        doc.retain(|key, value| !(self.hides(def.name, key) && is_taken(value)));
        for (key, value) in doc {
            let Some(child) = def.table(key).and_then(FieldDef::rows_of) else { continue };
            rows_mut(value).for_each(|row| row.retain(|key, value| !(self.hides(child, key) && is_taken(value))));
        }
    }
}

/// `po_no of Sales Order, rate of Sales Order Item`.
impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |(doctype, fields): (&String, &Vec<String>)| {
            fields.iter().map(|field| format!("{field} of {doctype}")).collect::<Vec<_>>()
        };
        f.write_str(&self.0.iter().flat_map(of).collect::<Vec<_>>().join(", "))
    }
}
