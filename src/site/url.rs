//! Addresses: the site's own, checked once, and the paths below it, which reach exactly what they name.

use super::endpoints;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The longest name a Frappe document can have, in characters.
const MAX_NAME: usize = 140;

/// The checked address of a site: https, or http where that is safe or allowed; never with credentials in it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SiteUrl {
    /// Scheme, host, port and path prefix, without a slash at the end.
    base: String,
    /// The same.
    url: Url,
    encrypted: bool,
}

/// A site address that is not used, with what to write instead. Never shows credentials.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadUrl {
    /// It has a user name or password.
    #[error("the site address has credentials in it: write only https://HOST, and give api_key and api_secret apart")]
    Credentials,
    /// It does not begin with `https://` or `http://`.
    #[error("the site address {given:?} does not begin with https://: write \"https://{host}\"")]
    Scheme {
        /// What was given.
        given: String,
        /// What of it can be the host.
        host: String,
    },
    /// It is no URL at all.
    #[error("the site address {given:?} is no URL ({reason}): write it like \"https://erp.example.com\"")]
    Malformed {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It has a query or a fragment.
    #[error("the site address has a part from '?' or '#' on: write \"{without}\"")]
    Extra {
        /// The same address without it.
        without: String,
    },
    /// Plain http to another machine.
    #[error(
        "http:// sends the API secret unencrypted to {host}: write \"https://{host}\", \
         or allow it with allow_insecure_http"
    )]
    Insecure {
        /// Host and port.
        host: String,
    },
}

impl SiteUrl {
    /// Checks a site's address. A path prefix (`https://example.com/erp`) is kept.
    ///
    /// Plain http is taken for this machine (127.0.0.0/8, ::1, localhost and names that end in .localhost), or anywhere
    /// with `allow_insecure_http`.
    ///
    /// # Errors
    /// See [`BadUrl`].
    pub fn parse(text: &str, allow_insecure_http: bool) -> Result<Self, BadUrl> {
        let text = text.trim();
        // Before anything that repeats the text: what stands before an @ may be a password.
        if text.contains('@') {
            return Err(BadUrl::Credentials);
        }
        let lower = text.to_ascii_lowercase();
        if !lower.starts_with("https://") && !lower.starts_with("http://") {
            let host = text.split_once("://").map_or(text, |(_, host)| host).trim_start_matches('/');
            let host = if host.is_empty() { "erp.example.com" } else { host };
            return Err(BadUrl::Scheme { given: text.into(), host: host.into() });
        }
        let url =
            Url::parse(text).map_err(|error| BadUrl::Malformed { given: text.into(), reason: error.to_string() })?;
        let mut bare = url.clone();
        bare.set_query(None);
        bare.set_fragment(None);
        let base = bare.as_str().trim_end_matches('/').to_owned();
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BadUrl::Extra { without: base });
        }
        let encrypted = url.scheme() == "https";
        if !encrypted && !allow_insecure_http && !is_loopback(&url) {
            return Err(BadUrl::Insecure { host: url.authority().to_owned() });
        }
        Ok(Self { base, url: bare, encrypted })
    }

    /// The address, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.base
    }

    /// Whether what is sent there is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Where the desk lists the documents of a DocType; the name of one is a further part of the address.
    pub fn desk(&self, doctype: &str) -> String {
        format!("{}/app/{}", self.base, encode(&doctype.to_lowercase().replace(' ', "-")))
    }

    /// The address of `path`, which begins with a slash and is encoded already; nothing where the URL parser would
    /// change the path, as it does with `.`, `..` and `%2e%2e` between slashes.
    pub(super) fn join(&self, path: &str, query: &str) -> Option<Url> {
        let path = format!("{}{path}", self.url.path().trim_end_matches('/'));
        let mut url = self.url.clone();
        url.set_path(&path);
        if url.path() != path {
            return None;
        }
        if !query.is_empty() {
            url.set_query(Some(query));
        }
        Some(url)
    }
}

impl std::fmt::Display for SiteUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.base)
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    host == "localhost"
        || host.ends_with(".localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The path of a DocType's documents, or of one document.
///
/// # Errors
/// The rule that a DocType or document name breaks. Such names cannot be sent in a path at all (H48), or a web server
/// between here and the site may take them for another path.
pub(super) fn resource_path(doctype: &str, name: Option<&str>) -> Result<String, BadName> {
    let mut path = format!("{}{}", endpoints::RESOURCE, segment("DocType", doctype)?);
    if let Some(name) = name {
        path.push('/');
        path.push_str(&segment("document", name)?);
    }
    Ok(path)
}

/// The path of a file of the site, from the address that the site gives it.
///
/// # Errors
/// An address that is not one of the site's own files, or that leads out of them.
pub(super) fn file_path(address: &str) -> Result<String, BadName> {
    let place = endpoints::FILES.into_iter().find(|place| address.starts_with(place));
    let Some(place) = place else {
        return Err(BadName("it does not lie on the site, only its address does".to_owned()));
    };
    Ok(format!("{place}{}", segment("file", &address[place.len()..])?))
}

/// A name that is not sent.
#[derive(Debug)]
pub(super) struct BadName(pub String);

fn segment(what: &str, name: &str) -> Result<String, BadName> {
    let Some(rule) = unreachable(name) else { return Ok(encode(name)) };
    let shown: String = name.chars().take(MAX_NAME).collect();
    Err(BadName(format!("the {what} name {shown:?} {rule}")))
}

/// Why no address leads to a document of that name, where none does.
pub(crate) fn unreachable(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("is empty")
    } else if name.chars().any(char::is_control) {
        Some("has a control character")
    } else if name.chars().count() > MAX_NAME {
        Some("is longer than 140 characters")
    } else if name.starts_with('/') || name.ends_with('/') {
        Some("begins or ends with '/', which the site cannot find")
    } else if name.split(['/', '\\']).any(|part| matches!(part, "." | "..")) {
        Some("has a part '.' or '..', which leads to another address")
    } else {
        None
    }
}

/// The query string of `pairs`, spaces as `%20`.
pub(super) fn query_string(pairs: &[(&str, String)]) -> String {
    let mut query = String::with_capacity(pairs.iter().map(|(key, value)| key.len() + 2 * value.len() + 2).sum());
    for (key, value) in pairs {
        query.push_str(if query.is_empty() { "" } else { "&" });
        query.extend([*key, "="]);
        query.extend(utf8_percent_encode(value, RESERVED));
    }
    query
}

/// The text as one part of an address.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).collect()
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
