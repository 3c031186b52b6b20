//! The rules for the site's address.

use std::net::IpAddr;

/// Where the pages of a site and its API begin: what stands before is the site.
const PAGES: [&str; 6] = ["app", "desk", "api", "login", "me", "apps"];

/// What stands before a page of the site in an address; all of the address, where that names none.
pub fn before_page(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let mut end = url[host..].find('/').map_or(url.len(), |at| host + at);
    for part in url[end..].split('/').skip(1) {
        if PAGES.contains(&part.split(['?', '#']).next().unwrap_or_default()) {
            return &url[..end];
        }
        end += 1 + part.len();
    }
    url
}

/// The address without the slash at its end, where it is one that the secret may be sent to.
///
/// # Errors
/// What is wrong and what would be right. The address is not repeated: it may hold a password.
pub(super) fn check(url: &str, allow_insecure_http: bool) -> Result<String, String> {
    const FORM: &str = "expected an address such as https://erp.example.com";
    let url = url.trim_end_matches('/');
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(whole(url).map_or_else(|| FORM.to_owned(), |whole| format!("{FORM}; did you mean {whole}?")));
    };
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "https" && scheme != "http" {
        return Err(FORM.to_owned());
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err("remove the user and the password; the key and the secret are enough".to_owned());
    }
    if path.contains(['?', '#', '\\']) {
        return Err("remove what follows the path".to_owned());
    }
    if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(FORM.to_owned());
    }
    let host = host(authority).ok_or(FORM)?;
    if scheme == "http" && !allow_insecure_http && !is_loopback(host) {
        return Err("http would send the secret unencrypted; use https, or set erpnext.allow_insecure_http to true \
                    if the network is yours"
            .to_owned());
    }
    Ok(format!("{scheme}://{rest}"))
}

/// The address that a bare host is meant for; none where it may hold a password, or cannot be one.
fn whole(url: &str) -> Option<String> {
    let is_plain = |c: char| c.is_alphanumeric() || "-._~:/[]".contains(c);
    let authority = url.split('/').next().filter(|_| url.chars().all(is_plain))?;
    let scheme = if is_loopback(host(authority)?) { "http" } else { "https" };
    Some(format!("{scheme}://{url}"))
}

/// The host of `host`, `host:port`, `[v6]` or `[v6]:port`.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => {
            let (host, port) = v6.split_once(']')?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port_is_right = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    (!host.is_empty() && port_is_right).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    let named = host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost");
    named || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{before_page, check};

    #[test]
    fn takes_https_anywhere_and_http_to_loopback_only() {
        for right in ["https://erp.example.com", "https://erp.example.com:8443/erp", "http://127.0.0.1:8000"] {
            assert_eq!(check(right, false).as_deref(), Ok(right));
        }
        assert_eq!(check("HTTP://dev.localhost:8000//", false).as_deref(), Ok("http://dev.localhost:8000"));
        assert_eq!(check("http://[::1]:8000/", false).as_deref(), Ok("http://[::1]:8000"));
        for outside in ["http://erp.example.com", "http://127.0.0.1.example.com", "http://localhost.example.com"] {
            assert!(check(outside, false).is_err_and(|e| e.starts_with("http would send the secret")), "{outside}");
            assert!(check(outside, true).is_ok(), "{outside}");
        }
    }

    #[test]
    fn refuses_what_is_no_plain_address() {
        let wrong =
            ["", "erp.example.com", "ftp://x", "https://", "https://:80", "https://a:0", "https://a:b", "https://a b"];
        for wrong in wrong {
            assert!(check(wrong, true).is_err_and(|e| e.starts_with("expected an address")), "{wrong}");
        }
        for (bare, whole) in [
            ("erp.example.com", "https://erp.example.com"),
            ("erp.example.com:8443/erp", "https://erp.example.com:8443/erp"),
            ("localhost:8000", "http://localhost:8000"),
        ] {
            assert!(check(bare, false).is_err_and(|e| e.ends_with(&format!("; did you mean {whole}?"))), "{bare}");
        }
        assert!(check("me:s3cret@erp.example.com", false).is_err_and(|e| !e.contains("s3cret")));
        assert!(check("https://me:s3cret@x", false).is_err_and(|e| !e.contains("s3cret")));
        assert!(check("https://x\\@evil.example", false).is_err());
        assert!(check("https://x?y=1", false).is_err());
    }

    #[test]
    fn the_site_stands_before_its_pages() {
        for (page, site) in [
            ("https://erp.example.com/app/customer", "https://erp.example.com"),
            ("https://erp.example.com/login?redirect-to=/app", "https://erp.example.com"),
            ("https://erp.example.com/app?a=b", "https://erp.example.com"),
            ("https://example.com/erp/api/method/ping", "https://example.com/erp"),
            ("erp.example.com/desk", "erp.example.com"),
        ] {
            assert_eq!(before_page(page), site);
            assert_eq!(before_page(site), site);
        }
        for whole in ["", "https://", "https://app", "https://app.example.com/apple/", "https://erp.example.com/"] {
            assert_eq!(before_page(whole), whole);
        }
    }
}
