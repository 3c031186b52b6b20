//! What the site masks for one user (H84), as it said not long ago.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::shape::Masked;
use crate::site::{CallerClient, SiteError};

/// Who asks for metadata: the site shows it to everyone alike (H30), but for what it masks.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The way to the site, as this user.
    pub site: CallerClient<'a>,
    /// What is known of the user's masks.
    pub masks: &'a Masks,
}

impl Asker<'_> {
    /// The fields of the DocType and of its rows that are masked for the user, as the site said at most `age` ago.
    ///
    /// # Errors
    /// The site's.
    pub async fn masked(&self, doctype: &str, age: Duration) -> Result<Arc<Masked>, SiteError> {
        if let Some(masked) = self.masks.known(doctype, age) {
            return Ok(masked);
        }
        self.bundle(doctype).await?;
        Ok(self.masks.known(doctype, age).unwrap_or_default())
    }

    /// The DocType with the child tables it uses; what of them is masked is learned on the way.
    pub(super) async fn bundle(&self, doctype: &str) -> Result<Vec<Value>, SiteError> {
        let bundle = self.site.doctype_bundle(doctype).await?;
        self.masks.learn(doctype, Masked::in_bundle(&bundle));
        Ok(bundle)
    }
}

/// What was learned, by DocType.
#[derive(Debug, Default)]
pub struct Masks(Mutex<HashMap<String, (Instant, Arc<Masked>)>>);

impl Masks {
    /// What is masked of a DocType and its rows, if the site said it at most `age` ago.
    pub fn known(&self, doctype: &str, age: Duration) -> Option<Arc<Masked>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(doctype).filter(|(asked, _)| asked.elapsed() < age).map(|(_, masked)| Arc::clone(masked))
    }

    /// What the site said last, however long ago.
    pub fn last(&self, doctype: &str) -> Option<Arc<Masked>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(doctype).map(|(_, masked)| Arc::clone(masked))
    }

    fn learn(&self, doctype: &str, masked: Masked) {
        let learned = (Instant::now(), Arc::new(masked));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(doctype.to_owned(), learned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_too_long_ago_to_be_known_is_what_was_said_last() {
        let masks = Masks::default();
        let masked = Masked([("Lead".to_owned(), vec!["title".to_owned()])].into());
        masks.learn("Lead", masked.clone());
        assert_eq!(masks.known("Lead", Duration::ZERO), None);
        assert_eq!(masks.last("Lead").as_deref(), Some(&masked));
        assert_eq!(masks.last("Item"), None);
    }
}
