//! How long a client may take over a request.

use std::time::Duration;

/// How long a client may take over a request.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For its head, from the first byte.
    pub head: Duration,
    /// For its body.
    pub body: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(10), body: Duration::from_secs(30) }
    }
}
