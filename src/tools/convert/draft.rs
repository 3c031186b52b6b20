//! What the site fills into the next document, under the field rules of both ends: only what may be seen of either is shown.

use erpnext_schema::rows_mut;
use serde_json::{Map, Value};

use super::renamed::{OF_TOTALS, RENAMED, TOTALS};
use crate::documents::DocTypeCall;
use crate::shape::{Masked, present};

/// The draft as the caller may see it: neither what the target withholds, nor what of the source is withheld, or `hidden`
/// from the user by the site, and the site copied from there.
pub fn seen(
    source: &DocTypeCall<'_>,
    target: &DocTypeCall<'_>,
    hidden: &Masked,
    doc: Map<String, Value>,
) -> Map<String, Value> {
    target.visible(of_source(source, target, hidden, doc))
}

/// The draft without what of the source is withheld, or `hidden` from the user by the site, and the site copied from there.
pub fn of_source(
    source: &DocTypeCall<'_>,
    target: &DocTypeCall<'_>,
    hidden: &Masked,
    mut doc: Map<String, Value>,
) -> Map<String, Value> {
    let withheld = renamed(source, target, hidden);
    let is_withheld = |key: &str, column: Option<&str>| {
        let is_it = |path: &&str| match path.split_once('.') {
            None => *path == key,
            Some((table, of)) => table == key && column == Some(of),
        };
        withheld.iter().any(is_it) || !tells(source, hidden, key, column)
    };
    doc.retain(|key, value| {
        if is_withheld(key, None) {
            return false;
        }
        rows_mut(value).for_each(|row| row.retain(|column, _| !is_withheld(key, Some(column.as_str()))));
        true
    });
    doc
}

/// The fields of the draft, and the columns of its rows, that hold under other names what the source does not show.
fn renamed(source: &DocTypeCall<'_>, target: &DocTypeCall<'_>, hidden: &Masked) -> Vec<&'static str> {
    let shows = |path: &&str| {
        let (field, column) = path.split_once('.').map_or((*path, None), |(table, column)| (table, Some(column)));
        tells(source, hidden, field, column)
    };
    let (from, to) = (source.def.name, target.def.name);
    let lines = RENAMED.iter().filter(|line| line.from == from && line.to == to && !line.fields.iter().all(shows));
    let mut withheld: Vec<&str> = lines.flat_map(|line| line.stand_in).copied().collect();
    if !TOTALS.iter().all(shows) {
        withheld.extend(OF_TOTALS.iter().filter(|field| source.def.field(field).is_none()));
    }
    withheld
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
