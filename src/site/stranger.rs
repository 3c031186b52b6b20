//! What answered in the place of ERPNext, judged by its answer, and what to do about it. Without I/O.

use std::borrow::Cow;

use reqwest::Url;

use super::SiteErrorKind;
use super::reply::Reply;

/// How web servers say that TLS was expected: nginx and those made from it, Go's, Apache.
const EXPECTS_TLS: [&str; 3] =
    ["plain http request was sent to https port", "http request to an https server", "plain http to an ssl-enabled"];
/// How a proxy's refusal of the way to a host is worded, and an answer that is no HTTP, by the client's libraries.
const PROXY_REFUSES: &str = "proxy authorization required";
const NO_HTTP: &str = "invalid HTTP version";
/// How much of a page is searched, in bytes.
const MOST_OF_A_PAGE: usize = 64 << 10;
/// Stands for the site's host, which a redirect that names none stays on.
const HERE: &str = "here.invalid";

/// What is known of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stranger {
    /// A web page with a good status: a network's, a proxy's, or another program's.
    Page,
    /// A proxy that asks for a password of its own.
    Proxy,
    /// A port that speaks TLS, asked in plain http.
    Encrypted,
    /// A redirect to a page of the same host, or of one that asks people to log in.
    Login,
    /// A redirect to the same path below this address.
    Moved(String),
    /// A redirect to the same path below this one of the same host.
    Below(String),
}

impl Stranger {
    /// What an answer tells.
    pub(super) fn of(kind: SiteErrorKind, call: &str, reply: &Reply) -> Option<Self> {
        match (kind, reply.status) {
            (SiteErrorKind::Redirected, _) => redirected(call, reply.location.as_deref()),
            (_, 407) => Some(Self::Proxy),
            (SiteErrorKind::Unexpected, 400) => {
                let text = beginning(&reply.body).to_ascii_lowercase();
                EXPECTS_TLS.iter().any(|known| text.contains(known)).then_some(Self::Encrypted)
            }
            (SiteErrorKind::Unexpected, 200..300) => is_page(&beginning(&reply.body)).then_some(Self::Page),
            _ => None,
        }
    }

    /// What a connection tells that gave no answer.
    pub(super) fn without_answer(kind: SiteErrorKind, words: &str, is_encrypted: bool) -> Option<Self> {
        match kind {
            SiteErrorKind::Unreachable if words.contains(PROXY_REFUSES) => Some(Self::Proxy),
            SiteErrorKind::Cut if words.contains(NO_HTTP) && !is_encrypted => Some(Self::Encrypted),
            _ => None,
        }
    }

    /// What to try next, as a model reads it: nothing that the stranger says of itself.
    pub fn next(&self) -> &'static str {
        match self {
            Self::Page => {
                "Open erpnext.url in a browser on this machine: a web page answers there in the place of the site's API. If the \
                 network or a proxy asks you to sign in, do so or have this machine let through; if it is another site, \
                 correct the address."
            }
            Self::Proxy => {
                "A proxy asks for a password of its own: put it into the proxy's address \
                 (HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT), name the site's host in NO_PROXY, or have the proxy let \
                 this machine through."
            }
            Self::Encrypted => {
                "Begin erpnext.url with https://, or correct its port: what answers there does not speak plain http."
            }
            Self::Login => {
                "Open erpnext.url in a browser on this machine: something before ERPNext asks for a login of its own. Have it \
                 let this program through, or give the address of the site behind it."
            }
            Self::Moved(_) | Self::Below(_) => {
                "Tell the administrator: what answers at erpnext.url redirects to another address, and erpnext-mcp doctor \
                 says to which."
            }
        }
    }

    /// What mends it, as an administrator reads it, who knows whether an address is the site's.
    pub fn mends(&self) -> Cow<'static, str> {
        match self {
            Self::Moved(address) => format!("Put {address} into erpnext.url: the site redirects to it.").into(),
            Self::Below(path) => format!("Add {path} to erpnext.url: the site redirects to what is below it.").into(),
            _ => self.next().into(),
        }
    }
}

/// Where a redirect leads; nothing is known of one to the first page of another host.
fn redirected(call: &str, location: Option<&str>) -> Option<Stranger> {
    let path = call.split_once(' ').map_or(call, |(_, path)| path);
    let here = || Url::parse(&format!("http://{HERE}")).ok();
    // One that names a host and no scheme tells no address.
    let to = location.filter(|to| !to.starts_with("//")).and_then(|to| here()?.join(to).ok());
    let Some(to) = to else { return Some(Stranger::Login) };
    let is_here = to.host_str() == Some(HERE);
    match to.path().strip_suffix(path) {
        Some("") if is_here => Some(Stranger::Login),
        Some(prefix) if is_here => Some(Stranger::Below(prefix.to_owned())),
        Some(prefix) => Some(Stranger::Moved(format!("{}{prefix}", to.origin().ascii_serialization()))),
        None if to.path() == "/" && !is_here => None,
        None => Some(Stranger::Login),
    }
}

/// The beginning of a body, as text.
pub(super) fn beginning(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(body.get(..MOST_OF_A_PAGE).unwrap_or(body))
}

/// Whether a text is HTML.
pub(super) fn is_page(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("<html") || lower.trim_start().starts_with('<')
}

#[cfg(test)]
mod tests {
    use super::{Reply, SiteErrorKind, Stranger};

    const CALL: &str = "GET /api/method/frappe.auth.get_logged_user";

    fn reply(status: u16, location: Option<&str>, body: &str) -> Reply {
        Reply {
            status,
            retry_after: None,
            location: location.map(str::to_owned),
            content_type: None,
            body: body.as_bytes().to_vec(),
            json: None,
            weight: 0,
            share: None,
        }
    }

    #[test]
    fn a_redirect_to_the_same_path_tells_the_address_and_one_to_a_page_a_login() {
        let moved = |to: &str| Some(Stranger::Moved(to.to_owned()));
        for (to, stranger) in [
            ("https://erp.example.com/api/method/frappe.auth.get_logged_user?a=b", moved("https://erp.example.com")),
            (
                "https://a:b@example.com:8443/erp/api/method/frappe.auth.get_logged_user",
                moved("https://example.com:8443/erp"),
            ),
            ("/erp/api/method/frappe.auth.get_logged_user?a=b", Some(Stranger::Below("/erp".to_owned()))),
            ("/api/method/frappe.auth.get_logged_user?gate=1", Some(Stranger::Login)),
            ("//other.example.com/api/method/frappe.auth.get_logged_user", Some(Stranger::Login)),
            ("/", Some(Stranger::Login)),
            ("/login", Some(Stranger::Login)),
            ("https://sso.example.com/realms/x/auth?client=y", Some(Stranger::Login)),
            ("https://erp.example.com/", None),
        ] {
            assert_eq!(Stranger::of(SiteErrorKind::Redirected, CALL, &reply(302, Some(to), "")), stranger, "{to}");
        }
        assert_eq!(Stranger::of(SiteErrorKind::Redirected, CALL, &reply(302, None, "")), Some(Stranger::Login));
    }

    #[test]
    fn where_a_redirect_leads_is_told_to_administrators_only() {
        for stranger in [Stranger::Moved("https://evil.example.com".to_owned()), Stranger::Below("/evil".to_owned())] {
            assert!(!stranger.next().contains("evil") && stranger.mends().contains("evil"), "{stranger:?}");
        }
        assert_eq!(Stranger::Proxy.mends(), Stranger::Proxy.next());
    }

    #[test]
    fn pages_proxies_and_ports_are_told_by_what_they_answer() {
        for (status, body, stranger) in [
            (200, "<!doctype html><p>Welcome", Some(Stranger::Page)),
            (200, "pong", None),
            (403, "<html>", None),
            (407, "", Some(Stranger::Proxy)),
            (400, "<title>400 The plain HTTP request was sent to HTTPS port</title>", Some(Stranger::Encrypted)),
            (400, "Client sent an HTTP request to an HTTPS server.", Some(Stranger::Encrypted)),
            (400, "You're speaking plain HTTP to an SSL-enabled server port.", Some(Stranger::Encrypted)),
            (400, "<html>Bad Request", None),
        ] {
            assert_eq!(
                Stranger::of(SiteErrorKind::Unexpected, CALL, &reply(status, None, body)),
                stranger,
                "{status} {body}"
            );
        }
        let refused = "tunnel error: proxy authorization required";
        assert_eq!(Stranger::without_answer(SiteErrorKind::Unreachable, refused, true), Some(Stranger::Proxy));
        let no_http = "invalid HTTP version parsed";
        assert_eq!(Stranger::without_answer(SiteErrorKind::Cut, no_http, false), Some(Stranger::Encrypted));
        assert_eq!(Stranger::without_answer(SiteErrorKind::Cut, no_http, true), None);
        assert_eq!(Stranger::without_answer(SiteErrorKind::Cut, "connection reset by peer", false), None);
    }
}
