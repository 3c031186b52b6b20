//! How often an address failed to sign in of late, so that nobody tries keys through this server.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{HeaderValue, RETRY_AFTER};

use crate::cache::{Key, TtlCache};
use crate::limit::{Fair, Turn};
use crate::shared::seal::hash;
use crate::transport::http::refusal::Refusal;

/// How many failures an address has a minute.
const MOST: u32 = 10;
const MINUTE: Duration = Duration::from_secs(60);
/// How many addresses are remembered.
const ADDRESSES: u64 = 10_000;
/// How many attempts are made at once, and how many from one address: the others wait, and learn how those end. All people of a
/// company may come from one.
const AT_ONCE: usize = 256;
const OF_ONE: usize = 16;

/// The failures by address.
#[derive(Debug)]
pub struct Failures {
    most: u32,
    noted: TtlCache<Arc<AtomicU32>>,
    turns: Fair,
}

impl Default for Failures {
    fn default() -> Self {
        Self::at_most(MOST)
    }
}

impl Failures {
    /// So many a minute.
    pub fn at_most(most: u32) -> Self {
        Self { most, noted: TtlCache::new(ADDRESSES), turns: Fair::new(AT_ONCE, OF_ONE) }
    }

    /// Refuses whoever failed too often.
    pub fn check(&self, address: IpAddr) -> Result<(), Refusal> {
        let failed = self.noted.get(&key(address)).map_or(0, |failed| failed.load(Ordering::Relaxed));
        if failed < self.most {
            return Ok(());
        }
        let message = "too many failed attempts to sign in from this address: wait a minute, and check the key";
        let again = HeaderValue::from_static("60");
        Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, message).with(RETRY_AFTER, again))
    }

    /// A turn for an attempt from this address that may fail: many at once fail as often as one after the other.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub async fn turn(&self, address: IpAddr) -> Result<Turn, Refusal> {
        self.check(address)?;
        let turn = self.turns.take(&key(address)).await;
        self.check(address)?;
        Ok(turn)
    }

    /// Notes a failure.
    pub async fn note(&self, address: IpAddr) {
        let none = async { (Arc::default(), MINUTE) };
        self.noted.get_or_load(key(address), none).await.fetch_add(1, Ordering::Relaxed);
    }
}

fn key(address: IpAddr) -> Key {
    hash(&network(address).to_string())
}

/// One customer of a provider has a whole network of addresses of version 6.
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_failed_too_often_is_refused_and_others_are_not() {
        let failures = Failures::default();
        let [one, near, other] = ["2001:db8::1", "2001:db8::2", "192.0.2.7"].map(|text| text.parse().unwrap());
        for _ in 0..MOST {
            failures.check(one).unwrap();
            failures.note(one).await;
        }
        assert_eq!(failures.check(near).unwrap_err().status, 429);
        failures.check(other).unwrap();
    }
}
