//! One call on the documents of one DocType: what it is about, and what it may see of them.

pub mod added_links;
pub mod beyond;
mod cell;
mod doctype_call;
pub mod file_fields;
mod filters;
pub mod found;
mod marks;
mod masks;
pub mod moments;
pub mod names;
pub mod nested;
mod permlevels;
pub mod refusals;
pub mod rich_text;
mod rights;
mod row_holders;
mod row_json;
pub mod shown_part;
pub mod states;
pub mod suggest;
pub mod titles;
mod used;
pub mod ways;

pub use doctype_call::DocTypeCall;
pub use filters::ResolvedFilters;
