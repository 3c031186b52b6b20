//! What belongs to one user of one site. Nothing of a user is kept anywhere else, so that nothing reaches another.

use tokio::sync::OnceCell;

use super::last_shown::LastShown;
use super::{Permlevels, RecentCreates, SiteInfo};
use crate::catalog::Masks;
use crate::cleared::Tokens;
use crate::site::{CallerClient, SiteError};

/// The stores of one user.
#[derive(Debug, Default)]
pub struct UserState {
    /// The documents that the user made of late.
    pub recent_creates: RecentCreates,
    /// The versions of documents that the user was shown last.
    pub last_shown: LastShown,
    /// The user's writes that wait for a confirmation.
    pub tokens: Tokens,
    /// Which permlevels the site shows to the user.
    pub permlevels: Permlevels,
    /// Which fields the site masks for the user.
    pub masks: Masks,
    /// What the instructions tell of the site and the user, under policies that let companies not be read, and that do: of a
    /// DocType, one that is narrower than another permits the same or nothing.
    info: [OnceCell<SiteInfo>; 2],
    name: OnceCell<String>,
}

impl UserState {
    /// The ERPNext user behind the credentials, asked for once.
    ///
    /// # Errors
    /// The site's.
    pub(super) async fn name(&self, site: CallerClient<'_>) -> Result<&str, SiteError> {
        self.name.get_or_try_init(|| site.logged_user()).await.map(String::as_str)
    }

    /// The same if it is known already, if only from an earlier start: to be told, not to decide by.
    pub(super) fn known_name(&self) -> Option<&str> {
        self.name.get().or_else(|| Some(&self.known_info()?.user)).map(String::as_str)
    }

    /// What the instructions tell, where companies may be read or not.
    pub(super) fn info(&self, with_companies: bool) -> &OnceCell<SiteInfo> {
        &self.info[usize::from(with_companies)]
    }

    /// What is known of the user and the site, whether or not companies may be read.
    pub(super) fn known_info(&self) -> Option<&SiteInfo> {
        self.info.iter().find_map(OnceCell::get)
    }
}
