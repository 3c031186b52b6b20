//! The DocTypes a call can name: the generated tables of the site's version first, the site's live metadata for what they
//! do not know.

mod site_version;
pub mod unknown_names;

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use erpnext_schema::snapshot::DocType;
use erpnext_schema::{DocTypeDef, FieldDef, Version, flag, intern};

use tokio::sync::watch;

use crate::site::{CallerClient, SiteError, workflow_state_field};

pub use site_version::{SiteVersion, unknown_version};

/// How long live metadata is believed before an unknown field or value is a reason to ask again.
const FRESH: Duration = Duration::from_secs(60);

/// What is known of the site's DocTypes. Shared between users on purpose: the site shows metadata to everyone (H30),
/// and who may see what of it is the policy's to say.
#[derive(Debug)]
pub struct Catalog {
    /// The version whose tables stand below what is live.
    version: SiteVersion,
    live: RwLock<HashMap<String, Live>>,
    /// How long live metadata is shown before the site is asked again.
    shown: Duration,
    /// One fetch at a time: equal questions that come together cost one request.
    fetching: tokio::sync::Mutex<()>,
    /// How often tables were laid over the generated ones.
    overlays: watch::Sender<u64>,
}

/// The site's table of a DocType, to be laid over the generated one.
#[derive(Clone, Debug)]
pub struct Laid {
    /// As the site gave it.
    pub source: DocType,
    /// What is made of it.
    pub def: &'static DocTypeDef,
}

impl Laid {
    /// The table of what the site gave; nothing where it says no more than the generated one of its version.
    pub fn new(version: Version, source: DocType) -> Option<Self> {
        let def = overlay(version, &source);
        let known = erpnext_doctypes::get(version, &source.name);
        match (known.is_none_or(|known| differs(known, &def)), intern::list(vec![def])) {
            (true, [def]) => Some(Self { source, def }),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct Live {
    /// As the site gave it, to see whether it changed.
    source: DocType,
    def: &'static DocTypeDef,
    /// The field that the DocType's workflow moves, if it has one; not known of what was laid over.
    state_field: Option<String>,
    /// When the site gave it to this process for a question of its own; none for what was laid over.
    read: Option<Instant>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new(SiteVersion::default(), None)
    }
}

impl Catalog {
    /// Nothing is known of the site but perhaps its version. With `shown`, metadata that was read is shown for that long; what is checked
    /// against it asks the site sooner.
    pub fn new(version: SiteVersion, shown: Option<Duration>) -> Self {
        Self {
            version,
            live: RwLock::default(),
            shown: shown.unwrap_or(FRESH),
            fetching: tokio::sync::Mutex::default(),
            overlays: watch::Sender::default(),
        }
    }

    /// Lays the site's tables over the generated ones, in the place of those laid before. Whoever checks against them
    /// and misses something still asks the site. Whether anything is different now.
    pub fn lay(&self, tables: &[Laid]) -> bool {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        let before = live.iter().filter(|(_, live)| live.read.is_none()).count();
        let same = |laid: &Laid| live.get(&laid.source.name).is_some_and(|live| live.source == laid.source);
        if before == tables.len() && tables.iter().all(same) {
            return false;
        }
        live.retain(|_, live| live.read.is_some());
        for Laid { source, def } in tables {
            live.insert(source.name.clone(), Live { source: source.clone(), def, state_field: None, read: None });
        }
        drop(live);
        self.overlays.send_modify(|count| *count += 1);
        true
    }

    /// Says that the tables are others now, as the site's version is.
    pub fn changed(&self) {
        self.overlays.send_modify(|count| *count += 1);
    }

    /// How often tables were laid over the generated ones, now and when that changes.
    pub fn overlays(&self) -> watch::Receiver<u64> {
        self.overlays.subscribe()
    }

    /// The table as far as it is known here, the site's own before the generated one.
    pub fn known(&self, doctype: &str) -> Option<&'static DocTypeDef> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.get(doctype).map(|live| live.def).or_else(|| self.generated(doctype))
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

    /// The table, read from the site where nothing is known here.
    ///
    /// # Errors
    /// The site's, also where it has no such DocType.
    pub async fn def(&self, site: CallerClient<'_>, doctype: &str) -> Result<&'static DocTypeDef, SiteError> {
        match self.known(doctype) {
            Some(def) => Ok(def),
            None => self.live(site, doctype).await,
        }
    }

    /// The table as the site has it now: with its custom fields and its own choices.
    ///
    /// # Errors
    /// The site's, also where it has no such DocType.
    pub async fn live(&self, site: CallerClient<'_>, doctype: &str) -> Result<&'static DocTypeDef, SiteError> {
        self.read_within(FRESH, site, doctype).await
    }

    /// The table as the site had it not long ago, for showing.
    ///
    /// # Errors
    /// The site's, also where it has no such DocType.
    pub async fn shown(&self, site: CallerClient<'_>, doctype: &str) -> Result<&'static DocTypeDef, SiteError> {
        self.read_within(self.shown, site, doctype).await
    }

    /// The field in which the site's workflow for the DocType keeps its state, if there is one.
    ///
    /// # Errors
    /// The site's.
    pub async fn state_field(&self, site: CallerClient<'_>, doctype: &str) -> Result<Option<String>, SiteError> {
        self.read_within(self.shown, site, doctype).await?;
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        Ok(live.get(doctype).and_then(|live| live.state_field.clone()))
    }

    async fn read_within(
        &self,
        age: Duration,
        site: CallerClient<'_>,
        doctype: &str,
    ) -> Result<&'static DocTypeDef, SiteError> {
        let _one = self.fetching.lock().await;
        if let Some(def) = self.read_since(doctype, age) {
            return Ok(def);
        }
        let bundle = site.doctype_bundle(doctype).await?;
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        for meta in &bundle {
            // A DocType with a field type newer than this program keeps its generated table.
            match DocType::from_site(meta, true) {
                Ok(source) => keep(self.version(), &mut live, source, workflow_state_field(meta)),
                Err(why) => tracing::warn!(doctype, "metadata not understood: {why}"),
            }
        }
        drop(live);
        self.known(doctype).ok_or_else(|| SiteError::no_doctype(doctype))
    }

    fn read_since(&self, doctype: &str, age: Duration) -> Option<&'static DocTypeDef> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let live = live.get(doctype)?;
        live.read.is_some_and(|read| read.elapsed() < age).then_some(live.def)
    }
}

fn keep(version: Version, live: &mut HashMap<String, Live>, source: DocType, state_field: Option<String>) {
    match live.get_mut(&source.name) {
        Some(known) if known.source == source => {
            known.state_field = state_field;
            known.read = Some(Instant::now());
        }
        _ => {
            let def = intern::list(vec![overlay(version, &source)]);
            if let [def] = def {
                live.insert(source.name.clone(), Live { source, def, state_field, read: Some(Instant::now()) });
            }
        }
    }
}

/// The site's table with what only the generator knows: tool names, and the fields that the site's code fills.
fn overlay(version: Version, source: &DocType) -> DocTypeDef {
    let mut def = source.to_def();
    if let Some(generated) = erpnext_doctypes::get(version, &source.name) {
        let filled = |field: &FieldDef| generated.field(field.fieldname).map_or(0, |known| known.flags & flag::FILLED);
        let about = |field: &FieldDef| field.description.or_else(|| generated.field(field.fieldname)?.description);
        let fields = def.fields.iter().map(|field| FieldDef {
            flags: field.flags | filled(field),
            description: about(field),
            ..*field
        });
        def.fields = intern::list(fields.collect());
        def.tools = generated.tools;
    }
    def
}

/// Whether the site's table says something that the generated one does not.
fn differs(generated: &DocTypeDef, sites: &DocTypeDef) -> bool {
    let rest = |def: &DocTypeDef| DocTypeDef { fields: &[], ..*def };
    generated.fields != sites.fields || rest(generated) != rest(sites)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Catalog, DocType, Laid, SiteVersion, Version};

    fn folder(version: Version) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schema/snapshot/{version}"))
    }

    fn snapshot(file: &str) -> DocType {
        let folder = folder(Version::V15);
        DocType::from_snapshot(&std::fs::read_to_string(folder.join(file)).unwrap()).unwrap()
    }

    #[test]
    fn what_the_snapshot_says_already_is_not_laid_over_it() {
        let mut differing = Vec::new();
        for version in Version::ALL {
            let modules = std::fs::read_dir(folder(*version)).unwrap().map(|entry| entry.unwrap().path());
            for module in modules.filter(|path| path.is_dir()) {
                for file in std::fs::read_dir(module).unwrap() {
                    let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
                    let source = DocType::from_snapshot(&source).unwrap();
                    differing.extend(Laid::new(*version, source).map(|laid| (*version, laid.source.name)));
                }
            }
        }
        assert_eq!(differing, []);
    }

    #[test]
    fn laying_the_same_again_changes_nothing_and_laying_nothing_takes_it_away() {
        let mut customer = snapshot("selling/customer.json");
        customer.fields.last_mut().unwrap().label = Some("Another".to_owned());
        let laid = [Laid::new(Version::V15, customer).unwrap()];
        let catalog = Catalog::new(SiteVersion::new(Some(Version::V15)), None);
        let mut changes = catalog.overlays();
        assert!(catalog.lay(&laid) && !catalog.lay(&laid));
        assert!(std::ptr::eq(catalog.known("Customer").unwrap(), laid[0].def));
        assert!(catalog.lay(&[]) && !catalog.lay(&[]));
        assert!(std::ptr::eq(catalog.known("Customer").unwrap(), catalog.generated("Customer").unwrap()));
        assert_eq!(*changes.borrow_and_update(), 2);
    }
}
