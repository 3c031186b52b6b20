//! Tools that read, on the sandbox; on wiremock where the head of the file says why.

mod aggregate;
mod answers;
mod by_title;
mod changes;
mod empty;
mod erp;
mod file_texts;
mod foreign_syntax;
mod forms;
mod found;
mod get;
mod linked;
mod list;
mod metadata;
mod moments;
mod names;
mod other_apps;
mod pages;
mod print;
mod recorded;
pub mod recorded_forms;
mod search;
mod suggest;
mod titles;
