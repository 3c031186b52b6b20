//! Filters by other documents, and by what hangs on documents, answered before the list is asked for: by a field of a
//! linked one (`customer.territory`), and by whether documents of another DocType, or rows of such, link here (`used in`).
//! The site would drop documents (H85) or knows no such question, so what they find is named: in bounded steps, and never
//! a part in the place of the whole.

use std::collections::BTreeSet;

use erpnext_schema::{DocTypeDef, FieldDef, Rule, Violation};
use serde_json::{Value, json};

use super::DocTypeCall;
use super::beyond::{PAGE, neighbour};
use super::marks;
use super::row_holders::Held;
use super::states::also_count;
use super::used::{MOST_DOCUMENTS, MOST_ROWS};
use super::ways::{Way, attached, ways_from};
use crate::error::ToolError;
use crate::policy::Filter;
use crate::query::beyond::{Neighbour, linked};
use crate::query::compare::{is_operator, notes_on_filters};
use crate::query::reader::Reader;
use crate::shape::Masked;
use crate::site::ListQuery;

/// The most filters of one call that ask about other documents: each is several requests.
const MOST_QUESTIONS: usize = 5;
/// The most documents that a filter names in the place of a question about others.
const MOST_NAMES: usize = 5_000;

/// The operators of the question whether documents of another DocType link here.
const USED: &str = "used in";
const NOT_USED: &str = "not used in";

/// Filters of a document's own fields and rows alone.
pub struct Resolved {
    /// The filters as the site takes them.
    pub filters: Option<Value>,
    /// What was looked up, in words; empty where nothing was.
    pub notes: Vec<String>,
}

/// One comparison that is about other documents.
enum Nested<'v> {
    /// A field of the document that a Link names, and what it is compared with.
    Linked { by: &'static FieldDef, field: &'v str, rest: Vec<Value> },
    /// What hangs on the document, kept in this column.
    Mark { column: &'static str, rest: &'v [Value] },
    /// Whether documents of another DocType that fit the filters link here.
    Used { not: bool, doctype: &'v str, filters: Option<&'v Value> },
}

/// Answers what filters ask about other documents, and names what was found in its place.
///
/// # Errors
/// Filters of other documents that are wrong or not permitted, more documents than can be named, and the site's.
pub async fn resolve(on: &DocTypeCall<'_>, argument: &str, given: Option<Value>) -> Result<Resolved, ToolError> {
    let as_given = |given| Ok(Resolved { filters: given, notes: Vec::new() });
    let Some(items) = given.as_ref().and_then(entries) else { return as_given(given) };
    let nested: Vec<Option<Nested<'_>>> = items.iter().map(|item| read(on.def, item)).collect();
    if nested.iter().all(Option::is_none) {
        return as_given(given);
    }
    if nested.iter().flatten().count() > MOST_QUESTIONS {
        let message = format!("at most {MOST_QUESTIONS} filters of one call ask about other documents");
        return Err(on.wrong(argument, Rule::Value, message, None));
    }
    let (mut filters, mut notes) = (Vec::new(), Vec::new());
    for (item, nested) in items.iter().zip(nested) {
        let (filter, found) = match nested {
            None => {
                filters.push(json!(item));
                continue;
            }
            Some(Nested::Mark { column, rest }) => {
                let (filter, note) = marks::filter(on, argument, column, rest).await?;
                (filter, Vec::from_iter(note))
            }
            Some(Nested::Linked { by, field, rest }) => on.by_linked(argument, by, field, rest).await?,
            Some(Nested::Used { not, doctype, filters }) => on.by_use(argument, not, doctype, filters).await?,
        };
        filters.push(filter);
        notes.extend(found);
    }
    Ok(Resolved { filters: Some(Value::Array(filters)), notes })
}

/// The comparisons as lists of their parts, where they come in a form that can hold one of these.
pub fn entries(given: &Value) -> Option<Vec<Vec<Value>>> {
    match given {
        Value::Object(entries) => {
            let entry = |(name, value): (&String, &Value)| match value {
                Value::Array(parts) if parts.first().and_then(Value::as_str).is_some_and(compares) => {
                    std::iter::once(json!(name)).chain(parts.iter().cloned()).collect()
                }
                value => vec![json!(name), value.clone()],
            };
            Some(entries.iter().map(entry).collect())
        }
        Value::Array(parts) if parts.first().is_some_and(Value::is_string) => Some(vec![parts.clone()]),
        Value::Array(items) => items.iter().map(|item| item.as_array().cloned()).collect(),
        _ => None,
    }
}

/// Whether a text stands between a field and what that is compared with.
pub fn compares(text: &str) -> bool {
    is_operator(text) || asks_for_use(text)
}

/// Whether an operator asks whether documents of the DocType that follows link here.
pub fn asks_for_use(text: &str) -> bool {
    is(text, USED) || is(text, NOT_USED)
}

fn is(text: &str, operator: &str) -> bool {
    text.trim().eq_ignore_ascii_case(operator)
}

fn read<'v>(def: &DocTypeDef, parts: &'v [Value]) -> Option<Nested<'v>> {
    let parts = match parts {
        [doctype, rest @ ..] if *doctype == def.name && rest.len() > 1 => rest,
        parts => parts,
    };
    let (name, rest) = parts.split_first()?;
    let name = name.as_str()?;
    if let Some(column) = marks::column(def, name) {
        return Some(Nested::Mark { column, rest });
    }
    if let Some((by, field)) = linked(def, name) {
        return Some(Nested::Linked { by, field, rest: rest.to_vec() });
    }
    match rest {
        [Value::String(operator), Value::String(doctype), rest @ ..]
            if name == "name" && rest.len() < 2 && asks_for_use(operator) =>
        {
            Some(Nested::Used { not: is(operator, NOT_USED), doctype, filters: rest.first() })
        }
        // A list of names holds no filters: a question can be meant alone.
        [Value::String(operator), Value::Array(asked)]
            if name == "name" && (is(operator, "in") || is(operator, "not in")) =>
        {
            match asked.as_slice() {
                [Value::String(doctype), filters @ Value::Object(_)] => {
                    Some(Nested::Used { not: is(operator, "not in"), doctype, filters: Some(filters) })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

impl DocTypeCall<'_> {
    /// The filter by the names of the linked documents that fit.
    async fn by_linked(
        &self,
        argument: &str,
        by: &'static FieldDef,
        field: &str,
        rest: Vec<Value>,
    ) -> Result<(Value, Vec<String>), ToolError> {
        let place = format!("{argument}: {}.{field}", by.fieldname);
        let hidden = self.hidden().await?;
        self.may_ask(argument, by, &hidden)?;
        let there = self.there(&place, by.target().unwrap_or_default()).await?;
        let on = there.call(self);
        let given = Value::Array(std::iter::once(json!(field)).chain(rest).collect());
        let filters = on.nested_filters(&place, &there, Some(&json!([given]))).await?;
        let mut notes: Vec<String> = notes_on_filters(on.def, filters.iter())
            .into_iter()
            .map(|note| format!("{}.{note}", by.fieldname))
            .collect();
        let query = ListQuery { filters, ..ListQuery::default() };
        let mut names: Vec<Value> = Vec::new();
        loop {
            let page = on.next_by_name(&query, names.last()).await?;
            let last = page.len() < PAGE;
            names.extend(page.into_iter().filter_map(|mut row| row.remove("name")));
            if names.len() > MOST_NAMES {
                return Err(self.too_many(&place, on.def));
            }
            if last {
                break;
            }
        }
        notes.push(format!("{}.{field}: {} {} fit", by.fieldname, names.len(), there.def.name));
        Ok((among(by.fieldname, names), notes))
    }

    /// The filter by the names that documents of another DocType link to.
    async fn by_use(
        &self,
        argument: &str,
        not: bool,
        doctype: &str,
        filters: Option<&Value>,
    ) -> Result<(Value, Vec<String>), ToolError> {
        let place = format!("{argument}: name {} {doctype}", if not { NOT_USED } else { USED });
        let held = Held::of(self.session, doctype).map_err(|why| self.wrong(&place, Rule::Value, why, None))?;
        let doctype = held.as_ref().map_or(doctype, |held| held.by.name);
        let there = self.there(&place, doctype).await?;
        let on = there.call(self);
        let asked = match (&held, filters) {
            (Some(held), Some(filters)) => Some(held.asked_of_documents(filters)),
            (_, filters) => filters.cloned(),
        };
        let filters = on.nested_filters(&place, &there, asked.as_ref()).await?;
        let mut ways = ways_from(self.session, there.def, there.permit.fields(), self.def.name);
        ways.extend(attached(there.def, there.permit.fields()).filter(|_| self.permit.fields().may_read_attachments()));
        ways.retain(|way| !way.is_hidden(&there.hidden));
        if let Some(held) = &held {
            // The rows that are asked about, and the documents that hold them.
            ways.retain(|way| way.rows.is_none_or(|rows| rows.table == held.table.fieldname));
        }
        if ways.is_empty() {
            let message = format!("{doctype} has no field that links to {} and may be read", self.def.name);
            return Err(self.wrong(&place, Rule::Value, message, None));
        }
        let mut used = BTreeSet::new();
        for way in &ways {
            if !on.add_used(self.def.name, way, &filters, MOST_NAMES, &mut used).await? {
                return Err(self.too_many(&place, on.def));
            }
            if used.len() > MOST_NAMES {
                return Err(self.too_many(&place, self.def));
            }
        }
        let mut notes = notes_on_filters(on.def, filters.iter());
        let own = filters.iter().filter(|filter| filter.rows.is_none()).map(|filter| filter.field.as_str());
        if let Some((who, filter)) = also_count(on.def, own) {
            notes.push(format!("{who} of {doctype} count too: filter them by {filter}"));
        }
        let place_of = |way: &Way| way.rows.map_or_else(String::new, |rows| format!("{}.", rows.table)) + way.field;
        let fields: Vec<String> = ways.iter().map(place_of).collect();
        notes.push(format!("{} {} are used in {doctype}, by {}", used.len(), self.def.name, fields.join(", ")));
        let used: Vec<Value> = used.into_iter().map(Value::String).collect();
        let filter = match not {
            false => among("name", used),
            true if used.is_empty() => json!(["name", "is", "set"]),
            true => json!(["name", "not in", used]),
        };
        Ok((filter, notes))
    }

    /// Whether the caller may ask by this field of the document itself.
    fn may_ask(&self, argument: &str, by: &FieldDef, hidden: &Masked) -> Result<(), ToolError> {
        let mut here = Reader::new(self.def, self.permit.fields()).with_masked(hidden);
        here.field(argument, by.fieldname);
        here.done(()).map_err(|found| ToolError::arguments(self.tool.name(), found))
    }

    /// The DocType that a filter is about beside that of the call.
    async fn there(&self, place: &str, doctype: &str) -> Result<Neighbour, ToolError> {
        neighbour(self, doctype).await?.map_err(|why| self.wrong(place, Rule::NotPermitted, why, None))
    }

    /// The filters of other documents.
    async fn nested_filters(
        &self,
        place: &str,
        there: &Neighbour,
        given: Option<&Value>,
    ) -> Result<Vec<Filter>, ToolError> {
        let session = self.session;
        let given = self.meant_filters(given).await?;
        let children = |child: &str| session.catalog.known(child);
        let mut reader = Reader::new(self.def, self.permit.fields()).with_trees(session.policy);
        reader = reader.with_masked(&there.hidden).with_rows(&children);
        let filters = reader.filters(place, given.as_ref());
        if given.as_ref().is_some_and(|given| !given.is_object() && !given.is_array()) {
            reader.wrong(place, Rule::Value, "the filters of the other documents are an object", None);
        }
        reader.done(filters).map_err(|found| ToolError::arguments(self.tool.name(), found))
    }

    fn wrong(&self, path: &str, rule: Rule, message: String, near: Option<String>) -> ToolError {
        let violation = Violation { path: path.to_owned(), rule, message, nearest: near };
        ToolError::arguments(self.tool.name(), vec![violation])
    }

    fn too_many(&self, place: &str, def: &DocTypeDef) -> ToolError {
        let what = format!(
            "{place}: this touches more {} than the {MOST_NAMES} names, or {MOST_DOCUMENTS} documents with {MOST_ROWS} \
             rows, that one filter looks through; nothing was left out in silence.",
            def.name
        );
        ToolError::refused(what, "Narrow it with a filter of those documents, such as a later date.")
    }
}

impl Neighbour {
    /// The same call on the documents of the other DocType.
    fn call<'c>(&'c self, on: &'c DocTypeCall<'_>) -> DocTypeCall<'c> {
        DocTypeCall { def: self.def, permit: &self.permit, ..*on }
    }
}

/// That a field is one of these; of none nothing is found, which the site does not say by an empty list (H22).
fn among(field: &str, names: Vec<Value>) -> Value {
    match names.is_empty() {
        true => json!(["name", "in", [""]]),
        false => json!([field, "in", names]),
    }
}
