//! How often the site may be asked: so many requests a minute and an hour, for each user and for all together.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::shared::{Away, Rate, Shared};

/// What tells one user from another; no key or secret can be read from it.
pub type User = [u8; 32];

/// After so many requests, users of whom nothing is left to remember are forgotten.
const FORGOTTEN_AFTER: u32 = 1_024;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// Requests that may be sent; no limit where there is no number.
#[derive(Clone, Copy, Default, Debug)]
pub struct Rates {
    /// A minute, for each user.
    pub per_minute: Option<NonZeroU32>,
    /// An hour, for each user.
    pub per_hour: Option<NonZeroU32>,
    /// A minute, for all users together.
    pub total_per_minute: Option<NonZeroU32>,
    /// An hour, for all users together.
    pub total_per_hour: Option<NonZeroU32>,
}

/// Counts requests against [`Rates`]. What was used comes back evenly over the minute or the hour.
pub struct Limits {
    rates: Rates,
    users: Vec<DefaultKeyedRateLimiter<User>>,
    /// How many requests were counted, to tell when those who have used up nothing are forgotten.
    taken: AtomicU32,
    total: Vec<DefaultDirectRateLimiter>,
    /// Where what was used is known to other servers too.
    shared: Option<Shared>,
}

impl Limits {
    /// Nothing is used up yet.
    pub fn new(rates: Rates) -> Self {
        let quotas = |per_minute: Option<NonZeroU32>, per_hour: Option<NonZeroU32>| {
            // The minute first: who runs into it again and again must not use up the hour.
            [per_minute.map(Quota::per_minute), per_hour.map(Quota::per_hour)].into_iter().flatten()
        };
        Self {
            rates,
            taken: AtomicU32::new(0),
            users: quotas(rates.per_minute, rates.per_hour).map(RateLimiter::keyed).collect(),
            total: quotas(rates.total_per_minute, rates.total_per_hour).map(RateLimiter::direct).collect(),
            shared: None,
        }
    }

    /// The same over all servers that share this.
    pub fn over(&mut self, shared: Shared) {
        self.shared = Some(shared);
    }

    /// Counts a request of that user.
    ///
    /// # Errors
    /// How long until it may be sent, where that is not now.
    pub async fn take(&self, user: &User) -> Result<(), Duration> {
        match &self.shared {
            // While it is away, each server counts for itself.
            Some(shared) => self.take_of_all(shared, user).await.unwrap_or_else(|Away| self.take_here(user)),
            None => self.take_here(user),
        }
    }

    async fn take_of_all(&self, shared: &Shared, user: &User) -> Result<Result<(), Duration>, Away> {
        let Rates { per_minute, per_hour, total_per_minute, total_per_hour } = self.rates;
        let of_user = |word: &[u8]| [user.as_slice(), word].concat();
        let rates = [
            (of_user(b"minute"), per_minute, MINUTE),
            (of_user(b"hour"), per_hour, HOUR),
            (b"minute".to_vec(), total_per_minute, MINUTE),
            (b"hour".to_vec(), total_per_hour, HOUR),
        ];
        let stated = rates
            .iter()
            .filter_map(|(key, most, over)| Some((key.as_slice(), Rate { most: most.as_ref()?.get(), over: *over })));
        let stated: Vec<_> = stated.collect();
        if stated.is_empty() { Ok(Ok(())) } else { shared.pass(&stated).await }
    }

    fn take_here(&self, user: &User) -> Result<(), Duration> {
        let now = DefaultClock::default().now();
        if self.taken.fetch_add(1, Ordering::Relaxed) % FORGOTTEN_AFTER == FORGOTTEN_AFTER - 1 {
            // What came back whole is as if it were never used.
            self.users.iter().for_each(RateLimiter::retain_recent);
        }
        for limiter in &self.users {
            limiter.check_key(user).map_err(|no| no.wait_time_from(now))?;
        }
        for limiter in &self.total {
            limiter.check().map_err(|no| no.wait_time_from(now))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Limits").field(&self.rates).finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ANNA: User = [1; 32];
    const BERT: User = [2; 32];

    fn taken(limits: &Limits, user: &User, times: usize) -> usize {
        (0..times).filter(|_| limits.take_here(user).is_ok()).count()
    }

    #[test]
    fn each_user_has_a_limit_of_their_own() {
        let limits = Limits::new(Rates { per_hour: NonZeroU32::new(3), ..Rates::default() });
        assert_eq!(taken(&limits, &ANNA, 10), 3);
        assert_eq!(taken(&limits, &BERT, 10), 3);
    }

    #[test]
    fn all_together_have_one_too() {
        let limits = Limits::new(Rates { total_per_hour: NonZeroU32::new(4), ..Rates::default() });
        assert_eq!(taken(&limits, &ANNA, 3) + taken(&limits, &BERT, 3), 4);
    }

    #[test]
    fn a_refusal_tells_when_the_next_request_is_free() {
        let limits = Limits::new(Rates { per_hour: NonZeroU32::new(1), ..Rates::default() });
        limits.take_here(&ANNA).unwrap();
        let wait = limits.take_here(&ANNA).unwrap_err();
        assert!(wait > Duration::from_secs(3_000) && wait <= Duration::from_secs(3_600), "{wait:?}");
    }

    #[test]
    fn who_runs_into_the_minute_does_not_use_up_the_hour() {
        let rates = Rates { per_minute: NonZeroU32::new(1), per_hour: NonZeroU32::new(1_000), ..Rates::default() };
        let limits = Limits::new(rates);
        let longest = (0..2_000).filter_map(|_| limits.take_here(&ANNA).err()).max().unwrap();
        assert!(longest <= Duration::from_secs(60), "{longest:?}");
    }

    #[test]
    fn users_of_whom_nothing_is_left_to_remember_are_forgotten() {
        let second = NonZeroU32::new(60 * 60);
        let limits = Limits::new(Rates { per_minute: second, ..Rates::default() });
        for user in 0..3 * FORGOTTEN_AFTER {
            let mut name = [0; 32];
            name[..4].copy_from_slice(&user.to_be_bytes());
            limits.take_here(&name).unwrap();
            if user % FORGOTTEN_AFTER == FORGOTTEN_AFTER / 2 {
                // Longer than one request of 3,600 a minute takes to come back.
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        let left = limits.users[0].len();
        assert!(left < 2 * FORGOTTEN_AFTER as usize, "{left}");
    }

    #[test]
    fn without_numbers_nothing_is_refused() {
        assert_eq!(taken(&Limits::new(Rates::default()), &ANNA, 10_000), 10_000);
    }
}
