//! Safe, typed access to ERPNext for language models, over the Model Context Protocol.

pub mod caller;
pub mod policy;
pub mod shape;
pub mod site;
