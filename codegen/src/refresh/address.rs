//! The site's address: what is accepted, and what was probably meant where it is not.

use anyhow::bail;
use reqwest::Url;

/// Checks the address that a person gave; the secret must not travel in the clear, except within this machine.
///
/// # Errors
/// One message that names the rule and the nearest right address. An address that carries a password is not repeated.
pub fn parse(given: &str, allow_insecure_http: bool) -> anyhow::Result<Url> {
    let given = given.trim();
    let url = match Url::parse(given) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url,
        // `localhost:8000` parses, with the scheme `localhost`.
        _ if !given.contains("://") && Url::parse(&format!("https://{given}")).is_ok_and(|url| plain(&url)) => {
            bail!("the address {given:?} has no scheme; did you mean \"https://{given}\"?")
        }
        _ if given.contains('@') => bail!("the address is not one; give it as https://erp.example.com"),
        _ => bail!("the address {given:?} is not one; give it as https://erp.example.com"),
    };
    if !url.username().is_empty() || url.password().is_some() {
        bail!(
            "the address carries a user or a password; give the key and the secret in ERPNEXT_API_KEY and ERPNEXT_API_SECRET"
        );
    }
    if !plain(&url) {
        bail!("the address is more than scheme and host; did you mean {:?}?", url.origin().ascii_serialization());
    }
    if url.scheme() == "http" && !is_loopback(&url) && !allow_insecure_http {
        bail!(
            "{} would send the secret unencrypted; use https://, or --allow-insecure-http in a network that you trust",
            url.origin().ascii_serialization()
        );
    }
    Ok(url)
}

/// Whether the address names this machine.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

fn plain(url: &Url) -> bool {
    let user = !url.username().is_empty() || url.password().is_some();
    !user && url.path() == "/" && url.query().is_none() && url.fragment().is_none()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::parse;

    fn error(given: &str) -> String {
        parse(given, false).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_address_is_answered_with_the_nearest_right_one() {
        assert!(error("erp.example.com").contains("did you mean \"https://erp.example.com\"?"));
        assert!(error("localhost:8000").contains("did you mean \"https://localhost:8000\"?"));
        assert!(error("https://erp.example.com/app/home#x").contains("did you mean \"https://erp.example.com\"?"));
        assert!(error("").contains("https://erp.example.com"));
        assert!(error("ftp://erp.example.com").contains("is not one"));
        assert!(error("https://").contains("is not one"));
    }

    #[test]
    fn plain_http_reaches_this_machine_only_unless_allowed() {
        for own in ["http://localhost:8000", "http://127.0.0.1", "http://127.8.0.1/", "http://[::1]:8000"] {
            assert!(parse(own, false).is_ok(), "{own}");
        }
        for other in ["http://erp.example.com", "http://localhost.example.com", "http://10.0.0.1", "http://0.0.0.0"] {
            assert!(error(other).contains("--allow-insecure-http"), "{other}");
            assert!(parse(other, true).is_ok(), "{other}");
        }
    }

    #[test]
    fn a_password_in_the_address_is_refused_and_not_repeated() {
        for given in
            ["https://me:hunter2@erp.example.com", "me:hunter2@erp.example.com", "me:hunter2@", "x://me:hunter2@y"]
        {
            let said = error(given);
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
