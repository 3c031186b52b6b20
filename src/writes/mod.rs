//! The discipline of writes: what is decided passes the gate, is confirmed, and is sent once; what came of it is told.

pub mod asked_for;
pub mod batch;
mod comparisons;
pub mod confirm;
pub mod conflict;
pub mod creates;
pub mod doubts;
pub mod fixed_fields;
mod form;
pub mod form_defaults;
pub mod gate;
mod hung;
pub mod links;
pub mod lost;
pub mod named;
pub mod out_of_form;
pub mod problems;
pub mod protected_fields;
pub mod quota;
pub mod report;
pub mod send;
