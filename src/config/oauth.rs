//! `sign_in.oauth`: how people sign in once, in their browser, with the site's own login.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::reader::Reader;
use super::sections::{Env, For};
use super::{secret, url};

/// The variables of the environment that win over the file, for the one site of `erpnext`.
const CLIENT_SECRET: &str = "MCP_OAUTH_CLIENT_SECRET";
const KEY: &str = "MCP_OAUTH_KEY";

/// What the server needs to be the authorization server before a site's login.
#[derive(Clone, Debug)]
pub struct OAuth {
    /// The address that people paste into their client: `https://mcp.example.com/mcp`, or `…/mcp/SITE`.
    pub url: String,
    /// The id of the OAuth Client that the site has for this server.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// What seals that which the server hands out and keeps; one of its own for as long as it runs where there is none.
    pub key: Option<SecretString>,
    /// Where it is kept who has signed in; nowhere where there is none, and then people sign in again after a start.
    pub state_file: Option<PathBuf>,
}

impl OAuth {
    /// The bytes of the key.
    pub fn key(&self) -> Option<[u8; 32]> {
        self.key.as_ref().and_then(|key| secret::bytes(key.expose_secret()))
    }

    /// The name of the site in the address, where it has one.
    pub fn site(&self) -> Option<&str> {
        self.path().strip_prefix("/mcp/")
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.url[..self.url.len() - self.path().len()]
    }

    fn path(&self) -> &str {
        let from = self.url.find("://").map_or(0, |at| at + 3);
        self.url[from..].find('/').map_or("", |at| &self.url[from + at..])
    }
}

/// Reads the section.
pub(super) fn read(purpose: For, sign_in: &Reader<'_>, env: Env<'_>) -> Option<OAuth> {
    let section = sign_in.object("oauth")?;
    section.only(&[
        "url",
        "client_id",
        "client_secret",
        "client_secret_file",
        "client_secret_command",
        "key_file",
        "state_file",
    ]);
    section.asks("url", || json!({"type": "string", "examples": ["https://mcp.example.com/mcp"]}));
    let address = section.parsed("url", endpoint);
    let client_id = section.text("client_id").filter(|id| !id.is_empty()).map(str::to_owned);
    for key in ["url", "client_id"].iter().filter(|key| section.get(key).is_none()) {
        section.errors.note(section.at(key), "missing; signing in by OAuth needs it");
    }
    let missing = format!("missing; the OAuth Client on the site shows it (Client Secret); or set {CLIENT_SECRET}");
    let client_secret = secret::stated(purpose, &section, "client_secret", (env, CLIENT_SECRET), &missing);
    let key = secret::key(purpose, &section, (env, KEY));
    let state_file = section.text("state_file").filter(|path| !path.is_empty()).map(PathBuf::from);
    if purpose == For::Site && state_file.is_some() && key.is_none() {
        let message = format!("it needs a key that outlives the process: set key_file, or {KEY}");
        section.errors.note(section.at("state_file"), message);
    }
    Some(OAuth { url: address?, client_id: client_id?, client_secret, key, state_file })
}

/// The address of an endpoint for MCP that a browser may be sent to.
fn endpoint(text: &str) -> Result<String, String> {
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
    Ok(format!("{scheme}://{}/{path}", host.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_that_of_an_endpoint_over_https_or_on_this_machine() {
        for good in
            ["https://mcp.example.com/mcp", "https://MCP.example.com:8443/mcp/north", "http://localhost:8080/mcp"]
        {
            assert_eq!(endpoint(good).as_deref(), Ok(good.to_lowercase().as_str()));
        }
        assert!(endpoint("https://mcp.example.com/mcp/").is_ok_and(|address| address.ends_with("/mcp")));
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
            assert!(endpoint(bad).is_err(), "{bad}");
        }
    }
}
