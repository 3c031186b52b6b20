//! The way to the site: who the user is, which version it runs, what goes wrong there, limits, and that no secret is on any way back.

mod errors;
mod first_use;
mod identities;
mod kept;
mod live;
mod resilience;
mod secrets;
mod version;
