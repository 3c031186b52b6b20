//! What the site fills into the next document, under the field rules of both ends: only what may be seen of either is shown.

use erpnext_schema::rows_mut;
use serde_json::{Map, Value};

use crate::documents::DocTypeCall;
use crate::shape::{Masked, present};

/// Fields that state what a document comes to.
const TOTALS: [&str; 2] = ["grand_total", "rounded_total"];
/// What a draft says of that beside its own totals: what is open of it, and when it is to be paid.
const OF_THE_TOTAL: [&str; 2] = ["outstanding_amount", "payment_schedule"];

/// The draft as the caller may see it: neither what the target withholds, nor what of the source is withheld, or `hidden`
/// from the user by the site, and the site copied from there.
pub fn seen(
    source: &DocTypeCall<'_>,
    target: &DocTypeCall<'_>,
    hidden: &Masked,
    mut doc: Map<String, Value>,
) -> Map<String, Value> {
    let has_total = TOTALS.iter().all(|total| tells(source, hidden, total, None));
    doc.retain(|key, value| {
        let is_the_total = OF_THE_TOTAL.contains(&key.as_str()) && source.def.field(key).is_none();
        if !tells(source, hidden, key, None) || is_the_total && !has_total {
            return false;
        }
        if source.def.field(key).is_some_and(|field| field.rows_of().is_some()) {
            rows_mut(value).for_each(|row| row.retain(|column, _| tells(source, hidden, key, Some(column.as_str()))));
        }
        true
    });
    target.visible(doc)
}

/// Whether the draft shows this column of its rows: neither end withholds it.
pub fn shows(source: &DocTypeCall<'_>, target: &DocTypeCall<'_>, hidden: &Masked, table: &str, column: &str) -> bool {
    tells(source, hidden, table, Some(column)) && tells(target, &Masked::default(), table, Some(column))
}

/// Takes out what says nothing: whether fields that hold 0 were left out.
pub fn trim(target: &DocTypeCall<'_>, seen: &mut Map<String, Value>) -> bool {
    present::draft(target.def, &|child| target.session.catalog.known(child), seen)
}

/// Whether an end of the conversion shows the field, or the column of its rows; what it does not have it withholds neither.
fn tells(end: &DocTypeCall<'_>, hidden: &Masked, key: &str, column: Option<&str>) -> bool {
    let Some(field) = end.def.field(key) else { return true };
    let rule = end.permit.fields();
    if !rule.may_read(field) || hidden.hides(end.def.name, key) {
        return false;
    }
    let child = field.rows_of().and_then(|child| end.session.catalog.known(child));
    let Some((child, column)) = child.zip(column) else { return true };
    let withheld = child.field(column).is_some_and(|column| !rule.may_read_child(field, column));
    !withheld && !hidden.hides(child.name, column)
}
