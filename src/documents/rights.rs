//! What the configuration lets a call see and change of its DocType.

use serde_json::{Map, Value};

use super::DocTypeCall;
use crate::error::ToolError;
use crate::policy::Operation;

impl DocTypeCall<'_> {
    /// Whether the caller may see a field, or a column of rows such as `accounts.party`.
    pub fn may_read(&self, name: &str) -> bool {
        self.permit.fields().may_read_named(self.def, &|child| self.session.catalog.known(child), name)
    }

    /// Refuses what cannot be done without seeing these fields and columns.
    ///
    /// # Errors
    /// The first that is withheld.
    pub fn needs_to_read(&self, names: &[&str]) -> Result<(), ToolError> {
        match names.iter().find(|name| !self.may_read(name)) {
            None => Ok(()),
            Some(name) => Err(ToolError::not_readable(name, self.def.name)),
        }
    }

    /// Refuses what cannot be done without changing these fields.
    ///
    /// # Errors
    /// The first that is withheld.
    pub fn needs_to_update(&self, fields: &[&str]) -> Result<(), ToolError> {
        let changes: Map<String, Value> = fields.iter().map(|field| ((*field).to_owned(), Value::Null)).collect();
        let children = |child: &str| self.session.catalog.known(child);
        match self.permit.fields().refused(Operation::Update, Some(self.def), children, &changes).first() {
            None => Ok(()),
            Some(field) => Err(ToolError::not_writable(field, self.def.name)),
        }
    }
}
