//! `Away`: the error that the store which all servers share does not answer.

use super::seal::NoRandomness;

/// What is shared cannot be asked for now: nothing may be decided that all servers have to agree on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("what this server shares with others (http.redis) cannot be asked for now")]
pub struct Away;

/// Without random numbers nothing can be sealed, and so not kept.
impl From<NoRandomness> for Away {
    fn from(_: NoRandomness) -> Self {
        Self
    }
}
