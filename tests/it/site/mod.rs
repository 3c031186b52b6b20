//! Each tool against a site: on the sandbox, or on wiremock where the head of the file says why.

mod aggregate;
mod answers;
mod create;
mod delete;
mod errors;
mod get;
mod life;
mod list;
mod meant;
mod metadata;
mod names;
mod policy;
mod resilience;
mod search;
mod update;
