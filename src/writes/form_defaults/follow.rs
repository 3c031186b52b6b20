//! Columns of rows that follow a field of their document when it is changed, as the desk's form has them do: the site leaves
//! the rows as they are, or takes the field back to what they hold.

use erpnext_schema::{FieldDef, flag, rows};
use serde_json::{Map, Value, json};

use super::{FilledIn, name_in};
use crate::documents::DocTypeCall;

const ITEMS: &str = "items";
/// A field of the document, and the column of its items that follows it.
const FOLLOWED: [(&str, &str); 8] = [
    ("delivery_date", "delivery_date"),
    ("from_warehouse", "s_warehouse"),
    ("rejected_warehouse", "rejected_warehouse"),
    ("schedule_date", "schedule_date"),
    ("set_from_warehouse", "from_warehouse"),
    ("set_target_warehouse", "target_warehouse"),
    ("set_warehouse", "warehouse"),
    ("to_warehouse", "t_warehouse"),
];

/// The column of which the form fills empty ones only: a row with a day of its own keeps it, and the site takes the last of
/// all for the document.
const OF_ITS_OWN: &str = "delivery_date";

/// Sets the column in the rows that hold another value; the site fills the empty ones. Rows that the caller gives stay as
/// given, and rows whose column is not `shown` stay as they are: that they followed would tell what they held.
pub(super) fn fill(
    on: &DocTypeCall<'_>,
    shown: &Map<String, Value>,
    changes: &mut Map<String, Value>,
    filled: &mut FilledIn,
) {
    let Some(table) = on.def.table(ITEMS) else { return };
    let Some(child) = table.rows_of().and_then(|child| on.session.catalog.known(child)) else { return };
    let (fields, mut patches) = (on.permit.fields(), Vec::<Map<String, Value>>::new());
    let is_draft = shown.get("docstatus").and_then(Value::as_u64).unwrap_or_default() == 0;
    let is_open = |column: &FieldDef| is_draft || column.is(flag::ALLOW_ON_SUBMIT);
    for (field, column) in FOLLOWED {
        let was = name_in(shown, field);
        let chosen = name_in(changes, field).filter(|value| was != Some(*value));
        let (Some(value), Some(column)) = (chosen, child.field(column)) else { continue };
        if !is_open(column) || !fields.may_read_child(table, column) {
            continue;
        }
        let of = column.fieldname;
        let follows = |held: &str| held != value && (of != OF_ITS_OWN || was == Some(held));
        let items = shown.get(ITEMS).into_iter().flat_map(rows).enumerate();
        let others = items.filter(|(_, row)| name_in(row, of).is_some_and(follows));
        let others: Vec<Map<String, Value>> = others.map(|(at, row)| key(at, row)).collect();
        if others.is_empty() {
            continue;
        }
        let count = others.len();
        if changes.contains_key(ITEMS) || !fields.may_write_child(table, column) {
            filled.messages.push(format!("{ITEMS}: rows for which no {of} is given keep theirs, whatever {field} is"));
            continue;
        }
        filled
            .messages
            .push(format!("{ITEMS}: {of} of {count} follows {field}; form_defaults: false leaves it as it is"));
        for key in others {
            let at = patches.iter().position(|patch| key.iter().all(|(part, value)| patch.get(part) == Some(value)));
            let at = at.unwrap_or_else(|| {
                patches.push(key);
                patches.len() - 1
            });
            patches[at].insert(of.to_owned(), json!(value));
        }
    }
    if !patches.is_empty() {
        changes.insert(ITEMS.to_owned(), json!({ "patch": patches }));
    }
}

/// What a patch names the row by: its name, where it has one yet.
fn key(at: usize, row: &Map<String, Value>) -> Map<String, Value> {
    let number = || row.get("idx").and_then(Value::as_u64).filter(|idx| *idx > 0).unwrap_or(at as u64 + 1);
    let (part, value) = match name_in(row, "name") {
        Some(name) => ("name", json!(name)),
        None => ("idx", json!(number())),
    };
    Map::from_iter([(part.to_owned(), value)])
}

#[cfg(test)]
mod tests {
    use super::{FOLLOWED, ITEMS};

    /// A misspelt one would never follow.
    #[test]
    fn every_pair_is_one_of_the_registry() {
        for (field, column) in FOLLOWED {
            let has_both = |def: &erpnext_schema::DocTypeDef| {
                let child = def.table(ITEMS).and_then(|table| erpnext_doctypes::any(table.rows_of()?));
                def.field(field).is_some() && child.is_some_and(|child| child.field(column).is_some())
            };
            assert!(erpnext_doctypes::ALL.iter().any(|table| has_both(table.any())), "{field}");
        }
    }
}
