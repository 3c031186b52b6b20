//! A client as it tells of itself: by registering (RFC 7591), or in a document at the address that is its id.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::redirect;
use crate::shape::{is_hidden, shortened};

/// The most addresses one has.
const MOST_REDIRECTS: usize = 10;
/// What they may take together, in characters: what was registered is part of every address that people are sent to.
const MOST_CHARACTERS: usize = 1_200;
/// The most characters of a name that are shown.
const LONGEST_NAME: usize = 60;

/// What people are shown of a client, and where they may be sent back to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Client {
    /// What it calls itself.
    pub name: String,
    /// Where people may be sent back to.
    pub redirects: Vec<String>,
}

/// What is wrong with what a client tells of itself: the code of RFC 7591, and words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadClient(pub &'static str, pub &'static str);

impl Client {
    /// Reads what a client tells of itself.
    ///
    /// # Errors
    /// What could not be served.
    pub fn read(told: &Value) -> Result<Self, BadClient> {
        let bad = |words| BadClient("invalid_client_metadata", words);
        let wrong = |words| BadClient("invalid_redirect_uri", words);
        let redirects =
            told["redirect_uris"].as_array().ok_or(wrong("redirect_uris is missing: a list of addresses"))?;
        let redirects: Option<Vec<String>> = redirects.iter().map(|uri| uri.as_str().map(str::to_owned)).collect();
        let redirects = redirects.ok_or(wrong("redirect_uris is a list of addresses"))?;
        if redirects.is_empty() || redirects.len() > MOST_REDIRECTS {
            return Err(wrong("redirect_uris has 1 to 10 addresses"));
        }
        if redirects.iter().map(String::len).sum::<usize>() > MOST_CHARACTERS {
            return Err(wrong("redirect_uris has more than 1200 characters"));
        }
        if !redirects.iter().all(|uri| redirect::may_be(uri)) {
            return Err(wrong("an address is https, http to the person's own machine, or has the scheme of a program"));
        }
        let has = |key: &str, value: &str| {
            told.get(key).is_none_or(|list| list.as_array().is_some_and(|list| list.iter().any(|one| one == value)))
        };
        if !has("grant_types", "authorization_code") || !has("response_types", "code") {
            return Err(bad("only authorization_code with the response type code is served"));
        }
        let name = told["client_name"].as_str().unwrap_or_default();
        let name: String = name.chars().filter(|c| !is_invisible(*c)).collect();
        let name = match name.trim() {
            "" => redirect::shown(&redirects[0]).to_owned(),
            name => shortened(name, LONGEST_NAME).into_owned(),
        };
        Ok(Self { name, redirects })
    }

    /// Reads the document at the address that is a client's id.
    ///
    /// # Errors
    /// A document that names another client, or a client with a secret, which nobody here could check.
    pub fn document(id: &str, told: &Value) -> Result<Self, BadClient> {
        if told["client_id"] != id {
            return Err(BadClient("invalid_client_metadata", "the document is not of this client_id"));
        }
        if told.get("token_endpoint_auth_method").is_some_and(|method| method != "none") {
            return Err(BadClient("invalid_client_metadata", "only clients without a secret are served"));
        }
        Self::read(told)
    }
}

/// What turns text around or hides it; joiners too, which a name can do without.
fn is_invisible(c: char) -> bool {
    c.is_control() || is_hidden(c) || matches!(c, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_client_has_a_name_that_can_be_shown_and_addresses_that_can_be_used() {
        let client =
            Client::read(&json!({"redirect_uris": ["http://127.0.0.1/cb"], "client_name": " Good\u{202e}\n client "}));
        assert_eq!(client.unwrap().name, "Good client");
        for nothing in ["", " ", "\u{ad}\u{61c}", "\u{3164} \u{2028}", "\u{200d}\u{e0041}"] {
            let told = json!({"redirect_uris": ["https://claude.ai/cb"], "client_name": nothing});
            assert_eq!(Client::read(&told).unwrap().name, "claude.ai", "{nothing:?}");
        }
        for (bad, code) in [
            (json!({}), "invalid_redirect_uri"),
            (json!({"redirect_uris": []}), "invalid_redirect_uri"),
            (json!({"redirect_uris": [7]}), "invalid_redirect_uri"),
            (json!({"redirect_uris": ["http://example.com/cb"]}), "invalid_redirect_uri"),
            (json!({"redirect_uris": vec!["https://a.example/cb"; 11]}), "invalid_redirect_uri"),
            (
                json!({"redirect_uris": vec![format!("https://a.example/{}", "x".repeat(400)); 4]}),
                "invalid_redirect_uri",
            ),
            (json!({"redirect_uris": ["https://a.example"], "grant_types": ["implicit"]}), "invalid_client_metadata"),
        ] {
            assert_eq!(Client::read(&bad).unwrap_err().0, code, "{bad}");
        }
    }

    #[test]
    fn a_document_is_its_own_clients() {
        let id = "https://client.example/metadata.json";
        let told = |id: &str, method: &str| json!({"client_id": id, "redirect_uris": ["https://client.example/cb"], "token_endpoint_auth_method": method});
        assert!(Client::document(id, &told(id, "none")).is_ok());
        assert!(Client::document(id, &told("https://client.example/other.json", "none")).is_err());
        assert!(Client::document(id, &told(id, "private_key_jwt")).is_err());
    }
}
