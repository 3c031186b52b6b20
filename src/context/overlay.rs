//! The site's metadata over the generated tables: custom fields and changed choices without generating anew. What is known
//! of it is kept on disk, with the user and the companies, so that a start needs no site.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::metadata_stamp::MetadataStamp;
use super::{Session, SiteInfo, client_options};
use erpnext_schema::Version;
use serde::{Deserialize, Serialize};

use crate::catalog::{Asked, Asker, Snapshots, is_of_one};
use crate::config::Config;
use crate::files;
use crate::hex::sha256;
use crate::limit::Rates;
use crate::site::{Client, ClientOptions};

/// How many requests the reading at the start has under way: what the user asks goes first.
const AT_ONCE: usize = 2;
/// If the site was looked at this short a time ago it is not again, however often the program is started.
const FRESH: u64 = 600;
/// How long the DocTypes that calls read are gathered before they are kept.
const SETTLE: Duration = Duration::from_secs(1);

/// What is known of the site's metadata, and where that is kept.
#[derive(Debug)]
pub struct Overlay {
    file: Option<PathBuf>,
    client: Client,
    looked: Mutex<Looked>,
}

/// What was found when the site was last looked at as a whole.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
struct Looked {
    /// In seconds since 1970.
    at: u64,
    /// When its metadata last changed, if the user may know.
    stamp: Option<MetadataStamp>,
    info: Option<SiteInfo>,
}

/// The first line of the file. Below it stands one line for each table, so that a table is parsed only where it is used.
#[derive(Serialize, Deserialize)]
struct Kept {
    site: String,
    snapshot: String,
    /// The site's version where it was known.
    version: Option<u8>,
    looked: Looked,
    /// When the site was asked for each DocType, in seconds since 1970.
    asked: BTreeMap<String, u64>,
    /// Those of them whose tables are the site's.
    understood: BTreeSet<String>,
    /// Whose tables the lines are, in their order.
    doctypes: Vec<String>,
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
        Ok(Some(Self { file, client: Client::new(options)?, looked: Mutex::default() }))
    }

    /// Lays what was kept, with what is known of the user. One that cannot be read, or is another site's, is as none.
    pub fn recall(&self, session: &Session<'_>) {
        let Some(file) = &self.file else { return };
        let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
        match text.and_then(|text| Kept::parse(session, &text)) {
            Ok((kept, tables)) => self.take(session, kept, &tables),
            Err(why) => tracing::debug!("no metadata is kept in {}: {why}", file.display()),
        }
    }

    fn take(&self, session: &Session<'_>, kept: Kept, tables: &Snapshots) {
        if let Some(version) = kept.version.and_then(|major| major.to_string().parse::<Version>().ok()) {
            session.version.recall(version);
        }
        session.catalog.lay(tables);
        let asked = kept.asked.into_iter().map(|(doctype, at)| (doctype, moment(at))).collect();
        session.catalog.recall(Asked::new(asked, kept.understood));
        session.listed.lay(tables);
        let mut looked = kept.looked;
        looked.info = looked.info.filter(|info| info.is_for(session));
        if let Some(info) = &looked.info {
            let _ = session.info().set(info.clone());
        }
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = looked;
    }

    /// Looks at the site as a whole, then keeps what calls find out, until the program ends.
    pub async fn run(&self, session: &Session<'_>) {
        self.refresh(session).await;
        let mut reads = session.catalog.reads();
        while reads.changed().await.is_ok() {
            tokio::time::sleep(SETTLE).await;
            reads.mark_unchanged();
            self.keep(session);
        }
    }

    /// Reads the configured DocTypes, and those that calls were about earlier, if the site may have changed them; lays what
    /// differs from the generated tables, and keeps it.
    pub async fn refresh(&self, session: &Session<'_>) {
        let before = self.looked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if before.info.is_some() && seconds(SystemTime::now()).saturating_sub(before.at) < FRESH {
            return;
        }
        let site = self.client.as_caller(session.caller);
        let version = session.version.get();
        // First, as it says over which tables the site's are laid.
        if let Err(error) = session.ask_version(site).await {
            tracing::info!("the site's version was not read: {}", error.for_log());
        }
        let info = match before.info {
            Some(_) => SiteInfo::ask(session, site).await,
            // Somebody may be waiting for it.
            None => session.info().get_or_try_init(|| SiteInfo::ask(session, site)).await.cloned(),
        };
        let info = info.inspect_err(|error| tracing::debug!("who the user is: {}", error.for_log())).ok();
        let stamp = MetadataStamp::ask(site).await;
        let changed = match (&before.stamp, &stamp) {
            // What was laid over the tables of one version says nothing of another.
            _ if session.version.get() != version => Some(true),
            (Some(before), Some(now)) => Some(before != now),
            _ => None,
        };
        for doctype in due(session, changed) {
            match session.catalog.live(Asker { site, ..session.asker() }, &doctype).await {
                Ok(_) => {}
                Err(error) if is_of_one(&error) => session.catalog.note_refused(&doctype, &error),
                Err(error) => {
                    tracing::info!("the site's metadata was not read: {}", error.for_log());
                    return;
                }
            }
        }
        let doctypes = session.catalog.kept().doctypes;
        if session.listed.lay(&doctypes) {
            tracing::info!(
                doctypes = doctypes.len(),
                "the site's metadata differs from the snapshot and is laid over it"
            );
        }
        let looked = Looked { at: seconds(SystemTime::now()), stamp, info };
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = looked;
        self.keep(session);
    }

    fn keep(&self, session: &Session<'_>) {
        let Some(file) = &self.file else { return };
        let looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = Kept::of(session, looked).map_err(std::io::Error::from);
        if let Err(error) = text.and_then(|text| files::write_whole(file, text.as_bytes())) {
            tracing::warn!("the site's metadata cannot be kept in {}: {error}", file.display());
        }
    }
}

impl Kept {
    fn of(session: &Session<'_>, looked: Looked) -> serde_json::Result<String> {
        let known = session.catalog.kept();
        let kept = Self {
            site: session.caller.site.as_str().to_owned(),
            snapshot: erpnext_doctypes::FINGERPRINT.to_string(),
            version: session.version.is_known().then(|| session.version.get().major()),
            looked,
            asked: known.asked.at().iter().map(|(doctype, at)| (doctype.clone(), seconds(*at))).collect(),
            understood: known.asked.understood().clone(),
            doctypes: known.doctypes.keys().cloned().collect(),
        };
        let mut text = serde_json::to_string(&kept)?;
        for table in known.doctypes.values() {
            text.push('\n');
            text.push_str(table);
        }
        Ok(text)
    }

    fn parse(session: &Session<'_>, text: &str) -> Result<(Self, Snapshots), String> {
        let mut lines = text.lines();
        let kept: Self = serde_json::from_str(lines.next().unwrap_or_default()).map_err(|error| error.to_string())?;
        if kept.site != session.caller.site.as_str() || kept.snapshot != erpnext_doctypes::FINGERPRINT {
            return Err("it is another site's, or kept by another version".to_owned());
        }
        let tables: Vec<&str> = lines.collect();
        if tables.len() != kept.doctypes.len() {
            return Err(format!("it has {} tables and names {}", tables.len(), kept.doctypes.len()));
        }
        let tables = kept.doctypes.iter().cloned().zip(tables.into_iter().map(Arc::from)).collect();
        Ok((kept, tables))
    }
}

/// The DocTypes that the site has to be asked for: those that it never was asked for; with them all others if it says that
/// something changed, none if it says that nothing did, and else those that it told too long ago, or not at all.
fn due(session: &Session<'_>, changed: Option<bool>) -> Vec<String> {
    let asked = session.catalog.kept().asked;
    let configured = session.policy.doctypes().map(|(name, _)| name.to_owned());
    let mut due: Vec<String> = configured.filter(|name| !asked.at().contains_key(name)).collect();
    match changed {
        Some(true) => {
            session.catalog.outdate();
            due.extend(asked.at().keys().cloned());
        }
        Some(false) => session.catalog.renew(),
        None => due.extend(asked.at().keys().filter(|doctype| asked.is_due(doctype)).cloned()),
    }
    due
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// In the future, such as after the clock was set back, it is now.
fn moment(at: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(at.min(seconds(SystemTime::now())))
}

/// A file for each site, named so that a person knows which.
fn name(url: &str) -> String {
    let host = url.split("://").nth(1).unwrap_or(url);
    let readable: String = host.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    format!("{}-{:.8}.json", readable.trim_matches(['-', '.']), sha256(url.as_bytes()))
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
