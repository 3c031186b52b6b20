//! What the site fills into the next document, under the field rules of both ends: only what may be seen of either is shown.

use erpnext_schema::rows_mut;
use serde_json::{Map, Value};

use crate::documents::DocTypeCall;
use crate::shape::present;

/// The draft as the caller may see it: neither what the target withholds, nor what the source withholds and the site
/// copied from there; and whether fields that hold 0 were left out.
pub fn shown(
    source: &DocTypeCall<'_>,
    target: &DocTypeCall<'_>,
    mut doc: Map<String, Value>,
) -> (Map<String, Value>, bool) {
    let rule = source.permit.fields();
    doc.retain(|key, value| {
        let Some(field) = source.def.field(key) else { return true };
        if !rule.may_read(field) {
            return false;
        }
        if let Some(child) = field.rows_of().and_then(|child| source.session.catalog.known(child)) {
            let seen = |column: &str| child.field(column).is_none_or(|column| rule.may_read_child(field, column));
            rows_mut(value).for_each(|row| row.retain(|column, _| seen(column)));
        }
        true
    });
    let mut seen = target.visible(doc);
    let zeros = present::draft(target.def, &|child| target.session.catalog.known(child), &mut seen);
    (seen, zeros)
}
