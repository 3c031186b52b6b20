//! JSON that others keep: fetched with a bound on size and time, without redirects, and, where others chose the address,
//! never from an inner one, whatever a name leads to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client as Http, Url};
use serde_json::Value;

/// How long one document may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest address that others may choose.
const LONGEST: usize = 300;

/// Fetches documents.
#[derive(Debug)]
pub struct Fetcher {
    http: Http,
    /// Whether others chose the addresses.
    is_guarded: bool,
}

/// That documents cannot be fetched.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the HTTP client for documents of others cannot be set up")]
pub struct NoFetcher;

/// Why a document is not there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unfetched {
    /// Nobody is asked there.
    #[error("its address is none of a public server: https://HOST/PATH")]
    Address,
    /// Nothing answers, or it is an inner address.
    #[error("its address cannot be reached")]
    Unreached,
    /// Another status than 200.
    #[error("its address answers {0}")]
    Status(u16),
    /// Something else.
    #[error("it is not JSON")]
    NotJson,
    /// It ended too early, or came too slowly.
    #[error("it does not come whole, in time")]
    Cut,
    /// More than it may be.
    #[error("it is larger than it may be")]
    TooLarge,
}

impl Fetcher {
    /// Of addresses that others chose: public ones only.
    ///
    /// # Errors
    /// [`NoFetcher`].
    pub fn guarded() -> Result<Self, NoFetcher> {
        let http = builder().no_proxy().dns_resolver(Arc::new(Guarded(is_public))).https_only(true);
        // A proxy would resolve names by itself.
        Ok(Self::by(http.build().map_err(|_| NoFetcher)?))
    }

    /// Of addresses that the configuration states, which may be inner ones; without a proxy where nothing is encrypted.
    ///
    /// # Errors
    /// [`NoFetcher`].
    pub fn of_configuration(is_encrypted: bool) -> Result<Self, NoFetcher> {
        let http = if is_encrypted { builder() } else { builder().no_proxy() };
        Ok(Self { http: http.build().map_err(|_| NoFetcher)?, is_guarded: false })
    }

    /// By an HTTP client that reaches others than public addresses, for tests.
    pub fn by(http: Http) -> Self {
        Self { http, is_guarded: true }
    }

    /// The document at an address, if it has at most so many bytes.
    ///
    /// # Errors
    /// [`Unfetched`].
    pub async fn json(&self, address: &str, most: usize) -> Result<Value, Unfetched> {
        let url = if self.is_guarded { public(address) } else { Url::parse(address).ok() };
        self.get(url.ok_or(Unfetched::Address)?, most).await
    }

    async fn get(&self, url: Url, most: usize) -> Result<Value, Unfetched> {
        let asked = self.http.get(url).header("accept", "application/json").send().await;
        let mut answer = asked.map_err(|_| Unfetched::Unreached)?;
        if answer.status().as_u16() != 200 {
            return Err(Unfetched::Status(answer.status().as_u16()));
        }
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.split(';').next().is_some_and(|kind| kind.trim().ends_with("json")) {
            return Err(Unfetched::NotJson);
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| Unfetched::Cut)? {
            if bytes.len() + chunk.len() > most {
                return Err(Unfetched::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&bytes).map_err(|_| Unfetched::NotJson)
    }
}

/// Whether two addresses are those of one server.
pub fn is_same_origin(one: &str, other: &str) -> bool {
    Url::parse(one).is_ok_and(|one| Url::parse(other).is_ok_and(|other| one.origin() == other.origin()))
}

fn builder() -> reqwest::ClientBuilder {
    // An error says that a provider is installed already: then that one serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = Http::builder().redirect(reqwest::redirect::Policy::none()).referer(false).timeout(PATIENCE);
    http.pool_max_idle_per_host(0)
}

/// An address that others may choose: https, a name and no number, a path, and nothing that hides where it leads.
pub(super) fn public(address: &str) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    let is_name = matches!(url.host(), Some(host) if host.to_string().parse::<IpAddr>().is_err())
        && url.domain().is_some_and(|name| name.contains('.') && !name.ends_with(".localhost") && !name.ends_with('.'));
    let plain = url.scheme() == "https"
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && url.path() != "/"
        && url.port().is_none()
        && url.as_str() == address
        && address.len() <= LONGEST;
    (plain && is_name).then_some(url)
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
        assert!(public("https://client.example/metadata.json").is_some());
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
            assert!(public(bad).is_none(), "{bad}");
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

    #[test]
    fn a_server_is_its_scheme_host_and_port() {
        assert!(is_same_origin("https://login.example.com/a", "https://LOGIN.example.com:443/keys"));
        for other in ["http://login.example.com/", "https://login.example.com:8443/", "https://login.example.com.x/"] {
            assert!(!is_same_origin("https://login.example.com/a", other), "{other}");
        }
    }

    /// What becomes of a document of at most 8 KiB that a server sends; a name that leads to this machine.
    async fn fetched(answer: &'static [u8], may_ask: fn(IpAddr) -> bool) -> Result<Value, Unfetched> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer).await;
            // A slow one says no more.
            let _ = stream.read(&mut [0; 1]).await;
        });
        let http = builder().no_proxy().dns_resolver(Arc::new(Guarded(may_ask)));
        let fetcher = Fetcher::by(http.timeout(Duration::from_millis(300)).build().unwrap());
        fetcher.get(Url::parse(&format!("http://localhost:{port}/m")).unwrap(), 8 << 10).await
    }

    #[tokio::test]
    async fn a_document_is_small_and_quick_and_no_redirect_is_followed() {
        let all = |_: IpAddr| true;
        let good = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{\"a\": 17}";
        assert_eq!(fetched(good, all).await.unwrap()["a"], 17);
        let large = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n".to_vec();
        let large: &'static [u8] = Box::leak([large, vec![b' '; 9000]].concat().into_boxed_slice());
        assert_eq!(fetched(large, all).await, Err(Unfetched::TooLarge));
        let slow = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{";
        assert_eq!(fetched(slow, all).await, Err(Unfetched::Cut));
        let elsewhere = b"HTTP/1.1 302 Found\r\nlocation: http://localhost/x\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(fetched(elsewhere, all).await, Err(Unfetched::Status(302)));
        let untyped = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(fetched(untyped, all).await, Err(Unfetched::NotJson));
        // The name is resolved, and what it leads to is not connected to.
        assert_eq!(fetched(b"", is_public).await, Err(Unfetched::Unreached));
    }
}
