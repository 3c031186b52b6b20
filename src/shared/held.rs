//! Names that one server holds at a time. A hold is short and is lengthened while it is wanted, so that a server that was
//! killed holds nothing for long.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::{Away, Keyspace, Shared};

/// How long something is held, unless that is lengthened.
const LEASE: Duration = Duration::from_secs(15);
/// How often what another one holds is looked at.
const LOOK: Duration = Duration::from_millis(25);

/// Why nothing was kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotKept {
    /// Nobody can say whether it was.
    #[error(transparent)]
    Away(#[from] Away),
    /// It is held no more: another server may have gone on meanwhile.
    #[error("another server of this site may have gone on with it meanwhile")]
    Lost,
}

/// To whom it makes no difference.
impl From<NotKept> for Away {
    fn from(_: NotKept) -> Self {
        Self
    }
}

/// Something that is held, until it is dropped.
#[derive(Debug)]
pub struct Lease {
    shared: Shared,
    name: String,
    by: String,
    lengthened: JoinHandle<()>,
}

impl Lease {
    pub(super) async fn take(shared: &Shared, name: String, patience: Duration) -> Result<Option<Self>, Away> {
        let (until, by) = (Instant::now() + patience, shared.sealer.secret()?);
        while !shared.store.hold(&name, &by, LEASE).await? {
            if Instant::now() >= until {
                return Ok(None);
            }
            sleep(LOOK).await;
        }
        let (store, held, holder) = (Arc::clone(&shared.store), name.clone(), by.clone());
        let lengthened = tokio::spawn(async move {
            // Who has lost it finds that out where it matters: nothing is kept then.
            loop {
                sleep(LEASE / 3).await;
                if store.lengthen(&held, &holder, LEASE).await == Ok(false) {
                    return;
                }
            }
        });
        Ok(Some(Self { shared: shared.clone(), name, by, lengthened }))
    }

    /// Keeps a value where it is still held.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn put(
        &self,
        space: Keyspace,
        key: &[u8],
        value: &impl Serialize,
        lives: Duration,
    ) -> Result<(), NotKept> {
        let name = self.shared.names.of(space, key);
        let sealed = self.shared.sealer.seal(&name, value).map_err(Away::from)?;
        let is_kept = self.shared.store.put_held((&self.name, &self.by), &name, sealed, lives).await?;
        is_kept.then_some(()).ok_or(NotKept::Lost)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.lengthened.abort();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (store, name, by) = (Arc::clone(&self.shared.store), self.name.clone(), self.by.clone());
            runtime.spawn(async move { _ = store.release(&name, &by).await });
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::shared::Memory;

    #[tokio::test]
    async fn who_slept_for_longer_than_it_holds_anything_keeps_nothing_and_holds_nothing_again() {
        let shared = Shared::new(Arc::new(Memory::default()), [7; 32], "https://site").unwrap();
        let (key, hour) = (b"grant", Duration::from_secs(3600));
        let hold = || shared.hold(Keyspace::Turn, key, Duration::ZERO);
        let slept = hold().await.unwrap().unwrap();
        slept.put(Keyspace::Grant, key, &"first", hour).await.unwrap();
        assert!(hold().await.unwrap().is_none());
        // Its time ran out.
        assert!(shared.store.release(&slept.name, &slept.by).await.unwrap());
        let other = hold().await.unwrap().unwrap();
        other.put(Keyspace::Grant, key, &"second", hour).await.unwrap();
        assert_eq!(slept.put(Keyspace::Grant, key, &"stale", hour).await, Err(NotKept::Lost));
        // That nobody else holds it by now does not make it the sleeper's.
        assert!(shared.store.release(&other.name, &other.by).await.unwrap());
        assert!(!shared.store.lengthen(&slept.name, &slept.by, LEASE).await.unwrap());
        assert_eq!(slept.put(Keyspace::Grant, key, &"stale", hour).await, Err(NotKept::Lost));
        assert_eq!(shared.get::<String>(Keyspace::Grant, key).await.unwrap().as_deref(), Some("second"));
    }
}
