//! The address of a client behind proxies: as the proxies that are trusted say, and nobody else.

use std::net::{IpAddr, SocketAddr};

use hyper::Version;
use hyper::header::{FORWARDED, HeaderMap, HeaderName};
use hyper::http::request::Parts;
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What proxies add of their own accord, or as their documentation has it.
const ADDED: [&str; 6] = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// Whether a request came through a proxy, as far as one tells: nginx adds nothing unless it is told to, and asks by HTTP/1.0, as
/// no client does.
pub fn is_proxied(head: &Parts) -> bool {
    head.version == Version::HTTP_10 || ADDED.iter().any(|name| head.headers.contains_key(*name))
}

/// The address from which the trusted proxies took a request. Where two headers tell two addresses, one of them is the
/// client's own invention, and the proxy's address is all that is known.
pub fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    // The last is what the nearest proxy added. One that cannot be read ends what can be believed.
    let told = |name: &HeaderName, read: fn(&str) -> Option<IpAddr>| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = values.flat_map(|value| value.split(',')).collect();
        let mut nearest = None;
        for hop in hops.into_iter().rev() {
            nearest = Some(read(hop.trim()).map(|address| address.to_canonical())?);
            if nearest.is_some_and(|address| !is_trusted(&address)) {
                break;
            }
        }
        nearest
    };
    match (told(&X_FORWARDED_FOR, address), told(&FORWARDED, of_element)) {
        (Some(one), Some(other)) if one != other => peer,
        (told, other) => told.or(other).unwrap_or(peer),
    }
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    text.parse().ok().or_else(bare).or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// The `for` of an element of `Forwarded`: `for="[2001:db8::1]:80";proto=https`.
fn of_element(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let mut named = pairs.filter(|(name, _)| name.eq_ignore_ascii_case("for"));
    address(named.next()?.1.trim_matches('"'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn of(peer: &str, headers: &[(&str, &str)]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        client(peer.parse().unwrap(), &map, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let said = [("x-forwarded-for", "192.0.2.7")];
        assert_eq!(of("203.0.113.9", &said), "203.0.113.9");
        assert_eq!(of("10.1.2.3", &said), "192.0.2.7");
        assert_eq!(of("10.1.2.3", &[]), "10.1.2.3");
    }

    #[test]
    fn what_a_client_puts_before_what_the_proxies_add_is_not_believed() {
        assert_eq!(of("10.1.2.3", &[("x-forwarded-for", "1.1.1.1, 192.0.2.7, 10.9.9.9")]), "192.0.2.7");
        assert_eq!(of("10.1.2.3", &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "192.0.2.7")]), "192.0.2.7");
        assert_eq!(of("10.1.2.3", &[("x-forwarded-for", "192.0.2.7, nonsense")]), "10.1.2.3");
        assert_eq!(of("10.1.2.3", &[("x-forwarded-for", "192.0.2.7"), ("forwarded", "for=1.1.1.1")]), "10.1.2.3");
    }

    #[test]
    fn both_headers_and_all_forms_are_read() {
        let v6 = "2001:db8::1";
        for (name, value, address) in [
            ("forwarded", "for=\"[2001:db8::1]:80\";proto=https", v6),
            ("forwarded", "proto=https; For=192.0.2.7;host=x, for=10.1.1.1", "192.0.2.7"),
            ("x-forwarded-for", "[2001:db8::1]", v6),
            ("x-forwarded-for", "192.0.2.7:4711", "192.0.2.7"),
            ("x-forwarded-for", "::ffff:192.0.2.7", "192.0.2.7"),
        ] {
            assert_eq!(of("::1", &[(name, value)]), address, "{value}");
        }
    }
}
