//! ERPNext's documents from Rust: typed structs, read and written with the checks that the tools of the program `erpnext-mcp` have.
//! [`Site`] is where to begin; [`api`] holds what it gives and takes.
//!
//! The crates are on no registry yet. Beside a clone of the repository, these are the dependencies:
//!
//! ```toml
//! [dependencies]
//! erpnext-mcp = { path = "../erpnext-mcp", default-features = false }
//! erpnext-doctypes = { path = "../erpnext-mcp/generated" }
//! erpnext-schema = { path = "../erpnext-mcp/schema" }
//! serde_json = "1"
//! tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
//! ```
//!
//! All else of this crate is the inside of the program: it is open to the program and its tests, hidden in this
//! documentation, and changes without notice. Its modules stand on floors, and import only what stands below them:
//! `tests/it/floors.rs` lists them from the ground up.

mod answer;
pub mod api;
#[doc(hidden)]
pub mod app;
#[doc(hidden)]
pub mod audit;
#[doc(hidden)]
pub mod cache;
#[doc(hidden)]
pub mod catalog;
#[doc(hidden)]
pub mod check;
#[doc(hidden)]
pub mod cleared;
mod completion;
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod context;
mod document;
mod documents;
#[doc(hidden)]
pub mod entry;
#[doc(hidden)]
pub mod error;
#[doc(hidden)]
pub mod extract;
#[doc(hidden)]
pub mod files;
#[doc(hidden)]
pub mod hex;
#[doc(hidden)]
pub mod idp;
mod limit;
mod metrics;
#[doc(hidden)]
pub mod oauth;
#[doc(hidden)]
pub mod policy;
#[doc(hidden)]
pub mod prompts;
mod query;
#[doc(hidden)]
pub mod resources;
#[doc(hidden)]
pub mod server;
#[doc(hidden)]
pub mod shape;
#[doc(hidden)]
pub mod shared;
#[doc(hidden)]
pub mod site;
#[doc(hidden)]
pub mod tool;
#[doc(hidden)]
pub mod tools;
#[cfg(feature = "otel")]
#[doc(hidden)]
pub mod traces;
#[doc(hidden)]
pub mod transport;
#[doc(hidden)]
pub mod views;
mod writes;

pub use api::Site;

/// The page on one's own DocTypes: its programs are compiled with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../docs/own-site.md")]
struct OwnSite;
