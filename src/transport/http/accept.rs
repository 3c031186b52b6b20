//! The connections: how many there may be, how long each may be silent, and their end.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::clock::{Clock, Heard};
use super::last_words::tell;
use super::sign_in::network;
use super::{Endpoint, Ends};
use crate::limit::{PlaceGuard, Places};
use crate::shared::seal::hash;

/// How long a connection may be silent between two requests: longer than the proxies before it keep one.
const SILENT: Duration = Duration::from_secs(120);
/// The largest head, in bytes.
const LARGEST_HEAD: usize = 64 << 10;
/// How many connections over the limit are told so at once; the others are closed without a word.
const TOLD: usize = 64;

/// How much of an answer the system takes for a client that has not read it, about. With more, it would tell seldom that a client
/// reads slowly, and clients that read nothing would have its memory.
const SENT_AHEAD: u32 = 64 << 10;
/// How many connections may wait to be accepted.
const WAITING: u32 = 1_024;

/// Listens there.
///
/// # Errors
/// The system's.
pub fn listener(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As the standard library does; on Windows it would let others listen there too.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    // Each connection has it from here.
    socket.set_send_buffer_size(SENT_AHEAD)?;
    socket.bind(address)?;
    socket.listen(WAITING)
}

/// The connections that there may be.
#[derive(Debug)]
pub struct Connections {
    free: Arc<Semaphore>,
    told: Arc<Semaphore>,
    most: u32,
    /// Those of one address.
    of_one: Places,
}

/// The share of an address, which is not counted where it stands for many clients.
struct Share {
    _place: Option<PlaceGuard>,
}

impl Connections {
    /// So many at once, and three quarters of them for one address.
    pub fn new(most: u32) -> Self {
        Self {
            free: Arc::new(Semaphore::new(most as usize)),
            told: Arc::new(Semaphore::new(TOLD)),
            most,
            of_one: Places::new(usize::MAX, (most - most / 4) as usize),
        }
    }

    fn share(&self, address: IpAddr, proxies: &[IpNet]) -> Option<Share> {
        if address.is_loopback() || proxies.iter().any(|network| network.contains(&address)) {
            return Some(Share { _place: None });
        }
        let place = self.of_one.take(&hash(&network(address).to_string()))?;
        Some(Share { _place: Some(place) })
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
        let permit = Arc::clone(&self.free).try_acquire_owned().ok();
        let share = self.share(peer.ip().to_canonical(), &endpoint.proxies);
        match permit.zip(share) {
            Some(held) => {
                tokio::spawn(serve(stream, peer, Arc::clone(endpoint), held));
            }
            None => {
                let (all, most) = (self.open(), self.most);
                tracing::warn!(address = %peer.ip(), "of {most} connections {all} are open, and there may be no more of this address");
                // Who greets in TLS would not understand.
                let plain = endpoint.tls.is_none();
                if let Some(permit) = Arc::clone(&self.told).try_acquire_owned().ok().filter(|_| plain) {
                    tokio::spawn(async move {
                        tell(stream, StatusCode::SERVICE_UNAVAILABLE).await;
                        drop(permit);
                    });
                }
            }
        }
    }

    /// Waits until no connection is left.
    pub async fn closed(&self) {
        let _ = self.free.acquire_many(self.most).await;
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, endpoint: Arc<Endpoint>, _held: (OwnedSemaphorePermit, Share)) {
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
            Ok::<_, Infallible>(clock.until_the_end_of(answer))
        }
    });
    let io = TokioIo::new(Heard { stream, clock: clock.clone(), wordless: None });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(SILENT).max_buf_size(LARGEST_HEAD);
    let mut connection = builder.serve_connection(io, service);
    let mut is_ending = false;
    let refused = loop {
        tokio::select! {
            done = &mut connection => match done {
                Err(error) if error.is_parse() => {
                    tracing::info!(address = %ends.peer, "refused: what came is no HTTP that can be read: {error}");
                    break error.is_parse_version_h2().then_some(StatusCode::HTTP_VERSION_NOT_SUPPORTED);
                }
                Err(error) => {
                    tracing::debug!(address = %ends.peer, "a connection broke: {error}");
                    break None;
                }
                Ok(()) => break None,
            },
            () = clock.late(endpoint.patience.head) => {
                tracing::info!(address = %ends.peer, status = 408, "the head of a request did not come in time");
                break Some(StatusCode::REQUEST_TIMEOUT);
            }
            () = clock.unread(endpoint.patience.read) => {
                tracing::info!(address = %ends.peer, "a client reads hardly anything of what it is sent");
                return;
            }
            () = endpoint.turns().stopped(), if !is_ending => {
                is_ending = true;
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };
    let Heard { stream, wordless, .. } = connection.into_parts().io.into_inner();
    if let Some(status) = wordless.or(refused) {
        tell(stream, status).await;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_address_does_not_have_all_connections_unless_it_stands_for_many_clients() {
        let (connections, proxies) = (Connections::new(8), ["10.0.0.0/8".parse().unwrap()]);
        let shares = |address: &str| -> Vec<Share> {
            (0..8).filter_map(|_| connections.share(address.parse().unwrap(), &proxies)).collect()
        };
        let (one, near) = (shares("2001:db8::1"), shares("2001:db8::2"));
        assert_eq!((one.len(), near.len(), shares("2001:db8:1::1").len()), (6, 0, 6));
        for many in ["127.0.0.1", "::1", "10.1.2.3"] {
            assert_eq!(shares(many).len(), 8, "{many}");
        }
        drop(one);
        assert_eq!(shares("2001:db8::2").len(), 6);
        let few = Connections::new(1);
        assert!(few.share("192.0.2.1".parse().unwrap(), &[]).is_some());
    }
}
