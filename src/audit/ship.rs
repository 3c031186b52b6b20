//! Lines of the log on their way to somewhere else beside the file, which stays the truth. A thread of its own sends them, and
//! nobody waits for it: what does not get through is counted, and told.

use std::fmt::Display;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;

use crate::config::{self, Ship};
#[cfg(feature = "otel")]
use crate::traces::logs::{self, Logs};

/// How many lines wait to be sent.
const WAITING: usize = 4_096;
/// How many lines go to a collector in one request.
#[cfg(feature = "otel")]
const AT_ONCE: usize = 256;
/// How long a socket may take for one, and how long is waited for the last ones when the server ends.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it is told that lines were lost.
const TOLD: Duration = Duration::from_secs(60);
/// The facility of syslog for audits, and what is normal and what is a warning in it.
const FACILITY: u8 = 13;
const NOTICE: u8 = 5;
const WARNING: u8 = 4;

/// Takes one line.
type Sink = Box<dyn FnMut(&[u8]) -> io::Result<()>>;

/// Takes all lines, one after the other.
type Sender = Box<dyn FnOnce(&Receiver<Line>, &Lost) + Send>;

/// A line of the log, when it was written, and whether it is about something that was refused or went wrong.
struct Line {
    text: String,
    time: Timestamp,
    is_warning: bool,
}

/// Sends lines of a log.
#[derive(Debug)]
pub struct Shipping {
    /// None at its end.
    waiting: Option<SyncSender<Line>>,
    thread: JoinHandle<()>,
    lost: Arc<Lost>,
}

impl Shipping {
    /// Begins to send, if the configuration says where to.
    ///
    /// # Errors
    /// There is no thread for it, or no collector that it could go to.
    pub fn start(settings: &config::Audit) -> io::Result<Option<Self>> {
        let Some(to) = settings.ship.clone() else { return Ok(None) };
        let lost = Arc::new(Lost { to: to.to_string(), count: AtomicU64::new(0), told: Mutex::default() });
        let log = settings.log_file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let host = settings.replica.clone().unwrap_or_else(|| "-".to_owned());
        let (waiting, lines) = sync_channel(WAITING);
        let counted = Arc::clone(&lost);
        let send: Sender = match to {
            Ship::Otlp => to_collector(log)?,
            to => Box::new(move |lines: &Receiver<Line>, lost: &Lost| send_all(lines, &to, &log, &host, lost)),
        };
        let thread = std::thread::Builder::new().name("audit-ship".to_owned());
        let thread = thread.spawn(move || send(&lines, &counted))?;
        Ok(Some(Self { waiting: Some(waiting), thread, lost }))
    }

    /// Has a line sent.
    pub fn send(&self, text: String, is_warning: bool) {
        let line = Line { text, time: Timestamp::now(), is_warning };
        let taken = self.waiting.as_ref().is_some_and(|waiting| waiting.try_send(line).is_ok());
        if !taken {
            self.lost.one(&"more wait than are kept");
        }
    }

    /// How many lines did not get through.
    pub fn lost(&self) -> u64 {
        self.lost.count.load(Ordering::Relaxed)
    }
}

impl Drop for Shipping {
    fn drop(&mut self) {
        self.waiting = None;
        let until = Instant::now() + PATIENCE;
        while !self.thread.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        let lost = self.lost();
        if lost > 0 || !self.thread.is_finished() {
            tracing::warn!(lost, "not all lines of the audit log got to {}: they stand in its file", self.lost.to);
        }
    }
}

/// What did not get through.
#[derive(Debug)]
struct Lost {
    to: String,
    count: AtomicU64,
    told: Mutex<Option<Instant>>,
}

impl Lost {
    fn one(&self, why: &dyn Display) {
        let lost = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|told| told.elapsed() >= TOLD) {
            *told = Some(Instant::now());
            tracing::warn!(lost, "a line of the audit log did not get to {} ({why}): it stands in its file", self.to);
        }
    }
}

fn send_all(lines: &Receiver<Line>, to: &Ship, log: &str, host: &str, lost: &Lost) {
    let mut sink: Option<Sink> = None;
    for line in lines {
        let message = match to {
            Ship::Stdout | Ship::Stderr | Ship::Otlp => named(log, &line.text) + "\n",
            Ship::Socket(_) | Ship::Udp(_) => datagram(log, &line, host),
        };
        let bytes = message.as_bytes();
        let kept = sink.take().and_then(|mut sink| sink(bytes).is_ok().then_some(sink));
        // Who listens there may have been started anew.
        let sent = kept.map_or_else(|| opened(to).and_then(|mut sink| sink(bytes).map(|()| sink)), Ok);
        sink = sent.map_err(|error| lost.one(&error)).ok();
    }
}

/// The line with the name of its log, since several may go to one place; without that it is the line of the file.
fn named(log: &str, line: &str) -> String {
    match line.strip_prefix('{') {
        Some(rest) => format!("{{\"audit\":{},{rest}", json!(log)),
        None => format!("{log}: {line}"),
    }
}

/// A message of syslog (RFC 5424).
fn datagram(log: &str, line: &Line, host: &str) -> String {
    let severity = if line.is_warning { WARNING } else { NOTICE };
    let time = line.time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
    let process = std::process::id();
    format!("<{}>1 {time} {host} erpnext-mcp {process} audit - {}", FACILITY * 8 + severity, named(log, &line.text))
}

fn opened(to: &Ship) -> io::Result<Sink> {
    match to {
        Ship::Stdout => Ok(Box::new(|bytes: &[u8]| written(io::stdout().lock(), bytes))),
        Ship::Stderr => Ok(Box::new(|bytes: &[u8]| written(io::stderr().lock(), bytes))),
        Ship::Socket(path) => socket(path),
        Ship::Udp(host) => udp(host),
        Ship::Otlp => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Sends lines to a collector, as many as wait in one request.
#[cfg(feature = "otel")]
fn to_collector(log: String) -> io::Result<Sender> {
    let collector = Logs::new().map_err(|error| io::Error::other(format!("audit.ship: {error}")))?;
    Ok(Box::new(move |lines: &Receiver<Line>, lost: &Lost| {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return lines.iter().for_each(|_| lost.one(&error)),
        };
        while let Ok(first) = lines.recv() {
            let some: Vec<Line> = std::iter::once(first).chain(lines.try_iter().take(AT_ONCE - 1)).collect();
            let told = some.iter().map(|line| logs::Line {
                log: &log,
                text: &line.text,
                time: line.time,
                is_warning: line.is_warning,
            });
            match runtime.block_on(collector.send(told)) {
                Ok(rejected) => (0..rejected).zip(&some).for_each(|_| lost.one(&"the collector rejected it")),
                Err(error) => some.iter().for_each(|_| lost.one(&error)),
            }
        }
    }))
}

#[cfg(not(feature = "otel"))]
fn to_collector(_: String) -> io::Result<Sender> {
    Err(io::ErrorKind::Unsupported.into())
}

fn written(mut to: impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}

#[cfg(unix)]
fn socket(path: &Path) -> io::Result<Sink> {
    let socket = std::os::unix::net::UnixDatagram::unbound()?;
    socket.connect(path)?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(Box::new(move |bytes: &[u8]| socket.send(bytes).map(drop)))
}

#[cfg(not(unix))]
fn socket(_: &Path) -> io::Result<Sink> {
    Err(io::ErrorKind::Unsupported.into())
}

fn udp(host: &str) -> io::Result<Sink> {
    let there = host.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
    let here: IpAddr = if there.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((here, 0))?;
    socket.connect(there)?;
    Ok(Box::new(move |bytes: &[u8]| socket.send(bytes).map(drop)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn shipping(ship: Ship) -> Shipping {
        let settings =
            config::Audit { ship: Some(ship), replica: Some("pod-1".to_owned()), ..config::Audit::default() };
        Shipping::start(&settings).unwrap().unwrap()
    }

    fn heard(message: &[u8]) -> String {
        let text = String::from_utf8(message.to_vec()).unwrap();
        let parts: Vec<&str> = text.splitn(8, ' ').collect();
        assert!(parts[1].parse::<Timestamp>().is_ok(), "{text}");
        let process = std::process::id().to_string();
        assert_eq!(parts[2..7], ["pod-1", "erpnext-mcp", process.as_str(), "audit", "-"], "{text}");
        format!("{} {}", parts[0], parts[7])
    }

    #[test]
    fn a_line_gets_to_syslog_with_its_severity_and_the_name_of_its_log() {
        let listens = UdpSocket::bind("127.0.0.1:0").unwrap();
        listens.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let shipping = shipping(Ship::Udp(listens.local_addr().unwrap().to_string()));
        shipping.send("{\"n\":1}".to_owned(), false);
        shipping.send("as text".to_owned(), true);
        let mut buffer = [0; 2_048];
        for expected in ["<109>1 {\"audit\":\"audit\",\"n\":1}", "<108>1 audit: as text"] {
            let length = listens.recv(&mut buffer).unwrap();
            assert_eq!(heard(&buffer[..length]), expected);
        }
        assert_eq!(shipping.lost(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_waits_for_a_socket_that_takes_nothing_and_what_is_lost_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let until = |is_so: &dyn Fn() -> bool| {
            let started = Instant::now();
            while !is_so() {
                assert!(started.elapsed() < Duration::from_secs(20));
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        let shipping = shipping(Ship::Socket(path.clone()));
        shipping.send("{\"n\":1}".to_owned(), false);
        until(&|| shipping.lost() == 1);
        // Somebody listens, and reads nothing.
        let listens = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
        let started = Instant::now();
        (0..3 * WAITING).for_each(|_| shipping.send("{\"n\":2}".to_owned(), false));
        assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
        assert!(shipping.lost() > 100, "{}", shipping.lost());
        // What could wait is sent when it can be.
        let mut buffer = [0; 2_048];
        listens.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let length = listens.recv(&mut buffer).unwrap();
        assert_eq!(heard(&buffer[..length]), "<109>1 {\"audit\":\"audit\",\"n\":2}");
    }
}
