//! What is promised holds under attack: one test a promise, named after it.

mod confirm;
mod load;
mod protocol;
mod quota;
mod record;
mod writes;
