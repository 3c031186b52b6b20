//! What every command says where a site does not answer as ERPNext does, and what to do about it.

use std::borrow::Cow;

use erpnext_mcp::app::Connection;
use erpnext_mcp::site::{SiteError, SiteErrorKind};

/// Which variables name a proxy for encrypted connections, first those that win. Plain ones never go through any.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// What happened, with the site's address.
pub fn told(connection: &Connection, error: &SiteError) -> String {
    let words = error.leads_to().map_or_else(|| error.messages().join("; "), str::to_owned);
    let site = connection.session().caller.site.as_str();
    format!("{site}: {}{}{words}", error.what(), if words.is_empty() { "" } else { ": " })
}

/// What to do about it.
pub fn mends(connection: &Connection, error: &SiteError) -> String {
    if let Some(stranger) = error.stranger() {
        return stranger.mends().into_owned();
    }
    let words = error.messages().join("; ");
    let fix: Cow<'static, str> = match error.kind() {
        SiteErrorKind::Unreachable => {
            "check that erpnext.url is right, that the site runs, and that this machine reaches it; HTTPS_PROXY names \
             a proxy"
                .into()
        }
        // ERPNext names its exceptions; what stands before it does not.
        SiteErrorKind::BadKey if error.exc_type().is_none() => {
            "something before ERPNext asks for a password of its own (a proxy): have it let this machine through".into()
        }
        SiteErrorKind::BadKey => {
            "make a new key on the site (your user's Settings, API Access, Generate Keys) and put both parts into the \
             configuration"
                .into()
        }
        SiteErrorKind::Tls => of_tls(&words).into(),
        SiteErrorKind::Cut => {
            "check that erpnext.url has the right port, and https if the site has it; if both are right, try again in \
             a little while"
                .into()
        }
        SiteErrorKind::TimedOut => {
            "see whether the site answers in a browser on this machine: if it is slow, raise erpnext.timeout; if it \
             is not, a firewall keeps this program out"
                .into()
        }
        _ => error.next(),
    };
    let on_the_way = matches!(
        error.kind(),
        SiteErrorKind::Unreachable
            | SiteErrorKind::Tls
            | SiteErrorKind::Cut
            | SiteErrorKind::TimedOut
            | SiteErrorKind::Unexpected
    );
    let is_encrypted = connection.session().caller.site.is_encrypted();
    match proxy(&|name| std::env::var(name).ok()).filter(|_| on_the_way && is_encrypted) {
        Some(variable) => format!(
            "{}; {variable} is set: unless NO_PROXY names the site's host, the proxy was asked, so see whether it is \
             there and lets this program through",
            fix.trim_end_matches('.')
        ),
        None => fix.into_owned(),
    }
}

/// What to do about an encrypted connection that was not made; the words are rustls's own.
fn of_tls(words: &str) -> &'static str {
    let tells = |known: &[&str]| known.iter().any(|known| words.contains(known));
    if tells(&["InvalidContentType"]) {
        // What answered was no TLS.
        "what answers at this port speaks no TLS: correct the port in erpnext.url, or its https"
    } else if tells(&["revocation"]) {
        "have the site's certificate authority renew its revocation list, or set this machine's clock right"
    } else if tells(&["certificate expired", ": Expired"]) {
        "have the site's certificate renewed; if a browser elsewhere takes it, this machine's clock is ahead"
    } else if tells(&["certificate not valid yet", "NotValidYet"]) {
        "set this machine's clock right: by it, the site's certificate is not valid yet"
    } else if tells(&["not valid for name", "NotValidForName"]) {
        "put a name that the site's certificate is for into erpnext.url, or have it made for this one too"
    } else {
        "check that the certificate is valid for this host, and that this machine trusts its issuer; \
         SSL_CERT_FILE names one of your own"
    }
}

/// The variable that names the proxy of encrypted connections; none where no host goes through one.
fn proxy(env: &dyn Fn(&str) -> Option<String>) -> Option<&'static str> {
    let is_set = |name: &str| env(name).is_some_and(|value| !value.trim().is_empty());
    let no_host = ["NO_PROXY", "no_proxy"].iter().any(|name| env(name).is_some_and(|value| value.trim() == "*"));
    PROXIES.into_iter().find(|name| is_set(name)).filter(|_| !no_host)
}

#[cfg(test)]
mod tests {
    use super::{of_tls, proxy};

    #[test]
    fn a_certificate_is_told_by_what_is_wrong_with_it() {
        for (words, fix) in [
            ("received corrupt message of type InvalidContentType", "speaks no TLS"),
            ("invalid peer certificate: Expired", "certificate renewed"),
            (
                "invalid peer certificate: certificate expired: verification time 2 (UNIX), but certificate is not \
                 valid after 1 (1 seconds ago)",
                "certificate renewed",
            ),
            ("invalid peer certificate: NotValidYet", "set this machine's clock right"),
            (
                "invalid peer certificate: certificate not valid yet: verification time 1 (UNIX), but certificate is \
                 not valid before 2 (1 seconds in future)",
                "set this machine's clock right",
            ),
            (
                "invalid peer certificate: certificate not valid for name \"a.example\"; certificate is only valid for \
                 b.example",
                "put a name that the site's certificate is for",
            ),
            ("invalid peer certificate: UnknownIssuer", "trusts its issuer"),
        ] {
            assert!(of_tls(words).contains(fix), "{words}: {}", of_tls(words));
        }
    }

    #[test]
    fn a_proxy_is_named_where_it_is_asked() {
        for (set, named) in [
            (&[][..], None),
            (&[("HTTPS_PROXY", "http://proxy:3128")][..], Some("HTTPS_PROXY")),
            (&[("all_proxy", "http://proxy:3128"), ("NO_PROXY", "localhost")][..], Some("all_proxy")),
            (&[("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", "*")][..], None),
            (&[("HTTPS_PROXY", " "), ("HTTP_PROXY", "http://proxy:3128")][..], None),
        ] {
            let env = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(proxy(&env), named, "{set:?}");
        }
    }
}
