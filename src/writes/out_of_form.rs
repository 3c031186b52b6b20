//! What is sent to fields that the site's form would hide, alone or with their section, or lock, by other fields. The site
//! stores it all the same, so it is told and not refused; where it is decided in a way that is not read, that is said.

use std::iter;

use erpnext_schema::form_rules::{FormRule, Judged, Known, sections};
use erpnext_schema::{FieldDef, FieldKind, flag, rows};
use serde_json::{Map, Value};

use super::form::{Form, joined};
use crate::answer::ToolAnswer;
use crate::document::differences::{posted_otherwise, same};
use crate::documents::DocTypeCall;
use crate::entry::is_nothing;

/// The most fields that are told one by one.
const MOST: usize = 5;

/// What there is to say of the fields that are sent.
#[derive(Default)]
pub(crate) struct OutOfForm {
    told: Vec<String>,
    unread: Vec<String>,
}

impl OutOfForm {
    /// What there is to say of `sent`, where it differs from the document `before` (empty for a new one); `doc` is the
    /// document that comes of it.
    pub fn of(
        on: &DocTypeCall<'_>,
        before: &Map<String, Value>,
        sent: &Map<String, Value>,
        doc: &Map<String, Value>,
    ) -> Self {
        Self::found(on, before, sent, doc, true)
    }

    /// The same of a new document that is made from another one, by what is `shown` of it: what is not in there may be
    /// withheld, and decides nothing.
    pub fn of_shown(on: &DocTypeCall<'_>, sent: &Map<String, Value>, shown: &Map<String, Value>) -> Self {
        Self::found(on, &Map::new(), sent, shown, false)
    }

    fn found(
        on: &DocTypeCall<'_>,
        before: &Map<String, Value>,
        sent: &Map<String, Value>,
        doc: &Map<String, Value>,
        is_whole: bool,
    ) -> Self {
        let (rule, version) = (on.permit.fields(), on.session.catalog.version());
        let may_read = |field: &FieldDef| rule.may_read(field);
        let is_settled: fn(&FieldDef) -> bool = if is_whole { is_plain_tick } else { |_| false };
        let is_new = before.is_empty();
        let own = Form { version, def: on.def, is_new, doc, is_settled, may_read: &may_read, parent: None };
        let mut found = Self::default();
        for (field, value) in sent.iter().filter_map(|(key, value)| Some((on.def.field(key)?, value))) {
            let key = field.fieldname;
            if is_change(field, value, before.get(key)) {
                judge(&own, key, field, &mut found);
            }
            let Some(child) = field.rows_of().and_then(|child| on.session.catalog.known(child)) else { continue };
            let may_read = |column: &FieldDef| rule.may_read_child(field, column);
            for (row, whole) in rows(value).zip(doc.get(key).into_iter().flat_map(rows)) {
                let mut earlier = before.get(key).into_iter().flat_map(rows);
                let was = earlier.find(|was| was.get("name").is_some() && was.get("name") == whole.get("name"));
                let (is_new, parent) = (was.is_none(), Some(&own));
                let form = Form { version, def: child, is_new, doc: whole, is_settled, may_read: &may_read, parent };
                for (column, value) in row.iter().filter_map(|(column, value)| Some((child.field(column)?, value))) {
                    if is_change(column, value, was.and_then(|was| was.get(column.fieldname))) {
                        judge(&form, &format!("{key}.{}", column.fieldname), column, &mut found);
                    }
                }
            }
        }
        // The form locks these by its script.
        let is_given = |of: &str| {
            let given = on.def.field(of).filter(|field| may_read(field)).zip(sent.get(of));
            given.is_some_and(|(field, value)| is_change(field, value, before.get(of)))
        };
        found.told.extend(posted_otherwise(on.def, &is_given, doc));
        found
    }

    /// What is known to be out of the form, for who is asked and for the answer.
    pub fn told(&self) -> Vec<String> {
        let mut told: Vec<String> = self.told.iter().take(MOST).cloned().collect();
        let more = self.told.len().saturating_sub(MOST);
        if more > 0 {
            told.push(format!("and {more} more fields that the form hides or locks"));
        }
        told
    }

    /// Says in the answer of a dry run what was not checked.
    pub fn note_unchecked(&self, answer: &mut ToolAnswer) {
        if let Some(Value::String(next)) = answer.data.get_mut("next").filter(|_| !self.unread.is_empty()) {
            let fields = self.unread.join(", ");
            next.push_str(&format!(
                " Not checked: whether the form shows or locks {fields}, which other fields decide."
            ));
        }
    }
}

/// Adds what there is to say of a field that is sent.
fn judge(form: &Form<'_>, path: &str, field: &FieldDef, found: &mut OutOfForm) {
    // What nobody sets in a form is told of elsewhere; of what is withheld not even that it differs is told.
    if field.flags & (flag::READ_ONLY | flag::HIDDEN | flag::STANDARD) != 0 || !(form.may_read)(field) {
        return;
    }
    let (version, doctype, name, flags) = (form.version, form.def.name, field.fieldname, field.flags);
    let around = sections::around(version, doctype, name, flags).into_iter().map(|known| ("its section", known));
    let mut unread = false;
    for (what, known) in iter::once(("it", FormRule::Shown.of(version, doctype, name, flags))).chain(around) {
        let when = match known {
            Known::Free => continue,
            Known::When(when) => Some(when),
            Known::Unread => None,
        };
        match when.map(|when| (when, form.judge(when))) {
            Some((_, Judged::Holds(_))) => {}
            Some((when, Judged::Fails)) => {
                note(&mut found.told, format!("{path}: the form shows {what} only when {when}"));
            }
            // What has to be given, or is a column of the list, is seldom hidden.
            Some((_, Judged::Open)) | None => unread |= flags & (flag::REQD | flag::IN_LIST_VIEW) == 0,
        }
    }
    match FormRule::Locked.of(version, doctype, name, flags) {
        Known::Free => {}
        Known::Unread => unread = true,
        Known::When(when) => match form.judge(when) {
            Judged::Holds(terms) => {
                note(&mut found.told, format!("{path}: the form locks it when {}", joined(terms)));
            }
            Judged::Fails => {}
            Judged::Open => unread = true,
        },
    }
    if unread {
        note(&mut found.unread, path.to_owned());
    }
}

/// Whether it holds its default in a document that is sent without it: nobody fetches or works it out.
fn is_plain_tick(field: &FieldDef) -> bool {
    let own = field.fetch_from.is_none() && field.flags & (flag::READ_ONLY | flag::FILLED) == 0;
    own && field.kind == FieldKind::Check && matches!(field.default, None | Some("" | "0" | "1"))
}

fn is_change(field: &FieldDef, value: &Value, was: Option<&Value>) -> bool {
    let is_empty = is_nothing(value) || value.as_array().is_some_and(Vec::is_empty) || *value == false;
    !is_empty && was.is_none_or(|was| !same(field, value, was))
}

/// Once, whatever number of rows it is of.
fn note(notes: &mut Vec<String>, what: String) {
    if !notes.contains(&what) {
        notes.push(what);
    }
}
