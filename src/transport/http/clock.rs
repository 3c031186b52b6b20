//! How long a client takes over the head of a request, and how long it reads nothing of what it is sent. Between two requests it
//! may be silent for longer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::Instant;

/// What a connection is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Phase {
    /// Nothing: no request has begun.
    #[default]
    Idle,
    /// The rest of a head that began then.
    Head(Instant),
    /// The answer.
    Busy,
}

/// The clock of one connection.
#[derive(Clone, Default, Debug)]
pub struct Clock {
    phase: Arc<watch::Sender<Phase>>,
    /// Since when nothing more could be sent.
    stuck: Arc<watch::Sender<Option<Instant>>>,
}

impl Clock {
    /// A head is whole.
    pub fn whole(&self) {
        self.phase.send_replace(Phase::Busy);
    }

    /// Its request is answered.
    pub fn answered(&self) {
        self.phase.send_replace(Phase::Idle);
    }

    fn heard(&self) {
        self.phase.send_if_modified(|phase| {
            let begins = *phase == Phase::Idle;
            if begins {
                *phase = Phase::Head(Instant::now());
            }
            begins
        });
    }

    /// What came of sending.
    fn sent<T>(&self, sent: Poll<T>) -> Poll<T> {
        self.stuck.send_if_modified(|stuck| {
            let changes = stuck.is_some() != sent.is_pending();
            if changes {
                *stuck = sent.is_pending().then(Instant::now);
            }
            changes
        });
        sent
    }

    /// Waits until nothing was read for longer than this of what there is to be sent.
    pub async fn unread(&self, most: Duration) {
        let mut stuck = self.stuck.subscribe();
        loop {
            let now = *stuck.borrow_and_update();
            match now {
                Some(since) => tokio::select! {
                    () = tokio::time::sleep_until(since + most) => return,
                    _ = stuck.changed() => {}
                },
                // The sender is this clock's own.
                None => _ = stuck.changed().await,
            }
        }
    }

    /// Waits until a head takes longer than this.
    pub async fn late(&self, most: Duration) {
        let mut phase = self.phase.subscribe();
        loop {
            let now = *phase.borrow_and_update();
            match now {
                Phase::Head(since) => tokio::select! {
                    () = tokio::time::sleep_until(since + most) => return,
                    _ = phase.changed() => {}
                },
                // The sender is this clock's own.
                _ => _ = phase.changed().await,
            }
        }
    }
}

/// A stream whose clock hears what comes, and what goes.
#[derive(Debug)]
pub struct Heard<S> {
    /// The stream.
    pub stream: S,
    /// Its clock.
    pub clock: Clock,
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.clock.heard();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.clock.sent(sent)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = Pin::new(&mut self.stream).poll_flush(cx);
        self.clock.sent(sent)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.clock.sent(sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.clock.sent(sent)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
