//! The arguments of a list, read into a query: filters, order, columns, and where the page before it ended.

pub mod beyond;
mod columns;
pub mod compare;
pub mod cursor;
mod elsewhere;
mod foreign_syntax;
pub mod keyset;
pub mod marks;
mod order;
pub mod packed;
pub mod reader;
