//! How long a client takes over the head of a request, and how little it reads of what it is sent. Between two requests it
//! may be silent for longer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Bytes, Frame, SizeHint};
use hyper::{Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::Instant;

use super::last_words::wordless;
use super::refusal::Body;

/// How much a client reads in the time that it has, in bytes, unless there is less.
const LEAST: usize = 64 << 10;

/// What a connection is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Phase {
    /// Nothing: no request has begun.
    #[default]
    Idle,
    /// The rest of a head that began then.
    Head(Instant),
    /// The answer, to its end.
    Busy,
}

/// That a client is behind with reading.
#[derive(Clone, Copy, Debug)]
struct Behind {
    since: Instant,
    /// How much it has to read yet.
    owes: usize,
}

/// The clock of one connection.
#[derive(Clone, Default, Debug)]
pub struct Clock {
    phase: Arc<watch::Sender<Phase>>,
    behind: Arc<watch::Sender<Option<Behind>>>,
}

impl Clock {
    /// A head is whole.
    pub fn whole(&self) {
        self.phase.send_replace(Phase::Busy);
    }

    /// The answer to its request, with whose end that is over.
    pub fn until_the_end_of(&self, answer: Response<Body>) -> Response<AnswerBody> {
        answer.map(|body| AnswerBody { body, clock: self.clone() })
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

    /// What came of sending so much, or all that there is.
    fn sent<T>(&self, sent: Poll<T>, length: impl FnOnce(&T) -> usize) -> Poll<T> {
        self.behind.send_if_modified(|behind| {
            let was_behind = behind.is_some();
            *behind = match (&sent, *behind) {
                (Poll::Pending, None) => Some(Behind { since: Instant::now(), owes: LEAST }),
                (Poll::Pending, still) => still,
                (Poll::Ready(sent), still) => {
                    let length = length(sent);
                    still.filter(|still| length < still.owes).map(|still| Behind { owes: still.owes - length, ..still })
                }
            };
            was_behind != behind.is_some()
        });
        sent
    }

    /// Waits until hardly anything was read for longer than this of what there is to be sent.
    pub async fn unread(&self, most: Duration) {
        let mut behind = self.behind.subscribe();
        loop {
            let now = *behind.borrow_and_update();
            match now {
                Some(Behind { since, .. }) => tokio::select! {
                    () = tokio::time::sleep_until(since + most) => return,
                    _ = behind.changed() => {}
                },
                // The sender is this clock's own.
                None => _ = behind.changed().await,
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

/// The body of an answer. A request that comes before its end is one whose head begins then.
#[derive(Debug)]
pub struct AnswerBody {
    body: Body,
    clock: Clock,
}

impl hyper::body::Body for AnswerBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.clock.phase.send_replace(Phase::Idle);
    }
}

/// A stream whose clock hears what comes, and what goes. An answer without words does not: it is left to who has some.
#[derive(Debug)]
pub struct Heard<S> {
    /// The stream.
    pub stream: S,
    /// Its clock.
    pub clock: Clock,
    /// The status of such an answer, after which the stream is still open.
    pub wordless: Option<StatusCode>,
}

impl<S> Heard<S> {
    /// Whether this is not to be sent.
    fn keeps_back(&mut self, bytes: &[u8]) -> bool {
        if self.wordless.is_none() && *self.clock.phase.borrow() != Phase::Busy {
            self.wordless = wordless(bytes);
        }
        self.wordless.is_some()
    }
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
        if self.keeps_back(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let sent = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.clock.sent(sent, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = Pin::new(&mut self.stream).poll_flush(cx);
        self.clock.sent(sent, |_| LEAST)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.wordless.is_some() {
            return Poll::Ready(Ok(()));
        }
        let sent = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.clock.sent(sent, |_| LEAST)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [part] = parts
            && self.keeps_back(part)
        {
            return Poll::Ready(Ok(part.len()));
        }
        let sent = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.clock.sent(sent, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// How much was sent; one that failed ends the connection.
fn written(sent: &io::Result<usize>) -> usize {
    *sent.as_ref().unwrap_or(&LEAST)
}
