//! Whether a request may leave now: concurrency, limits, the site's Retry-After, and the circuit breaker. What is learnt
//! from one request holds for all.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::breaker::{Breaker, is_down};
use super::reply::RequestInfo;
use super::{ClientOptions, SiteError, SiteErrorKind, call_state, endpoints};
use crate::limit::{Adaptive, Came, Fair, Limits, Turn, User};
use crate::metrics::Health;
use crate::shared::Shared;

/// The longest that one word of the site on when to come back (429) holds all requests back.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);
/// The longest that a call waits for it; if it takes longer, the caller is told.
const WAITED_OUT: Duration = Duration::from_secs(10);

/// The state of the way to the site.
#[derive(Debug)]
pub(super) struct Traffic {
    /// Given to the users in turn.
    permits: Fair,
    limits: Limits,
    site: Mutex<Site>,
}

/// The same for requests that take about as long as each other: to one method, or for documents of one DocType.
fn alike(call: &str) -> u64 {
    let (before, resource) = call.split_once(endpoints::RESOURCE).unwrap_or((call, ""));
    let (doctype, name) = resource.split_once('/').unwrap_or((resource, ""));
    let mut hasher = DefaultHasher::new();
    (before, doctype, name.is_empty()).hash(&mut hasher);
    hasher.finish()
}

#[derive(Debug)]
struct Site {
    breaker: Breaker,
    /// How many requests it takes at once.
    takes: Adaptive,
    /// How many requests it answered, and how many it did not.
    answered: u64,
    failed: u64,
    /// The site takes nothing before this moment (429).
    not_before: Option<Instant>,
}

impl Traffic {
    pub fn new(options: &ClientOptions) -> Self {
        let takes = Adaptive::new(options.concurrent);
        Self {
            permits: Fair::new(takes.at_once(), takes.at_once()),
            limits: Limits::new(options.rates),
            site: Mutex::new(Site {
                breaker: Breaker::new(options.cooldown),
                takes,
                answered: 0,
                failed: 0,
                not_before: None,
            }),
        }
    }

    /// Counts with all servers that share this.
    pub fn over(&mut self, shared: Shared) {
        self.limits.over(shared);
    }

    /// Waits for a permit to send; dropping it frees its place.
    ///
    /// # Errors
    /// Where there is none before the deadline, or the user has no request left. Nothing was sent then.
    pub async fn enter(&self, asked: RequestInfo<'_>, user: &User, deadline: Instant) -> Result<Turn, SiteError> {
        let paused = |retry_after| asked.unsent(SiteErrorKind::Paused { retry_after }, "");
        let late = |_| {
            asked.unsent(SiteErrorKind::TimedOut, "all requests that may run at once are under way; nothing was sent")
        };
        let permit = loop {
            let left = self.site().breaker.left(Instant::now());
            left.map_or(Ok(()), |left| Err(paused(left)))?;
            self.retry_after(asked, deadline).await?;
            let permit = tokio::time::timeout_at(deadline.into(), self.permits.take(user)).await.map_err(late)?;
            if self.wait().is_none() {
                break permit;
            }
        };
        if let Err(retry_after) = self.limits.take(user).await
            // What reads back a write is counted and let through: only so the caller learns what it did.
            && (asked.writes || !call_state::has_written())
        {
            return Err(asked.unsent(SiteErrorKind::OverLimit { retry_after }, ""));
        }
        self.site().breaker.enter(Instant::now()).map_err(paused)?;
        Ok(permit)
    }

    /// How many requests are under way.
    pub fn under_way(&self) -> usize {
        self.permits.taken()
    }

    /// Learns from what came of a request, with the moment when it was sent and how many were under way then.
    ///
    /// With `hurried`, it had to be done in what others had left of the time: that it was not is no failure of the site.
    pub fn heard<T>(
        &self,
        asked: RequestInfo<'_>,
        result: &Result<T, SiteError>,
        (since, among): (Instant, usize),
        hurried: bool,
    ) {
        let now = Instant::now();
        let mut site = self.site();
        let kind = result.as_ref().err().map(SiteError::kind);
        let came = match kind {
            Some(SiteErrorKind::RateLimited { .. } | SiteErrorKind::Unavailable) => Some(Came::TooMuch),
            Some(SiteErrorKind::TimedOut) => (!hurried).then_some(Came::TooMuch),
            // A refusal is sooner there than an answer.
            Some(_) => None,
            None => Some(Came::Answered),
        };
        if let Some(came) = came {
            let before = site.takes.at_once();
            let now_under_way = self.permits.taken();
            // The last of many ends alone, and has waited for them.
            let under_way = if came == Came::Answered { among.max(now_under_way) } else { now_under_way };
            site.takes.ended(alike(asked.call), now - since, under_way, came);
            if site.takes.at_once() != before {
                self.permits.resize(site.takes.at_once());
            }
        }
        match kind {
            Some(SiteErrorKind::TimedOut) if hurried => {}
            Some(kind) if is_down(kind) => {
                site.failed += 1;
                site.breaker.failed(now);
            }
            kind => {
                site.answered += 1;
                site.breaker.answered();
                if let Some(SiteErrorKind::RateLimited { retry_after: Some(wait) }) = kind {
                    site.not_before = site.not_before.max(Some(now + wait.min(LONGEST_RETRY_AFTER)));
                }
            }
        }
    }

    /// How the site has been.
    pub fn health(&self) -> Health {
        let site = self.site();
        let is_resting = site.breaker.left(Instant::now()).is_some();
        Health { answered: site.answered, failed: site.failed, is_resting, is_shared_up: None, unshipped: None }
    }

    /// Waits as long as the site asked for.
    async fn retry_after(&self, asked: RequestInfo<'_>, deadline: Instant) -> Result<(), SiteError> {
        let Some(wait) = self.wait() else { return Ok(()) };
        if wait > WAITED_OUT || Instant::now() + wait > deadline {
            let words =
                "it asked to wait (Retry-After) before, and no request leaves until that is over; nothing was sent";
            return Err(asked.unsent(SiteErrorKind::RateLimited { retry_after: Some(wait) }, words));
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn wait(&self) -> Option<Duration> {
        self.site().not_before?.checked_duration_since(Instant::now()).filter(|wait| !wait.is_zero())
    }

    fn site(&self) -> MutexGuard<'_, Site> {
        self.site.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
