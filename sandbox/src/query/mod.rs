//! Lists: what is asked for, as the site reads it, and the SQL that answers it.

use serde_json::{Map, Value};

use crate::error::SiteError;
use crate::perms::Right;
use crate::site::Site;
use crate::store::{Sql, columns, from_sql, quote, table_name};

/// What a list is asked for; every part as it was sent, JSON text already read.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct List {
    /// Field names, functions, `*`; `name` where null.
    pub fields: Value,
    /// A list of conditions, or an object of equalities.
    pub filters: Value,
    /// Conditions of which one has to hold.
    pub or_filters: Value,
    /// Fields to group by.
    pub group_by: Option<String>,
    /// `field direction, …`; no order at all where `None` (H15).
    pub order_by: Option<String>,
    /// How many rows to skip.
    pub start: u64,
    /// How many rows to give; `None` gives all and skips none (H16).
    pub length: Option<u64>,
    /// The DocType that lets a child table be listed (H20).
    pub parent: Option<String>,
    /// Whether rights are left aside (H23).
    pub ignore_permissions: bool,
}

impl Site<'_> {
    /// The rows of a list, as objects with the keys that were asked for.
    ///
    /// # Errors
    /// What the site answers to fields, filters and orders that it does not take (H17); 403, 404.
    pub fn list(&self, doctype: &str, list: &List) -> Result<Vec<Map<String, Value>>, SiteError> {
        let def = self.doctype(doctype)?;
        self.check(doctype, None, Right::Read)?;
        self.db.prepare(def)?;
        let asked: Vec<&str> = list.fields.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let fields: Vec<_> = columns(def)
            .filter(|field| {
                asked.contains(&"*")
                    || asked.contains(&field.fieldname)
                    || asked.is_empty() && field.fieldname == "name"
            })
            .collect();
        let names: Vec<String> = fields.iter().map(|field| quote(field.fieldname)).collect();
        let limit = list.length.map_or(String::new(), |length| format!(" LIMIT {length} OFFSET {}", list.start));
        let sql = format!("SELECT {} FROM {}{limit}", names.join(", "), table_name(def.name));
        let rows = self.db.query(&sql, &[])?;
        let object = |row: Vec<Sql>| {
            let cells = fields.iter().zip(row);
            cells.map(|(field, cell)| (field.fieldname.to_owned(), from_sql(Some(field), cell))).collect()
        };
        Ok(rows.into_iter().map(object).collect())
    }
}
