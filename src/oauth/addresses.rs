//! An endpoint for MCP of which tokens are asked, and what clients are told of it (RFC 9728).

use serde_json::{Value, json};

use super::Scope;
use crate::config::{Idp, PublicUrl, SiteOAuth, origin_of};

/// The addresses of one site's endpoint, and whose tokens are taken there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Addresses {
    /// Scheme, host and port.
    pub origin: String,
    /// The endpoint for MCP, which tokens are meant for.
    pub resource: String,
    /// Who issues them.
    pub issuer: String,
    /// What the issuer has before the names of scopes; none where it knows no scopes of ours.
    scope_prefix: Option<String>,
}

impl Addresses {
    /// Those of an endpoint for which this server issues tokens itself.
    pub fn own(url: &PublicUrl, issuer: &str) -> Self {
        Self::new(url, issuer, Some(""))
    }

    /// Those of an endpoint for which a company's identity provider does.
    pub fn of_provider(config: &Idp) -> Self {
        Self::new(&config.url, &config.issuer, config.scopes.then_some(config.scope_prefix.as_str()))
    }

    /// Those of an endpoint for which the site's own OAuth provider does, which calls itself by its address without a path.
    pub fn of_site(config: &SiteOAuth, site: &str) -> Self {
        Self::new(&config.url, origin_of(site), Some(""))
    }

    fn new(url: &PublicUrl, issuer: &str, scope_prefix: Option<&str>) -> Self {
        Self {
            origin: url.origin().to_owned(),
            resource: url.as_str().to_owned(),
            issuer: issuer.to_owned(),
            scope_prefix: scope_prefix.map(str::to_owned),
        }
    }

    /// Whether browsers reach it over TLS.
    pub fn is_encrypted(&self) -> bool {
        self.origin.starts_with("https://")
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

    /// The scope and those that it holds, as a client asks the issuer for them; empty where it knows none of ours.
    pub fn scopes(&self, most: Scope) -> Vec<String> {
        let Some(prefix) = &self.scope_prefix else { return Vec::new() };
        let held = Scope::ALL.into_iter().filter(|scope| *scope <= most);
        held.map(|scope| format!("{prefix}{}", scope.as_str())).collect()
    }

    /// RFC 9728, of the endpoint at a path.
    pub fn protected_resource(&self, path: &str) -> Value {
        let mut told = json!({
            "resource": format!("{}{path}", self.origin),
            "authorization_servers": [self.issuer],
            "bearer_methods_supported": ["header"],
            "resource_name": "ERPNext",
        });
        let scopes = self.scopes(Scope::Submit);
        if !scopes.is_empty() {
            told["scopes_supported"] = json!(scopes);
        }
        told
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use super::*;

    /// Those of `https://mcp.example.com/mcp`.
    pub fn addresses() -> Addresses {
        let url = PublicUrl::parse("https://mcp.example.com/mcp").unwrap();
        Addresses::own(&url, "https://mcp.example.com")
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

    #[test]
    fn clients_are_told_of_the_scopes_that_the_issuer_knows_in_its_own_words() {
        let url = PublicUrl::parse("https://mcp.example.com/mcp").unwrap();
        let of = |prefix| Addresses::new(&url, "https://login.example.com", prefix);
        let told = |prefix| of(prefix).protected_resource("/mcp")["scopes_supported"].clone();
        assert_eq!(told(Some("")), json!(Scope::ALL.map(Scope::as_str)));
        assert_eq!(of(Some("api://erp/")).scopes(Scope::Read), ["api://erp/erpnext:read"]);
        assert_eq!(told(None), Value::Null);
        assert_eq!(of(None).protected_resource("/mcp")["authorization_servers"], json!(["https://login.example.com"]));
    }
}
