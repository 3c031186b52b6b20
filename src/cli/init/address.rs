//! The address of a site from what a person types or pastes: a bare host, or the address of a page of the desk.

use erpnext_mcp::config::before_page;
use erpnext_mcp::site::{BadUrl, SiteUrl};

/// The address that is meant by `text`.
///
/// # Errors
/// What is wrong with it, and what to type instead.
pub fn meant(text: &str, allow_insecure_http: bool) -> Result<String, String> {
    let bare = text.trim().split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = match bare.split_once("://") {
        Some(parts) => parts,
        None if is_here(bare) => ("http", bare),
        None => ("https", bare),
    };
    match SiteUrl::parse(before_page(&format!("{scheme}://{rest}")), allow_insecure_http) {
        Ok(url) => Ok(url.as_str().to_owned()),
        Err(BadUrl::Insecure { host }) => Err(format!(
            "http:// would send the secret unencrypted to {host}: give https://{host}, or start again with \
             --allow-insecure-http"
        )),
        Err(bad) => Err(bad.to_string()),
    }
}

/// Whether the host is this machine, which speaks plain http.
fn is_here(text: &str) -> bool {
    SiteUrl::parse(&format!("http://{text}"), false).is_ok()
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn the_site_is_found_in_what_people_paste() {
        for (text, site) in [
            ("erp.example.com", "https://erp.example.com"),
            (" https://erp.example.com/ ", "https://erp.example.com"),
            ("https://erp.example.com/app/customer?status=Open#x", "https://erp.example.com"),
            ("https://erp.example.com/desk/customer", "https://erp.example.com"),
            ("erp.example.com/login?redirect-to=%2Fapp#login", "https://erp.example.com"),
            ("https://example.com/erp/app/user/a", "https://example.com/erp"),
            ("HTTPS://erp.example.com:8443/app", "https://erp.example.com:8443"),
            ("localhost:8000", "http://localhost:8000"),
            ("127.0.0.1:8000/app/home", "http://127.0.0.1:8000"),
            ("localhost:8000/app/customer?status=Open#x", "http://localhost:8000"),
            ("erp.example.com/login?redirect-to=https://other.example.com", "https://erp.example.com"),
        ] {
            assert_eq!(meant(text, false).as_deref(), Ok(site), "{text}");
        }
        assert_eq!(meant("http://erp.example.com/app", true).as_deref(), Ok("http://erp.example.com"));
    }

    #[test]
    fn what_cannot_be_used_is_told_with_what_to_type() {
        for (text, told) in [
            ("http://erp.example.com/app", "--allow-insecure-http"),
            ("https://me:secret@erp.example.com", "has credentials in it"),
            ("ftp://erp.example.com", "https://erp.example.com"),
            ("", "no URL"),
            ("https://a b", "no URL"),
        ] {
            let why = meant(text, false).err().unwrap_or_default();
            assert!(why.contains(told) && !why.contains("secret@"), "{text}: {why}");
        }
    }
}
