//! Safe, typed access to ERPNext for language models, over the Model Context Protocol.

pub mod config;
pub mod policy;
