//! Which documents hold the rows of a child table, and what is asked of rows as it is asked of these documents.

use erpnext_schema::doctype_flag::CHILD;
use erpnext_schema::{DocTypeDef, FieldDef, flag, labelled_field};
use serde_json::{Value, json};

use super::nested::entries;
use crate::context::Session;
use crate::policy::Operation;

/// How many columns of rows a call is shown with.
const SHOWN: usize = 3;

/// Rows of a child table, and what holds them.
pub(super) struct Held {
    rows: &'static DocTypeDef,
    /// The DocType that holds them.
    pub by: &'static DocTypeDef,
    /// In this table.
    pub table: &'static FieldDef,
}

impl Held {
    /// What holds the rows of this DocType; nothing where it is no child table.
    ///
    /// # Errors
    /// Why it cannot be told: several tables hold such rows, or none that may be read.
    pub fn of(session: &Session<'_>, doctype: &str) -> Result<Option<Self>, String> {
        let Some(rows) = session.catalog.known(doctype).filter(|def| def.is(CHILD)) else { return Ok(None) };
        let held: Vec<Self> = holders(session, rows).collect();
        let names: Vec<String> = held.iter().map(|held| format!("{}.{}", held.by.name, held.table.fieldname)).collect();
        match <[Self; 1]>::try_from(held) {
            Ok([held]) => Ok(Some(held)),
            Err(_) if names.is_empty() => Err(format!("no DocType that may be read holds rows of {doctype}")),
            Err(_) => Err(format!(
                "rows of {doctype} are in {}: name the DocType that is meant, and filter by columns of its table",
                names.join(", ")
            )),
        }
    }

    /// Filters of the rows as filters of the documents: a column is the table's, and what the rows have not, or what
    /// `parent.` is written before, is the document's own.
    pub fn asked_of_documents(&self, filters: &Value) -> Value {
        let Some(entries) = entries(filters) else { return filters.clone() };
        let named = entries.into_iter().map(|mut parts| {
            if parts.len() > 2 && parts.first().and_then(Value::as_str) == Some(self.rows.name) {
                parts.remove(0);
            }
            if let Some(Value::String(name)) = parts.first_mut() {
                *name = self.place(name);
            }
            Value::Array(parts)
        });
        named.collect()
    }

    fn place(&self, name: &str) -> String {
        let fields = self.rows.fields;
        let by_label = || labelled_field(name, fields).is_some();
        let is_column = fields.iter().any(|column| column.fieldname == name) || by_label();
        match name.strip_prefix("parent.") {
            Some(own) => own.to_owned(),
            None if name == "parent" => "name".to_owned(),
            None if is_column => format!("{}.{name}", self.table.fieldname),
            None => name.to_owned(),
        }
    }
}

/// How rows of a child table are read: a call on a DocType that has them and may be read, with columns of theirs.
pub(super) fn how_to_read(session: &Session<'_>, child: &str) -> String {
    let call = session.catalog.known(child).and_then(|rows| {
        holders(session, rows).find_map(|held| {
            let permit = session.policy.permit(Operation::Read, held.by.name).ok()?;
            let rule = permit.fields();
            let seen = |column: &&FieldDef| {
                column.in_lists() && column.is(flag::IN_LIST_VIEW) && rule.may_read_child(held.table, *column)
            };
            let place = |column: &FieldDef| format!("{}.{}", held.table.fieldname, column.fieldname);
            let columns: Vec<String> = rows.fields.iter().filter(seen).take(SHOWN).map(place).collect();
            let first = columns.first()?.clone();
            let fields: Vec<String> = std::iter::once("name".to_owned()).chain(columns).collect();
            let call = json!({"doctype": held.by.name, "fields": fields});
            Some(format!(
                "Rows of many documents: list_generic_documents {call}, with filters by the same names, such as {first}, \
                 or by fields of {}; aggregate_documents sums and groups by them. To change rows, update the document.",
                held.by.name
            ))
        })
    });
    call.unwrap_or_else(|| "Get or update the parent document instead.".to_owned())
}

/// The tables that hold such rows, of DocTypes that may be read.
fn holders<'s>(session: &Session<'s>, rows: &'static DocTypeDef) -> impl Iterator<Item = Held> + use<'s> {
    let policy = session.policy;
    let readable = session.catalog.all_generated().filter(move |by| policy.permit(Operation::Read, by.name).is_ok());
    readable.flat_map(move |by| {
        let tables = by.tables().filter(move |table| table.rows_of() == Some(rows.name));
        tables.map(move |table| Held { rows, by, table })
    })
}
