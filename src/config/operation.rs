//! What can be permitted: one operation, and a set of them.

use std::fmt;

/// What is done to documents of a DocType.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Operation {
    /// Get, list, search, count.
    Read,
    /// Make a new document.
    Create,
    /// Change a document.
    Update,
    /// Delete a document.
    Delete,
    /// Make a draft final.
    Submit,
    /// Undo what was submitted.
    Cancel,
    /// Make a new draft of what was cancelled.
    Amend,
    /// Run reports.
    Report,
    /// Take many documents out at once.
    Export,
    /// Make a print or a PDF.
    Print,
}

impl Operation {
    /// Every operation that a configuration can name.
    pub const ALL: &[Self] = &[
        Self::Read,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Submit,
        Self::Cancel,
        Self::Amend,
        Self::Report,
        Self::Export,
        Self::Print,
    ];

    /// The operation's name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Submit => "submit",
            Self::Cancel => "cancel",
            Self::Amend => "amend",
            Self::Report => "report",
            Self::Export => "export",
            Self::Print => "print",
        }
    }

    /// The operation of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.as_str() == name)
    }

    /// Whether it changes what is stored.
    pub const fn writes(self) -> bool {
        !matches!(self, Self::Read | Self::Report | Self::Print | Self::Export)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of operations.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Operations(u16);

impl Operations {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// Whether the operation is in the set.
    pub const fn contains(self, operation: Operation) -> bool {
        self.0 & operation.bit() != 0
    }

    /// Whether there is nothing in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in the set, in the order of [`Operation::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Operation> {
        Operation::ALL.iter().copied().filter(move |operation| self.contains(*operation))
    }
}

impl FromIterator<Operation> for Operations {
    fn from_iter<I: IntoIterator<Item = Operation>>(operations: I) -> Self {
        Self(operations.into_iter().fold(0, |bits, operation| bits | operation.bit()))
    }
}

/// `read, create, update`; `nothing` for the empty set.
impl fmt::Display for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Operation::as_str).collect();
        f.write_str(if names.is_empty() { "nothing" } else { "" })?;
        f.write_str(&names.join(", "))
    }
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
