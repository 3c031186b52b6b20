//! What is tried again, and when.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use super::SiteErrorKind;

/// How often a request is tried again, and how long after the try before.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// How often; not at all at 0.
    pub times: usize,
    /// The wait before the second try; it doubles from try to try, and up to as much again is added by chance, so that
    /// those who were turned away together do not come back together.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { times: 3, first: Duration::from_millis(200), longest: Duration::from_secs(5) }
    }
}

impl Retry {
    /// The waits between the tries of one request.
    pub(super) fn waits(self) -> ExponentialBackoff {
        let waits = ExponentialBuilder::new().with_min_delay(self.first).with_max_delay(self.longest);
        waits.with_max_times(self.times).with_jitter().build()
    }

    /// The same without end or longest wait.
    pub(super) fn growing(self) -> ExponentialBackoff {
        let waits = ExponentialBuilder::new().with_min_delay(self.first).without_max_delay();
        waits.without_max_times().with_jitter().build()
    }
}

/// Whether a request that failed like this may be sent again: a read whenever that can help, a write only where surely
/// nothing of it was sent.
pub(super) fn may_repeat(kind: SiteErrorKind, writes: bool) -> bool {
    match kind {
        SiteErrorKind::Unreachable => true,
        SiteErrorKind::Cut
        | SiteErrorKind::RateLimited { .. }
        | SiteErrorKind::Maintenance
        | SiteErrorKind::Unavailable => !writes,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_repeated_only_where_nothing_was_sent() {
        use SiteErrorKind::{Cut, Maintenance, RateLimited, TimedOut, Unavailable, Unexpected, Unreachable};
        let limited = RateLimited { retry_after: None };
        for kind in [Unreachable, Cut, limited, Maintenance, Unavailable, TimedOut, Unexpected, SiteErrorKind::Server] {
            assert_eq!(may_repeat(kind, true), kind == Unreachable, "{kind:?}");
        }
        for kind in [Unreachable, Cut, limited, Maintenance, Unavailable] {
            assert!(may_repeat(kind, false), "{kind:?}");
        }
        for kind in [
            TimedOut,
            Unexpected,
            SiteErrorKind::Server,
            SiteErrorKind::Denied,
            SiteErrorKind::BadKey,
            SiteErrorKind::Tls,
        ] {
            assert!(!may_repeat(kind, false), "{kind:?}");
        }
    }

    #[test]
    fn waits_double_with_some_chance_and_end() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_millis(300));
        let waits: Vec<_> = Retry { times: 4, first, longest }.waits().collect();
        assert_eq!(waits.len(), 4);
        for (wait, least) in waits.iter().zip([100, 200, 300, 300]) {
            let least = Duration::from_millis(least);
            assert!((least..=2 * least).contains(wait), "{waits:?}");
        }
        assert_eq!(Retry { times: 0, first, longest }.waits().count(), 0);
    }
}
