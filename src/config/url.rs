//! The rules for the site's address.

use std::net::IpAddr;

/// The address without the slash at its end, where it is one that the secret may be sent to.
///
/// # Errors
/// What is wrong and what would be right. The address is not repeated: it may hold a password.
pub(super) fn check(url: &str, allow_insecure_http: bool) -> Result<String, String> {
    const FORM: &str = "expected an address such as https://erp.example.com";
    let url = url.trim_end_matches('/');
    let (scheme, rest) = url.split_once("://").ok_or(FORM)?;
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
    use super::check;

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
        assert!(check("https://me:s3cret@x", false).is_err_and(|e| !e.contains("s3cret")));
        assert!(check("https://x\\@evil.example", false).is_err());
        assert!(check("https://x?y=1", false).is_err());
    }
}
