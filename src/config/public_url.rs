//! The address of an endpoint for MCP as the world knows it: what people paste, and what tokens are meant for.

use serde_json::json;

use super::reader::Reader;
use super::url;

/// `https://mcp.example.com/mcp`, or `…/mcp/SITE`; plain HTTP on this machine only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The address of an endpoint for MCP that a browser may be sent to.
    ///
    /// # Errors
    /// What would be one.
    pub fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str = "expected the address that people paste, such as https://mcp.example.com/mcp or …/mcp/SITE";
        let address = url::check(text, false).map_err(|_| FORM.to_owned())?;
        let (scheme, rest) = address.split_once("://").ok_or(FORM)?;
        let (host, path) = rest.split_once('/').ok_or(FORM)?;
        let site = path.strip_prefix("mcp/");
        if path != "mcp"
            && site.is_none_or(|site| site.is_empty() || site.contains('/') || ["x", "readonly"].contains(&site))
        {
            return Err(FORM.to_owned());
        }
        Ok(Self(format!("{scheme}://{}/{path}", host.to_ascii_lowercase())))
    }

    /// The whole.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the site in the address, where it has one.
    pub fn site(&self) -> Option<&str> {
        self.0[self.origin().len()..].strip_prefix("/mcp/")
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        origin_of(&self.0)
    }
}

/// Scheme, host and port of an address.
pub fn origin_of(address: &str) -> &str {
    let host = address.find("://").map_or(0, |at| at + 3);
    address[host..].find('/').map_or(address, |at| &address[..host + at])
}

/// Reads the key `url` of a section.
pub(super) fn read(section: &Reader<'_>) -> Option<PublicUrl> {
    section.asks("url", || json!({"type": "string", "examples": ["https://mcp.example.com/mcp"]}));
    section.parsed("url", PublicUrl::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_that_of_an_endpoint_over_https_or_on_this_machine() {
        let of = |text| PublicUrl::parse(text).map(|url| url.as_str().to_owned());
        for good in
            ["https://mcp.example.com/mcp", "https://MCP.example.com:8443/mcp/north", "http://localhost:8080/mcp"]
        {
            assert_eq!(of(good).as_deref(), Ok(good.to_lowercase().as_str()));
        }
        assert!(of("https://mcp.example.com/mcp/").is_ok_and(|address| address.ends_with("/mcp")));
        for bad in [
            "https://mcp.example.com",
            "https://mcp.example.com/",
            "https://mcp.example.com/mcpx",
            "https://mcp.example.com/mcp/x",
            "https://mcp.example.com/mcp/a/b",
            "https://mcp.example.com/mcp?x",
            "http://mcp.example.com/mcp",
            "mcp.example.com/mcp",
        ] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
