//! The DocTypes that the site knows: those of the snapshot, and fields that were added on the site itself.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use erpnext_schema::DocTypeDef;

/// The DocTypes of a site. What is handed out lives as long as the process, so that rules hold it without a lock.
#[derive(Default)]
pub struct Meta {
    changed: RwLock<HashMap<&'static str, &'static DocTypeDef>>,
}

impl Meta {
    /// The DocType of exactly this name.
    pub fn get(&self, name: &str) -> Option<&'static DocTypeDef> {
        let changed = self.changed.read().unwrap_or_else(PoisonError::into_inner);
        changed.get(name).copied().or_else(|| erpnext_doctypes::get(name))
    }

    /// Every DocType, sorted by name.
    pub fn all(&self) -> Vec<&'static DocTypeDef> {
        erpnext_doctypes::ALL.iter().filter_map(|def| self.get(def.name)).collect()
    }

    /// Puts a DocType in the place of the snapshot's.
    pub fn set(&self, def: &'static DocTypeDef) {
        self.changed.write().unwrap_or_else(PoisonError::into_inner).insert(def.name, def);
    }
}
