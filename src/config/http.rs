//! `http`: where the server listens, under which names, and for whom.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use erpnext_schema::with_article;
use ipnet::IpNet;
use serde_json::json;

use super::reader::Reader;
use super::redis::{self, Redis};
use super::sections::{Env, For};

/// The largest body of a request, in bytes, unless stated: a file of 10 MB in base64 and what stands around it.
const LARGEST_BODY: u64 = 16 << 20;
/// How many connections there may be at once, unless stated.
const MOST_CONNECTIONS: u64 = 2_000;

/// How people reach the server over HTTP.
#[derive(Clone, Debug)]
pub struct Http {
    /// Where `serve --http` listens where it names no address.
    pub listen: Option<SocketAddr>,
    /// Where the server tells how it is (`/livez`, `/readyz`, `/metrics`); nowhere unless stated.
    pub status_listen: Option<SocketAddr>,
    /// The certificate of the server; without one it speaks plain HTTP, behind a proxy that has one.
    pub tls: Option<Tls>,
    /// The names that the server is asked for, beside those of the machine itself; `host` or `host:port`.
    pub hosts: Vec<String>,
    /// The pages whose scripts may use the server; `https://host[:port]`.
    pub origins: Vec<String>,
    /// The proxies that are believed when they say for whom they ask.
    pub proxies: Vec<IpNet>,
    /// Whether clients of the handshake era have sessions.
    pub sessions: bool,
    /// What this server shares with others of the same sites; nothing where there is one alone.
    pub redis: Option<Redis>,
    /// How many connections there may be at once.
    pub max_connections: u32,
    /// The largest body of a request, in bytes.
    pub max_body_bytes: usize,
}

/// The files, in PEM, with which the server proves to clients who it is.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificate, and those that lead from it to one that clients know.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: None,
            status_listen: None,
            tls: None,
            hosts: Vec::new(),
            origins: Vec::new(),
            proxies: Vec::new(),
            sessions: false,
            redis: None,
            max_connections: u32::try_from(MOST_CONNECTIONS).unwrap_or(u32::MAX),
            max_body_bytes: usize::try_from(LARGEST_BODY).unwrap_or(usize::MAX),
        }
    }
}

/// Reads the section.
pub(super) fn read(purpose: For, file: &Reader<'_>, env: Env<'_>) -> Http {
    let mut http = Http::default();
    let Some(section) = file.object("http") else {
        redis::unplaced(purpose, file.errors, env);
        return http;
    };
    section.only(&[
        "listen",
        "status_listen",
        "tls",
        "hosts",
        "origins",
        "proxies",
        "sessions",
        "redis",
        "max_connections",
        "max_body_bytes",
    ]);
    http.listen = address(&section, "listen", "127.0.0.1:8080");
    http.status_listen = address(&section, "status_listen", "127.0.0.1:9090");
    http.tls = section.object("tls").and_then(|section| tls(&section));
    http.hosts = hosts(&section);
    http.origins = named(&section, "origins", "origin", "https://app.example.com", |text| {
        text.split_once("://").is_some_and(|(scheme, host)| {
            matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains(['/', '@', '*', ' '])
        })
    });
    let proxies = named(&section, "proxies", "network", "10.0.0.0/8", |text| network(text).is_some());
    http.proxies = proxies.iter().filter_map(|text| network(text)).collect();
    http.sessions = section.bool("sessions", false);
    http.redis = redis::read(purpose, &section, env);
    let connections = section.count("max_connections", "connections", MOST_CONNECTIONS);
    http.max_connections = u32::try_from(connections).unwrap_or(u32::MAX);
    let largest = section.count("max_body_bytes", "bytes", LARGEST_BODY);
    http.max_body_bytes = usize::try_from(largest).unwrap_or(usize::MAX);
    http
}

/// An address to listen on.
fn address(section: &Reader<'_>, key: &str, example: &str) -> Option<SocketAddr> {
    section.asks(key, || json!({"type": "string", "examples": [example]}));
    section.parsed(key, |text| {
        text.parse().map_err(|_| format!("expected an address with its port, such as {example}, found {text:?}"))
    })
}

fn tls(section: &Reader<'_>) -> Option<Tls> {
    section.only(&["certificate", "key"]);
    let file = |key: &str| {
        let path = section.text(key).filter(|path| !path.is_empty());
        if path.is_none() {
            section.errors.note(section.at(key), "missing; name a file in PEM");
        }
        path.map(PathBuf::from)
    };
    let (certificate, key) = (file("certificate"), file("key"));
    Some(Tls { certificate: certificate?, key: key? })
}

/// Names that clients ask for.
pub(super) fn hosts(section: &Reader<'_>) -> Vec<String> {
    let fits = |text: &str| !text.is_empty() && !text.contains(['/', '@', '*', ' ']);
    named(section, "hosts", "host", "mcp.example.com", fits)
}

/// A network, or one address.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// A list of texts that each fit.
fn named(section: &Reader<'_>, key: &str, what: &str, example: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
    section.asks(key, || json!({"type": "array", "items": {"type": "string"}, "examples": [[example]]}));
    let texts = section.list(key, what).unwrap_or_default();
    for (place, text) in texts.iter().filter(|(_, text)| !fits(text)) {
        section.errors.note(place, format!("expected {} such as {example}, found {text:?}", with_article(what)));
    }
    texts.into_iter().map(|(_, text)| text.to_owned()).collect()
}
