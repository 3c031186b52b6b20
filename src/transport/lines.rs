//! Messages as lines of JSON, one in and one out. Every request gets an answer: also one that cannot be parsed, and at the
//! end, what was asked before it.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rmcp::RoleServer;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, ErrorCode, GetMeta, JsonRpcMessage, ServerJsonRpcMessage,
};
use rmcp::transport::Transport;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{Mutex, watch};

use super::ids::{Ids, To};
use super::message::{self, Refused};
use super::skim::Skim;
use crate::server::Server;

/// The longest line, in bytes: a file of 10 MB in base64 and what stands around it.
const LONGEST: usize = 16 << 20;
/// What most answers have room in: a line that outgrows its room is moved.
const USUAL: usize = 4 << 10;
/// How long what was asked may still take before it is stopped, when the client closes its side.
const GRACE: Duration = Duration::from_secs(5);

/// One client's lines.
pub struct Lines<R, W> {
    from: BufReader<R>,
    to: Arc<Mutex<Option<W>>>,
    server: Server,
    line: Vec<u8>,
    /// Of a line that is too long: its id, as far as it was looked for.
    skim: Option<Skim>,
    /// What is to be said of the last line.
    answer: Option<Refused>,
    /// Requests that are not answered yet.
    open: Arc<watch::Sender<Ids>>,
    begun: bool,
    /// Whether it was said which protocol is spoken: by initialize, or beside a request.
    is_open: bool,
    /// When the end of the input was seen.
    ended: Option<Instant>,
}

/// What a line turned out to be.
enum Read {
    Line,
    TooLong(Skim),
    End,
}

impl<R, W> Lines<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    /// The lines of the client of `server`.
    pub fn new(from: R, to: W, server: Server) -> Self {
        Self {
            from: BufReader::new(from),
            to: Arc::new(Mutex::new(Some(to))),
            server,
            line: Vec::new(),
            skim: None,
            answer: None,
            open: Arc::default(),
            begun: false,
            is_open: false,
            ended: None,
        }
    }

    /// The next line, without its end. It can be given up at any moment: what was read so far is kept.
    async fn read(&mut self) -> Read {
        loop {
            let bytes = match self.from.fill_buf().await {
                Ok([]) => return Read::End,
                Ok(bytes) => bytes,
                Err(error) => {
                    tracing::error!("standard input: {error}");
                    return Read::End;
                }
            };
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let some = &bytes[..end.unwrap_or(bytes.len())];
            if self.skim.is_none() && self.line.len() + some.len() > LONGEST {
                let mut skim = Skim::default();
                skim.add(&std::mem::take(&mut self.line));
                self.skim = Some(skim);
            }
            match &mut self.skim {
                Some(skim) => skim.add(some),
                None => self.line.extend_from_slice(some),
            }
            let used = some.len() + usize::from(end.is_some());
            self.from.consume(used);
            if end.is_some() {
                return self.skim.take().map_or(Read::Line, Read::TooLong);
            }
        }
    }

    /// Takes note of a message; a second request of an id that is still open is refused.
    fn admit(&mut self, mut message: ClientJsonRpcMessage) -> Result<Option<ClientJsonRpcMessage>, Refused> {
        match &mut message {
            JsonRpcMessage::Request(request) => {
                let id = serde_json::to_string(&request.id).ok();
                let meta = || request.request.get_meta().protocol_version().is_some();
                self.is_open |= matches!(request.request, ClientRequest::InitializeRequest(_)) || meta();
                let needs_none =
                    matches!(request.request, ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_));
                if !self.is_open && !needs_none {
                    let words =
                        "the session has not begun: send initialize, with its parameters, before this".to_owned();
                    return Err(Refused(ErrorCode::INVALID_REQUEST, words, id));
                }
                // A subscription stays open until the end, and its id is told.
                if matches!(request.request, ClientRequest::SubscriptionsListenRequest(_)) {
                    let open = self.open.borrow();
                    if open.is_open(&request.id) || open.is_taken(&request.id) {
                        let what = if open.is_open(&request.id) { "is under way" } else { "was called off" };
                        let words = format!("a request of this id {what}; a subscription needs another one");
                        return Err(Refused(ErrorCode::INVALID_REQUEST, words, id));
                    }
                } else {
                    let mut here = None;
                    self.open.send_modify(|open| here = open.begin(&request.id));
                    let Some(here) = here else {
                        let words =
                            "a request of this id is under way and will be answered; this one was not begun".to_owned();
                        return Err(Refused(ErrorCode::INVALID_REQUEST, words, id));
                    };
                    request.id = here;
                }
                self.begun = true;
            }
            JsonRpcMessage::Notification(told) => {
                if let ClientNotification::CancelledNotification(cancelled) = &mut told.notification
                    && let Some(id) = &mut cancelled.params.request_id
                {
                    self.open.send_modify(|open| *id = open.call_off(id));
                }
            }
            _ => {}
        }
        // Before the first request, nothing else means anything.
        Ok(self.begun.then_some(message))
    }

    /// Sees to the end: writes that have begun are finished, and batches stop after their row; when a signal ends the
    /// server, at once. Given up, it goes on where it was.
    async fn end(&mut self) {
        let since = *self.ended.get_or_insert_with(Instant::now);
        if !self.server.turns().is_stopped() {
            let mut open = self.open.subscribe();
            let _ = tokio::time::timeout_at((since + GRACE).into(), open.wait_for(Ids::is_empty)).await;
            self.server.turns().stop();
        }
        self.server.turns().finish().await;
    }
}

impl<R, W> Transport<RoleServer> for Lines<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(&mut self, mut message: ServerJsonRpcMessage) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let (to, open) = (Arc::clone(&self.to), Arc::clone(&self.open));
        async move {
            let mut to = to.lock().await;
            let id = match &mut message {
                JsonRpcMessage::Response(answer) => Some(&mut answer.id),
                JsonRpcMessage::Error(answer) => answer.id.as_mut(),
                _ => None,
            };
            // Before it is written: a client that has its answer may use the id again.
            if let Some(id) = id {
                let mut whose = To::Nobody;
                open.send_modify(|open| whose = open.answer(id));
                match whose {
                    To::Client(given) => *id = given,
                    To::Nobody => return Ok(()),
                }
            }
            let mut line = Vec::with_capacity(USUAL);
            serde_json::to_writer(&mut line, &message)?;
            write(&mut *to, line).await
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            if self.answer.is_some() {
                // Written by itself: this future can be given up, and half a line must not be.
                let mut to = Arc::clone(&self.to).lock_owned().await;
                if let Some(refused) = self.answer.take() {
                    let answer = refused.answer().into_bytes();
                    tokio::spawn(async move { write(&mut *to, answer).await });
                }
            }
            let server = self.server.clone();
            let read = tokio::select! {
                read = self.read() => read,
                () = server.turns().stopped() => Read::End,
            };
            let came = match read {
                Read::Line => message::read(&self.line),
                Read::TooLong(skim) => {
                    let words = format!("the message is longer than {LONGEST} bytes; it was not read");
                    Err(Refused(ErrorCode::PARSE_ERROR, words, skim.id()))
                }
                Read::End => {
                    self.end().await;
                    return None;
                }
            };
            self.line.clear();
            match came.and_then(|message| message.map_or(Ok(None), |message| self.admit(message))) {
                Ok(Some(message)) => return Some(message),
                Ok(None) => {}
                Err(answer) => self.answer = Some(answer),
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        drop(self.to.lock().await.take());
        Ok(())
    }
}

async fn write<W: AsyncWrite + Unpin>(to: &mut Option<W>, mut line: Vec<u8>) -> io::Result<()> {
    let to = to.as_mut().ok_or(io::ErrorKind::NotConnected)?;
    line.push(b'\n');
    to.write_all(&line).await?;
    to.flush().await
}
