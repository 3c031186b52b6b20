//! The whole server: over stdio as clients see it, against a recorded site, and against a stand-in for one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod budget;
mod canary;
mod chaos;
mod cli;
mod client;
mod config_file;
mod context;
mod cut;
mod gate;
mod hazards;
mod invariants;
mod live;
mod next_step;
mod outcome;
mod properties;
mod reach;
mod recorded;
mod sample;
mod sandbox;
mod secrets;
#[path = "../shared.rs"]
mod shared;
mod site;
mod stdio;
mod stories;
mod support;
mod table;
mod tidy;
mod tool_list;
mod views;
