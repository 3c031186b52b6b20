//! `Permit`: the policy's word that one caller may do one thing. Nothing reaches the site without one.

use std::sync::Arc;

use super::FieldRule;

/// What is done to documents of a DocType.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Operation {
    /// Get, list, search, count.
    Read,
    /// Make a new document.
    Create,
    /// Change a document.
    Update,
    /// Delete a document.
    Delete,
}

impl Operation {
    /// The operation's name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// Leave to do one operation on documents of one DocType, with the fields that may be seen. Only the policy makes one.
#[derive(Clone, Debug)]
pub struct Permit {
    doctype: Arc<str>,
    operation: Operation,
    fields: Arc<FieldRule>,
}

impl Permit {
    pub(super) fn new(doctype: &str, operation: Operation, fields: Arc<FieldRule>) -> Self {
        Self { doctype: doctype.into(), operation, fields }
    }

    /// The DocType it is for.
    pub fn doctype(&self) -> &str {
        &self.doctype
    }

    /// What it allows to do.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// Which fields may be seen and set.
    pub fn fields(&self) -> &FieldRule {
        &self.fields
    }
}

#[cfg(test)]
impl Permit {
    /// A permit for tests of what takes one.
    pub(crate) fn for_test(doctype: &str, operation: Operation) -> Self {
        Self::new(doctype, operation, Arc::new(FieldRule::default()))
    }
}
