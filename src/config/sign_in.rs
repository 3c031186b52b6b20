//! `sign_in`: how people and programs prove over HTTP who they are.

use std::collections::BTreeMap;

use erpnext_schema::Version;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::reader::Reader;
use super::sections::{Env, For};
use super::{
    Erpnext, Idp, Narrowing, OAuth, PublicUrl, SiteOAuth, erpnext, idp, oauth, secret, site_oauth, toolset, url,
};

/// Who may sign in; where nobody can, nobody has to.
#[derive(Clone, Default, Debug)]
pub struct SignIn {
    /// Whether everybody with an API key of the site may, as themselves.
    pub own_keys: bool,
    /// Tokens by the names of those who have them.
    pub tokens: BTreeMap<String, Token>,
    /// Whether everybody with a password of the site may, in their browser.
    pub oauth: Option<OAuth>,
    /// Whether everybody with a key here whom the company's identity provider knows may.
    pub idp: Option<Idp>,
    /// Whether everybody with a token of the site's own OAuth provider may. At most one of these three is stated.
    pub site_oauth: Option<SiteOAuth>,
}

impl SignIn {
    /// Whether anybody can, so that everybody has to.
    pub fn is_asked(&self) -> bool {
        self.own_keys || !self.tokens.is_empty() || self.public_url().is_some()
    }

    /// Whether people come as themselves, or every token with a key, so that the configuration needs no key of its own.
    pub fn brings_keys(&self) -> bool {
        let have_tokens = !self.tokens.is_empty() && self.tokens.values().all(|token| token.key.is_some());
        self.own_keys || have_tokens || self.public_url().is_some()
    }

    /// The address that people paste to sign in in their browser, and the section that states it.
    pub fn public_url(&self) -> Option<(&'static str, &PublicUrl)> {
        let own = self.oauth.as_ref().map(|oauth| ("oauth", &oauth.url));
        let company = || self.idp.as_ref().map(|idp| ("idp", &idp.url));
        let site = || self.site_oauth.as_ref().map(|site| ("site_oauth", &site.url));
        own.or_else(company).or_else(site)
    }
}

/// A token that stands for a key.
#[derive(Clone, Debug)]
pub struct Token {
    /// The SHA-256 of the token.
    pub sha256: [u8; 32],
    /// What is left for whoever has it.
    pub narrowing: Narrowing,
    /// The key and the secret of the ERPNext user; those of `erpnext` where there are none.
    pub key: Option<(SecretString, SecretString)>,
}

/// Reads the section.
pub(super) fn read(purpose: For, file: &Reader<'_>, env: Env<'_>) -> SignIn {
    let Some(section) = file.object("sign_in") else { return SignIn::default() };
    section.only(&["own_keys", "tokens", "oauth", "idp", "site_oauth"]);
    let (oauth, idp) = (oauth::read(purpose, &section, env), idp::read(purpose, &section));
    let site_oauth = site_oauth::read(&section);
    let stated = [("oauth", oauth.is_some()), ("idp", idp.is_some()), ("site_oauth", site_oauth.is_some())];
    let mut stated = stated.into_iter().filter(|(_, stated)| *stated).map(|(name, _)| name);
    if let (Some(first), Some(second)) = (stated.next(), stated.next()) {
        let message = format!("there is {first} too, and a client is told of one place to sign in: keep one of them");
        section.errors.note(section.at(second), message);
    }
    let own_keys = section.bool("own_keys", false);
    let mut sign_in = SignIn { own_keys, oauth, idp, site_oauth, ..SignIn::default() };
    let Some(tokens) = section.object("tokens") else { return sign_in };
    for (name, value) in tokens.entries() {
        let Some(stated) = Reader::new(tokens.at(name), value, tokens.errors) else { continue };
        if name.is_empty() || name.trim() != name || name.chars().any(char::is_control) {
            tokens.errors.note(&stated.path, "expected the name of whoever has the token, without spaces around it");
        }
        sign_in.tokens.extend(token(purpose, &stated).map(|token| (name.to_owned(), token)));
    }
    sign_in
}

fn token(purpose: For, stated: &Reader<'_>) -> Option<Token> {
    stated.only(&["sha256", "api_key", "api_secret", "api_secret_file", "api_secret_command", "read_only", "toolsets"]);
    stated.asks("sha256", || json!({"type": "string", "pattern": "^[0-9a-fA-F]{64}$", "examples": ["0".repeat(64)]}));
    let hash = stated.parsed("sha256", |text| {
        secret::bytes(text).ok_or_else(|| {
            "expected the 64 digits that `erpnext-mcp token new` gives, never the token itself".to_owned()
        })
    });
    if stated.get("sha256").is_none() {
        stated.errors.note(stated.at("sha256"), "missing; `erpnext-mcp token new` makes a token and gives it");
    }
    let narrowing = narrowing(stated);
    let key = erpnext::key(purpose, stated);
    Some(Token { sha256: hash?, narrowing, key })
}

/// What is left for somebody.
pub(super) fn narrowing(stated: &Reader<'_>) -> Narrowing {
    let toolsets = stated.list("toolsets", "toolset");
    let toolsets = toolsets.map(|names| names.into_iter().map(|(_, name)| toolset(name)).collect());
    Narrowing { read_only: stated.bool("read_only", false), toolsets, ..Narrowing::default() }
}

/// Notes tokens without a key, and a site whose version has no metadata by which clients find its OAuth provider.
pub(super) fn check(sign_in: &SignIn, erpnext: &Erpnext, file: &Reader<'_>) {
    if sign_in.site_oauth.is_some() && erpnext.version == Some(Version::V15) {
        let message = "ERPNext 15 does not tell clients of its OAuth provider: use oauth in its place";
        file.errors.note(file.at("sign_in.site_oauth"), message);
    }
    // Over HTTP the address is an inner one, too.
    let is_open = erpnext.url.starts_with("http://") && url::check(&erpnext.url, false).is_err();
    if sign_in.site_oauth.is_some() && is_open {
        let message = "clients would be sent to sign in at erpnext.url, which is not over https: give its https address, or \
                       use oauth in its place";
        file.errors.note(file.at("sign_in.site_oauth"), message);
    }
    let keyless = |token: &&Token| token.key.is_none() && erpnext.api_key.expose_secret().is_empty();
    for (name, _) in sign_in.tokens.iter().filter(|(_, token)| keyless(token)) {
        let message = "it stands for no key: set api_key and api_secret here, or in erpnext";
        file.errors.note(format!("{}.{name}", file.at("sign_in.tokens")), message);
    }
}
