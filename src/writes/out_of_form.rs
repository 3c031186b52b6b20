//! What is sent to fields that the site's form would hide or lock, by other fields. The site stores it all the same, so it is
//! told and not refused; where it is decided in a way that is not read, that is said.

use erpnext_schema::form_rules::{Condition, FormRule, Known, NEW};
use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Version, flag, rows};
use serde_json::{Map, Value, json};

use crate::answer::ToolAnswer;
use crate::document::differences::{is_nothing, same};
use crate::documents::DocTypeCall;

/// The most fields that are told one by one.
const MOST: usize = 5;

/// What there is to say of the fields that are sent.
#[derive(Default)]
pub(crate) struct OutOfForm {
    told: Vec<String>,
    unread: Vec<String>,
}

impl OutOfForm {
    /// What there is to say of what is `sent`, where it differs from the document `before`, which is empty for a new one;
    /// `doc` is what comes of it.
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
        let own = Form { version, def: on.def, is_new: before.is_empty(), is_whole, doc, may_read: &may_read };
        let mut found = Self::default();
        for (field, value) in sent.iter().filter_map(|(key, value)| Some((on.def.field(key)?, value))) {
            let key = field.fieldname;
            if is_change(field, value, before.get(key)) {
                own.judge(key, field, &mut found);
            }
            let Some(child) = field.rows_of().and_then(|child| on.session.catalog.known(child)) else { continue };
            let may_read = |column: &FieldDef| rule.may_read_child(field, column);
            for (row, whole) in rows(value).zip(doc.get(key).into_iter().flat_map(rows)) {
                let mut earlier = before.get(key).into_iter().flat_map(rows);
                let was = earlier.find(|was| was.get("name").is_some() && was.get("name") == whole.get("name"));
                let form =
                    Form { version, def: child, is_new: was.is_none(), is_whole, doc: whole, may_read: &may_read };
                for (column, value) in row.iter().filter_map(|(column, value)| Some((child.field(column)?, value))) {
                    if is_change(column, value, was.and_then(|was| was.get(column.fieldname))) {
                        form.judge(&format!("{key}.{}", column.fieldname), column, &mut found);
                    }
                }
            }
        }
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

/// A document or a row of one, as a form has it.
struct Form<'a> {
    version: Version,
    def: &'static DocTypeDef,
    is_new: bool,
    /// Whether what `doc` has not is as the site's defaults have it.
    is_whole: bool,
    doc: &'a Map<String, Value>,
    may_read: &'a dyn Fn(&FieldDef) -> bool,
}

impl Form<'_> {
    fn judge(&self, path: &str, field: &FieldDef, found: &mut OutOfForm) {
        // What nobody sets in a form is told of elsewhere; of what is withheld not even that it differs is told.
        if field.flags & (flag::READ_ONLY | flag::HIDDEN | flag::STANDARD) != 0 || !(self.may_read)(field) {
            return;
        }
        let known = |rule: FormRule| rule.of(self.version, self.def.name, field.fieldname, field.flags);
        let mut unread = false;
        match known(FormRule::Shown) {
            Known::Free => {}
            Known::When(when) if self.decides(when) => {
                if when.holds(&self.values(when)).is_none() {
                    note(&mut found.told, format!("{path}: the form shows it only when {when}"));
                }
            }
            // What has to be given, or is a column of the list, is seldom hidden.
            _ => unread |= field.flags & (flag::REQD | flag::IN_LIST_VIEW) == 0,
        }
        match known(FormRule::Locked) {
            Known::Free => {}
            Known::When(when) if self.decides(when) => {
                if let Some(terms) = when.holds(&self.values(when)) {
                    let terms: Vec<String> = terms.iter().map(ToString::to_string).collect();
                    note(&mut found.told, format!("{path}: the form locks it when {}", terms.join(" and ")));
                }
            }
            _ => unread = true,
        }
        if unread {
            note(&mut found.unread, path.to_owned());
        }
    }

    /// Whether all that decides it is known, and may be told.
    fn decides(&self, when: &Condition) -> bool {
        when.fields().all(|name| match self.def.field(name) {
            _ if name == NEW || name == "docstatus" => true,
            Some(field) if field.permlevel == 0 && (self.may_read)(field) => {
                !self.is_new || self.doc.contains_key(name) || self.is_whole && is_plain_tick(field)
            }
            _ => false,
        })
    }

    /// The values of the fields that decide. Of a table it is how many rows there are.
    fn values(&self, when: &Condition) -> Map<String, Value> {
        let value = |name: &str| match self.doc.get(name) {
            _ if name == NEW => json!(u8::from(self.is_new)),
            Some(Value::Array(rows)) => json!(rows.len()),
            Some(value) => value.clone(),
            None => json!(u8::from(self.def.field(name).is_some_and(|field| field.default == Some("1")))),
        };
        when.fields().map(|name| (name.to_owned(), value(name))).collect()
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
