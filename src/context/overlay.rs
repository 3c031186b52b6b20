//! The site's metadata over the generated tables: custom fields and changed choices without generating anew. What was laid
//! last is kept on disk, with the greeting, so that a start needs no site; what the site has now is read while the server
//! serves already.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Session, SiteInfo, client_options};
use erpnext_schema::Version;
use erpnext_schema::snapshot::DocType;
use futures_util::future::{join, join_all};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::catalog::Laid;
use crate::config::Config;
use crate::files;
use crate::limit::Rates;
use crate::site::{Client, ClientOptions, Kind};

/// How many DocTypes are read at once: what the user asks goes first.
const AT_ONCE: usize = 2;
/// What was read this short a time ago is not read again, however often the program is started.
const FRESH: Duration = Duration::from_secs(600);

/// Where the tables that were laid last are kept.
#[derive(Debug)]
pub struct Overlay {
    file: Option<PathBuf>,
    client: Client,
}

impl Overlay {
    /// Nothing where the configuration does not want it.
    ///
    /// # Errors
    /// Where the HTTP client cannot be set up.
    pub fn new(config: &Config) -> anyhow::Result<Option<Self>> {
        if !config.schema.overlay {
            return Ok(None);
        }
        // Its own client: reading at the start uses up none of the user's requests, and its failures stop nobody's.
        let options =
            ClientOptions { concurrent: AT_ONCE, rates: Rates::default(), cache: None, ..client_options(config) };
        let file = config.schema.cache_folder.as_deref().map(|folder| folder.join(name(&config.erpnext.url)));
        Ok(Some(Self { file, client: Client::new(options)? }))
    }

    /// Lays what was kept, and greets with it. One that cannot be read, or is another site's, is as none.
    pub fn recall(&self, session: &Session<'_>) {
        let Some(file) = &self.file else { return };
        match std::fs::read_to_string(file).map_err(|error| error.to_string()).and_then(|text| parse(session, &text)) {
            Ok((version, tables, greeting)) => {
                if let Some(version) = version {
                    session.version.recall(version);
                }
                lay(session, &tables);
                if let Some(greeting) = greeting {
                    let _ = session.user.info.set(greeting);
                }
            }
            Err(why) => tracing::debug!("no metadata is kept in {}: {why}", file.display()),
        }
    }

    /// Reads the configured DocTypes from the site, lays what differs from the generated tables, and keeps it.
    pub async fn refresh(&self, session: &Session<'_>) {
        if session.user.info.get().is_some() && self.file.as_deref().and_then(age).is_some_and(|age| age < FRESH) {
            return;
        }
        // First, as it says over which tables the site's are laid.
        let site = self.client.as_caller(session.caller);
        if let Err(error) = session.ask_version(site).await {
            tracing::info!("the site's version was not read: {}", error.for_log());
        }
        let (tables, greeting) = join(self.tables(session), SiteInfo::ask(session, site)).await;
        let Some(tables) = tables else { return };
        if lay(session, &tables) {
            tracing::info!(
                doctypes = tables.len(),
                "the site's metadata differs from the snapshot and is laid over it"
            );
        }
        let greeting = greeting.inspect_err(|error| tracing::debug!("who the user is: {}", error.for_log())).ok();
        // This start's instructions are out already, most likely: what was asked is for the next.
        let Some(file) = &self.file else { return };
        if let Err(error) = files::write_whole(file, text(session, greeting.as_ref(), &tables).as_bytes()) {
            tracing::warn!("the site's metadata cannot be kept in {}: {error}", file.display());
        }
    }

    /// The tables of the configured DocTypes as the site has them now; none where it does not tell all that there are.
    async fn tables(&self, session: &Session<'_>) -> Option<Vec<Laid>> {
        let site = self.client.as_caller(session.caller);
        let names: Vec<&str> = session.policy.doctypes().map(|(name, _)| name).collect();
        let (mut tables, mut seen): (Vec<Laid>, BTreeSet<String>) = Default::default();
        for names in names.chunks(AT_ONCE) {
            let read = names.iter().map(async |name| (*name, site.doctype_bundle(name).await));
            for (name, bundle) in join_all(read).await {
                match bundle {
                    Ok(docs) => {
                        let sources = docs.iter().filter_map(|doc| DocType::from_site(doc, false).ok());
                        // A child table comes with each of its parents.
                        let new: Vec<DocType> = sources.filter(|source| seen.insert(source.name.clone())).collect();
                        tables.extend(new.into_iter().filter_map(|source| Laid::new(session.version.get(), source)));
                    }
                    Err(error)
                        if matches!(error.kind(), Kind::Missing | Kind::Denied | Kind::Rejected | Kind::Server) =>
                    {
                        tracing::debug!("metadata of {name}: {}", error.for_log());
                    }
                    // Half of it would take fields away that were there before.
                    Err(error) => {
                        tracing::info!("the site's metadata was not read: {}", error.for_log());
                        return None;
                    }
                }
            }
        }
        tables.sort_by(|a, b| a.source.name.cmp(&b.source.name));
        Some(tables)
    }
}

fn lay(session: &Session<'_>, tables: &[Laid]) -> bool {
    session.catalog.lay(tables);
    session.listed.lay(tables)
}

/// A file for each site, named so that a person knows which.
fn name(url: &str) -> String {
    let host = url.split("://").nth(1).unwrap_or(url);
    let readable: String = host.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let hash: String =
        digest(&SHA256, url.as_bytes()).as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{hash}.json", readable.trim_matches(['-', '.']))
}

fn age(file: &Path) -> Option<Duration> {
    std::fs::metadata(file).ok()?.modified().ok()?.elapsed().ok()
}

fn text(session: &Session<'_>, greeting: Option<&SiteInfo>, tables: &[Laid]) -> String {
    let tables = tables.iter().filter_map(|laid| serde_json::from_str(&laid.source.to_snapshot()).ok());
    let tables: Vec<Value> = tables.collect();
    json!({
        "site": session.caller.site.as_str(),
        "snapshot": erpnext_doctypes::FINGERPRINT,
        "version": session.version.is_known().then(|| session.version.get().major()),
        "greeting": greeting,
        "doctypes": tables,
    })
    .to_string()
}

/// What was kept: the site's version where it was known, what is laid over its tables, who was greeted.
type Kept = (Option<Version>, Vec<Laid>, Option<SiteInfo>);

fn parse(session: &Session<'_>, text: &str) -> Result<Kept, String> {
    let kept: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if kept["site"] != session.caller.site.as_str() || kept["snapshot"] != erpnext_doctypes::FINGERPRINT {
        return Err("it is another site's, or kept by another version".to_owned());
    }
    let tables = kept["doctypes"].as_array().into_iter().flatten();
    let sources: Result<Vec<DocType>, String> =
        tables.map(|table| DocType::from_snapshot(&table.to_string())).collect();
    let greeting = SiteInfo::deserialize(&kept["greeting"]).ok().filter(|greeting| greeting.is_for(session));
    let version = kept["version"].to_string().parse().ok();
    let over =
        if session.version.is_stated() { session.version.get() } else { version.unwrap_or(session.version.get()) };
    let tables = sources?.into_iter().filter_map(|source| Laid::new(over, source)).collect();
    Ok((version, tables, greeting))
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn each_site_has_a_file_of_its_own() {
        let names = ["https://a.example.com", "https://a.example.com/erp", "https://a.example.com:8443"].map(name);
        assert!(names.iter().all(|name| name.starts_with("a.example.com") && name.ends_with(".json")), "{names:?}");
        assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
        assert!(!name("https://a/../../x").contains('/'));
    }
}
