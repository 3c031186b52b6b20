//! The DocTypes a call can name: the site's live metadata laid over the generated tables of its version, when a DocType is
//! first used.

mod masks;
mod site_version;
mod sites;
pub mod unknown_names;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use erpnext_schema::snapshot::DocType;
use erpnext_schema::{DocTypeDef, Version, form_rules};

use tokio::sync::watch;

use crate::site::{Kind, SiteError, workflow_state_field};

pub use masks::{Asker, Masks};
pub use site_version::{SiteVersion, unknown_version};
use sites::{Live, Sites, keep};

/// How long live metadata is believed before an unknown field or value is a reason to ask again.
const FRESH: Duration = Duration::from_secs(60);
/// How long the metadata of a DocType is believed, if the site does not say that something changed.
const DAY: Duration = Duration::from_secs(86_400);
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
    /// When the site was last asked for each DocType.
    asked: RwLock<BTreeMap<String, SystemTime>>,
    /// Until when calls do not ask, after the site did not answer.
    resting: RwLock<Option<Instant>>,
    /// Some fetches at a time, of one DocType one: equal questions that come together cost one request.
    fetching: [tokio::sync::Mutex<()>; AT_ONCE],
    /// How often tables were laid over the generated ones.
    overlays: watch::Sender<u64>,
    /// How often the site was asked for metadata.
    reads: watch::Sender<u64>,
    /// How often a table may have become another.
    changes: AtomicU64,
}

/// DocTypes by their names, each as the text of a snapshot without descriptions, on one line.
pub type Snapshots = BTreeMap<String, Arc<str>>;

/// What is known of the site's metadata, to be kept for the next start.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Known {
    /// The DocTypes that are not as their generated tables say.
    pub doctypes: Snapshots,
    /// When the site was asked for each DocType, those included that are as their tables say.
    pub asked: BTreeMap<String, SystemTime>,
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
            changes: AtomicU64::default(),
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

    /// Goes back to the generated table of a DocType that the site does not have.
    pub fn forget(&self, doctype: &str) {
        self.sites.write().unwrap_or_else(PoisonError::into_inner).remove(doctype);
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes it that the site's metadata changed: each DocType is asked for again when it is next needed.
    pub fn outdate(&self) {
        let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
        for known in sites.values_mut() {
            if let Sites::Live(live) = known {
                live.read = None;
            }
        }
        drop(sites);
        let mut asked = self.asked.write().unwrap_or_else(PoisonError::into_inner);
        asked.values_mut().for_each(|at| *at = SystemTime::UNIX_EPOCH);
    }

    /// Takes note that the site was asked for these DocTypes, and when.
    pub fn note_asked(&self, doctypes: impl IntoIterator<Item = (String, SystemTime)>) {
        self.asked.write().unwrap_or_else(PoisonError::into_inner).extend(doctypes);
    }

    /// Whether the site was asked for the DocType within the last day.
    pub fn asked_today(&self, doctype: &str) -> bool {
        let asked = self.asked.read().unwrap_or_else(PoisonError::into_inner);
        asked.get(doctype).is_some_and(|at| at.elapsed().is_ok_and(|age| age < DAY))
    }

    /// Whether the table is the one of the site. Where its metadata is not to be laid over the generated ones, these are taken
    /// for the site's.
    pub fn is_sites(&self, doctype: &str) -> bool {
        !self.lays || self.asked.read().unwrap_or_else(PoisonError::into_inner).contains_key(doctype)
    }

    /// What is known of the site's metadata.
    pub fn kept(&self) -> Known {
        let sites = self.sites.read().unwrap_or_else(PoisonError::into_inner);
        let differ = sites.iter().filter(|(_, known)| known.differs());
        let doctypes = differ.map(|(name, known)| (name.clone(), known.text())).collect();
        Known { doctypes, asked: self.asked.read().unwrap_or_else(PoisonError::into_inner).clone() }
    }

    /// How often a call asked the site for metadata, now and when that changes.
    pub fn reads(&self) -> watch::Receiver<u64> {
        self.reads.subscribe()
    }

    /// Says that the tables are others now, as the site's version is.
    pub fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
        self.overlays.send_modify(|count| *count += 1);
    }

    /// Another one whenever any table may have become another: what was made by tables is good as long as it is the same.
    pub fn edition(&self) -> (Version, u64) {
        (self.version(), self.changes.load(Ordering::Relaxed))
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
    fn read_laid(&self, doctype: &str, table: &str) -> Option<&'static DocTypeDef> {
        let read = DocType::from_snapshot(table);
        let read = read.inspect_err(|why| tracing::warn!(doctype, "kept metadata not understood: {why}")).ok();
        let live = read.and_then(|source| Live::new(self.version(), source));
        let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
        match sites.get(doctype) {
            // Somebody else was faster.
            Some(Sites::Live(live)) => return Some(live.def),
            Some(Sites::Unread(_)) => {}
            None => return None,
        }
        let Some(live) = live else {
            sites.remove(doctype);
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

    /// The table to go by in a call: the site's, asked for once a day. A table that is known does without if the site does
    /// not tell in time, and for a while the site is not asked again.
    ///
    /// # Errors
    /// The site's if nothing is known here, also where it has no such DocType.
    pub async fn def(&self, asker: Asker<'_>, doctype: &str) -> Result<&'static DocTypeDef, SiteError> {
        let Some(known) = self.known(doctype) else { return self.live(asker, doctype).await };
        if !self.lays || self.asked_today(doctype) || self.is_resting() {
            return Ok(known);
        }
        match tokio::time::timeout(WAIT, self.live(asker, doctype)).await {
            Ok(Ok(def)) => return Ok(def),
            Ok(Err(error)) if is_of_one(&error) => {
                tracing::debug!("metadata of {doctype}: {}", error.for_log());
                self.note_asked([(doctype.to_owned(), SystemTime::now())]);
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
        let bundle = asker.bundle(doctype).await?;
        let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
        for meta in &bundle {
            // A DocType with a field type newer than this program keeps its generated table.
            match DocType::from_site(meta, true) {
                Ok(mut source) => {
                    form_rules::mark(self.version(), meta, &mut source);
                    keep(self.version(), &mut sites, source, workflow_state_field(meta));
                }
                Err(why) => tracing::warn!(doctype, "metadata not understood: {why}"),
            }
        }
        drop(sites);
        self.changes.fetch_add(1, Ordering::Relaxed);
        let names = bundle.iter().filter_map(|meta| meta.get("name")?.as_str());
        let now = SystemTime::now();
        self.note_asked(names.chain([doctype]).map(|name| (name.to_owned(), now)));
        self.reads.send_modify(|count| *count += 1);
        match self.read_since(doctype, FRESH) {
            Some(def) => Ok(def),
            // What the table does not tell of a document is not known then.
            None if self.generated(doctype).is_some() => Err(SiteError::no_metadata(doctype)),
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
    matches!(error.kind(), Kind::Missing | Kind::Denied | Kind::Rejected | Kind::Server)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::sites::one_line;
    use super::{Catalog, DocType, SiteVersion, Snapshots, Version};

    fn folder(version: Version) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schema/snapshot/{version}"))
    }

    fn snapshot(file: &str) -> DocType {
        let folder = folder(Version::V15);
        DocType::from_snapshot(&std::fs::read_to_string(folder.join(file)).unwrap()).unwrap()
    }

    #[test]
    fn what_the_snapshot_says_already_differs_from_no_table() {
        for version in Version::ALL {
            let mut tables = Snapshots::new();
            let modules = std::fs::read_dir(folder(*version)).unwrap().map(|entry| entry.unwrap().path());
            for module in modules.filter(|path| path.is_dir()) {
                for file in std::fs::read_dir(module).unwrap() {
                    let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
                    let source = DocType::from_snapshot(&text).unwrap();
                    tables.insert(source.name.clone(), one_line(&source));
                }
            }
            let catalog = Catalog::new(SiteVersion::new(Some(*version)), None, true);
            catalog.lay(&tables);
            assert_eq!(catalog.kept().doctypes, tables);
            tables.keys().for_each(|name| assert!(catalog.known(name).is_some(), "{name}"));
            assert_eq!(catalog.kept().doctypes, Snapshots::new());
        }
    }

    #[test]
    fn a_laid_table_that_cannot_be_read_is_as_none() {
        let catalog = Catalog::new(SiteVersion::new(Some(Version::V15)), None, true);
        catalog.lay(&Snapshots::from([("Customer".to_owned(), "{\"name\": 7".into())]));
        assert!(std::ptr::eq(catalog.known("Customer").unwrap(), catalog.generated("Customer").unwrap()));
        assert_eq!(catalog.kept().doctypes, Snapshots::new());
    }

    #[test]
    fn laying_the_same_again_changes_nothing_and_laying_nothing_takes_it_away() {
        let mut customer = snapshot("selling/customer.json");
        customer.fields.last_mut().unwrap().label = Some("Another".to_owned());
        let laid = Snapshots::from([("Customer".to_owned(), one_line(&customer))]);
        let catalog = Catalog::new(SiteVersion::new(Some(Version::V15)), None, true);
        let mut changes = catalog.overlays();
        assert!(catalog.lay(&laid) && !catalog.lay(&laid));
        assert_eq!(catalog.known("Customer").unwrap().fields.last().unwrap().label, "Another");
        assert_eq!(catalog.kept().doctypes, laid);
        assert!(!catalog.lay(&laid));
        assert!(catalog.lay(&Snapshots::new()) && !catalog.lay(&Snapshots::new()));
        assert!(std::ptr::eq(catalog.known("Customer").unwrap(), catalog.generated("Customer").unwrap()));
        assert_eq!(*changes.borrow_and_update(), 2);
    }
}
