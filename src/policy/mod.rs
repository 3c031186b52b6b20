//! Who may do what: pure decisions, no I/O.

mod permit;

pub use permit::{Operation, Permit};

/// Which fields of a DocType may be seen and set.
#[derive(Clone, Debug, Default)]
pub struct FieldRule {}
