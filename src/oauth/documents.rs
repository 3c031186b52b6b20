//! Documents that clients keep at the address that is their id, and for how long they are believed.

use std::time::Duration;

use moka::future::Cache;
use tokio::sync::Semaphore;

use super::client::{BadClient, Client};
use super::fetch::{self, Fetcher, NoFetcher, Unfetched};
use crate::cache::Recent;

/// The largest document, in bytes.
const LARGEST: usize = 8 << 10;
/// How long it is waited for a turn.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one is believed, and how long a failure is.
const KEPT: Duration = Duration::from_secs(600);
const FAILED: Duration = Duration::from_secs(30);
/// How many are remembered, and how many are fetched at once.
const MOST: usize = 1_000;
const AT_ONCE: usize = 8;
/// That others are fetched.
const BUSY: &str = "too many documents are fetched at once: try again";

/// Fetches documents and remembers them.
#[derive(Debug)]
pub struct Documents {
    fetcher: Fetcher,
    known: Cache<String, Client>,
    failed: Recent<String, BadClient>,
    turns: Semaphore,
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
        Self {
            fetcher,
            known: Cache::builder().max_capacity(MOST as u64).time_to_live(KEPT).build(),
            failed: Recent::new(FAILED, MOST),
            turns: Semaphore::new(AT_ONCE),
        }
    }

    /// The client whose id this is.
    ///
    /// # Errors
    /// An address that is not asked, and a document that cannot be had or read.
    pub async fn client(&self, id: &str) -> Result<Client, BadClient> {
        // One that is never asked takes no place.
        fetch::public(id).ok_or_else(|| bad(Unfetched::Address))?;
        if let Some(why) = self.failed.get(id) {
            return Err(why);
        }
        let fetched = self.known.try_get_with(id.to_owned(), self.fetch(id)).await;
        match fetched {
            Ok(client) => Ok(client),
            Err(why) => {
                // That others are asked for says nothing of this one.
                if why.1 != BUSY {
                    self.failed.insert(id.to_owned(), *why);
                }
                Err(*why)
            }
        }
    }

    async fn fetch(&self, id: &str) -> Result<Client, BadClient> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.acquire()).await;
        let _turn = turn.ok().and_then(Result::ok).ok_or(BadClient("invalid_client", BUSY))?;
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
