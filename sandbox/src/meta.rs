//! The DocTypes that the site knows: those of the snapshot, and fields that were added on the site itself.

use std::collections::HashMap;
use std::sync::{OnceLock, PoisonError, RwLock};

use erpnext_schema::snapshot::DocType;
use erpnext_schema::{DocTypeDef, FieldDef, FieldKind};

/// The snapshot's files, sorted by the DocTypes' names.
static SNAPSHOT: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/snapshot.rs"));

/// A field of some DocType that names documents of another.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// Whose field it is.
    pub def: &'static DocTypeDef,
    /// The Link or Dynamic Link.
    pub field: &'static FieldDef,
}

/// The DocTypes of a site. What is handed out lives as long as the process, so that rules hold it without a lock.
#[derive(Default)]
pub struct Meta {
    /// DocTypes that the site has changed or added: their tables and their forms.
    changed: RwLock<HashMap<&'static str, (&'static DocTypeDef, &'static DocType)>>,
    forms: RwLock<HashMap<&'static str, &'static DocType>>,
    references: OnceLock<HashMap<&'static str, Vec<Reference>>>,
}

impl Meta {
    /// The DocType of exactly this name.
    pub fn get(&self, name: &str) -> Option<&'static DocTypeDef> {
        let changed = self.changed.read().unwrap_or_else(PoisonError::into_inner);
        changed.get(name).map(|(def, _)| *def).or_else(|| erpnext_doctypes::get(name))
    }

    /// Its form: every field with its facts as the site states them, parts of the layout included.
    pub fn form(&self, name: &str) -> Option<&'static DocType> {
        if let Some((_, form)) = self.changed.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Some(form);
        }
        if let Some(form) = self.forms.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Some(form);
        }
        let at = SNAPSHOT.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
        let (name, text) = SNAPSHOT.get(at)?;
        let form: &'static DocType = Box::leak(Box::new(DocType::from_snapshot(text).ok()?));
        self.forms.write().unwrap_or_else(PoisonError::into_inner).insert(name, form);
        Some(form)
    }

    /// Every DocType, sorted by name.
    pub fn all(&self) -> Vec<&'static DocTypeDef> {
        let changed = self.changed.read().unwrap_or_else(PoisonError::into_inner);
        let known = erpnext_doctypes::ALL.iter().filter(|def| !changed.contains_key(def.name)).copied();
        let mut all: Vec<_> = known.chain(changed.values().map(|(def, _)| *def)).collect();
        all.sort_by_key(|def| def.name);
        all
    }

    /// Puts a DocType in the place of the snapshot's, or beside those.
    pub fn set(&self, form: DocType) {
        let def: &'static DocTypeDef = Box::leak(Box::new(form.to_def()));
        let form: &'static DocType = Box::leak(Box::new(form));
        self.changed.write().unwrap_or_else(PoisonError::into_inner).insert(def.name, (def, form));
    }

    /// The Links of the snapshot's DocTypes that point to this one; under `""` the Dynamic Links.
    pub fn references(&self, doctype: &str) -> &[Reference] {
        let references = self.references.get_or_init(|| {
            let mut found: HashMap<&'static str, Vec<Reference>> = HashMap::new();
            for def in erpnext_doctypes::ALL {
                for field in def.fields {
                    let target = match field.kind {
                        FieldKind::Link => field.target(),
                        FieldKind::DynamicLink => Some(""),
                        _ => None,
                    };
                    if let Some(target) = target {
                        found.entry(target).or_default().push(Reference { def, field });
                    }
                }
            }
            found
        });
        references.get(doctype).map_or(&[], Vec::as_slice)
    }
}
