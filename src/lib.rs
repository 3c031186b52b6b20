//! Safe, typed access to ERPNext for language models, over the Model Context Protocol.

pub mod api;
pub mod audit;
pub mod cache;
pub mod call;
pub mod caller;
pub mod catalog;
pub mod check;
pub mod cleared;
pub mod completion;
pub mod config;
mod document;
pub mod files;
pub mod greeting;
pub mod limit;
mod names;
pub mod overlay;
pub mod policy;
pub mod prompts;
pub mod resources;
pub mod server;
pub mod shape;
pub mod site;
pub mod tools;
pub mod transport;
pub mod views;
pub mod watch;

pub use api::Site;
