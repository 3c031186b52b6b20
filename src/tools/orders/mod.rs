//! What an order goes through after it is submitted, short of cancelling: closed, held, opened again, its rows changed.

mod items;
mod status;

pub use items::UPDATE;
pub use status::STATUS;
