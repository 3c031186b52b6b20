//! `http.redis`: the one store of several servers that serve the same sites.

use secrecy::{ExposeSecret, SecretString};

use super::Config;
use super::reader::{Errors, Reader};
use super::secret;
use super::sections::{Env, For};

/// The variables of the environment that win over the file.
const URL: &str = "MCP_REDIS_URL";
const KEY: &str = "MCP_REDIS_KEY";

/// A Redis or a Valkey, and the key to what is in it.
#[derive(Clone, Debug)]
pub struct Redis {
    /// `redis://[user:password@]host[:port][/database]`, or `rediss://` over TLS.
    pub url: SecretString,
    /// What seals that which is kept there; the same for all servers.
    pub key: SecretString,
}

impl Redis {
    /// The bytes of the key.
    pub fn key(&self) -> Option<[u8; 32]> {
        secret::bytes(self.key.expose_secret())
    }
}

/// Reads the section.
pub(super) fn read(purpose: For, http: &Reader<'_>, env: Env<'_>) -> Option<Redis> {
    let Some(section) = http.object("redis") else {
        unplaced(purpose, http.errors, env);
        return None;
    };
    section.only(&["url", "url_file", "url_command", "key_file"]);
    let missing = format!("missing; where Redis is, such as redis://10.0.0.5:6379; or set {URL}");
    let url = secret::stated(purpose, &section, "url", (env, URL), &missing);
    let is_one = ["redis://", "rediss://"].iter().any(|scheme| url.expose_secret().starts_with(scheme));
    if !is_one && !url.expose_secret().is_empty() {
        // It may hold a password.
        section.errors.note(section.at("url"), "expected redis://host:port, or rediss://host:port over TLS");
    }
    let key = secret::key(purpose, &section, (env, KEY));
    if key.is_none() && purpose == For::Site {
        let message =
            format!("missing; all servers seal with one key what they keep there: name its file, or set {KEY}");
        section.errors.note(section.at("key_file"), message);
    }
    Some(Redis { url, key: key.unwrap_or_default() })
}

/// Notes variables for a store of which the file has no section: several servers would share nothing, and nobody would know.
pub(super) fn unplaced(purpose: For, errors: &Errors, env: Env<'_>) {
    if let Some(name) = [URL, KEY].into_iter().find(|name| purpose == For::Site && env(name).is_some()) {
        let message =
            format!("{name} is set, and the file has no such section: write \"redis\": {{}} there, or unset it");
        errors.note("http.redis", message);
    }
}

/// Notes what the OAuth of a site, told of at that path, lacks to be shared.
pub(super) fn check(redis: Option<&Redis>, at: &str, site: &Config, errors: &Errors) {
    let Some(oauth) = site.sign_in.oauth.as_ref().filter(|_| redis.is_some()) else { return };
    if oauth.key.is_none() {
        let message = "missing; with http.redis each server has to open what another one has sealed";
        errors.note(format!("{at}.oauth.key_file"), message);
    }
    if oauth.state_file.is_some() {
        let message = "with http.redis it is kept there who has signed in, and in no file: leave it out";
        errors.note(format!("{at}.oauth.state_file"), message);
    }
}
