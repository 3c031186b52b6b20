//! A small Frappe-compatible site on SQLite, for trying, demos and tests. It answers as a real site does, traps
//! included; it computes no taxes, ledgers or stock.

pub mod sample;
