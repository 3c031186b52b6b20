//! `sign_in.oauth`: how people sign in once, in their browser, with the site's own login.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use super::public_url::{self, PublicUrl};
use super::reader::Reader;
use super::secret;
use super::sections::{Env, For};

/// The variables of the environment that win over the file, for the one site of `erpnext`.
const CLIENT_SECRET: &str = "MCP_OAUTH_CLIENT_SECRET";
const KEY: &str = "MCP_OAUTH_KEY";

/// What the server needs to be the authorization server before a site's login.
#[derive(Clone, Debug)]
pub struct OAuth {
    /// The address that people paste into their client.
    pub url: PublicUrl,
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
    let address = public_url::read(&section);
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
