//! How often an address failed to sign in of late, so that nobody tries keys through this server.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{HeaderValue, RETRY_AFTER};

use crate::cache::Recent;
use crate::transport::http::refusal::Refusal;

/// How many failures an address has a minute.
const MOST: u32 = 10;
/// How many addresses are remembered.
const ADDRESSES: usize = 10_000;

/// The failures by address.
#[derive(Debug)]
pub struct Failures {
    most: u32,
    noted: Recent<IpAddr, u32>,
}

impl Default for Failures {
    fn default() -> Self {
        Self::at_most(MOST)
    }
}

impl Failures {
    /// So many a minute.
    pub fn at_most(most: u32) -> Self {
        Self { most, noted: Recent::new(Duration::from_secs(60), ADDRESSES) }
    }

    /// Refuses whoever failed too often.
    pub fn check(&self, address: IpAddr) -> Result<(), Refusal> {
        if self.noted.get(&network(address)).unwrap_or_default() < self.most {
            return Ok(());
        }
        let message = "too many failed attempts to sign in from this address: wait a minute, and check the key";
        let again = HeaderValue::from_static("60");
        Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, message).with(RETRY_AFTER, again))
    }

    /// Notes a failure.
    pub fn note(&self, address: IpAddr) {
        self.noted.change(network(address), |failed| *failed += 1);
    }
}

/// One customer of a provider has a whole network of addresses of version 6.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_failed_too_often_is_refused_and_others_are_not() {
        let failures = Failures::default();
        let [one, near, other] = ["2001:db8::1", "2001:db8::2", "192.0.2.7"].map(|text| text.parse().unwrap());
        for _ in 0..MOST {
            failures.check(one).unwrap();
            failures.note(one);
        }
        assert_eq!(failures.check(near).unwrap_err().status, 429);
        failures.check(other).unwrap();
    }
}
