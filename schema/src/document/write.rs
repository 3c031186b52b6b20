//! From a struct to the JSON that the site takes: one value after the other in the table's order.

use serde_json::Value;

use super::Extra;
use crate::Versioned;
use crate::versioned::Members;

/// Takes the values of a struct's fields.
pub struct Writer {
    doc: Extra,
    fields: Members,
}

impl Writer {
    /// Stands before the first field.
    pub fn new(def: &'static Versioned) -> Self {
        Self { doc: Extra::new(), fields: def.members() }
    }

    /// Adds what the struct has no fields for; a field of the struct that is set goes before.
    #[inline(never)]
    pub fn finish(mut self, extra: &Extra) -> Extra {
        for (key, value) in extra {
            self.doc.entry(key).or_insert_with(|| value.clone());
        }
        self.doc
    }

    /// The next field's value, if it has one.
    pub(super) fn put(&mut self, value: Option<Value>) {
        if let (Some(field), Some(value)) = (self.fields.next(), value) {
            self.doc.insert(field.fieldname.to_owned(), value);
        }
    }

    /// The next field's rows. None are not sent: the site would empty the table (H3).
    #[inline(never)]
    pub(super) fn put_rows(&mut self, rows: Vec<Value>) {
        self.put((!rows.is_empty()).then_some(Value::Array(rows)));
    }
}
