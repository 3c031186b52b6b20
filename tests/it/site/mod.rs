//! Each tool against a stand-in for the site: what it sends, and what comes of the answer.

mod aggregate;
mod answers;
mod create;
mod delete;
mod errors;
mod get;
mod life;
mod list;
mod metadata;
mod names;
mod policy;
mod resilience;
mod search;
mod update;
