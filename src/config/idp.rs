//! `sign_in.idp`: the company's identity provider, whose tokens are taken, and the keys of those whom it knows.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::json;

use super::public_url::{self, PublicUrl};
use super::reader::{Reader, unknown};
use super::sections::For;
use super::{Narrowing, erpnext, sign_in, url};

/// The claim that names the person, unless stated: no issuer gives it to another one.
const CLAIM: &str = "sub";

/// Whose tokens are taken, and for whom.
#[derive(Clone, Debug)]
pub struct Idp {
    /// The address that people paste into their client.
    pub url: PublicUrl,
    /// The provider, as its tokens name it.
    pub issuer: String,
    /// For whom tokens are made; [`Self::url`] where nothing else is stated.
    pub audience: Option<String>,
    /// Where the provider's keys are; told by the provider itself where it is not stated.
    pub jwks_url: Option<String>,
    /// How tokens may be signed.
    pub algorithms: Vec<Algorithm>,
    /// The claim that names the person.
    pub claim: String,
    /// Whether the provider knows the scopes of this server, so that a token has to hold one.
    pub scopes: bool,
    /// What the provider has before the names of these scopes.
    pub scope_prefix: String,
    /// By the value of the claim.
    pub users: BTreeMap<String, Person>,
}

impl Idp {
    /// Whether it states the same of the provider, whoever its users are.
    pub fn is_same_provider(&self, other: &Self) -> bool {
        let Self { url, issuer, audience, jwks_url, algorithms, claim, scopes, scope_prefix, users: _ } = self;
        (url, issuer, audience, jwks_url) == (&other.url, &other.issuer, &other.audience, &other.jwks_url)
            && (algorithms, claim) == (&other.algorithms, &other.claim)
            && (scopes, scope_prefix) == (&other.scopes, &other.scope_prefix)
    }
}

/// Somebody whom the provider knows.
#[derive(Clone, Debug)]
pub struct Person {
    /// The key and the secret of their ERPNext user.
    pub key: (SecretString, SecretString),
    /// What is left for them.
    pub narrowing: Narrowing,
}

/// How a token is signed: by a private key that the provider alone has, never by a secret that is shared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    /// RSA with PKCS #1 v1.5 and SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// Its name in the header of a token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}

/// Reads the section.
pub(super) fn read(purpose: For, sign_in: &Reader<'_>) -> Option<Idp> {
    let section = sign_in.object("idp")?;
    section.only(&["url", "issuer", "audience", "jwks_url", "algorithms", "claim", "scopes", "scope_prefix", "users"]);
    let public = public_url::read(&section);
    let issuer = address(&section, "issuer", "https://login.example.com/realms/acme");
    let jwks_url = address(&section, "jwks_url", "https://login.example.com/realms/acme/protocol/openid-connect/certs");
    for key in ["url", "issuer", "users"].iter().filter(|key| section.get(key).is_none()) {
        section.errors.note(section.at(key), "missing; signing in by an identity provider needs it");
    }
    let text = |key: &str| section.text(key).filter(|text| !text.is_empty()).map(str::to_owned);
    let (audience, claim, scope_prefix) = (text("audience"), text("claim"), text("scope_prefix"));
    let (algorithms, scopes) = (algorithms(&section), section.bool("scopes", false));
    let users = section.object("users").map(|users| people(purpose, &users)).unwrap_or_default();
    Some(Idp {
        url: public?,
        issuer: issuer?,
        audience,
        jwks_url,
        algorithms,
        claim: claim.unwrap_or_else(|| CLAIM.to_owned()),
        scopes,
        scope_prefix: scope_prefix.unwrap_or_default(),
        users,
    })
}

/// An address that is asked for what is believed. It is kept to the letter, since issuers are compared so.
fn address(section: &Reader<'_>, key: &str, example: &str) -> Option<String> {
    section.asks(key, || json!({"type": "string", "examples": [example]}));
    section.parsed(key, |text| match url::check(text, false) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!("expected an address over https, such as {example}")),
    })
}

fn algorithms(section: &Reader<'_>) -> Vec<Algorithm> {
    const KEY: &str = "algorithms";
    let names = Algorithm::ALL.map(Algorithm::as_str);
    section.asks(
        KEY,
        || json!({"type": "array", "minItems": 1, "items": {"type": "string", "enum": names}, "examples": [["RS256"]]}),
    );
    let Some(stated) = section.list(KEY, "algorithm") else { return Algorithm::ALL.to_vec() };
    if stated.is_empty() {
        section.errors.note(section.at(KEY), format!("expected one or more of {}", names.join(", ")));
    }
    let known = |(place, name): (String, &str)| {
        let known = Algorithm::from_name(name);
        if known.is_none() {
            section.errors.note(place, unknown("algorithm", name, &names));
        }
        known
    };
    stated.into_iter().filter_map(known).collect()
}

fn people(purpose: For, users: &Reader<'_>) -> BTreeMap<String, Person> {
    let mut people = BTreeMap::new();
    for (name, value) in users.entries() {
        let Some(stated) = Reader::new(users.at(name), value, users.errors) else { continue };
        stated.only(&["api_key", "api_secret", "api_secret_file", "api_secret_command", "read_only", "toolsets"]);
        let key = erpnext::key(purpose, &stated);
        if key.is_none() && purpose == For::Site {
            let message = "it has no key: set api_key and api_secret of the person's ERPNext user";
            users.errors.note(&stated.path, message);
        }
        let (key, narrowing) = (key.unwrap_or_default(), sign_in::narrowing(&stated));
        people.insert(name.to_owned(), Person { key, narrowing });
    }
    people
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::Config;

    /// What is said of a configuration with this changed in its section.
    fn said(change: impl FnOnce(&mut Value)) -> Result<Config, String> {
        let mut file = json!({
            "erpnext": {"url": "https://erp.example.com"},
            "sign_in": {"idp": {
                "url": "https://mcp.example.com/mcp",
                "issuer": "https://login.example.com/",
                "users": {"anna@example.com": {"api_key": "abc", "api_secret": "def", "read_only": true}},
            }},
        });
        change(&mut file["sign_in"]);
        Config::from_text(&file.to_string()).map_err(|errors| errors.to_string())
    }

    #[test]
    fn whoever_is_known_has_a_key_and_tokens_are_held_to_the_most_by_themselves() {
        let config = said(|_| {}).unwrap();
        let idp = config.sign_in.idp.as_ref().unwrap();
        assert_eq!((idp.issuer.as_str(), idp.claim.as_str()), ("https://login.example.com/", "sub"));
        assert_eq!(idp.algorithms, Algorithm::ALL);
        assert!(idp.audience.is_none() && idp.users["anna@example.com"].narrowing.read_only);
        assert!(config.sign_in.is_asked() && config.sign_in.brings_keys());
    }

    #[test]
    fn what_would_believe_anybody_or_know_nobody_is_refused() {
        for (key, value, words) in [
            ("algorithms", json!(["none"]), "algorithms[0]"),
            ("algorithms", json!(["RS256", "HS256"]), "algorithms[1]"),
            ("algorithms", json!([]), "RS256, ES256, EdDSA"),
            ("issuer", json!("http://login.example.com"), "over https"),
            ("jwks_url", json!("http://login.example.com/keys"), "over https"),
            ("url", json!("https://mcp.example.com"), "that people paste"),
            ("users", json!({"anna": {}}), "it has no key"),
            ("users", json!({"anna": {"api_key": "abc"}}), "a key has a secret"),
        ] {
            let errors = said(|sign_in| sign_in["idp"][key] = value.clone()).unwrap_err();
            assert!(errors.contains(words), "{key} {value}: {errors}");
        }
        let without = said(|sign_in| _ = sign_in["idp"].as_object_mut().unwrap().remove("issuer"));
        assert!(without.unwrap_err().contains("sign_in.idp.issuer"));
        let oauth = json!({"url": "https://mcp.example.com/mcp", "client_id": "c", "client_secret": "s"});
        let both = said(|sign_in| sign_in["oauth"] = oauth);
        assert!(both.unwrap_err().contains("keep one of them"));
    }
}
