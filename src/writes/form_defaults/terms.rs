//! What the form fills in by the terms that were chosen: their text, and the payment terms of another template in the
//! place of those of before, which the site itself makes where a document has none.

use erpnext_schema::rows;
use serde_json::{Map, Value, json};

use super::{FilledIn, SCHEDULE, TERMS, may_see, name_in, no_such};
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::Permit;
use crate::shape::text_of;
use crate::site::SiteErrorKind;
use crate::writes::doubts::sees;

const CONDITIONS: &str = "Terms and Conditions";
const CHOSEN: &str = "tc_name";
const TEXT: &str = "terms";

const ITEMS: &str = "items";
/// The columns of a row that name the order that it comes from.
const ORDERS: [&str; 3] = ["sales_order", "purchase_order", "prevdoc_docname"];

/// Adds what the form would, to a change of the draft that is stored and of which `shown` may be told; to a new document,
/// where nothing is.
///
/// # Errors
/// Terms that were chosen and that there are not.
pub(super) async fn fill(
    on: &DocTypeCall<'_>,
    stored: &Map<String, Value>,
    shown: &Map<String, Value>,
    changes: &mut Map<String, Value>,
    filled: &mut FilledIn,
) -> Result<(), ToolError> {
    renew_schedule(on, stored, shown, changes, filled);
    fill_text(on, shown, changes, filled).await
}

async fn fill_text(
    on: &DocTypeCall<'_>,
    shown: &Map<String, Value>,
    changes: &mut Map<String, Value>,
    filled: &mut FilledIn,
) -> Result<(), ToolError> {
    let Some(name) = name_in(changes, CHOSEN).map(str::to_owned) else { return Ok(()) };
    let is_chosen_anew = name_in(shown, CHOSEN) != Some(&*name) || name_in(shown, TEXT).is_none();
    let is_of_these = on.def.field(CHOSEN).is_some_and(|field| field.target() == Some(CONDITIONS));
    let may_write = on.def.field(TEXT).is_some_and(|field| on.permit.fields().may_write(field));
    if !is_chosen_anew || !is_of_these || !may_write || changes.contains_key(TEXT) {
        return Ok(());
    }
    let stays = |why: String| {
        let is_there = name_in(shown, TEXT).is_some() && may_see(on, TEXT);
        is_there.then(|| format!("{TEXT} stays as it is: {why}"))
    };
    // What may not be read there is not copied to where it may be.
    let Some(permit) = sees(on, CONDITIONS, &[TEXT]).await else {
        filled.messages.extend(stays(format!("those of {name:?} may not be read here")));
        return Ok(());
    };
    if !on.session.policy.shows_all() && is_program(on, &permit, &name).await {
        filled.messages.push(format!(
            "{TEXT} are not filled in: those of {name:?} are worked out by more than fields of the document, and could tell \
             what may not be read here"
        ));
        return Ok(());
    }
    let mut doc = shown.clone();
    let values = changes.iter().filter(|(_, value)| !value.is_object());
    doc.extend(values.map(|(key, value)| (key.clone(), value.clone())));
    // The text tells what it is worked out from.
    on.permit.fields().cut(Some(on.def), |child| on.session.catalog.known(child), &mut doc);
    doc.insert("doctype".to_owned(), json!(on.def.name));
    match on.session.site.terms_text(on.permit, &name, &doc).await {
        Ok(None) => filled.messages.extend(stays(format!("{name:?} has none"))),
        Ok(Some(text)) => {
            filled.fields.extend(on.visible(Map::from_iter([(TEXT.to_owned(), json!(text))])));
            changes.insert(TEXT.to_owned(), json!(text));
        }
        Err(error) if error.kind() == SiteErrorKind::Missing => return Err(no_such(on, CHOSEN, CONDITIONS, &name)),
        Err(error) => {
            tracing::warn!("terms of {}: {}", on.def.name, error.for_log());
            filled.messages.extend(stays(format!("the site did not tell those of {name:?}")));
        }
    }
    Ok(())
}

/// Whether the text is made of more than fields of the document: the site runs what stands in it, which can look at anything.
async fn is_program(on: &DocTypeCall<'_>, permit: &Permit, name: &str) -> bool {
    match on.session.site.get(permit, name).await {
        Ok(found) => runs(text_of(&found.data, TEXT)),
        Err(error) if error.kind() == SiteErrorKind::Missing => false,
        Err(error) => {
            tracing::warn!("terms of {}: {}", on.def.name, error.for_log());
            true
        }
    }
}

fn runs(text: &str) -> bool {
    let is_field = |part: &str| {
        let name = part.split("}}").next().unwrap_or(part).trim();
        let name = name.strip_prefix("doc.").unwrap_or(name);
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    text.contains("{%") || !text.split("{{").skip(1).all(is_field)
}

/// Whether a row names an order, whose terms the site may take (`automatically_fetch_payment_terms`); so, too, where that may
/// not be told.
fn may_be_of_an_order(on: &DocTypeCall<'_>, stored: &Map<String, Value>, changes: &Map<String, Value>) -> bool {
    let Some(table) = on.def.table(ITEMS) else { return false };
    let Some(child) = table.rows_of().and_then(|child| on.session.catalog.known(child)) else { return false };
    ORDERS.into_iter().filter_map(|column| child.field(column)).any(|column| {
        let mut items = [stored, changes].into_iter().filter_map(|doc| doc.get(ITEMS)).flat_map(rows);
        !on.permit.fields().may_read_child(table, column) || items.any(|row| name_in(row, column.fieldname).is_some())
    })
}

/// Takes away the rows of the template of before: without rows, the site makes those of the one that was chosen.
fn renew_schedule(
    on: &DocTypeCall<'_>,
    stored: &Map<String, Value>,
    shown: &Map<String, Value>,
    changes: &mut Map<String, Value>,
    filled: &mut FilledIn,
) {
    let Some(name) = name_in(changes, TERMS).filter(|name| name_in(shown, TERMS) != Some(*name)) else { return };
    let is_empty = stored.get(SCHEDULE).and_then(Value::as_array).is_none_or(Vec::is_empty);
    if is_empty || changes.contains_key(SCHEDULE) {
        return;
    }
    let may_write = on.def.field(SCHEDULE).is_some_and(|field| on.permit.fields().may_write(field));
    if may_see(on, SCHEDULE) && shown.contains_key(SCHEDULE) {
        filled.messages.push(match may_write {
            true if may_be_of_an_order(on, stored, changes) => format!(
                "{SCHEDULE}: the site makes rows in the place of those of before: of {name:?}, or, where it is set to \
                 fetch payment terms, as the order has them"
            ),
            true => format!("{SCHEDULE}: the site makes the rows of {name:?} in the place of those of before"),
            false => format!("{SCHEDULE} still has its rows from before, not those of {name:?}"),
        });
    }
    if may_write {
        changes.insert(SCHEDULE.to_owned(), json!([]));
    }
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn a_text_that_is_made_of_fields_alone_runs_nothing() {
        for text in ["", "Pay by {{ due_date }}.", "{{doc.customer}}, {{ doc.po_no }}", "a } b { c"] {
            assert!(!runs(text), "{text}");
        }
        for text in [
            "{{ frappe.db.get_value('Customer', customer, 'tax_id') }}",
            "{% set x = 1 %}",
            "{{- customer }}",
            "{{ customer|upper }}",
            "{{ a }} {{ doc.items[0].rate }}",
        ] {
            assert!(runs(text), "{text}");
        }
    }
}
