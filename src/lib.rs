//! Safe, typed access to ERPNext for language models, over the Model Context Protocol.

pub mod api;
pub mod audit;
pub mod call;
pub mod caller;
pub mod catalog;
pub mod config;
mod document;
mod names;
pub mod policy;
pub mod server;
pub mod shape;
pub mod site;
pub mod tools;
pub mod transport;

pub use api::Site;
