//! The compiled `codegen` against stand-in sites, the sandbox and, where it is here, the recorded one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_input;
mod developer;
mod drift;
mod interrupted;
mod recorded;
mod retries;
mod sandbox;
#[path = "../../../tests/shared.rs"]
mod shared;
mod snapshot;
mod support;
mod typed;
