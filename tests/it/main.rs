//! The whole server: over stdio as clients see it, against a recorded site, and against a stand-in for one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod chaos;
mod client;
mod config_file;
mod context;
mod invariants;
mod outcome;
mod properties;
mod reach;
mod recorded;
mod sample;
mod sandbox;
mod site;
mod stdio;
mod stories;
mod support;
mod tidy;
mod tool_list;
