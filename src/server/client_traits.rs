//! What a client says of itself at its beginning, as far as calls need it.

use rmcp::model::ClientCapabilities;
use serde::{Deserialize, Serialize};

use super::{elicit, views};

/// What a client can do; of one with a session over HTTP it is kept in the session.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct ClientTraits {
    /// Whether it asks its user what the server wants to know.
    pub(super) asks: bool,
    /// Whether it renders views.
    pub(super) views: bool,
}

impl ClientTraits {
    /// What these capabilities come to.
    pub fn of(capabilities: &ClientCapabilities) -> Self {
        Self { asks: elicit::can_ask(capabilities), views: views::are_taken(capabilities) }
    }

    /// The same of one that is not asked.
    #[must_use]
    pub fn unasked(self) -> Self {
        Self { asks: false, ..self }
    }
}
