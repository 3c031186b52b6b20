//! The DocTypes a call can name: the site's live metadata laid over the generated tables of its version, when a DocType is
//! first used.

mod asked;
mod masks;
pub mod other_apps;
mod ruled;
pub mod said_names;
mod site_version;
mod sites;
pub mod unknown_names;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use erpnext_schema::snapshot::DocType;
use erpnext_schema::{DocTypeDef, Version, form_rules};
use serde_json::Value;
use tokio::sync::watch;

use crate::site::{SiteError, SiteErrorKind, workflow_state_field};

pub use asked::Asked;
pub use masks::{Asker, Masks};
pub use site_version::{SiteVersion, unknown_version};
use sites::{Live, Sites, keep};

/// How long live metadata is believed before an unknown field or value is a reason to ask again.
const FRESH: Duration = Duration::from_secs(60);
/// How many DocTypes are fetched at once.
const AT_ONCE: usize = 4;
/// How long a call waits for metadata before it goes on with the table as it is.
const WAIT: Duration = Duration::from_secs(3);

/// What is known of the site's DocTypes. Shared between users on purpose: the site shows metadata to everyone (H30),
/// and who may see what of it is the policy's to say.
#[derive(Debug)]
pub struct Catalog {
    /// The version whose tables stand below what is live.
    version: SiteVersion,
    sites: RwLock<HashMap<String, Sites>>,
    /// How long live metadata is shown before the site is asked again.
    shown: Duration,
    /// Whether the site's metadata is laid over a table when it is first used.
    lays: bool,
    asked: RwLock<Asked>,
    /// Until when calls do not ask, after the site did not answer.
    resting: RwLock<Option<Instant>>,
    /// Some fetches at a time, of one DocType one: equal questions that come together cost one request.
    fetching: [tokio::sync::Mutex<()>; AT_ONCE],
    /// How often tables were laid over the generated ones.
    overlays: watch::Sender<u64>,
    /// How often the site was asked for metadata.
    reads: watch::Sender<u64>,
    /// How often a table may have become another.
    laid: AtomicU64,
}

/// DocTypes by their names, each as the text of a snapshot without descriptions, on one line.
pub type Snapshots = BTreeMap<String, Arc<str>>;

/// What is known of the site's metadata, to be kept for the next start.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Known {
    /// The DocTypes that are not as their generated tables say.
    pub doctypes: Snapshots,
    /// For which DocTypes the site was asked, those included that are as their tables say.
    pub asked: Asked,
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new(SiteVersion::default(), None, false)
    }
}

impl Catalog {
    /// Nothing is known of the site but perhaps its version. With `shown`, metadata that was read is shown for that long; what is checked
    /// against it asks the site sooner. With `lays`, the site is asked for the metadata of a DocType when it is first used.
    pub fn new(version: SiteVersion, shown: Option<Duration>, lays: bool) -> Self {
        Self {
            version,
            sites: RwLock::default(),
            shown: shown.unwrap_or(FRESH),
            lays,
            asked: RwLock::default(),
            resting: RwLock::default(),
            fetching: Default::default(),
            overlays: watch::Sender::default(),
            reads: watch::Sender::default(),
            laid: AtomicU64::default(),
        }
    }

    /// Lays the site's tables over the generated ones, in the place of those laid before. Whoever checks against them and
    /// misses something still asks the site. Whether anything is different now.
    pub fn lay(&self, tables: &Snapshots) -> bool {
        let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
        let is_laid = |(name, table): (&String, &Arc<str>)| sites.get(name).is_some_and(|known| known.text() == *table);
        if sites.len() == tables.len() && tables.iter().all(is_laid) {
            return false;
        }
        let mut before = std::mem::take(&mut *sites);
        let laid = tables.iter().map(|(name, table)| {
            let same = before.remove(name).filter(|known| known.text() == *table);
            (name.clone(), same.unwrap_or_else(|| Sites::Unread(Arc::clone(table))))
        });
        *sites = laid.collect();
        drop(sites);
        self.changed();
        true
    }

    /// Takes it that the site's metadata changed: each DocType is asked for again when it is next needed.
    pub fn outdate(&self) {
        let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
        for known in sites.values_mut() {
            if let Sites::Live(live) = known {
                live.read = None;
            }
        }
        // Before the tables are let go: an answer that is kept meanwhile is outdated in both places, or in none.
        self.asked_mut().outdate();
        drop(sites);
        self.laid.fetch_add(1, Ordering::Relaxed);
    }

    fn asked(&self) -> RwLockReadGuard<'_, Asked> {
        self.asked.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked_mut(&self) -> RwLockWriteGuard<'_, Asked> {
        self.asked.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes it that the site was asked as an earlier process kept it.
    pub fn recall(&self, asked: Asked) {
        *self.asked_mut() = asked;
    }

    /// Takes it that nothing changed of what the site told.
    pub fn renew(&self) {
        self.asked_mut().renew();
    }

    /// Takes note that the site refused to tell of the DocType. What it told earlier is good until it says that there is none of
    /// that name (H31), such as after a renaming: then the generated table is left, if there is one.
    pub fn note_refused(&self, doctype: &str, error: &SiteError) {
        tracing::debug!("metadata of {doctype}: {}", error.for_log());
        let is_gone = match error.kind() {
            SiteErrorKind::Missing => true,
            SiteErrorKind::Denied => self.generated(doctype).is_none(),
            _ => false,
        };
        // Without the name of an exception it is not the site that refused.
        if is_gone && error.exc_type().is_some() {
            self.sites.write().unwrap_or_else(PoisonError::into_inner).remove(doctype);
            self.laid.fetch_add(1, Ordering::Relaxed);
        }
        self.note_untold(doctype);
    }

    /// Takes note that the site does not tell of the DocType.
    pub fn note_untold(&self, doctype: &str) {
        let mut asked = self.asked_mut();
        let changes = asked.changes();
        asked.note(changes, [(doctype.to_owned(), false)]);
    }

    /// Whether the site told the table within the last day, and it has not changed since.
    pub fn is_current(&self, doctype: &str) -> bool {
        let asked = self.asked();
        asked.understood().contains(doctype) && !asked.is_due(doctype)
    }

    /// Whether the table is the one of the site. Where its metadata is not to be laid over the generated ones, these are taken
    /// for the site's.
    pub fn is_sites(&self, doctype: &str) -> bool {
        !self.lays || self.asked().understood().contains(doctype)
    }

    /// What is known of the site's metadata.
    pub fn kept(&self) -> Known {
        let sites = self.sites.read().unwrap_or_else(PoisonError::into_inner);
        let differ = sites.iter().filter(|(_, known)| known.differs());
        let doctypes = differ.map(|(name, known)| (name.clone(), known.text())).collect();
        Known { doctypes, asked: self.asked().clone() }
    }

    /// How often a call asked the site for metadata, now and when that changes.
    pub fn reads(&self) -> watch::Receiver<u64> {
        self.reads.subscribe()
    }

    /// Says that the tables are others now, as the site's version is.
    pub fn changed(&self) {
        self.laid.fetch_add(1, Ordering::Relaxed);
        self.overlays.send_modify(|count| *count += 1);
    }

    /// Another one whenever any table may have become another: what was made by tables is good as long as it is the same.
    pub fn edition(&self) -> (Version, u64) {
        (self.version(), self.laid.load(Ordering::Relaxed))
    }

    /// How often tables were laid over the generated ones, now and when that changes.
    pub fn overlays(&self) -> watch::Receiver<u64> {
        self.overlays.subscribe()
    }

    /// The table as far as it is known here, the site's own before the generated one.
    pub fn known(&self, doctype: &str) -> Option<&'static DocTypeDef> {
        let sites = self.sites.read().unwrap_or_else(PoisonError::into_inner);
        match sites.get(doctype) {
            None => self.generated(doctype),
            Some(Sites::Live(live)) => Some(live.def),
            Some(Sites::Unread(table)) => {
                let table = Arc::clone(table);
                drop(sites);
                self.read_laid(doctype, &table).or_else(|| self.generated(doctype))
            }
        }
    }

    /// Reads a table that was laid.
    fn read_laid(&self, doctype: &str, table: &Arc<str>) -> Option<&'static DocTypeDef> {
        let read = DocType::from_snapshot(table);
        let read = read.inspect_err(|why| tracing::warn!(doctype, "kept metadata not understood: {why}")).ok();
        let live = read.and_then(|source| Live::new(self.version(), source));
        let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
        match sites.get(doctype) {
            // Somebody else was faster.
            Some(Sites::Live(live)) => return Some(live.def),
            Some(Sites::Unread(laid)) if Arc::ptr_eq(laid, table) => {}
            // Another was laid meanwhile: this one is good for this call alone.
            Some(Sites::Unread(_)) => return live.map(|live| live.def),
            None => return None,
        }
        let Some(live) = live else {
            sites.remove(doctype);
            drop(sites);
            self.note_untold(doctype);
            return None;
        };
        let def = live.def;
        sites.insert(doctype.to_owned(), Sites::Live(Box::new(live)));
        Some(def)
    }

    /// The site's version, as far as it is known.
    pub fn version(&self) -> Version {
        self.version.get()
    }

    /// The generated table of the site's version.
    pub fn generated(&self, doctype: &str) -> Option<&'static DocTypeDef> {
        erpnext_doctypes::get(self.version(), doctype)
    }

    /// Every generated table of the site's version, sorted by name.
    pub fn all_generated(&self) -> impl Iterator<Item = &'static DocTypeDef> + Clone + use<> {
        erpnext_doctypes::all(self.version())
    }

    /// The names of the same: no table is made for them.
    pub fn generated_names(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        erpnext_doctypes::names(self.version())
    }

    /// The table to go by in a call: the site's, asked for once a day, or each hour while it is not understood. A table that
    /// is known does without if the site does not tell in time, and for a while the site is not asked again.
    ///
    /// # Errors
    /// The site's if nothing is known here, also where it has no such DocType.
    pub async fn def(&self, asker: Asker<'_>, doctype: &str) -> Result<&'static DocTypeDef, SiteError> {
        let Some(known) = self.known(doctype) else { return self.live(asker, doctype).await };
        if !self.lays || !self.asked().is_due(doctype) || self.is_resting() {
            return Ok(known);
        }
        match tokio::time::timeout(WAIT, self.live(asker, doctype)).await {
            Ok(Ok(def)) => return Ok(def),
            Ok(Err(error)) if is_of_one(&error) => {
                self.note_refused(doctype, &error);
                return self.known(doctype).ok_or(error);
            }
            Ok(Err(error)) => self.rest(&error.for_log()),
            Err(_) => self.rest("not in time"),
        }
        Ok(known)
    }

    fn is_resting(&self) -> bool {
        let until = self.resting.read().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn rest(&self, why: &str) {
        tracing::info!("the site's metadata was not read: {why}");
        *self.resting.write().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + FRESH);
    }

    /// The table as the site has it now: with its custom fields and its own choices.
    ///
    /// # Errors
    /// The site's, also where it has no such DocType.
    pub async fn live(&self, asker: Asker<'_>, doctype: &str) -> Result<&'static DocTypeDef, SiteError> {
        self.read_within(FRESH, asker, doctype).await
    }

    /// The table as the site had it not long ago, for showing.
    ///
    /// # Errors
    /// The site's, also where it has no such DocType.
    pub async fn shown(&self, asker: Asker<'_>, doctype: &str) -> Result<&'static DocTypeDef, SiteError> {
        self.read_within(self.shown, asker, doctype).await
    }

    /// The field in which the site's workflow for the DocType keeps its state, if there is one.
    ///
    /// # Errors
    /// The site's.
    pub async fn state_field(&self, asker: Asker<'_>, doctype: &str) -> Result<Option<String>, SiteError> {
        self.read_within(self.shown, asker, doctype).await?;
        let sites = self.sites.read().unwrap_or_else(PoisonError::into_inner);
        Ok(sites.get(doctype).and_then(Sites::live).and_then(|live| live.state_field.clone()))
    }

    /// Whoever fetches the DocType holds this; a few others share it.
    fn turn(&self, doctype: &str) -> &tokio::sync::Mutex<()> {
        let sum = doctype.bytes().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        &self.fetching[sum % AT_ONCE]
    }

    async fn read_within(
        &self,
        age: Duration,
        asker: Asker<'_>,
        doctype: &str,
    ) -> Result<&'static DocTypeDef, SiteError> {
        let _one = self.turn(doctype).lock().await;
        if let Some(def) = self.read_since(doctype, age) {
            return Ok(def);
        }
        let changes = self.asked().changes();
        let bundle = asker.bundle(doctype).await?;
        let mut told = BTreeMap::from([(doctype.to_owned(), false)]);
        let version = self.version();
        let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
        // An answer that a change overtook may be older than the change: it is good for this call alone.
        let read = (self.asked().changes() == changes).then(Instant::now);
        for meta in &bundle {
            // A DocType with a field type newer than this program keeps its generated table.
            let is_kept = match DocType::from_site(meta, true) {
                Ok(mut source) => {
                    form_rules::mark(version, meta, &mut source);
                    keep(version, &mut sites, source, workflow_state_field(meta), read)
                }
                Err(why) => {
                    tracing::warn!(doctype, "metadata not understood: {why}");
                    false
                }
            };
            let name = meta.get("name").and_then(Value::as_str);
            told.extend(name.map(|name| (name.to_owned(), is_kept)));
        }
        let kept = sites.get(doctype).and_then(Sites::live).filter(|_| told.get(doctype) == Some(&true));
        let def = kept.map(|live| live.def);
        let is_there = bundle.iter().any(|meta| meta.get("name").is_some_and(|name| name == doctype));
        drop(sites);
        self.laid.fetch_add(1, Ordering::Relaxed);
        self.asked_mut().note(changes, told);
        self.reads.send_modify(|count| *count += 1);
        match def {
            Some(def) => Ok(def),
            // What the table does not tell of a document is not known then.
            None if is_there || self.generated(doctype).is_some() => Err(SiteError::no_metadata(doctype)),
            None => Err(SiteError::no_doctype(doctype)),
        }
    }

    fn read_since(&self, doctype: &str, age: Duration) -> Option<&'static DocTypeDef> {
        let sites = self.sites.read().unwrap_or_else(PoisonError::into_inner);
        let live = sites.get(doctype)?.live()?;
        live.read.is_some_and(|read| read.elapsed() < age).then_some(live.def)
    }
}

/// Whether the site's error is about one DocType: the others can be asked for.
pub fn is_of_one(error: &SiteError) -> bool {
    matches!(
        error.kind(),
        SiteErrorKind::Missing | SiteErrorKind::Denied | SiteErrorKind::Rejected | SiteErrorKind::Server
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
