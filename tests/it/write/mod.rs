//! Tools that write, on the sandbox; on wiremock where the head of the file says why.

mod attachments;
mod confirm;
mod create;
mod delete;
mod elicit;
mod form_rules;
mod labels;
mod lifecycle;
mod method;
mod outcome;
mod rows;
mod shown;
mod size;
mod update;
