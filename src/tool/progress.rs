//! `CallObserver`: whoever waits for a call, who may be told how far it is, is given what is no JSON, and may call the rest off.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::{Map, Value};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use super::Tool;

/// How far a call is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// What is done.
    pub done: usize,
    /// What there is to do.
    pub total: usize,
}

/// What an answer holds beside its JSON.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Attachment {
    /// A picture.
    Image {
        /// Its MIME type.
        kind: String,
        /// Its bytes.
        base64: String,
    },
    /// A file as a whole.
    File {
        /// Where it comes from.
        uri: String,
        /// Its MIME type.
        kind: String,
        /// Its bytes.
        base64: String,
    },
    /// Where a file can be had.
    Link {
        /// Its address.
        uri: String,
        /// What it is called.
        name: String,
        /// Its MIME type and its size in bytes, where they are known.
        facts: Option<(&'static str, u64)>,
    },
}

/// What a client that renders views is told of a tool in its definition, where one shows its results.
pub type ViewOf = fn(Tool) -> Option<Map<String, Value>>;

/// The side of the call. The default is nobody, who neither listens nor stops anything.
#[derive(Clone, Default, Debug)]
pub struct CallObserver {
    tell: Option<UnboundedSender<Progress>>,
    stopped: Arc<watch::Sender<bool>>,
    cut: Arc<AtomicBool>,
    beside: Arc<Mutex<Vec<Attachment>>>,
    sent: Arc<AtomicBool>,
    recorded: Arc<AtomicBool>,
    why: Arc<OnceLock<&'static str>>,
    views: Option<ViewOf>,
}

impl CallObserver {
    /// A watch, and what is told through it.
    pub fn new() -> (Self, UnboundedReceiver<Progress>) {
        let (tell, told) = unbounded_channel();
        (Self { tell: Some(tell), ..Self::default() }, told)
    }

    /// The same of a client that renders views.
    #[must_use]
    pub fn with_views(self, views: ViewOf) -> Self {
        Self { views: Some(views), ..self }
    }

    /// What its client is told of the view that shows a tool's results, if there is one and it renders it.
    pub fn view(&self, tool: Tool) -> Option<Map<String, Value>> {
        self.views.and_then(|of| of(tool))
    }

    /// Says how far the call is.
    pub fn tell(&self, done: usize, total: usize) {
        if let Some(tell) = &self.tell {
            // Whoever no longer listens misses nothing that counts.
            let _ = tell.send(Progress { done, total });
        }
    }

    /// Puts something beside the answer.
    pub fn give(&self, beside: Attachment) {
        self.beside.lock().unwrap_or_else(PoisonError::into_inner).push(beside);
    }

    /// Takes what was put beside the answer.
    pub fn take(&self) -> Vec<Attachment> {
        std::mem::take(&mut *self.beside.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is set when a write leaves for the site.
    pub fn sent(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.sent)
    }

    /// Whether a write has left for the site.
    pub fn has_sent(&self) -> bool {
        self.sent.load(Ordering::Relaxed)
    }

    /// Notes that the call has its line in the audit log, or has begun, so that it will have it.
    pub fn record(&self) {
        self.recorded.store(true, Ordering::Relaxed);
    }

    /// Notes that the call is run once more, which has a line of its own.
    pub fn begin_again(&self) {
        self.recorded.store(false, Ordering::Relaxed);
    }

    /// Whether it has its line, or will have it.
    pub fn is_recorded(&self) -> bool {
        self.recorded.load(Ordering::Relaxed)
    }

    /// Says why the call ends without having run.
    pub fn ends(&self, why: &'static str) {
        // The first reason is the one.
        let _ = self.why.set(why);
    }

    /// Why it ends without having run, if somebody said so.
    pub fn why(&self) -> Option<&'static str> {
        self.why.get().copied()
    }

    /// Asks the call to begin nothing more; what has begun is finished.
    pub fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Asks the same, as the server ends.
    pub fn end(&self) {
        self.cut.store(true, Ordering::Relaxed);
        self.stop();
    }

    /// Whether that was because the server ends.
    pub fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }

    /// Whether the call was asked to begin nothing more.
    pub fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    /// Waits until it is.
    pub async fn stopped(&self) {
        // The sender is this observer's own.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }
}
