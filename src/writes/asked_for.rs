//! What a document leaves empty and the site's form asks for, where other fields decide: told where the condition is
//! known, named as not checked where it is not.

use std::fmt::Write as _;

use erpnext_schema::form_rules::{FormRule, Known};
use erpnext_schema::{FieldDef, FieldKind, flag};
use serde_json::{Map, Value};

use crate::document::differences::is_nothing;
use crate::documents::DocTypeCall;
use crate::policy::Operation;

/// What is to be said of the fields that a dry run of a create or an update leaves empty.
pub(super) fn told(on: &DocTypeCall<'_>, doc: &Map<String, Value>) -> String {
    if !matches!(on.permit.operation(), Operation::Create | Operation::Update) {
        return String::new();
    }
    let rule = on.permit.fields();
    let is_open = |field: &&FieldDef| {
        let is_empty = doc.get(field.fieldname).is_none_or(is_nothing);
        field.is(flag::CONDITIONALLY_REQD) && is_empty && rule.may_write(*field) && rule.may_read(*field)
    };
    // What is withheld, or above a level that not everybody reads, tells nothing here either.
    let is_shown = |name: &str| on.def.field(name).is_some_and(|field| field.permlevel == 0 && rule.may_read(field));
    let is_new = on.permit.operation() == Operation::Create;
    let is_settled = |name: &str| !is_new || doc.contains_key(name) || on.def.field(name).is_some_and(stays_empty);
    let version = on.session.catalog.version();
    let (mut told, mut unknown) = (String::new(), Vec::new());
    for field in on.def.fields.iter().filter(is_open) {
        let name = field.fieldname;
        match FormRule::Needed.of(version, on.def.name, name, field.flags) {
            Known::When(when) if when.fields().all(|name| is_shown(name) && is_settled(name)) => {
                let Some(terms) = when.holds(doc) else { continue };
                let terms: Vec<String> = terms.iter().map(ToString::to_string).collect();
                // Writing to a text cannot fail.
                let _ = write!(told, " {name} is needed when {}, and is empty.", terms.join(" and "));
            }
            _ => unknown.push(name),
        }
    }
    if !unknown.is_empty() {
        let _ = write!(told, " Not checked: whether {} must be given, which other fields decide.", unknown.join(", "));
    }
    told
}

/// Whether a new document that is sent without the field has nothing in it: nobody fetches or works it out, and it begins with
/// nothing.
fn stays_empty(field: &FieldDef) -> bool {
    let begins_empty = field.kind != FieldKind::Select && matches!(field.default, None | Some("" | "0"));
    begins_empty && field.fetch_from.is_none() && field.flags & (flag::READ_ONLY | flag::FILLED) == 0
}
