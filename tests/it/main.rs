//! The whole server: over stdio as clients see it, and its inside on the sandbox, or on a stand-in where exact requests count.
//!
//! | what is in `src/` | is tested in |
//! |---|---|
//! | `tools/` that read, `site/`, `shape/`, `names`, `catalog` | `read/` |
//! | `tools/` that write, `document/` | `write/`, `chaos/` |
//! | `policy/`, `tools/gate`, `audit/` | `policy/`, `write/confirm`, `canary/` |
//! | `tools/reports` | `reports/` |
//! | `server/`, `transport/`, `resources/`, `prompts/`, `completion`, `views/`, what lists and defines `tools/` | `protocol/` |
//! | `site/` where it fails, `limit/`, `cache/`, `caller` | `connection/` |
//! | `config/`, `check` | `config`, `cli/check`, `properties/config` |
//! | `cli/`, `overlay`, `greeting` | `cli/` |
//! | the source itself: who imports whom, what no file may contain | `floors`, `tidy` |
//! | all of it | `stories/`, `every_doctype/`, `hazards/`, `properties/` |
//!
//! Pure parts (`policy`, `shape`, `config`, `document`) have their cases beside them, in `src/**/tests.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod canary;
mod chaos;
mod cli;
mod config;
mod connection;
mod docs;
mod every_doctype;
mod floors;
mod hazards;
mod policy;
mod properties;
mod protocol;
mod read;
mod reports;
mod sandbox;
#[path = "../shared.rs"]
mod shared;
mod stdio;
mod stories;
mod support;
mod tidy;
mod write;
