//! `sign_in.site_oauth`: the site's own OAuth provider, whose tokens are taken as they are.

use serde_json::json;

use super::public_url::{self, PublicUrl};
use super::reader::Reader;

/// Which of the site's tokens are taken: those of clients that were made for this server.
#[derive(Clone, Debug)]
pub struct SiteOAuth {
    /// The address that people paste into their client.
    pub url: PublicUrl,
    /// The ids of these OAuth Clients.
    pub clients: Vec<String>,
}

/// Reads the section.
pub(super) fn read(sign_in: &Reader<'_>) -> Option<SiteOAuth> {
    const CLIENTS: &str = "clients";
    let section = sign_in.object("site_oauth")?;
    section.only(&["url", CLIENTS]);
    let url = public_url::read(&section);
    section.asks(
        CLIENTS,
        || json!({"type": "array", "minItems": 1, "items": {"type": "string"}, "examples": [["0a1b2c3d4e"]]}),
    );
    let stated = section.list(CLIENTS, "Client ID");
    if stated.as_ref().is_some_and(Vec::is_empty) {
        section.errors.note(section.at(CLIENTS), "expected the Client ID of an OAuth Client of the site");
    }
    for key in ["url", CLIENTS].iter().filter(|key| section.get(key).is_none()) {
        section.errors.note(section.at(key), "missing; taking the site's own tokens needs it");
    }
    let clients = stated.unwrap_or_default().into_iter().map(|(_, id)| id.to_owned()).collect();
    Some(SiteOAuth { url: url?, clients })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use crate::config::Config;

    #[test]
    fn the_sites_own_tokens_are_taken_of_listed_clients_of_a_site_that_tells_of_its_provider() {
        let said = |erpnext: Value, site_oauth: Value| {
            let file = json!({"erpnext": erpnext, "sign_in": {"site_oauth": site_oauth}});
            Config::from_text(&file.to_string()).map_err(|errors| errors.to_string())
        };
        let url = "https://mcp.example.com/mcp";
        let erpnext = |version: u64| json!({"url": "https://erp.example.com", "version": version});
        let config = said(erpnext(16), json!({"url": url, "clients": ["a", "b"]})).unwrap();
        assert_eq!(config.sign_in.site_oauth.unwrap().clients, ["a", "b"]);
        let inner = |url: &str| json!({"url": url, "version": 16, "allow_insecure_http": true});
        assert!(said(inner("http://127.0.0.1:8000"), json!({"url": url, "clients": ["a"]})).is_ok());
        let errors = said(inner("http://erp.internal:8000"), json!({"url": url, "clients": ["a"]})).unwrap_err();
        assert!(errors.contains("not over https"), "{errors}");
        for (version, stated, words) in [
            (15, json!({"url": url, "clients": ["a"]}), "use oauth in its place"),
            (16, json!({"url": url, "clients": []}), "Client ID"),
            (16, json!({"url": url}), "clients: missing"),
            (16, json!({"clients": ["a"]}), "url: missing"),
        ] {
            let errors = said(erpnext(version), stated.clone()).unwrap_err();
            assert!(errors.contains(words), "{stated}: {errors}");
        }
    }
}
