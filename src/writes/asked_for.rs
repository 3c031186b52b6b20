//! Fields that a document leaves empty and that the site's form asks for under a condition on other fields. They are told
//! where the condition is known, else named as not checked. The site stores the document all the same.

use std::fmt::Write as _;

use erpnext_schema::form_rules::{FormRule, Judged, Known};
use erpnext_schema::{FieldDef, FieldKind, counted, flag, rows};
use serde_json::{Map, Value};

use super::form::{Form, joined};
use crate::documents::DocTypeCall;
use crate::entry::is_nothing;
use crate::policy::Operation;

/// The most fields that are told one by one.
const MOST: usize = 5;

/// What is to be said of the fields that a dry run of a create or an update leaves empty.
pub(super) fn told(on: &DocTypeCall<'_>, doc: &Map<String, Value>) -> String {
    if !matches!(on.permit.operation(), Operation::Create | Operation::Update) {
        return String::new();
    }
    let asked = AskedFor::of(on, doc, on.permit.operation() == Operation::Create);
    let mut told = String::new();
    for needed in asked.told() {
        // Writing to a text cannot fail.
        let _ = write!(told, " {needed}.");
    }
    if !asked.unknown.is_empty() {
        let unknown = asked.unknown.join(", ");
        let _ = write!(told, " Not checked: whether {unknown} must be given, which other fields decide.");
    }
    told
}

/// What is to be said of the fields that a document was stored without.
pub(crate) fn left_empty(on: &DocTypeCall<'_>, stored: &Map<String, Value>) -> Vec<String> {
    AskedFor::of(on, stored, false).told()
}

/// The fields that are empty and that the form asks for.
#[derive(Default)]
struct AskedFor {
    needed: Vec<String>,
    unknown: Vec<String>,
}

impl AskedFor {
    fn of(on: &DocTypeCall<'_>, doc: &Map<String, Value>, is_new: bool) -> Self {
        let (rule, version) = (on.permit.fields(), on.session.catalog.version());
        let (may_read, may_write) = (|field: &FieldDef| rule.may_read(field), |field: &FieldDef| rule.may_write(field));
        let is_settled: fn(&FieldDef) -> bool = stays_empty;
        let own = Form { version, def: on.def, is_new, doc, is_settled, may_read: &may_read, parent: None };
        let mut found = Self::default();
        found.look("", "", &own, &may_write);
        for (table, child, value) in on.def.tables_in(&|child| on.session.catalog.known(child), doc) {
            let may_read = |column: &FieldDef| rule.may_read_child(table, column);
            let may_write = |column: &FieldDef| rule.may_write_child(table, column);
            let name = table.fieldname;
            for (at, row) in rows(value).enumerate() {
                // What is stored has its name.
                let (is_new, parent) = (is_new || !row.contains_key("name"), Some(&own));
                let form = Form { version, def: child, is_new, doc: row, is_settled, may_read: &may_read, parent };
                found.look(&format!("{name} row {}: ", at + 1), &format!("{name}."), &form, &may_write);
            }
        }
        found
    }

    /// Adds the fields of a document or row; `place` stands before what is told of one, `path` before its name.
    fn look(&mut self, place: &str, path: &str, form: &Form<'_>, may_write: &dyn Fn(&FieldDef) -> bool) {
        for field in form.def.fields {
            let name = field.fieldname;
            // What the form itself fills is never asked for.
            let is_asked = field.is(flag::CONDITIONALLY_REQD) && field.flags & (flag::READ_ONLY | flag::HIDDEN) == 0;
            // A site leaves out what is above the level of its user.
            let is_told = form.is_new || field.permlevel == 0;
            let has_none = |value: &Value| is_nothing(value) || value.as_array().is_some_and(Vec::is_empty);
            let begins_with = form.is_new && !matches!(field.default, None | Some("" | "0"));
            let is_empty = is_told && form.doc.get(name).map_or(!begins_with, has_none);
            if !is_asked || !is_empty || !may_write(field) || !(form.may_read)(field) {
                continue;
            }
            let judged = match FormRule::Needed.of(form.version, form.def.name, name, field.flags) {
                Known::When(when) => form.judge(when),
                Known::Free | Known::Unread => Judged::Open,
            };
            match judged {
                Judged::Holds(terms) => {
                    self.needed.push(format!("{place}{name} is needed when {}, and is empty", joined(terms)));
                }
                Judged::Fails => {}
                Judged::Open => {
                    let path = format!("{path}{name}");
                    if !self.unknown.contains(&path) {
                        self.unknown.push(path);
                    }
                }
            }
        }
    }

    fn told(&self) -> Vec<String> {
        let mut told: Vec<String> = self.needed.iter().take(MOST).cloned().collect();
        let more = self.needed.len().saturating_sub(MOST);
        if more > 0 {
            told.push(format!("{} more that the form asks for", counted(more, "empty field")));
        }
        told
    }
}

/// Whether a new document that is sent without the field has nothing in it: nobody fetches or works it out, and it begins with
/// nothing.
fn stays_empty(field: &FieldDef) -> bool {
    let begins_empty = field.kind != FieldKind::Select && matches!(field.default, None | Some("" | "0"));
    begins_empty && field.fetch_from.is_none() && field.flags & (flag::READ_ONLY | flag::FILLED) == 0
}
