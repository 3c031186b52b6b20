//! `Watch`: whoever waits for a call, who may be told how far it is and may call the rest of it off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How far a call is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// What is done.
    pub done: usize,
    /// What there is to do.
    pub total: usize,
}

/// The side of the call. The default is nobody, who neither listens nor stops anything.
#[derive(Clone, Default, Debug)]
pub struct Watch {
    tell: Option<UnboundedSender<Progress>>,
    stopped: Arc<AtomicBool>,
}

impl Watch {
    /// A watch, and what is told through it.
    pub fn new() -> (Self, UnboundedReceiver<Progress>) {
        let (tell, told) = unbounded_channel();
        (Self { tell: Some(tell), stopped: Arc::default() }, told)
    }

    /// Says how far the call is.
    pub fn tell(&self, done: usize, total: usize) {
        if let Some(tell) = &self.tell {
            // Whoever no longer listens misses nothing that counts.
            let _ = tell.send(Progress { done, total });
        }
    }

    /// Asks the call to begin nothing more; what has begun is finished.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the call was asked to begin nothing more.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}
