//! What the methods answer, against what the real site answered.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod documents;
mod lists;
mod reports;
mod timeline;
