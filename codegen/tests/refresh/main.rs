//! The compiled `codegen` against stand-in sites and, where it is here, against the recorded one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_input;
mod drift;
mod interrupted;
mod recorded;
mod retries;
mod snapshot;
mod support;
