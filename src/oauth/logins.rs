//! How many logins may be under way: each is kept for somebody whom nobody knows yet, in Redis too.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::limit::{Limits, Rates};
use crate::shared::Shared;
use crate::shared::seal::hash;

/// How many an address may begin at once, and a minute. The people of a company may share one.
const OF_ONE: u32 = 60;
/// How many all addresses may. Those of ten minutes, after which a login is over, are fewer than there is room for in this
/// process: no login drops out that is under way.
const OF_ALL: u32 = 900;

/// The logins that are begun.
#[derive(Debug)]
pub struct Logins {
    of_one: Limits,
    of_all: Limits,
}

impl Logins {
    /// Counted over all servers that share this, where something is shared.
    pub fn new(shared: Option<&Shared>) -> Self {
        Self { of_one: limits(OF_ONE, shared), of_all: limits(OF_ALL, shared) }
    }

    /// Counts one that is begun from this address.
    ///
    /// # Errors
    /// How long until it may begin.
    pub async fn begin(&self, from: IpAddr) -> Result<(), Duration> {
        // The address first: who runs into its limit does not use up that of all.
        self.of_one.take(&hash(&format!("logins of {from}"))).await?;
        self.of_all.take(&hash("logins")).await
    }
}

fn limits(most: u32, shared: Option<&Shared>) -> Limits {
    let mut limits = Limits::new(Rates { per_minute: NonZeroU32::new(most), ..Rates::default() });
    if let Some(shared) = shared {
        limits.over(shared.clone());
    }
    limits
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Arc;

    use super::*;
    use crate::shared::Memory;

    /// How many are begun of so many attempts from addresses of this network.
    async fn begun(logins: &Logins, network: u8, addresses: u8, attempts: u32) -> u32 {
        let mut begun = 0;
        for address in 0..addresses {
            for _ in 0..attempts {
                let from = Ipv4Addr::new(192, 0, network, address).into();
                begun += u32::from(logins.begin(from).await.is_ok());
            }
        }
        begun
    }

    #[tokio::test]
    async fn an_address_begins_so_many_logins_and_all_so_many_through_whichever_server() {
        let shared = Shared::new(Arc::new(Memory::default()), [7; 32], "https://a.example.com").unwrap();
        let [one, other] = [(); 2].map(|()| Logins::new(Some(&shared)));
        let alone = Logins::new(None);
        for [first, second] in [[&one, &other], [&alone, &alone]] {
            let of_one = begun(first, 1, 1, OF_ONE).await + begun(second, 1, 1, OF_ONE).await;
            // A second may pass meanwhile, in which one comes back.
            assert!((OF_ONE..=OF_ONE + 5).contains(&of_one), "{of_one}");
            let of_all = begun(first, 2, 20, OF_ONE).await + begun(second, 3, 20, OF_ONE).await;
            let left = OF_ALL - OF_ONE;
            assert!((left - 5..=left + 100).contains(&of_all), "{of_all}");
        }
    }
}
