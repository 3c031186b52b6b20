//! What a call needs: the state of the site, shared by its users, and the session of one of them.

pub mod create_keys;
pub mod last_shown;
mod metadata_stamp;
pub mod overlay;
mod permlevels;
pub mod recent_creates;
mod record;
mod redactor;
mod session;
mod site_info;
mod site_state;
mod user_state;

pub use create_keys::CreateKeys;
pub use permlevels::Permlevels;
pub use recent_creates::RecentCreates;
pub use record::{give_back, record_result};
pub use redactor::Redactor;
pub use session::Session;
pub use site_info::{Company, MOST_COMPANIES, SiteInfo, companies};
pub use site_state::{SiteState, client_options};
pub use user_state::UserState;
