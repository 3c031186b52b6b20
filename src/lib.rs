//! Safe, typed access to ERPNext for language models, over the Model Context Protocol.
//!
//! The modules are floors, from the ground up; each imports only what stands before it (`tests/it/tidy.rs` holds them to it).

pub mod files;
pub mod cache;
pub mod limit;
pub mod config;
pub mod policy;
pub mod check;
pub mod shape;
pub mod audit;
pub mod site;
pub mod catalog;
mod query;
mod document;
pub mod error;
pub mod context;
pub mod tool;
mod documents;
mod writes;
pub mod tools;
pub mod app;
pub mod api;
pub mod completion;
pub mod prompts;
pub mod resources;
pub mod views;
pub mod server;
pub mod transport;

pub use api::Site;
