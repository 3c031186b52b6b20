//! How long a client may take over a request.

use std::time::Duration;

/// How long a client may take over a request.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For its head, from the first byte.
    pub head: Duration,
    /// For its body.
    pub body: Duration,
    /// Until it reads more of an answer.
    pub read: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self { head: secs(10), body: secs(30), read: secs(60) }
    }
}
