//! What the site answered, made fit for a reader: pure functions, no I/O.

pub mod html;
