//! What a call has read that its caller may not see: the site's messages may quote it.

use erpnext_schema::DocTypeDef;
use serde_json::{Map, Value};

use super::call_state;
use crate::policy::{FieldRef, Permit};

/// Remembers what of a document the caller may not see, by the tables as far as they are known; all of it where the
/// document itself is not `in_sight`.
pub fn note_withheld(
    permit: &Permit,
    known: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
    doc: &Map<String, Value>,
    in_sight: bool,
) {
    let rule = permit.fields();
    let def = known(permit.doctype());
    // Who knows the document knows its name, and much is called like it.
    let name = doc.get("name");
    for (key, value) in doc.iter().filter(|(key, value)| Some(*value) != name && !is_of_every_document(key)) {
        let field = FieldRef::find(def, key);
        let Value::Array(rows) = value else {
            if !in_sight || !rule.may_read(field) {
                call_state::withhold(value);
            }
            continue;
        };
        let child = def.and_then(|def| def.field(key)).and_then(|table| table.target()).and_then(known);
        for (column, value) in rows.iter().filter_map(Value::as_object).flatten() {
            let may_be_seen = || in_sight && rule.may_read_child(field, FieldRef::find(child, column));
            if !is_of_every_document(column) && !may_be_seen() {
                call_state::withhold(value);
            }
        }
    }
}

/// Kept by the site on every document: no secret of any of them, and words of its messages.
fn is_of_every_document(key: &str) -> bool {
    matches!(
        key,
        "name"
            | "doctype"
            | "docstatus"
            | "modified"
            | "idx"
            | "parent"
            | "parenttype"
            | "parentfield"
            | "owner"
            | "modified_by"
    )
}
