//! A site that fails again and again is left alone for a while, so that calls fail at once instead of waiting for it.

use std::time::{Duration, Instant};

use super::SiteErrorKind;

/// When a site is left alone, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Cooldown {
    /// After so many failures in a row.
    pub after: u32,
    /// For so long at first; twice as long each time that it fails again.
    pub first: Duration,
    /// Never longer than this.
    pub longest: Duration,
}

impl Default for Cooldown {
    fn default() -> Self {
        Self { after: 5, first: Duration::from_secs(2), longest: Duration::from_secs(60) }
    }
}

/// Counts failures in a row. Moments are given to it, so that it needs no clock.
#[derive(Debug)]
pub(super) struct Breaker {
    cooldown: Cooldown,
    failures: u32,
    /// From when on one request may try; none while the site works.
    next_try: Option<Instant>,
}

impl Breaker {
    pub fn new(cooldown: Cooldown) -> Self {
        Self { cooldown, failures: 0, next_try: None }
    }

    /// How long until a request may try, where that is not now.
    pub fn left(&self, now: Instant) -> Option<Duration> {
        self.next_try?.checked_duration_since(now).filter(|left| !left.is_zero())
    }

    /// Lets a request through: all while the site works, else one each time that the cooldown is over.
    ///
    /// # Errors
    /// How long until the next one may try.
    pub fn enter(&mut self, now: Instant) -> Result<(), Duration> {
        if let Some(left) = self.left(now) {
            return Err(left);
        }
        // Should nothing be heard of this one, another may try after as long again.
        self.next_try = self.next_try.map(|_| now + self.span());
        Ok(())
    }

    /// The site answered, whatever it said.
    pub fn answered(&mut self) {
        self.failures = 0;
        self.next_try = None;
    }

    /// The site did not answer.
    pub fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= self.cooldown.after {
            self.next_try = Some(now + self.span());
        }
    }

    fn span(&self) -> Duration {
        let doublings = self.failures.saturating_sub(self.cooldown.after).min(16);
        self.cooldown.first.saturating_mul(1 << doublings).min(self.cooldown.longest)
    }
}

/// Whether it was the site that failed: an answer that says no is one of a site that works.
pub(super) fn is_down(kind: SiteErrorKind) -> bool {
    use SiteErrorKind::{Cut, Maintenance, TimedOut, Tls, Unavailable, Unreachable};
    matches!(kind, Unreachable | Tls | Cut | TimedOut | Unavailable | Maintenance)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const REST: Cooldown = Cooldown { after: 3, first: SECOND, longest: Duration::from_secs(5) };

    fn failed(times: u32, at: Instant) -> Breaker {
        let mut breaker = Breaker::new(REST);
        (0..times).for_each(|_| breaker.failed(at));
        breaker
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_tells_the_time_of_the_next_try() {
        let now = Instant::now();
        assert_eq!(failed(2, now).enter(now), Ok(()));
        assert_eq!(failed(3, now).enter(now), Err(SECOND));
        let mut between = failed(2, now);
        between.answered();
        between.failed(now);
        assert_eq!(between.enter(now), Ok(()));
    }

    #[test]
    fn after_the_cooldown_one_request_tries_and_decides() {
        let now = Instant::now();
        let later = now + SECOND;
        let mut breaker = failed(3, now);
        assert_eq!(breaker.enter(later), Ok(()));
        assert_eq!(breaker.enter(later), Err(SECOND));
        breaker.failed(later);
        assert_eq!(breaker.enter(later), Err(2 * SECOND));
        let again = later + 2 * SECOND;
        assert_eq!(breaker.enter(again), Ok(()));
        breaker.answered();
        assert_eq!((breaker.enter(again), breaker.enter(again)), (Ok(()), Ok(())));
    }

    #[test]
    fn the_cooldown_grows_to_its_longest() {
        let now = Instant::now();
        assert_eq!(failed(100, now).enter(now), Err(REST.longest));
    }

    #[test]
    fn a_try_that_is_never_heard_of_does_not_close_the_way_for_good() {
        let now = Instant::now();
        let mut breaker = failed(3, now);
        assert_eq!(breaker.enter(now + SECOND), Ok(()));
        assert_eq!(breaker.enter(now + 2 * SECOND), Ok(()));
    }
}
