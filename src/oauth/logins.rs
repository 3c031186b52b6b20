//! How often the site is asked for the person behind a code, by somebody whom nobody knows yet.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::limit::{Limits, Rates};
use crate::shared::Shared;
use crate::shared::seal::hash;

/// For how many logins an address may have it asked at once, and a minute. The people of a company may share one.
const OF_ONE: u32 = 60;

/// The logins that people come back with. No limit is for all addresses: strangers would use it up.
#[derive(Debug)]
pub struct Logins(Limits);

impl Logins {
    /// Counted over all servers that share this, where something is shared.
    pub fn new(shared: Option<&Shared>) -> Self {
        let mut limits = Limits::new(Rates { per_minute: NonZeroU32::new(OF_ONE), ..Rates::default() });
        if let Some(shared) = shared {
            limits.over(shared.clone());
        }
        Self(limits)
    }

    /// Counts one with which somebody comes back to this address.
    ///
    /// # Errors
    /// How long until it may go on.
    pub async fn count(&self, from: IpAddr) -> Result<(), Duration> {
        self.0.take(&hash(&format!("logins of {from}"))).await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Arc;

    use super::*;
    use crate::shared::Memory;

    /// How many of so many attempts go on from that address.
    async fn counted(logins: &Logins, address: u8, attempts: u32) -> u32 {
        let mut counted = 0;
        for _ in 0..attempts {
            counted += u32::from(logins.count(Ipv4Addr::new(192, 0, 2, address).into()).await.is_ok());
        }
        counted
    }

    #[tokio::test]
    async fn an_address_goes_on_with_so_many_logins_through_whichever_server_and_costs_no_other_one() {
        let shared = Shared::new(Arc::new(Memory::default()), [7; 32], "https://a.example.com").unwrap();
        let [one, other] = [(); 2].map(|()| Logins::new(Some(&shared)));
        let alone = Logins::new(None);
        for [first, second] in [[&one, &other], [&alone, &alone]] {
            for address in 0..20 {
                let of_one = counted(first, address, OF_ONE).await + counted(second, address, OF_ONE).await;
                // A second may pass meanwhile, in which one comes back.
                assert!((OF_ONE..=OF_ONE + 5).contains(&of_one), "{of_one}");
            }
        }
    }
}
