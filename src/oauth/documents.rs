//! Documents that clients keep at the address that is their id, and for how long they are believed.

use std::net::IpAddr;
use std::time::Duration;

use super::client::{BadClient, Client};
use super::fetch::{self, Fetcher, NoFetcher, Unfetched};
use crate::cache::TtlCache;
use crate::limit::{Fair, Turn};
use crate::shared::seal::hash;

/// The largest document, in bytes.
const LARGEST: usize = 8 << 10;
/// How long it is waited for a turn.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one is believed, and how long a failure is.
const KEPT: Duration = Duration::from_secs(600);
const FAILED: Duration = Duration::from_secs(30);
/// How many are remembered, and how many are fetched at once, for all and for one address.
const MOST: u64 = 1_000;
const AT_ONCE: usize = 8;
const OF_ONE: usize = 2;
/// That others are fetched.
const BUSY: &str = "too many documents are fetched at once: try again";

/// Fetches documents and remembers them.
#[derive(Debug)]
pub struct Documents {
    fetcher: Fetcher,
    /// By the hash of the id.
    known: TtlCache<Result<Client, BadClient>>,
    turns: Fair,
}

impl Documents {
    /// From public addresses only.
    ///
    /// # Errors
    /// [`NoFetcher`].
    pub fn new() -> Result<Self, NoFetcher> {
        Ok(Self::by(Fetcher::guarded()?))
    }

    /// Fetched by this.
    pub fn by(fetcher: Fetcher) -> Self {
        Self { fetcher, known: TtlCache::new(MOST), turns: Fair::new(AT_ONCE, OF_ONE) }
    }

    /// The client whose id this is, for somebody at that address.
    ///
    /// # Errors
    /// An address that is not asked, and a document that cannot be had or read.
    pub async fn client(&self, id: &str, from: IpAddr) -> Result<Client, BadClient> {
        // One that is never asked takes no turn.
        fetch::public(id).ok_or_else(|| bad(Unfetched::Address))?;
        let key = hash(id);
        if let Some(known) = self.known.get(&key) {
            return known;
        }
        // Before those who ask for the same are one: nobody waits for another's turn.
        let _turn = self.turn(from).await?;
        let fetch = async {
            let fetched = self.fetch(id).await;
            let ttl = if fetched.is_ok() { KEPT } else { FAILED };
            (fetched, ttl)
        };
        self.known.get_or_load(key, fetch).await
    }

    async fn turn(&self, from: IpAddr) -> Result<Turn, BadClient> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.take(&hash(&from.to_string()))).await;
        turn.map_err(|_| BadClient("invalid_client", BUSY))
    }

    async fn fetch(&self, id: &str) -> Result<Client, BadClient> {
        Client::document(id, &self.fetcher.json(id, LARGEST).await.map_err(bad)?)
    }
}

/// Why there is no such client, in words for its person.
fn bad(why: Unfetched) -> BadClient {
    let words = match why {
        Unfetched::Address => "client_id is no address of a document: https://HOST/PATH",
        Unfetched::Unreached => "the document at client_id cannot be had",
        Unfetched::Status(_) => "there is no document at client_id",
        Unfetched::NotJson => "the document at client_id is not JSON",
        Unfetched::Cut => "the document at client_id does not come",
        Unfetched::TooLarge => "the document at client_id is larger than 8 KiB",
    };
    BadClient("invalid_client", words)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn one_address_does_not_have_all_turns() {
        let documents = Documents::new().unwrap();
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().unwrap());
        let now = |from: IpAddr| documents.turn(from).now_or_never().and_then(Result::ok);
        let mut held: Vec<_> = (0..AT_ONCE).filter_map(|_| now(one)).collect();
        assert_eq!(held.len(), OF_ONE);
        assert!(now(other).is_some());
        held.pop();
        assert!(now(one).is_some());
    }
}
