//! The section about the site: its address, and the key with its secret.

use std::path::Path;
use std::time::Duration;

use erpnext_schema::Version;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::json::join;
use super::reader::{Errors, Reader};
use super::sections::{Env, For};
use super::{Erpnext, secret, url};

/// The section's name in a file with one site.
pub(super) const SECTION: &str = "erpnext";
/// What can be said of a site.
pub(super) const KEYS: [&str; 9] = [
    "url",
    "api_key",
    "api_secret",
    "api_secret_file",
    "api_secret_command",
    "timeout",
    "allow_insecure_http",
    "concurrent_requests",
    "version",
];
/// The keys that say where the secret is. One of them is enough.
const SECRETS: [&str; 3] = ["api_secret", "api_secret_file", "api_secret_command"];

/// Reads what a section says of a site; without `has_own_key`, everybody brings a key of their own, and there need be none here.
pub(super) fn read(
    purpose: For,
    file: &Reader<'_>,
    path: &str,
    section: Option<&Reader<'_>>,
    env: Env<'_>,
    has_own_key: bool,
) -> Erpnext {
    let own = |variable: &str, key: &str, source| match env(variable) {
        Some(value) => checked(file.errors, variable, Ok(value.into())),
        None => {
            let settings = "(on the site: your user's Settings, API Access, Generate Keys)";
            let or = if path == SECTION { format!(" or in {variable}") } else { String::new() };
            let missing = has_own_key.then(|| format!("missing; set it here{or} {settings}"));
            credential(purpose, file.errors, path, missing, key, source)
        }
    };
    let allow_insecure_http = section.is_some_and(|section| section.bool("allow_insecure_http", false));
    Erpnext {
        url: address(purpose, file, path, section, env, allow_insecure_http).unwrap_or_default(),
        api_key: own("ERPNEXT_API_KEY", "api_key", stated(section, "api_key")),
        api_secret: own("ERPNEXT_API_SECRET", "api_secret", api_secret(section)),
        timeout: Duration::from_secs(section.map_or(60, |section| section.count("timeout", "seconds", 60))),
        allow_insecure_http,
        concurrent_requests: section.map_or(16, |section| section.count("concurrent_requests", "requests", 16)),
        version: section.and_then(|section| section.number("version", &versions())),
    }
}

fn versions() -> Vec<(u64, Version)> {
    Version::ALL.iter().map(|version| (version.major().into(), *version)).collect()
}

fn address(
    purpose: For,
    file: &Reader<'_>,
    path: &str,
    section: Option<&Reader<'_>>,
    env: Env<'_>,
    insecure: bool,
) -> Option<String> {
    let stated = section.and_then(|section| section.text("url"));
    let at = join(path, "url");
    let (place, address) = match (env("ERPNEXT_URL"), stated) {
        (Some(address), _) => ("ERPNEXT_URL", address),
        (None, Some(address)) if !address.is_empty() => (at.as_str(), address.to_owned()),
        _ => {
            if purpose == For::Site && is_missing(section, "url") {
                let or = if path == SECTION { " or in ERPNEXT_URL" } else { "" };
                file.errors.note(&at, format!("missing; set it here{or}, such as https://erp.example.com"));
            }
            return None;
        }
    };
    let site = url::before_page(&address);
    let checked = url::check(site, insecure).and_then(|checked| {
        if site.len() == address.len() { Ok(checked) } else { Err(format!("is a page of the site; write {checked}")) }
    });
    checked.map_err(|message| file.errors.note(place, message)).ok()
}

/// Where a secret is to be taken from.
enum Source<'a> {
    /// It is this.
    Text(&'a str),
    /// The file at this path.
    File(&'a str),
    /// What this program with its arguments prints.
    Command(Vec<&'a str>),
    /// Nothing is stated, or something that is no source and noted.
    None { missing: bool },
}

/// Whether a key is not there, or empty; what has the wrong type is noted already.
fn is_missing(section: Option<&Reader<'_>>, key: &str) -> bool {
    section.and_then(|section| section.get(key)).is_none_or(Value::is_string)
}

fn stated<'a>(section: Option<&Reader<'a>>, key: &str) -> Source<'a> {
    match section.and_then(|section| section.text(key)) {
        Some(text) if !text.is_empty() => Source::Text(text),
        _ => Source::None { missing: is_missing(section, key) },
    }
}

fn api_secret<'a>(section: Option<&Reader<'a>>) -> Source<'a> {
    let text = stated(section, "api_secret");
    let Some(section) = section else { return text };
    let file = section.text("api_secret_file").filter(|path| !path.is_empty());
    section.asks("api_secret_command", || json!({"type": "array", "minItems": 1, "items": {"type": "string"}}));
    let command = section.list("api_secret_command", "text").map(|words| words.into_iter().map(|(_, word)| word));
    let stated = [matches!(text, Source::Text(_)), file.is_some(), command.is_some()];
    let mut stated = SECRETS.iter().zip(stated).filter(|(_, stated)| *stated).map(|(key, _)| *key);
    if let (Some(first), Some(second)) = (stated.next(), stated.next()) {
        section.errors.note(section.at(second), format!("there is {first} too; keep one of them"));
        return Source::None { missing: false };
    }
    match (text, file, command) {
        (_, Some(path), _) => Source::File(path),
        (_, _, Some(words)) => Source::Command(words.collect()),
        // Noted, if it has the wrong type.
        (text, ..) if section.get("api_secret_command").is_none() => text,
        (Source::None { .. }, ..) => Source::None { missing: false },
        (text, ..) => text,
    }
}

/// The key and the secret that stand in another section, where any do.
pub(super) fn key(purpose: For, section: &Reader<'_>) -> Option<(SecretString, SecretString)> {
    let (key, secret) = (stated(Some(section), "api_key"), api_secret(Some(section)));
    if matches!((&key, &secret), (Source::None { missing: true }, Source::None { missing: true })) {
        return None;
    }
    let missing = || Some("missing; a key has a secret, and a secret a key".to_owned());
    let key = credential(purpose, section.errors, &section.path, missing(), "api_key", key);
    Some((key, credential(purpose, section.errors, &section.path, missing(), "api_secret", secret)))
}

/// A key or a secret from where it is to be taken; `missing` says that there must be one.
fn credential(
    purpose: For,
    errors: &Errors,
    path: &str,
    missing: Option<String>,
    key: &str,
    source: Source<'_>,
) -> SecretString {
    let fetch = purpose == For::Site;
    let (key, value) = match (source, missing) {
        (Source::Text(text), _) => (key, Ok(text.into())),
        (Source::File(path), _) if fetch => ("api_secret_file", secret::from_file(Path::new(path))),
        (Source::Command(words), _) if fetch => ("api_secret_command", secret::from_command(&words)),
        (Source::None { missing: true }, Some(missing)) if fetch => (key, Err(missing)),
        _ => return SecretString::default(),
    };
    checked(errors, &join(path, key), value)
}

fn checked(errors: &Errors, place: &str, value: Result<SecretString, String>) -> SecretString {
    let checked = value.and_then(|value: SecretString| match value.expose_secret() {
        "" => Err("there is nothing in it".to_owned()),
        text if text.contains(|c: char| c == ':' || !c.is_ascii_graphic()) => {
            Err("expected letters and digits as the site shows them, without spaces".to_owned())
        }
        _ => Ok(value),
    });
    checked.map_err(|message| errors.note(place, message)).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use crate::config::{Config, sections};

    #[test]
    fn where_every_token_has_a_key_none_is_needed_beside_them() {
        let of = |tokens: Value| {
            let file = json!({"erpnext": {"url": "https://erp.example.com"}, "sign_in": {"tokens": tokens}});
            Config::from_text(&file.to_string()).map_err(|errors| errors.to_string())
        };
        let (with, without) =
            (json!({"sha256": "0".repeat(64), "api_key": "key", "api_secret": "secret"}), "1".repeat(64));
        assert!(of(json!({"a": with})).unwrap().sign_in.brings_keys());
        let why = of(json!({"a": with, "b": {"sha256": without}})).unwrap_err();
        assert!(
            why.contains("erpnext.api_key: missing") && why.contains("sign_in.tokens.b: it stands for no key"),
            "{why}"
        );
    }

    #[test]
    fn what_is_wrong_with_the_sign_in_makes_no_key_a_missing_one() {
        for key in ["oauth", "idp", "site_oauth"] {
            let sign_in = json!({key: {"url": "https://mcp.example.com"}});
            let file = json!({"erpnext": {"url": "https://erp.example.com"}, "sign_in": sign_in});
            let why = Config::from_text(&file.to_string()).unwrap_err().to_string();
            assert!(why.contains(&format!("sign_in.{key}.url: expected")) && !why.contains("erpnext.api_key"), "{why}");
        }
    }

    #[test]
    fn a_wrong_variable_is_named_and_not_the_key_that_it_wins_over() {
        let file = r#"{"erpnext": {"url": "https://erp.example.com", "api_key": "key", "api_secret": "secret"}}"#;
        for wrong in ["ERPNEXT_API_KEY", "ERPNEXT_API_SECRET"] {
            let env = |name: &str| (name == wrong).then(|| "canary 1".to_owned());
            let errors = sections::read(Some(file), &env).unwrap_err();
            assert!(errors.len() == 1 && errors[0].place == wrong, "{errors:?}");
            assert!(!errors[0].to_string().contains("canary"), "{errors:?}");
        }
    }

    #[test]
    fn a_page_of_the_site_is_refused_with_the_address_of_the_site() {
        let of = |url: &str| {
            let text = json!({"erpnext": {"url": url, "api_key": "key", "api_secret": "secret"}}).to_string();
            Config::from_text(&text).map(|config| config.erpnext.url).map_err(|errors| errors.to_string())
        };
        for page in ["https://erp.example.com/app/customer?status=Open#x", "https://erp.example.com/api/resource"] {
            let told = "line 1: erpnext.url: is a page of the site; write https://erp.example.com";
            assert!(of(page).is_err_and(|why| why.ends_with(told)), "{page}");
        }
        assert_eq!(of("https://erp.example.com/erp/").as_deref(), Ok("https://erp.example.com/erp"));
        assert!(of("https://me:s3cret@erp.example.com/app").is_err_and(|why| !why.contains("s3cret")));
    }
}
