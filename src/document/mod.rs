//! Documents on their way to the site: what a write is checked against, changes laid onto what is stored, and what came
//! of them.

pub mod amendment;
pub mod amounts;
pub mod changes;
pub mod counterparts;
pub mod differences;
pub mod draft;
pub mod fingerprint;
pub mod labels;
pub mod ledgers;
pub mod merge;
pub mod outcome;
#[cfg(test)]
mod tests;
pub mod unpack;

use erpnext_schema::{Context, DocTypeDef, FieldDef};
use serde_json::{Map, Value};

use crate::catalog::Catalog;
use crate::policy::FieldRule;

/// What a write is checked against: the field rule and the tables of the child rows.
pub struct Writing<'a> {
    /// Which fields may be set.
    pub rule: &'a FieldRule,
    /// Knows the child tables.
    pub catalog: &'a Catalog,
}

impl Context for Writing<'_> {
    fn child(&self, doctype: &str) -> Option<&'static DocTypeDef> {
        self.catalog.known(doctype)
    }

    fn may_write(&self, table: Option<&FieldDef>, field: &FieldDef) -> bool {
        match table {
            Some(table) => self.rule.may_write_child(table, field),
            None => self.rule.may_write(field),
        }
    }

    /// A row that is found by a value tells the value.
    fn may_match(&self, table: &FieldDef, column: &FieldDef) -> bool {
        self.rule.may_read_child(table, column)
    }
}

/// The document with these fields in the place of its own.
pub fn overlaid(doc: &Map<String, Value>, fields: &Map<String, Value>) -> Map<String, Value> {
    let mut doc = doc.clone();
    doc.extend(fields.clone());
    doc
}
