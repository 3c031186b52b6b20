//! Documents that clients keep at the address that is their id: fetched with a bound on size and time, and never from an
//! inner address, whatever a name leads to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client as Http, Url};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::client::{BadClient, Client};

/// The largest document, in bytes.
const LARGEST: usize = 8 << 10;
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one is believed, and how long a failure is.
const KEPT: Duration = Duration::from_secs(600);
const FAILED: Duration = Duration::from_secs(30);
/// How many are remembered, and how many are fetched at once.
const MOST: u64 = 1_000;
const AT_ONCE: usize = 8;
/// That others are fetched.
const BUSY: &str = "too many documents are fetched at once: try again";
/// The longest address.
const LONGEST: usize = 300;

/// Fetches documents and remembers them.
#[derive(Debug)]
pub struct Documents {
    http: Http,
    known: Cache<String, Client>,
    failed: Cache<String, BadClient>,
    turns: Semaphore,
}

impl Documents {
    /// From public addresses only.
    ///
    /// # Errors
    /// An HTTP client that cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        Ok(Self::by(builder(is_public).https_only(true).timeout(PATIENCE).build()?))
    }

    /// By an HTTP client that reaches other addresses, for tests.
    pub fn by(http: Http) -> Self {
        Self {
            http,
            known: Cache::builder().max_capacity(MOST).time_to_live(KEPT).build(),
            failed: Cache::builder().max_capacity(MOST).time_to_live(FAILED).build(),
            turns: Semaphore::new(AT_ONCE),
        }
    }

    /// The client whose id this is.
    ///
    /// # Errors
    /// An address that is not asked, and a document that cannot be had or read.
    pub async fn client(&self, id: &str) -> Result<Client, BadClient> {
        let url = address(id)?;
        if let Some(why) = self.failed.get(id).await {
            return Err(why);
        }
        let fetched = self.known.try_get_with(id.to_owned(), self.fetch(id, url)).await;
        match fetched {
            Ok(client) => Ok(client),
            Err(why) => {
                // That others are asked for says nothing of this one.
                if why.1 != BUSY {
                    self.failed.insert(id.to_owned(), *why).await;
                }
                Err(*why)
            }
        }
    }

    async fn fetch(&self, id: &str, url: Url) -> Result<Client, BadClient> {
        let bad = |words| BadClient("invalid_client", words);
        let turn = tokio::time::timeout(PATIENCE, self.turns.acquire()).await;
        let _turn = turn.ok().and_then(Result::ok).ok_or_else(|| bad(BUSY))?;
        let asked = self.http.get(url).header("accept", "application/json").send().await;
        let mut answer = asked.map_err(|_| bad("the document at client_id cannot be had"))?;
        if answer.status().as_u16() != 200 {
            return Err(bad("there is no document at client_id"));
        }
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.split(';').next().is_some_and(|kind| kind.trim().ends_with("json")) {
            return Err(bad("the document at client_id is not JSON"));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| bad("the document at client_id does not come"))? {
            if bytes.len() + chunk.len() > LARGEST {
                return Err(bad("the document at client_id is larger than 8 KiB"));
            }
            bytes.extend_from_slice(&chunk);
        }
        let told: Value = serde_json::from_slice(&bytes).map_err(|_| bad("the document at client_id is not JSON"))?;
        Client::document(id, &told)
    }
}

fn builder(may_ask: fn(IpAddr) -> bool) -> reqwest::ClientBuilder {
    // An error says that a provider is installed already: then that one serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A proxy would resolve names by itself.
    let http = Http::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().referer(false);
    http.pool_max_idle_per_host(0).dns_resolver(Arc::new(Guarded(may_ask)))
}

/// The address of a document: https, a name and no number, a path, and nothing that hides where it leads.
fn address(id: &str) -> Result<Url, BadClient> {
    let bad = BadClient("invalid_client", "client_id is no address of a document: https://HOST/PATH");
    let url = Url::parse(id).map_err(|_| bad)?;
    let is_name = matches!(url.host(), Some(host) if host.to_string().parse::<IpAddr>().is_err())
        && url.domain().is_some_and(|name| name.contains('.') && !name.ends_with(".localhost") && !name.ends_with('.'));
    let plain = url.scheme() == "https"
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && url.path() != "/"
        && url.port().is_none()
        && url.as_str() == id
        && id.len() <= LONGEST;
    if plain && is_name { Ok(url) } else { Err(bad) }
}

/// Names are resolved here, and every address is looked at before it is connected to.
#[derive(Debug)]
struct Guarded(fn(IpAddr) -> bool);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let may_ask = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One inner address among others is a name that means harm.
            if found.is_empty() || !found.iter().all(|address| may_ask(address.ip())) {
                return Err("it leads to an inner address".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether anybody on the internet has this address.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let special = v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation();
            !(special
                || a == 0
                || a >= 240
                || a == 100 && (64..128).contains(&b)
                || (a, b, c) == (192, 0, 0)
                || a == 198 && (b == 18 || b == 19))
        }
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            // Global unicast, without documentation and the forms that hold an address of version 4.
            (first & 0xe000) == 0x2000 && !(first == 0x2001 && (second < 0x200 || second == 0xdb8)) && first != 0x2002
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn only_names_are_asked_and_only_public_addresses_are_connected_to() {
        assert!(address("https://client.example/metadata.json").is_ok());
        for bad in [
            "http://client.example/m",
            "https://127.0.0.1/m",
            "https://[::1]/m",
            "https://2130706433/m",
            "https://0x7f.1/m",
            "https://localhost/m",
            "https://a.localhost/m",
            "https://client.example",
            "https://client.example:8443/m",
            "https://me@client.example/m",
            "https://client.example/m#x",
            "https://client.example/a/../m",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
        for inner in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.8",
            "198.18.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(inner.parse().unwrap()), "{inner}");
        }
        for public in ["8.8.8.8", "172.32.0.1", "2606:4700::1", "2a00:1450::1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    /// What is said of the document that a server sends; a name that leads to this machine.
    async fn said_of(answer: &'static [u8], may_ask: fn(IpAddr) -> bool) -> Result<Client, BadClient> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer).await;
            // A slow one says no more.
            let _ = stream.read(&mut [0; 1]).await;
        });
        let documents = Documents::by(builder(may_ask).timeout(Duration::from_millis(300)).build().unwrap());
        let url = Url::parse(&format!("http://localhost:{port}/m")).unwrap();
        documents.fetch("https://client.example/m", url).await
    }

    #[tokio::test]
    async fn a_document_is_small_and_quick_and_no_redirect_is_followed() {
        let all = |_: IpAddr| true;
        let good = said_of(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 89\r\n\r\n\
              {\"client_id\": \"https://client.example/m\", \"redirect_uris\": [\"https://client.example/cb\"]}",
            all,
        );
        assert_eq!(good.await.unwrap().name, "client.example");
        let why = |answer, may_ask| async move { said_of(answer, may_ask).await.unwrap_err().1 };
        let large = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n".to_vec();
        let large: &'static [u8] = Box::leak([large, vec![b' '; 9000]].concat().into_boxed_slice());
        assert!(why(large, all).await.contains("8 KiB"));
        let slow = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{";
        assert!(why(slow, all).await.contains("does not come"));
        let elsewhere = b"HTTP/1.1 302 Found\r\nlocation: http://localhost/x\r\ncontent-length: 0\r\n\r\n";
        assert!(why(elsewhere, all).await.contains("no document"));
        assert!(why(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", all).await.contains("not JSON"));
        // The name is resolved, and what it leads to is not connected to.
        assert!(why(b"", is_public).await.contains("cannot be had"));
    }
}
