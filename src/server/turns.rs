//! Whose turn it is: the calls that are under way, the writes among them, and the end of the server.

use std::sync::Arc;

use tokio::sync::{OwnedRwLockReadGuard, RwLock, watch};

use super::calls::Calls;
use super::ended::EndedSessions;
use super::questions::Questions;
use super::repeats::Repeats;
use crate::limit::{Fair, Turn, User};
use crate::site::Caller;

/// How many calls may be under way at once; the rest wait.
const IN_FLIGHT: usize = 64;
/// How many of one user where there are several.
const OF_ONE: usize = 16;

/// Shared by all that serve in one process.
#[derive(Clone, Debug)]
pub struct Turns {
    in_flight: Fair,
    /// Held, shared, by each write from its beginning to its end.
    writes: Arc<RwLock<()>>,
    /// Whether nothing more is to be begun.
    stop: Arc<watch::Sender<bool>>,
    pub(super) repeats: Repeats,
    pub(super) calls: Calls,
    pub(super) questions: Questions,
}

impl Default for Turns {
    fn default() -> Self {
        Self::of(Fair::new(IN_FLIGHT, IN_FLIGHT))
    }
}

impl Turns {
    /// Turns that several users share.
    pub fn shared() -> Self {
        Self::of(Fair::new(IN_FLIGHT, OF_ONE))
    }

    fn of(in_flight: Fair) -> Self {
        Self {
            in_flight,
            writes: Arc::default(),
            stop: Arc::default(),
            repeats: Repeats::default(),
            calls: Calls::default(),
            questions: Questions::default(),
        }
    }

    /// Waits for a turn of this user's.
    pub(super) async fn take(&self, user: &User) -> Turn {
        self.in_flight.take(user).await
    }

    /// How many calls run, and how many wait.
    pub fn load(&self) -> (usize, usize) {
        (self.in_flight.taken(), self.in_flight.waiting())
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

    /// The sessions that were ended.
    pub fn ended_sessions(&self) -> EndedSessions {
        self.questions.ended.clone()
    }

    /// Ends what is asked in a caller's session, as that was ended: nobody said yes.
    pub fn end_session(&self, caller: &Caller) {
        self.questions.end(caller);
    }

    /// Waits until no write is under way: a client that leaves must not cut one short.
    pub async fn finish(&self) {
        let _ = self.writes.write().await;
    }
}
