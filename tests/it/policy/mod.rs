//! What a configuration permits, withholds and records: on every way that leads to a document, to a field, to a file.

mod alike;
mod audit;
mod child_tables;
mod conditions;
mod creates;
mod default;
mod drafts;
mod erp;
mod fields;
mod file_fields;
mod forbidden_tools;
mod reach;
mod said;
mod scope;
mod ways_around;
mod withheld;

pub use ways_around::with_a_workflow;
