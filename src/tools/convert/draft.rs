//! What the site fills into the next document, under the field rules of both ends: only what may be seen of either is shown.

use serde_json::{Map, Value};

use crate::documents::DocTypeCall;

/// The draft as the caller may see it: neither what the target withholds, nor what the source withholds and the site
/// copied from there.
pub fn shown(source: &DocTypeCall<'_>, target: &DocTypeCall<'_>, mut doc: Map<String, Value>) -> Map<String, Value> {
    let rule = source.permit.fields();
    doc.retain(|key, value| {
        let Some(field) = source.def.field(key) else { return true };
        if !rule.may_read(field) {
            return false;
        }
        let child =
            field.target().filter(|_| field.kind.is_table()).and_then(|child| source.session.catalog.known(child));
        if let (Some(child), Value::Array(rows)) = (child, value) {
            for row in rows.iter_mut().filter_map(Value::as_object_mut) {
                row.retain(|column, _| child.field(column).is_none_or(|column| rule.may_read_child(field, column)));
            }
        }
        true
    });
    target.visible(doc)
}
