//! The connections: how many there may be, how long each may be silent, and their end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::clock::{Clock, Heard};
use super::{Endpoint, Ends};

/// How long a connection may be silent between two requests: longer than the proxies before it keep one.
const SILENT: Duration = Duration::from_secs(120);
/// The largest head, in bytes.
const LARGEST_HEAD: usize = 64 << 10;
/// How many connections over the limit are told so at once; the others are closed without a word.
const TOLD: usize = 64;

/// How long the last words on a connection may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// What a connection over the limit is told.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 5\r\n\
                      Connection: close\r\nContent-Length: 69\r\n\r\n\
                      This server has no room for another connection. Try again in seconds.";
/// What a client is told that does not finish its head.
const LATE: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nContent-Type: text/plain\r\nConnection: close\r\n\
                      Content-Length: 45\r\n\r\nThe head of the request did not come in time.";

/// The connections that there may be.
#[derive(Debug)]
pub struct Connections {
    free: Arc<Semaphore>,
    told: Arc<Semaphore>,
    most: u32,
}

impl Connections {
    /// So many at once.
    pub fn new(most: u32) -> Self {
        Self { free: Arc::new(Semaphore::new(most as usize)), told: Arc::new(Semaphore::new(TOLD)), most }
    }

    /// How many there are.
    pub fn open(&self) -> usize {
        (self.most as usize).saturating_sub(self.free.available_permits())
    }

    /// How many there may be.
    pub fn most(&self) -> u64 {
        u64::from(self.most)
    }

    /// Takes connections until the server is stopped.
    pub async fn accept(&self, listener: TcpListener, endpoint: &Arc<Endpoint>) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = endpoint.turns().stopped() => return,
            };
            match accepted {
                Ok((stream, peer)) => self.take(stream, peer, endpoint),
                Err(error) => {
                    // Such as too many open files: what is open may be closed soon.
                    tracing::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn take(&self, stream: TcpStream, peer: SocketAddr, endpoint: &Arc<Endpoint>) {
        match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => {
                tokio::spawn(serve(stream, peer, Arc::clone(endpoint), permit));
            }
            Err(_) => {
                tracing::warn!(address = %peer.ip(), "there are {} connections, and there may be no more", self.most);
                // Who greets in TLS would not understand.
                let plain = endpoint.tls.is_none();
                if let Some(permit) = Arc::clone(&self.told).try_acquire_owned().ok().filter(|_| plain) {
                    tokio::spawn(tell(stream, FULL, permit));
                }
            }
        }
    }

    /// Waits until no connection is left.
    pub async fn closed(&self) {
        let _ = self.free.acquire_many(self.most).await;
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, endpoint: Arc<Endpoint>, _permit: OwnedSemaphorePermit) {
    let Ok(local) = stream.local_addr() else { return };
    // Small answers would wait for the acknowledgement of what was sent before.
    let _ = stream.set_nodelay(true);
    let ends = Ends { local: local.ip(), peer: peer.ip().to_canonical() };
    let Some(tls) = &endpoint.tls else { return speak(stream, ends, &endpoint).await };
    match tokio::time::timeout(endpoint.patience.head, tls.acceptor().accept(stream)).await {
        Ok(Ok(stream)) => speak(stream, ends, &endpoint).await,
        Ok(Err(error)) => tracing::info!(address = %ends.peer, "no TLS: {error}"),
        Err(_) => tracing::info!(address = %ends.peer, "no TLS: the client did not greet in time"),
    }
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin, ends: Ends, endpoint: &Arc<Endpoint>) {
    let clock = Clock::default();
    let service = service_fn(|request| {
        clock.whole();
        let (clock, endpoint) = (clock.clone(), Arc::clone(endpoint));
        async move {
            let answer = endpoint.answer(ends, request).await;
            clock.answered();
            Ok::<_, Infallible>(answer)
        }
    });
    let io = TokioIo::new(Heard { stream, clock: clock.clone() });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(SILENT).max_buf_size(LARGEST_HEAD);
    let mut connection = builder.serve_connection(io, service);
    let mut is_ending = false;
    let is_late = loop {
        tokio::select! {
            done = &mut connection => {
                match done {
                    Err(error) if error.is_parse() => {
                        tracing::info!(address = %ends.peer, "refused: what came is no HTTP that can be read: {error}");
                    }
                    Err(error) => tracing::debug!(address = %ends.peer, "a connection broke: {error}"),
                    Ok(()) => {}
                }
                break false;
            }
            () = clock.late(endpoint.patience.head) => break true,
            () = clock.unread(endpoint.patience.read) => {
                tracing::info!(address = %ends.peer, "a client reads nothing more of what it is sent");
                return;
            }
            () = endpoint.turns().stopped(), if !is_ending => {
                is_ending = true;
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };
    if is_late {
        tracing::info!(address = %ends.peer, status = 408, "the head of a request did not come in time");
        let mut stream = connection.into_parts().io.into_inner().stream;
        // Who reads nothing is not waited for.
        let _ = tokio::time::timeout(GOODBYE, stream.write_all(LATE)).await;
    }
}

/// Says why, and closes; what the client sends meanwhile is read, or it would never see the answer.
async fn tell(mut stream: TcpStream, words: &'static [u8], _permit: OwnedSemaphorePermit) {
    let told = async {
        stream.write_all(words).await?;
        stream.shutdown().await?;
        let mut sink = [0; 1024];
        while stream.read(&mut sink).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = tokio::time::timeout(GOODBYE, told).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_past_the_protocol_is_as_long_as_it_says() {
        for told in [FULL, LATE] {
            let text = String::from_utf8_lossy(told);
            let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
            assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{}: {text}", body.len());
        }
    }
}
