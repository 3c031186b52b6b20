//! `http.redis`: the one store of several servers that serve the same sites.

use std::path::PathBuf;

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
    /// A file in PEM with the authority that its certificate comes from, where that is none of the system's.
    pub ca_file: Option<PathBuf>,
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
    section.only(&["url", "url_file", "url_command", "ca_file", "key_file"]);
    let missing = format!("missing; where Redis is, such as redis://10.0.0.5:6379; or set {URL}");
    let url = secret::stated(purpose, &section, "url", (env, URL), &missing);
    let is_one = ["redis://", "rediss://"].iter().any(|scheme| url.expose_secret().starts_with(scheme));
    if !is_one && !url.expose_secret().is_empty() {
        // It may hold a password.
        section.errors.note(section.at("url"), "expected redis://host:port, or rediss://host:port over TLS");
    }
    if url.expose_secret().contains('#') {
        let message = "what follows # is no part of an address: in a user or a password write %23. A certificate is always \
                       verified; name an authority of your own in ca_file";
        section.errors.note(section.at("url"), message);
    }
    let ca_file = section.text("ca_file").filter(|path| !path.is_empty()).map(PathBuf::from);
    if ca_file.is_some() && url.expose_secret().starts_with("redis://") {
        section.errors.note(section.at("ca_file"), "no certificate is verified over redis://: write rediss://");
    }
    let key = secret::key(purpose, &section, (env, KEY));
    // What is wrong with one that is stated is noted.
    let is_stated = env(KEY).is_some() || section.get("key_file").is_some_and(|file| file.as_str() != Some(""));
    if key.is_none() && !is_stated && purpose == For::Site {
        let message =
            format!("missing; all servers seal with one key what they keep there: name its file, or set {KEY}");
        section.errors.note(section.at("key_file"), message);
    }
    Some(Redis { url, ca_file, key: key.unwrap_or_default() })
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use crate::config::Config;

    #[test]
    fn a_key_that_cannot_be_read_is_told_once_and_one_that_is_not_stated_is_missing() {
        let said = |redis: Value| {
            let file = json!({"erpnext": {"url": "https://erp.example.com", "api_key": "a", "api_secret": "b"}, "http": {"redis": redis}});
            Config::from_text(&file.to_string()).unwrap_err().errors
        };
        let errors = said(json!({"url": "redis://10.0.0.5", "key_file": "/no/such/key"}));
        assert!(errors.len() == 1 && errors[0].message.contains("cannot be read"), "{errors:?}");
        for redis in [json!({"url": "redis://10.0.0.5"}), json!({"url": "redis://10.0.0.5", "key_file": ""})] {
            let errors = said(redis);
            assert!(errors.len() == 1 && errors[0].message.starts_with("missing"), "{errors:?}");
        }
    }

    #[test]
    fn over_tls_a_certificate_is_verified_always_and_by_an_authority_of_ones_own_where_it_is_named() {
        let key = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(key.path(), "5c".repeat(32)).unwrap();
        let said = |mut redis: Value| {
            redis["key_file"] = json!(key.path());
            let file = json!({"erpnext": {"url": "https://erp.example.com", "api_key": "a", "api_secret": "b"}, "http": {"redis": redis}});
            Config::from_text(&file.to_string()).map_err(|errors| errors.to_string())
        };
        let config = said(json!({"url": "rediss://cache.example.com", "ca_file": "ca.pem"})).unwrap();
        assert_eq!(config.http.redis.unwrap().ca_file.as_deref(), Some(Path::new("ca.pem")));
        assert_eq!(said(json!({"url": "rediss://10.0.0.5"})).unwrap().http.redis.unwrap().ca_file, None);
        for (redis, words) in [
            (json!({"url": "redis://10.0.0.5", "ca_file": "ca.pem"}), "write rediss://"),
            (json!({"url": "rediss://10.0.0.5/#insecure"}), "always verified"),
            (json!({"url": "rediss://:a#b@10.0.0.5"}), "write %23"),
        ] {
            let errors = said(redis).unwrap_err();
            assert!(errors.contains(words), "{errors}");
            assert!(!errors.contains("a#b"), "no password is told: {errors}");
        }
        assert!(said(json!({"url": "rediss://:a%23b@10.0.0.5"})).is_ok());
    }
}
