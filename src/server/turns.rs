//! Whose turn it is: how many calls are under way, the writes among them, and the end of the server.

use std::sync::Arc;

use tokio::sync::{OwnedRwLockReadGuard, RwLock, Semaphore, SemaphorePermit, watch};

/// How many calls may be under way at once; the rest wait.
const IN_FLIGHT: usize = 64;

/// Shared by all that serve in one process.
#[derive(Clone, Debug)]
pub struct Turns {
    in_flight: Arc<Semaphore>,
    /// Held, shared, by each write from its beginning to its end.
    writes: Arc<RwLock<()>>,
    /// Whether nothing more is to be begun.
    stop: Arc<watch::Sender<bool>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { in_flight: Arc::new(Semaphore::new(IN_FLIGHT)), writes: Arc::default(), stop: Arc::default() }
    }
}

impl Turns {
    /// Waits for a turn; none where there are no more.
    pub(super) async fn take(&self) -> Option<SemaphorePermit<'_>> {
        self.in_flight.acquire().await.ok()
    }

    /// Notes that a write begins, which is over when the guard is dropped.
    pub(super) async fn begin_write(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.writes).read_owned().await
    }

    /// Has every call begin nothing more: a batch stops after its row, and who waits for a confirmation waits no longer.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Whether it was stopped.
    pub fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits until it is stopped.
    pub async fn stopped(&self) {
        // The sender is this server's own.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Waits until no write is under way: a client that leaves must not cut one short.
    pub async fn finish(&self) {
        let _ = self.writes.write().await;
    }
}
