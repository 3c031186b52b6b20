//! From the site's answer to what the model sees: cut to what was granted, without the keys that say nothing.

mod alike;
pub mod amounts;
pub mod called;
pub mod columns;
mod fit;
pub mod history;
pub mod html;
pub mod markdown;
mod masked;
#[cfg(test)]
pub(crate) mod one_by_one;
pub mod page;
pub mod plain;
pub mod present;
pub mod readable;
pub mod redact;
pub mod report;
pub mod rich_text;
mod row_texts;
pub mod said;
pub mod script;
mod sizes;
pub mod text;
pub mod vocabulary;

pub use crate::entry::{is_set, text_of};
pub use fit::{fit, fit_with_rows};
pub use masked::{FOR_READS, FOR_WRITES, Masked};
pub use row_texts::{RowTexts, TableText};
pub use text::{is_hidden, is_visible, make_stored, make_visible, shortened, visible};

use std::borrow::Cow;

use erpnext_schema::{
    Children, DocTypeDef, FieldDef, FieldWalk, Rule, Shape, Violation, labelled_field, nearest_field, not_permitted,
    rows, rows_mut,
};
use serde_json::{Map, Value};

use crate::policy::{FieldRule, Permit};

/// The keys of a row that repeat what its document says, or say nothing to a reader.
const ROW_NOISE: &[&str] =
    &["doctype", "parent", "parentfield", "parenttype", "owner", "creation", "modified", "modified_by", "docstatus"];

/// A document as the caller may see it.
#[derive(Debug)]
pub struct Shaped {
    /// What may be seen.
    pub document: Map<String, Value>,
    /// What may not be seen of such a document.
    pub withheld: Vec<String>,
}

/// The most names of withheld fields that are told.
const MOST_NAMES: usize = 30;

/// Names of fields as an answer tells them: of many the first.
pub fn names(mut names: Vec<String>) -> Value {
    let more = names.len().saturating_sub(MOST_NAMES);
    if more > 0 {
        names.truncate(MOST_NAMES);
        names.push(format!("and {more} more, which get_doctype_permissions tells"));
    }
    Value::from(names)
}

/// Cuts a document to what the permit grants: no nulls, no keys of Frappe's own, `true` and `false` for checks.
pub fn document(
    def: &'static DocTypeDef,
    permit: &Permit,
    children: Children<'_>,
    mut doc: Map<String, Value>,
) -> Shaped {
    doc.remove("doctype");
    let withheld = permit.fields().cut(Some(def), children, &mut doc);
    let mut fields = def.walk();
    doc.retain(|key, value| {
        match (fields.field(key), value) {
            (_, Value::Null) => return false,
            // What the title would repeat stands under its own name.
            (Some(field), Value::String(text)) if is_pattern(def, field, text.as_str()) => return false,
            (Some(field), Value::Array(rows)) if field.kind.is_table() && !rows.is_empty() => {
                let mut columns = field.target().and_then(children).map(DocTypeDef::walk);
                rows.iter_mut().filter_map(Value::as_object_mut).for_each(|row| shape_row(columns.as_mut(), row));
            }
            (Some(field), value) => shape_scalar(field, value),
            (None, _) => {}
        }
        true
    });
    Shaped { document: doc, withheld }
}

/// Whether a title is not one but the pattern for it (H64).
fn is_pattern(def: &DocTypeDef, field: &FieldDef, text: &str) -> bool {
    field.default == Some(text) && def.title_field == Some(field.fieldname) && def.titled_by().is_some()
}

/// Whether a document or one of its rows has a field that the tables do not know.
pub fn has_unknown(def: &DocTypeDef, children: Children<'_>, doc: &Map<String, Value>) -> bool {
    let mut fields = def.walk();
    doc.iter().any(|(key, value)| {
        let Some(field) = fields.field(key) else { return !is_frappes_own(key) };
        if rows(value).next().is_none() {
            return false;
        }
        let Some(child) = field.rows_of().and_then(children) else { return false };
        let mut columns = child.walk();
        rows(value).flat_map(Map::keys).any(|key| columns.field(key).is_none() && !is_frappes_own(key))
    })
}

/// Takes out of a document and its rows the fields that the tables do not know.
pub fn take_unknown(def: &DocTypeDef, children: Children<'_>, doc: &mut Map<String, Value>) {
    doc.retain(|key, value| {
        let Some(field) = def.field(key) else { return is_frappes_own(key) };
        if let Some(child) = field.rows_of().and_then(children) {
            rows_mut(value).for_each(|row| row.retain(|key, _| child.field(key).is_some() || is_frappes_own(key)));
        }
        true
    });
}

/// Whether a key is none of a field but Frappe's own.
pub fn is_frappes_own(key: &str) -> bool {
    key == "doctype" || key.starts_with('_')
}

fn shape_row(mut columns: Option<&mut FieldWalk>, row: &mut Map<String, Value>) {
    row.retain(|key, value| {
        let is_told = !value.is_null() && !ROW_NOISE.contains(&key.as_str());
        // Nothing but a number becomes something else.
        if is_told
            && value.is_u64()
            && let Some(column) = columns.as_mut().and_then(|columns| columns.field(key))
        {
            shape_scalar(column, value);
        }
        is_told
    });
}

/// A row of a list: the columns that were asked for, and only those that may be seen.
pub fn row(
    def: &'static DocTypeDef,
    permit: &Permit,
    columns: &[String],
    mut row: Map<String, Value>,
) -> Map<String, Value> {
    let mut shaped = Map::with_capacity(columns.len());
    for column in columns {
        let Some(field) = def.field(column).filter(|field| permit.fields().may_read(*field)) else { continue };
        match row.remove(column) {
            None | Some(Value::Null) => {}
            Some(mut value) => {
                shape_scalar(field, &mut value);
                shaped.insert(column.clone(), value);
            }
        }
    }
    shaped
}

/// The fields of these columns, and none for those that may not be seen.
pub fn columns(def: &DocTypeDef, permit: &Permit, names: &[String]) -> Vec<Option<&'static FieldDef>> {
    let seen = |name: &String| def.field(name).filter(|field| permit.fields().may_read(*field));
    names.iter().map(seen).collect()
}

/// The values of these columns in a row of a list, or of one that is shown within another; `cut` becomes true where a text
/// was.
pub fn cells<F: Into<Option<&'static FieldDef>> + Copy, K: AsRef<str>>(
    columns: &[F],
    row: impl IntoIterator<Item = (K, Value)>,
    cut: &mut bool,
) -> Vec<Value> {
    let mut cells = vec![Value::Null; columns.len()];
    for (place, (key, mut value)) in row.into_iter().enumerate() {
        let named = |at: usize| {
            let column: Option<&'static FieldDef> = (*columns.get(at)?).into();
            column.filter(|column| column.fieldname == key.as_ref()).map(|column| (at, column))
        };
        // Sites give them in the order in which they were asked for.
        if let Some((at, column)) = named(place).or_else(|| (0..columns.len()).find_map(named)) {
            shape_scalar(column, &mut value);
            *cut |= present::in_a_row(Some(column), &mut value);
            cells[at] = value;
        }
    }
    cells
}

/// `true` and `false` for checks.
pub fn shape_scalar(field: &FieldDef, value: &mut Value) {
    if let (Shape::Bool, Some(number @ (0 | 1))) = (field.kind.shape(), value.as_u64()) {
        *value = Value::Bool(number == 1);
    }
}

/// The fields that a reader wants of a document: `status`, `items`, `items.qty`; `items[120:]` and `terms[8000:]` go on
/// where an answer that was too large ended.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// `*`: every field, those too that the table does not know.
    all: bool,
    parts: Found,
    /// How many rows or characters were seen before.
    from: Vec<(&'static str, usize)>,
}

impl Wanted {
    /// Reads a list of names.
    ///
    /// # Errors
    /// Names that are not fields, or that may not be seen.
    pub fn read(
        def: &'static DocTypeDef,
        rule: &FieldRule,
        names: &[String],
        children: Children<'_>,
    ) -> Result<Self, Vec<Violation>> {
        let (mut wanted, mut from) = (Vec::new(), Vec::new());
        let mut violations = Vec::new();
        let all = names.iter().any(|name| name == "*");
        for (i, name) in names.iter().enumerate().filter(|(_, name)| *name != "*") {
            let (field, start) = begun(name);
            match find(def, rule, &field, children) {
                Ok(found) => {
                    from.extend(start.and_then(|start| Some((found.first()?.0, start))));
                    wanted.extend(found);
                }
                Err((rule, message, near)) => violations.push(Violation {
                    path: format!("fields[{i}]"),
                    rule,
                    message: format!("{name}: {message}"),
                    nearest: near.map(str::to_owned),
                }),
            }
        }
        // Money says nothing without its currency.
        let money: Vec<&FieldDef> =
            wanted.iter().filter_map(|(name, column)| money(def, children, name, *column)).collect();
        wanted.extend(money.into_iter().filter(|by| rule.may_read(*by)).map(|by| (by.fieldname, None)));
        if violations.is_empty() { Ok(Self { all, parts: wanted, from }) } else { Err(violations) }
    }

    /// How many rows of a table were seen before.
    pub fn seen_before(&self, table: &str) -> usize {
        self.from.iter().filter(|(field, _)| *field == table).map(|(_, start)| *start).fold(0, usize::saturating_add)
    }

    /// Leaves out the rows and characters that were seen before; gives where each begins now.
    pub fn go_on(&self, document: &mut Map<String, Value>) -> Map<String, Value> {
        let mut begins = Map::new();
        for (field, start) in &self.from {
            match document.get_mut(*field) {
                Some(Value::Array(rows)) => drop(rows.drain(..(*start).min(rows.len()))),
                // Characters count as they were shown.
                Some(Value::String(text)) => {
                    *text = visible(text).as_ref().unwrap_or(text).chars().skip(*start).collect();
                }
                _ => continue,
            }
            begins.insert((*field).to_owned(), Value::from(*start));
        }
        begins
    }

    /// The fields of the document itself that were named, and not columns of its rows.
    pub fn fields(&self) -> impl Iterator<Item = &'static str> {
        self.parts.iter().filter(|(_, column)| column.is_none()).map(|(field, _)| *field)
    }

    /// Whether the column of a table is among them.
    pub fn has(&self, table: &str, column: &str) -> bool {
        let is = |(field, part): &(&str, Option<&str>)| *field == table && part.is_none_or(|part| part == column);
        self.all || column == "name" || self.parts.iter().any(is)
    }

    /// Takes out everything else, but for the name.
    pub fn keep(&self, document: &mut Map<String, Value>) {
        if self.all {
            return;
        }
        document.retain(|key, value| {
            if key == "name" || self.parts.iter().any(|(field, column)| field == key && column.is_none()) {
                return true;
            }
            let columns: Vec<_> =
                self.parts.iter().filter(|(field, _)| field == key).filter_map(|(_, column)| *column).collect();
            for row in value.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                row.retain(|key, _| key == "name" || columns.contains(&key.as_str()));
            }
            !columns.is_empty()
        });
    }
}

/// The field that names the currency of this one, or of this column.
fn money(def: &DocTypeDef, children: Children<'_>, name: &str, column: Option<&str>) -> Option<&'static FieldDef> {
    let field = def.field(name)?;
    match column {
        None => present::currency_of(def, field),
        Some(column) => present::currency_of(def, field.target().and_then(children)?.field(column)?),
    }
}

/// `items[120:].qty` as `items.qty` and 120.
fn begun(name: &str) -> (Cow<'_, str>, Option<usize>) {
    let parts = || {
        let (field, rest) = name.split_once('[')?;
        let (start, rest) = rest.split_once(":]")?;
        Some((Cow::Owned(format!("{field}{rest}")), Some(start.trim().parse().ok()?)))
    };
    parts().unwrap_or((Cow::Borrowed(name), None))
}

type Found = Vec<(&'static str, Option<&'static str>)>;
type NotFound = (Rule, String, Option<&'static str>);

fn find(def: &'static DocTypeDef, rule: &FieldRule, name: &str, children: Children<'_>) -> Result<Found, NotFound> {
    let (fieldname, column) = name.split_once('.').map_or((name, None), |(field, column)| (field, Some(column)));
    let visible = |field: &&'static FieldDef| rule.may_read(*field);
    let unknown = |def: &DocTypeDef, near| (Rule::UnknownField, format!("no such field in {}", def.name), near);
    let field = def.field(fieldname).or_else(|| labelled_field(fieldname, def.all_fields()).filter(visible));
    let field = field.ok_or_else(|| match fieldname {
        "_assign" | "assigned_to" if def.field("allocated_to").is_none() => (Rule::UnknownField, in_lists(def), None),
        _ => unknown(def, nearest_field(fieldname, def.all_fields().filter(visible))),
    })?;
    let denied = |field: &FieldDef| (Rule::NotPermitted, not_permitted(field, "reading"), None);
    if !rule.may_read(field) {
        return Err(denied(field));
    }
    let Some(column) = column else { return Ok(vec![(field.fieldname, None)]) };
    let Some(child) = field.rows_of().and_then(children) else {
        return Err((Rule::UnknownField, no_table(def, field), None));
    };
    let seen = |column: &&'static FieldDef| rule.may_read_child(field, *column);
    let found = child.field(column).or_else(|| labelled_field(column, child.fields).filter(seen));
    let column = found.ok_or_else(|| unknown(child, nearest_field(column, child.fields.iter().filter(seen))))?;
    if !rule.may_read_child(field, column) {
        return Err(denied(column));
    }
    Ok(vec![(field.fieldname, Some(column.fieldname))])
}

/// Where it is told who has a document.
fn in_lists(def: &DocTypeDef) -> String {
    format!("no field of {} but of lists: list it with assigned_to in fields and its name in filters", def.name)
}

/// Why a field has no columns, and who has those of a link.
pub fn no_table(def: &DocTypeDef, field: &FieldDef) -> String {
    let message = format!("{} is no table of {}", field.fieldname, def.name);
    match field.target() {
        Some(target) if !field.kind.is_table() => {
            format!("{message} but a link: list or get the {target}, which has fields of its own")
        }
        _ => message,
    }
}
