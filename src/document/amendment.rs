//! The draft that takes the place of a cancelled document.

use erpnext_schema::{Children, DocTypeDef, FieldDef, FieldKind, Shape, flag};
use serde_json::{Map, Value, json};

use super::draft::copied;

/// The new draft of the cancelled document of that name: without the names and the history of the old one and of its rows, and
/// without what the site computes.
pub fn draft_of(
    def: &DocTypeDef,
    children: Children<'_>,
    name: &str,
    stored: &Map<String, Value>,
) -> Map<String, Value> {
    let mut draft = copied(def, children, stored, fields);
    draft.insert("amended_from".to_owned(), json!(name));
    draft
}

fn fields(def: &DocTypeDef, stored: &Map<String, Value>) -> Map<String, Value> {
    // As the desk does it, an amendment keeps what a plain copy leaves out: its dates, and the links to what it came from.
    let computed = |field: &FieldDef| {
        let state =
            matches!(field.kind.shape(), Shape::Int | Shape::Float | Shape::Bool) || field.kind == FieldKind::Select;
        state && field.is(flag::NO_COPY | flag::READ_ONLY)
    };
    let of_the_old = |name: &str| matches!(name, "amendment_date" | "cancel_reason");
    let keep = |key: &String| {
        def.field(key)
            .is_some_and(|field| !field.is(flag::STANDARD) && !computed(field) && !of_the_old(field.fieldname))
    };
    stored.iter().filter(|(key, value)| keep(key) && !value.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect()
}
