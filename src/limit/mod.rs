//! What is used of the site and of this machine: requests a minute and an hour, turns, and the memory that JSON takes.

mod adaptive;
mod aside;
mod fair;
pub mod memory;
mod places;
mod rate;
pub mod scan;
pub mod written;

pub use adaptive::{Adaptive, Came};
pub use aside::{LARGE, aside};
pub use fair::{Fair, Turn};
pub use places::{PlaceGuard, Places};
pub use rate::{Limits, Rates, User};
pub use written::written;
