//! Where everything of an authorization server is found, and the two documents that tell it (RFC 9728, RFC 8414).

use serde_json::{Value, json};

use super::Scope;
use crate::config::OAuth;

/// The addresses of one site's endpoint and of its authorization server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Addresses {
    /// Scheme, host and port.
    pub origin: String,
    /// The endpoint for MCP, which tokens are meant for.
    pub resource: String,
    /// Who issues them.
    pub issuer: String,
    /// Below which the server's own pages and endpoints are.
    pub below: String,
}

impl Addresses {
    /// Those of a configuration.
    pub fn new(config: &OAuth) -> Self {
        let origin = config.origin().to_owned();
        let below = config.site().map_or_else(|| format!("{origin}/oauth"), |site| format!("{origin}/oauth/{site}"));
        // Where there is one site, clients that know nothing of paths find its server at the root.
        let issuer = config.site().map_or_else(|| origin.clone(), |_| below.clone());
        Self { resource: config.url.clone(), issuer, below, origin }
    }

    /// Whether browsers reach it over TLS.
    pub fn is_encrypted(&self) -> bool {
        self.origin.starts_with("https://")
    }

    /// Where the site sends people back to.
    pub fn callback(&self) -> String {
        format!("{}/callback", self.below)
    }

    /// Where the metadata of what is served at that path is.
    pub fn metadata_of(&self, path: &str) -> String {
        format!("{}/.well-known/oauth-protected-resource{path}", self.origin)
    }

    /// Whether what a token is meant for covers the endpoint at a path: it is the same, or a narrower one below it.
    pub fn covers(&self, resource: &str, path: &str) -> bool {
        let asked = format!("{}{path}", self.origin);
        // One that is another site's was kept by a mistake, and is good for none here.
        self.resource(Some(resource)).is_some()
            && asked.strip_prefix(resource).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// What a token is to be meant for, by what a client asks: the endpoint, or a narrower one below it.
    pub fn resource(&self, asked: Option<&str>) -> Option<String> {
        let Some(asked) = asked else { return Some(self.resource.clone()) };
        let asked = asked.strip_suffix('/').unwrap_or(asked);
        let below = asked.strip_prefix(&self.resource)?;
        // Anything else would be another site.
        let fits =
            below.is_empty() || below == "/readonly" || below.starts_with("/readonly/") || below.starts_with("/x/");
        fits.then(|| asked.to_owned())
    }

    /// RFC 9728, of the endpoint at a path.
    pub fn protected_resource(&self, path: &str) -> Value {
        json!({
            "resource": format!("{}{path}", self.origin),
            "authorization_servers": [self.issuer],
            "scopes_supported": Scope::ALL.map(Scope::as_str),
            "bearer_methods_supported": ["header"],
            "resource_name": "ERPNext",
        })
    }

    /// RFC 8414.
    pub fn authorization_server(&self) -> Value {
        let at = |end: &str| format!("{}/{end}", self.below);
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("authorize"),
            "token_endpoint": at("token"),
            "registration_endpoint": at("register"),
            "revocation_endpoint": at("revoke"),
            "scopes_supported": Scope::ALL.map(Scope::as_str),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
            "client_id_metadata_document_supported": true,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use super::*;

    /// Those of `https://mcp.example.com/mcp`.
    pub fn addresses() -> Addresses {
        of("https://mcp.example.com/mcp")
    }

    fn of(url: &str) -> Addresses {
        let (client_secret, key, state_file) = ("s".into(), None, None);
        Addresses::new(&OAuth { url: url.to_owned(), client_id: "c".to_owned(), client_secret, key, state_file })
    }

    #[test]
    fn one_site_has_its_server_at_the_root_and_others_have_theirs_below() {
        let only = addresses();
        assert_eq!(
            (only.issuer.as_str(), only.below.as_str()),
            ("https://mcp.example.com", "https://mcp.example.com/oauth")
        );
        let north = of("https://mcp.example.com:8443/mcp/north");
        assert_eq!(north.issuer, "https://mcp.example.com:8443/oauth/north");
        assert_eq!(north.callback(), "https://mcp.example.com:8443/oauth/north/callback");
        assert_eq!(north.protected_resource("/mcp/north")["resource"], north.resource);
    }

    #[test]
    fn a_token_is_meant_for_an_endpoint_and_what_is_narrower() {
        let here = addresses();
        let of = |asked| here.resource(Some(asked));
        assert_eq!(here.resource(None).unwrap(), here.resource);
        assert_eq!(of("https://mcp.example.com/mcp/").unwrap(), here.resource);
        let narrow = of("https://mcp.example.com/mcp/readonly").unwrap();
        assert!(here.covers(&here.resource, "/mcp/readonly") && here.covers(&narrow, "/mcp/readonly/x/stock"));
        assert!(!here.covers(&narrow, "/mcp") && !here.covers(&narrow, "/mcp/readonlyx"));
        for other in [
            "https://mcp.example.com/mcp/north",
            "https://mcp.example.com",
            "https://mcp.example.com/mcpx",
            "https://evil.example.com/mcp",
            "http://mcp.example.com/mcp",
            "https://mcp.example.com/mcp#x",
            "",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
