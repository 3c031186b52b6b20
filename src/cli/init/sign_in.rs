//! The site and its key: asked for, checked as they are given, and asked for again with what is wrong.

use anyhow::bail;
use erpnext_mcp::app::Connection;
use erpnext_mcp::config::{Config, Operation};
use erpnext_mcp::site::{SiteError, SiteErrorKind};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::{Init, address, ask, propose, say};
use crate::cli::{serve, unreached};

const ADDRESS: &str = "Address of the site (https://erp.example.com)";
const KEY: &str = "API key (on the site: your user's Settings, API Access)";
const ANOTHER: &str = "give the key of a user who may; Ctrl-C ends here, and nothing is written";
const UNSEEN: &str = "not shown by the site; the user's rights are asked for instead";

impl Init {
    /// The site and a key that it takes, with what they may do there. In a terminal it is asked for until that is so.
    pub(super) fn sign_in(
        &self,
        env: &dyn Fn(&str) -> Option<String>,
        asks: bool,
    ) -> anyhow::Result<(Value, propose::Rights)> {
        let runtime = serve::runtime()?;
        let mut url = self.url.clone().or_else(|| env("ERPNEXT_URL"));
        let mut key = self.api_key.clone().or_else(|| env("ERPNEXT_API_KEY"));
        let mut secret = self.stated_secret(env, asks)?;
        let (mut asked_before, mut key_before) = (None, None::<String>);
        loop {
            let site = self.site(url.take(), asked_before.as_deref(), asks)?;
            if asks && asked_before.as_ref() != Some(&site) {
                say(&format!("asking {site} …"));
                if let Err(why) = runtime.block_on(is_there(&self.erpnext(&site, "none", Some("none"))?)) {
                    say(&why);
                    asked_before = Some(site);
                    continue;
                }
            }
            let (api_key, pasted) = key_and_secret(key.take(), key_before.as_deref(), asks)?;
            let secret = match (pasted.or(secret.take()), &self.secret_file) {
                (_, Some(_)) => None,
                (Some(secret), None) => Some(secret),
                (None, None) if asks => Some(ask::secret("API secret (is not shown)", is_credential)?),
                (None, None) => bail!(
                    "the secret is missing: set ERPNEXT_API_SECRET, or name a file with --secret-file. There is no flag \
                     for it, because every user of this machine could read it"
                ),
            };
            let tried = self.erpnext(&site, &api_key, secret.as_ref().map(ExposeSecret::expose_secret));
            let tried = tried.and_then(|erpnext| {
                let connection = app(&erpnext)?;
                let rights = runtime.block_on(async {
                    greet(&connection, asks).await?;
                    propose::rights(&connection, &self.doctypes).await
                })?;
                Ok((erpnext, rights))
            });
            let is_known = tried.is_ok();
            let tried = tried.and_then(|(erpnext, rights)| {
                propose::possible(&rights, self.preset.as_deref(), &self.doctypes)?;
                Ok((erpnext, rights))
            });
            match tried {
                Ok(signed_in) => return Ok(signed_in),
                Err(why) if asks => {
                    say(&format!("{why:#}"));
                    if let (Some(file), false) = (&self.secret_file, is_known) {
                        say(&format!("the secret is read from {} each time; Ctrl-C ends here", file.display()));
                    }
                    if is_known {
                        say(ANOTHER);
                        // It took the key, so it is the right one.
                        url = Some(site.clone());
                    }
                    (asked_before, key_before) = (Some(site), Some(api_key));
                }
                Err(why) => {
                    bail!("{why:#}\nnothing was written; `erpnext-mcp init --help` shows what can be given")
                }
            }
        }
    }

    /// The secret of the environment. In a terminal a wrong one is told, and asked for.
    fn stated_secret(&self, env: &dyn Fn(&str) -> Option<String>, asks: bool) -> anyhow::Result<Option<SecretString>> {
        let Some(secret) = env("ERPNEXT_API_SECRET").filter(|_| self.secret_file.is_none()) else { return Ok(None) };
        match is_credential(secret.trim()) {
            Ok(()) => Ok(Some(SecretString::from(secret.trim()))),
            Err(why) if asks => {
                say(&format!("ERPNEXT_API_SECRET: {why}"));
                Ok(None)
            }
            Err(why) => bail!("ERPNEXT_API_SECRET: {why}"),
        }
    }

    fn site(&self, given: Option<String>, before: Option<&str>, asks: bool) -> anyhow::Result<String> {
        let meant = |text: &str| address::meant(text, self.allow_insecure_http);
        match given.map(|text| meant(&text)) {
            Some(Ok(site)) => Ok(site),
            Some(Err(why)) if asks => {
                say(&why);
                ask::text(ADDRESS, before, meant)
            }
            Some(Err(why)) => bail!(why),
            None if asks => ask::text(ADDRESS, before, meant),
            None => bail!("--url is needed, or ERPNEXT_URL"),
        }
    }

    fn erpnext(&self, url: &str, key: &str, secret: Option<&str>) -> anyhow::Result<Value> {
        let mut erpnext = json!({"url": url, "api_key": key});
        if self.allow_insecure_http {
            erpnext["allow_insecure_http"] = json!(true);
        }
        match (secret, &self.secret_file) {
            (Some(secret), _) => erpnext["api_secret"] = json!(secret),
            (None, Some(file)) => erpnext["api_secret_file"] = json!(std::path::absolute(file)?),
            (None, None) => {}
        }
        Ok(erpnext)
    }
}

/// The key, with the secret if both were pasted.
fn key_and_secret(
    given: Option<String>,
    before: Option<&str>,
    asks: bool,
) -> anyhow::Result<(String, Option<SecretString>)> {
    match given {
        // With its secret it is refused: what a command line holds, every user of this machine could read.
        Some(given) if !asks => match is_credential(bare(&given)) {
            Ok(()) => Ok((bare(&given).to_owned(), None)),
            Err(why) => bail!("--api-key, or ERPNEXT_API_KEY: {why}"),
        },
        Some(given) => match pasted(&given) {
            Ok(key) => Ok(key),
            Err(why) => {
                say(&why);
                ask::text(KEY, before, pasted)
            }
        },
        None if asks => ask::text(KEY, before, pasted),
        None => bail!("--api-key is needed, or ERPNEXT_API_KEY"),
    }
}

fn bare(text: &str) -> &str {
    text.trim().trim_start_matches("token ").trim()
}

/// Whether it can be a key or a secret, as a configuration takes them.
///
/// # Errors
/// What it would have to be; nothing of what it is.
pub(super) fn is_credential(text: &str) -> Result<(), String> {
    if text.is_empty() || text.contains(|c: char| c == ':' || !c.is_ascii_graphic()) {
        return Err("expected letters and digits as the site shows them, without spaces".to_owned());
    }
    Ok(())
}

/// A key as it was typed, or key and secret as they stand in a header.
///
/// # Errors
/// What shows that it is no key: an address, or words.
fn pasted(text: &str) -> Result<(String, Option<SecretString>), String> {
    let (key, secret) = match bare(text).split_once(':') {
        Some((key, secret)) => (key.trim(), Some(secret.trim())),
        None => (bare(text), None),
    };
    let is_other = |part: &str| part.contains('/') || is_credential(part).is_err();
    if key.is_empty() || is_other(key) || secret.is_some_and(|secret| !secret.is_empty() && is_other(secret)) {
        return Err("this is no key: a key is letters and digits, without spaces or slashes".to_owned());
    }
    Ok((key.to_owned(), secret.filter(|secret| !secret.is_empty()).map(SecretString::from)))
}

/// An inside that can ask the site who its user is and what they may do, and no more.
fn app(erpnext: &Value) -> anyhow::Result<Connection> {
    let user = json!({"read": true, "allowed_fields": ["full_name", "roles"]});
    let whole = json!({"erpnext": erpnext, "permissions": {"doctypes": {"User": user}, "reports": ["*"]}});
    serve::connection_without_log(&Config::from_text(&whole.to_string())?)
}

/// Whether an ERPNext site answers there, asked with a key that none has given out.
async fn is_there(erpnext: &Value) -> Result<(), String> {
    let connection = app(erpnext).map_err(|why| format!("{why:#}"))?;
    match connection.session().user_name().await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == SiteErrorKind::BadKey && error.exc_type().is_some() => Ok(()),
        Err(error) => Err(with_mends(&connection, &error)),
    }
}

/// Why the site cannot be talked to, and what mends it.
fn with_mends(connection: &Connection, error: &SiteError) -> String {
    format!("{}\n{}", unreached::told(connection, error), unreached::mends(connection, error))
}

/// Says who the key belongs to, and in which roles.
async fn greet(connection: &Connection, asks: bool) -> anyhow::Result<()> {
    let user = match connection.session().user_name().await {
        Ok(user) => user,
        // A key that the site itself refuses is told by its words: whoever is asked gives another.
        Err(error) if asks && error.kind() == SiteErrorKind::BadKey && error.exc_type().is_some() => {
            bail!(unreached::told(connection, &error))
        }
        Err(error) => bail!(with_mends(connection, &error)),
    };
    say(&format!("{} takes the key; it is {user}'s", connection.session().caller.site.as_str()));
    let permit = connection
        .session()
        .permit(Operation::Read, "User")
        .await
        .map_err(|error| anyhow::anyhow!(error.for_model()))?;
    match connection.session().site.get(&permit, user).await {
        Ok(answer) => {
            let roles = roles(&answer.data);
            say(&format!("roles: {}", if roles.is_empty() { UNSEEN.to_owned() } else { roles.join(", ") }));
        }
        // Most users may not read what roles they have.
        Err(error) if matches!(error.kind(), SiteErrorKind::Denied | SiteErrorKind::Missing) => {
            say(&format!("roles: {UNSEEN}"))
        }
        Err(error) => bail!("the user {user} cannot be read: {}", error.what()),
    }
    Ok(())
}

fn roles(user: &Map<String, Value>) -> Vec<&str> {
    let rows = user.get("roles").and_then(Value::as_array);
    rows.into_iter().flatten().filter_map(|row| row["role"].as_str()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use secrecy::ExposeSecret;

    use super::{is_credential, pasted};

    #[test]
    fn a_secret_is_told_apart_from_what_is_none_without_being_shown() {
        assert_eq!(is_credential("9f8e"), Ok(()));
        for text in ["9f8e 7d", "1a2b:9f8e", "9f8é", ""] {
            let why = is_credential(text).unwrap_err();
            assert!(why.starts_with("expected letters and digits") && !why.contains("9f8"), "{why}");
        }
    }

    #[test]
    fn a_key_is_taken_with_its_secret_or_alone_and_nothing_else_is_one() {
        for (text, key, secret) in [
            (" 1a2b3c ", "1a2b3c", None),
            ("1a2b3c:9f8e", "1a2b3c", Some("9f8e")),
            ("token 1a2b3c:9f8e", "1a2b3c", Some("9f8e")),
            ("1a2b3c:", "1a2b3c", None),
        ] {
            let (found, with) = pasted(text).unwrap();
            let with = with.as_ref().map(|secret| secret.expose_secret().to_owned());
            assert_eq!((found.as_str(), with.as_deref()), (key, secret), "{text}");
        }
        for text in [
            "http://127.0.0.1:9116/app/customer",
            "erp.example.com/app",
            "my key",
            ":9f8e",
            "token a b:c",
            "a:b:c",
            "é",
        ] {
            assert!(pasted(text).unwrap_err().starts_with("this is no key"), "{text}");
        }
    }
}
