//! Whether a request is meant for this server: its Host, against names that were bound to another address since a page was
//! loaded, and its Origin, against other pages. What browsers ask before (CORS) is answered by the same rules.

use std::net::IpAddr;

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, HOST, HeaderMap, HeaderName,
    HeaderValue, ORIGIN, VARY,
};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{Method, StatusCode};

use super::refusal::Refusal;

/// What a page may send beside `Mcp-…`.
const SENT: [&str; 6] =
    ["accept", "authorization", "content-type", "last-event-id", "x-mcp-readonly", "x-mcp-toolsets"];
/// What a page may read of the answer.
const READ: HeaderValue = HeaderValue::from_static("mcp-session-id, retry-after, www-authenticate, x-request-id");

/// The names of this server, and the pages that may use it.
#[derive(Debug)]
pub struct Guard {
    /// In lower case, with the port where it counts.
    hosts: Vec<String>,
    /// `https://host[:port]` in lower case.
    origins: Vec<String>,
}

impl Guard {
    /// Beside these hosts, the machine's own names and the address that was connected to are the server's.
    pub fn new(hosts: &[String], origins: &[String]) -> Self {
        let lower = |texts: &[String]| texts.iter().map(|text| text.to_ascii_lowercase()).collect();
        Self { hosts: lower(hosts), origins: lower(origins) }
    }

    /// The same with more hosts.
    pub fn add(&mut self, hosts: &[String]) {
        self.hosts.extend(hosts.iter().map(|host| host.to_ascii_lowercase()));
    }

    /// The host that is asked for, and the page that asks, where there is one.
    ///
    /// # Errors
    /// A host that is not this server's, or a page that may not ask.
    pub fn check(&self, local: IpAddr, head: &Parts) -> Result<(Authority, Option<HeaderValue>), Refusal> {
        let host = host(head)?;
        if !self.is_ours(local, &host) {
            let message = "this Host is none of this server's: use the address that its operator gave, or add the \
                           host to http.hosts of the configuration";
            return Err(Refusal::new(StatusCode::FORBIDDEN, message));
        }
        let mut stated = head.headers.get_all(ORIGIN).iter();
        let (origin, second) = (stated.next(), stated.next());
        let Some(origin) = origin else { return Ok((host, None)) };
        let text = origin.to_str().unwrap_or_default().to_ascii_lowercase();
        // A page that came from this very host is no other one.
        let own = text.split_once("://").is_some_and(|(_, from)| from == host.as_str().to_ascii_lowercase());
        if second.is_some() || !own && !self.origins.contains(&text) {
            let message = "pages of this Origin may not use this server: add it to http.origins of the configuration \
                           if they should";
            return Err(Refusal::new(StatusCode::FORBIDDEN, message));
        }
        Ok((host, Some(origin.clone())))
    }

    fn is_ours(&self, local: IpAddr, host: &Authority) -> bool {
        let name = host.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let address = name.parse::<IpAddr>().ok();
        name == "localhost"
            || address.is_some_and(|address| address.is_loopback() || address == local.to_canonical())
            || self.hosts.iter().any(|known| *known == name || *known == host.as_str().to_ascii_lowercase())
    }
}

/// The one host of a request: that of its address, where that names one, is no other.
fn host(head: &Parts) -> Result<Authority, Refusal> {
    let bad = |message| Refusal::new(StatusCode::BAD_REQUEST, message);
    let mut stated = head.headers.get_all(HOST).iter();
    let (first, second) = (stated.next(), stated.next());
    let named = head.uri.authority();
    let first = first.map(HeaderValue::as_bytes).or_else(|| named.map(|host| host.as_str().as_bytes()));
    let (Some(host), None) = (first, second) else { return Err(bad("exactly one Host is needed")) };
    let host = Authority::try_from(host).ok().filter(is_plain);
    let host = host.ok_or_else(|| bad("the Host cannot be read: host[:port]"))?;
    match named {
        Some(named) if *named != host => Err(bad("the Host is another than that of the address")),
        _ => Ok(host),
    }
}

/// Whether it is a host, with or without a port, and nothing else.
fn is_plain(host: &Authority) -> bool {
    let rest = host.as_str().strip_prefix(host.host());
    rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()))
}

/// The headers by which a page may ask, and read what it is answered.
pub fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, READ);
    headers.insert(VARY, HeaderValue::from_static("Origin"));
}

/// The answer to a browser's preflight: the method, and those of the headers that it wants to send which are taken.
pub fn preflight(head: &Parts) -> Option<HeaderMap> {
    if head.method != Method::OPTIONS || !head.headers.contains_key(ORIGIN) {
        return None;
    }
    let wanted = head.headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter().filter_map(|names| names.to_str().ok());
    let wanted = wanted.flat_map(|names| names.split(',')).map(|name| name.trim().to_ascii_lowercase());
    let taken = wanted.filter(|name| SENT.contains(&name.as_str()) || name.starts_with("mcp-"));
    let taken = taken.filter(|name| HeaderName::try_from(name).is_ok()).collect::<Vec<_>>().join(", ");
    let mut headers = HeaderMap::new();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, DELETE"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::try_from(taken).ok()?);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    Some(headers)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use hyper::Request;

    use super::*;

    fn checked(headers: &[(&str, &str)]) -> Result<(), StatusCode> {
        let guard = Guard::new(
            &["mcp.example.com".to_owned(), "other.example.com:8443".to_owned()],
            &["https://app.example.com".to_owned()],
        );
        let request =
            headers.iter().fold(Request::post("/mcp"), |request, (name, value)| request.header(*name, *value));
        let (head, ()) = request.body(()).unwrap().into_parts();
        guard.check("10.0.0.7".parse().unwrap(), &head).map(drop).map_err(|refusal| refusal.status)
    }

    #[test]
    fn only_the_names_of_this_server_are_answered() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:1",
            "[::1]:8080",
            "10.0.0.7:8080",
            "mcp.example.com",
            "MCP.example.com:443",
            "other.example.com:8443",
        ] {
            assert_eq!(checked(&[("host", host)]), Ok(()), "{host}");
        }
        for host in ["evil.example.com", "other.example.com", "10.0.0.8", "localhost.example.com", "mcp.example.com."] {
            assert_eq!(checked(&[("host", host)]), Err(StatusCode::FORBIDDEN), "{host}");
        }
        assert_eq!(checked(&[]), Err(StatusCode::BAD_REQUEST));
        assert_eq!(checked(&[("host", "localhost"), ("host", "localhost")]), Err(StatusCode::BAD_REQUEST));
        for host in ["a b", "", "evil@localhost", "localhost@localhost", "localhost:x", "localhost:70000", "[::1"] {
            assert_eq!(checked(&[("host", host)]), Err(StatusCode::BAD_REQUEST), "{host}");
        }
    }

    #[test]
    fn a_host_is_the_same_in_the_address_and_beside_it() {
        let guard = Guard::new(&["mcp.example.com".to_owned()], &[]);
        let checked = |address: &str| {
            let request = Request::post(address).header("host", "mcp.example.com").body(()).unwrap();
            guard.check("10.0.0.7".parse().unwrap(), &request.into_parts().0).map(drop).map_err(|no| no.status)
        };
        assert_eq!(checked("http://MCP.example.com/mcp"), Ok(()));
        for other in ["http://evil.example.com/mcp", "http://localhost/mcp", "http://mcp.example.com:99/mcp"] {
            assert_eq!(checked(other), Err(StatusCode::BAD_REQUEST), "{other}");
        }
    }

    #[test]
    fn only_pages_that_are_named_or_of_this_server_are_answered() {
        let of = |origin| checked(&[("host", "localhost:8080"), ("origin", origin)]);
        assert_eq!(of("https://app.example.com"), Ok(()));
        assert_eq!(of("http://localhost:8080"), Ok(()));
        for origin in ["https://evil.example.com", "http://app.example.com", "null", "http://localhost:6274", ""] {
            assert_eq!(of(origin), Err(StatusCode::FORBIDDEN), "{origin}");
        }
        let good = ("origin", "https://app.example.com");
        assert_eq!(checked(&[("host", "localhost"), good, good]), Err(StatusCode::FORBIDDEN));
    }

    #[test]
    fn a_page_is_told_what_it_may_send() {
        let wanted = "content-type, Mcp-Param-Region, authorization, cookie";
        let request = Request::options("/mcp").header("origin", "x").header("access-control-request-headers", wanted);
        let (head, ()) = request.body(()).unwrap().into_parts();
        let allowed = preflight(&head).unwrap();
        assert_eq!(allowed["access-control-allow-headers"], "content-type, mcp-param-region, authorization");
        let (head, ()) = Request::options("/mcp").body(()).unwrap().into_parts();
        assert!(preflight(&head).is_none());
    }
}
