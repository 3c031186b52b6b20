//! What is used of the site and of this machine: requests a minute and an hour, and the memory that JSON takes.

pub mod memory;
mod rate;

pub use rate::{Limits, Rates, User};
