//! The DocTypes a call can name: the generated tables first, the site's live metadata for what they do not know.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use erpnext_schema::snapshot::DocType;
use erpnext_schema::{DocTypeDef, FieldDef, flag, intern};

use crate::caller::Caller;
use crate::site::{Client, SiteError, workflow_state_field};

/// How long live metadata is believed before an unknown field or value is a reason to ask again.
const FRESH: Duration = Duration::from_secs(60);

/// What is known of the site's DocTypes. Shared between users on purpose: the site shows metadata to everyone (H30),
/// and who may see what of it is the policy's to say.
#[derive(Debug)]
pub struct Catalog {
    live: RwLock<HashMap<String, Live>>,
    /// How long live metadata is shown before the site is asked again.
    shown: Duration,
    /// One fetch at a time: equal questions that come together cost one request.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Live {
    /// As the site gave it, to see whether it changed.
    source: DocType,
    def: &'static DocTypeDef,
    /// The field that the DocType's workflow moves, if it has one.
    state_field: Option<String>,
    read: Instant,
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Catalog {
    /// Nothing is known of the site yet. With `shown`, metadata that was read is shown for that long; what is checked
    /// against it asks the site sooner.
    pub fn new(shown: Option<Duration>) -> Self {
        Self { live: RwLock::default(), shown: shown.unwrap_or(FRESH), fetching: tokio::sync::Mutex::default() }
    }

    /// The table as far as it is known here, the site's own before the generated one.
    pub fn known(&self, doctype: &str) -> Option<&'static DocTypeDef> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.get(doctype).map(|live| live.def).or_else(|| erpnext_doctypes::get(doctype))
    }

    /// The table, read from the site where nothing is known here.
    ///
    /// # Errors
    /// The site's, also where it has no such DocType.
    pub async fn def(&self, site: &Client, caller: &Caller, doctype: &str) -> Result<&'static DocTypeDef, SiteError> {
        match self.known(doctype) {
            Some(def) => Ok(def),
            None => self.live(site, caller, doctype).await,
        }
    }

    /// The table as the site has it now: with its custom fields and its own choices.
    ///
    /// # Errors
    /// The site's, also where it has no such DocType.
    pub async fn live(&self, site: &Client, caller: &Caller, doctype: &str) -> Result<&'static DocTypeDef, SiteError> {
        self.read_within(FRESH, site, caller, doctype).await
    }

    /// The table as the site had it not long ago, for showing.
    ///
    /// # Errors
    /// The site's, also where it has no such DocType.
    pub async fn shown(&self, site: &Client, caller: &Caller, doctype: &str) -> Result<&'static DocTypeDef, SiteError> {
        self.read_within(self.shown, site, caller, doctype).await
    }

    /// The field in which the site's workflow for the DocType keeps its state, if there is one.
    ///
    /// # Errors
    /// The site's.
    pub async fn state_field(
        &self,
        site: &Client,
        caller: &Caller,
        doctype: &str,
    ) -> Result<Option<String>, SiteError> {
        self.read_within(self.shown, site, caller, doctype).await?;
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        Ok(live.get(doctype).and_then(|live| live.state_field.clone()))
    }

    async fn read_within(
        &self,
        age: Duration,
        site: &Client,
        caller: &Caller,
        doctype: &str,
    ) -> Result<&'static DocTypeDef, SiteError> {
        let _one = self.fetching.lock().await;
        if let Some(def) = self.read_since(doctype, age) {
            return Ok(def);
        }
        let bundle = site.doctype_bundle(caller, doctype).await?;
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        for meta in &bundle {
            // A DocType with a field type newer than this program keeps its generated table.
            match DocType::from_site(meta, true) {
                Ok(source) => keep(&mut live, source, workflow_state_field(meta)),
                Err(why) => tracing::warn!(doctype, "metadata not understood: {why}"),
            }
        }
        drop(live);
        self.known(doctype).ok_or_else(|| SiteError::no_doctype(doctype))
    }

    fn read_since(&self, doctype: &str, age: Duration) -> Option<&'static DocTypeDef> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.get(doctype).filter(|live| live.read.elapsed() < age).map(|live| live.def)
    }
}

fn keep(live: &mut HashMap<String, Live>, source: DocType, state_field: Option<String>) {
    match live.get_mut(&source.name) {
        Some(known) if known.source == source => {
            known.state_field = state_field;
            known.read = Instant::now();
        }
        _ => {
            let def = intern::list(vec![overlay(&source)]);
            if let [def] = def {
                live.insert(source.name.clone(), Live { source, def, state_field, read: Instant::now() });
            }
        }
    }
}

/// The site's table with what only the generator knows: tool names, and the fields that the site's code fills.
fn overlay(source: &DocType) -> DocTypeDef {
    let mut def = source.to_def();
    if let Some(generated) = erpnext_doctypes::get(&source.name) {
        let filled = |field: &FieldDef| generated.field(field.fieldname).map_or(0, |known| known.flags & flag::FILLED);
        let fields = def.fields.iter().map(|field| FieldDef { flags: field.flags | filled(field), ..*field });
        def.fields = intern::list(fields.collect());
        def.tools = generated.tools;
    }
    def
}
