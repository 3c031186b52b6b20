//! The whole server: over stdio as clients see it, and its inside on the sandbox, or on a stand-in where exact requests count.
//!
//! | what is in `src/` | is tested in |
//! |---|---|
//! | `tools/` that read, `query/`, `documents/`, `catalog/`, `shape/` | `read/` |
//! | `tools/` that write, `writes/`, `document/` | `write/`, `cut`, `chaos/` |
//! | `policy/`, `cleared/`, `audit/`, `app/` that redacts | `policy/`, `write/confirm`, `canary/` |
//! | `tools/reports/` | `reports/` |
//! | `server/`, `transport/`, `resources/`, `prompts/`, `completion`, `views/`, `tool/` | `protocol/` |
//! | `transport/http/` | `http/` |
//! | what an attacker tries, promise by promise | `holds/` |
//! | `site/` where it fails, `limit/`, `cache/`, `context/` by user, the version of the site | `connection/` |
//! | `api/` | `api`, and beside it in `src/api/tests.rs` |
//! | `config/`, `check` | `config`, `cli/check`, `properties/config` |
//! | `cli/`, `context/overlay`, `context/site_info` | `cli/` |
//! | the requests of both versions against recordings of both | `requests`, `read/forms`, `read/recorded_forms`, `read/recorded`, `every_doctype/recorded` |
//! | the source itself: who imports whom, what no file may contain, what pages say of it | `floors`, `tidy`, `docs/` |
//! | all of it | `stories/`, `every_doctype/`, `sweep`, `hazards/`, `properties/` |
//!
//! `#[on_every_version]` makes of one test one for each version of ERPNext; `support::version()` tells which one runs.
//!
//! Pure parts (`policy/`, `shape/`, `config/`, `document/`, `query/`) have their cases beside them, in `src/**/tests.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[macro_use]
extern crate erpnext_test;

mod api;
mod canary;
mod chaos;
mod cli;
mod config;
mod connection;
mod cut;
mod docs;
mod every_doctype;
mod floors;
mod hazards;
mod holds;
mod http;
mod made_files;
mod person;
mod policy;
mod properties;
mod protocol;
mod read;
mod recorded_site;
mod reports;
mod requests;
mod sandbox;
#[path = "../shared.rs"]
mod shared;
mod stdio;
mod stories;
mod support;
mod sweep;
mod tidy;
mod write;
