//! Safe, typed access to ERPNext for language models, over the Model Context Protocol.
//!
//! The modules stand on floors, and import only what stands below them: `tests/it/floors.rs` lists them from the ground up.

mod answer;
pub mod api;
pub mod app;
pub mod audit;
pub mod cache;
pub mod catalog;
pub mod check;
pub mod cleared;
mod completion;
pub mod config;
pub mod context;
mod document;
mod documents;
pub mod error;
pub mod extract;
pub mod files;
pub mod idp;
mod limit;
mod metrics;
pub mod oauth;
pub mod policy;
pub mod prompts;
mod query;
pub mod resources;
pub mod server;
pub mod shape;
pub mod shared;
pub mod site;
pub mod tool;
pub mod tools;
#[cfg(feature = "otel")]
pub mod traces;
pub mod transport;
pub mod views;
mod writes;

pub use api::Site;
