//! Fields that a write may not set: amounts that the site works out, fields that are set once, and fields that a submitted
//! document keeps. The site takes them all the same, or refuses them only once they are sent.

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Rule, Violation, flag};
use serde_json::{Map, Value};

use crate::document::differences::{companion, same};
use crate::document::merge::Merged;
use crate::documents::DocTypeCall;
use crate::entry::is_nothing;
use crate::error::ToolError;

const WORKED_OUT: &str = "the form only shows it, and what it holds comes of other documents or fields. The site would \
                          store what was sent, and nobody would correct it. Leave it out";
const SET_ONCE: &str = "is set once, when the document is made, and cannot be changed after";
const SUBMITTED: &str = "cannot be changed once the document is submitted";
/// Fields of submitted documents that change by a tool of their own: the field, its DocTypes, the tool, and what the tool
/// does.
const WAYS: [(&str, &[&str], &str, &str); 4] = [
    ("items", &["Sales Order", "Purchase Order"], "update_order_items", "changes quantity, rate and date of rows"),
    (
        "status",
        &["Sales Order", "Purchase Order", "Delivery Note", "Purchase Receipt", "Material Request"],
        "change_order_status",
        "closes, holds and reopens",
    ),
    ("references", &["Payment Entry"], "reconcile_payments", "matches what is left of it with open invoices"),
    ("clearance_date", &["Payment Entry", "Journal Entry"], "set_clearance_dates", "sets it"),
];
/// What only a button of the desk's form does: the field, of which DocType, and the button.
const BY_HAND: [(&str, &str, &str); 1] =
    [("status", "Quotation", "\"Set as Lost\" in the desk marks it as lost, and an order of it as ordered")];
const OTHERWISE: &str =
    "a new document or a comment is mostly what is meant; cancel and amend it only if nothing was made from it";
const CANCELLED: &str = "cannot be changed: the document is cancelled";

/// Refuses amounts in a new document that the site works out.
///
/// # Errors
/// All of them.
pub(crate) async fn check_new(on: &DocTypeCall<'_>, doc: &Map<String, Value>) -> Result<(), ToolError> {
    check(on, |on| {
        let wrong = |path: String, def: &DocTypeDef, field: &FieldDef, value: &Value| {
            (is_worked_out(field) && !is_nothing(value)).then(|| violation(path, &worked_out(def, field)))
        };
        let mut found = Vec::new();
        for (field, value) in doc.iter().filter_map(|(key, value)| Some((on.def.field(key)?, value))) {
            let Some(child) = field.rows_of() else {
                found.extend(wrong(field.fieldname.to_owned(), on.def, field, value));
                continue;
            };
            let child = on.session.catalog.known(child);
            for (at, row) in value.as_array().into_iter().flatten().enumerate() {
                for (column, value) in row.as_object().into_iter().flatten() {
                    let path = format!("{}[{at}].{column}", field.fieldname);
                    found.extend(child.and_then(|child| wrong(path, child, child.field(column)?, value)));
                }
            }
        }
        found
    })
    .await
}

/// Refuses changes of a stored document that the site refuses, or takes and should not.
///
/// # Errors
/// All of them.
pub(crate) async fn check_change(
    on: &DocTypeCall<'_>,
    stored: &Map<String, Value>,
    merged: &Merged,
) -> Result<(), ToolError> {
    let docstatus = stored.get("docstatus").and_then(Value::as_u64).unwrap_or_default();
    check(on, |on| {
        let mut found = Vec::new();
        let mut judge = |path: String, def: &DocTypeDef, field: &FieldDef, value: &Value, was: Option<&Value>| {
            let Some(was) = was.or_else(|| value.is_null().then_some(value)) else {
                // A new row.
                let wrong = is_worked_out(field) && !is_nothing(value);
                return found.extend(wrong.then(|| violation(path, &worked_out(def, field))));
            };
            if same(field, value, was) {
                return;
            }
            let why = match docstatus {
                2 => CANCELLED.to_owned(),
                1 if !field.is(flag::ALLOW_ON_SUBMIT) => {
                    kept(on, path.split(['.', '[']).next().unwrap_or_default(), found.is_empty())
                }
                _ if field.is(flag::SET_ONLY_ONCE) => SET_ONCE.to_owned(),
                _ if is_worked_out(field) => worked_out(def, field),
                _ => return,
            };
            found.push(violation(path, &why));
        };
        for (key, value) in &merged.given {
            let Some(field) = on.def.field(key) else { continue };
            let Some(child) = field.rows_of() else {
                judge(key.clone(), on.def, field, value, Some(stored.get(key).unwrap_or(&Value::Null)));
                continue;
            };
            let Some(child) = on.session.catalog.known(child) else { continue };
            let rows =
                |doc: &'_ Map<String, Value>| doc.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
            let (before, after) = (rows(stored), rows(&merged.body));
            for (at, (given, whole)) in value.as_array().into_iter().flatten().zip(&after).enumerate() {
                let named = |row: &&Value| row.get("name").is_some() && row.get("name") == whole.get("name");
                let was = before.iter().find(named);
                for (column, value) in given.as_object().into_iter().flatten() {
                    let Some(field) = child.field(column).filter(|field| !field.is(flag::STANDARD)) else { continue };
                    let path = format!("{}.{column}", merged.place(key, at));
                    judge(path, child, field, value, was.map(|was| was.get(column).unwrap_or(&Value::Null)));
                }
            }
        }
        found
    })
    .await
}

/// Judges by the table, and where that finds anything once more by the site's live metadata: a site opens fields.
async fn check(
    on: &DocTypeCall<'_>,
    mut find: impl FnMut(&DocTypeCall<'_>) -> Vec<Violation>,
) -> Result<(), ToolError> {
    let mut found = find(on);
    if !found.is_empty()
        && let Some(def) = on.session.newer(on.def, &found).await
    {
        found = find(&DocTypeCall { def, ..*on });
    }
    if found.is_empty() { Ok(()) } else { Err(ToolError::arguments(on.tool.name(), found)) }
}

/// That a submitted document keeps the field, and what is meant instead; the long answer once.
fn kept(on: &DocTypeCall<'_>, field: &str, first: bool) -> String {
    let doctype = &on.def.name;
    let way = WAYS.iter().find(|(of, doctypes, ..)| *of == field && doctypes.contains(doctype));
    let by_hand = BY_HAND.iter().find(|(of, of_doctype, _)| *of == field && of_doctype == doctype);
    match (way.filter(|(_, _, tool, _)| on.registry.find(tool).is_some()), by_hand) {
        (Some((_, _, tool, does)), _) => format!("{SUBMITTED}: {tool} {does}"),
        (None, Some((.., button))) => format!("{SUBMITTED}: {button}"),
        (None, None) if first => {
            let a_return = if on.def.field("is_return").is_some() { "a return, " } else { "" };
            format!("{SUBMITTED}: {a_return}{OTHERWISE}")
        }
        (None, None) => SUBMITTED.to_owned(),
    }
}

/// Says that the site works the value out, and of which others where that is known.
fn worked_out(def: &DocTypeDef, field: &FieldDef) -> String {
    match companion(def, field.fieldname) {
        Some(why) => format!("is not set by hand: {why}. Leave it out, and give that"),
        None => format!("is not set by hand: {WORKED_OUT}"),
    }
}

/// Whether the site alone works the value out: a number that the form shows and never takes. What it fetches it fetches
/// again.
fn is_worked_out(field: &FieldDef) -> bool {
    let number = matches!(field.kind, FieldKind::Int | FieldKind::Float | FieldKind::Currency | FieldKind::Percent);
    number && field.is(flag::READ_ONLY) && !field.is(flag::STANDARD) && field.fetch_from.is_none()
}

fn violation(path: String, message: &str) -> Violation {
    Violation::new(format!("data.{path}"), Rule::Value, message)
}
