//! Where the pages and endpoints of this server are as an authorization server, and the document that tells it (RFC 8414).

use serde_json::{Value, json};

use super::Scope;
use crate::config::PublicUrl;

/// Those of one site.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoints {
    /// Who issues tokens.
    pub issuer: String,
    /// Below which all of them are.
    below: String,
}

impl Endpoints {
    /// Those before the endpoint at that address.
    pub fn new(url: &PublicUrl) -> Self {
        let origin = url.origin();
        let below = url.site().map_or_else(|| format!("{origin}/oauth"), |site| format!("{origin}/oauth/{site}"));
        // Where there is one site, clients that know nothing of paths find its server at the root.
        let issuer = url.site().map_or_else(|| origin.to_owned(), |_| below.clone());
        Self { issuer, below }
    }

    /// The page or endpoint of that name.
    pub fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.below)
    }

    /// Where the site sends people back to.
    pub fn callback(&self) -> String {
        self.at("callback")
    }

    /// RFC 8414.
    pub fn metadata(&self) -> Value {
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": self.at("authorize"),
            "token_endpoint": self.at("token"),
            "registration_endpoint": self.at("register"),
            "revocation_endpoint": self.at("revoke"),
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
mod tests {
    use super::*;

    #[test]
    fn one_site_has_its_server_at_the_root_and_others_have_theirs_below() {
        let of = |url: &str| Endpoints::new(&PublicUrl::parse(url).unwrap());
        let only = of("https://mcp.example.com/mcp");
        assert_eq!(
            (only.issuer.as_str(), only.callback().as_str()),
            ("https://mcp.example.com", "https://mcp.example.com/oauth/callback")
        );
        let north = of("https://mcp.example.com:8443/mcp/north");
        assert_eq!(north.issuer, "https://mcp.example.com:8443/oauth/north");
        assert_eq!(north.callback(), "https://mcp.example.com:8443/oauth/north/callback");
        assert_eq!(north.metadata()["token_endpoint"], "https://mcp.example.com:8443/oauth/north/token");
    }
}
