//! Fields that version 16 masks for users without the right to see them (H84). It shows `XXXXXXXX` or 0 in the place of the
//! value, finds the true value by a filter, and stores the masks over the values when such a user saves the document.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use erpnext_schema::{DocTypeDef, Version};
use serde_json::{Map, Value};

use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::site::SiteError;

/// How long what is masked is believed for reads; somebody may mask a field at any time.
const FOR_READS: Duration = Duration::from_secs(600);
/// The same for writes, which would lose data.
const FOR_WRITES: Duration = Duration::from_secs(60);

/// What was learned, by user and DocType.
#[derive(Debug, Default)]
pub struct Masks(Mutex<HashMap<Asked, (Instant, Arc<Masked>)>>);

/// Of whom and of what was asked.
type Asked = ([u8; 32], &'static str);

/// The masked fields of a DocType and of the rows of its tables.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Masked(BTreeMap<String, Vec<String>>);

impl Masked {
    /// Whether the site shows a mask in the place of the field.
    pub fn hides(&self, doctype: &str, field: &str) -> bool {
        self.of(doctype).iter().any(|masked| masked == field)
    }

    /// The masked fields of one DocType.
    pub fn of(&self, doctype: &str) -> &[String] {
        self.0.get(doctype).map(Vec::as_slice).unwrap_or_default()
    }

    /// Takes the masks out of a document and its rows.
    pub fn take_out(&self, def: &DocTypeDef, doc: &mut Map<String, Value>) {
        doc.retain(|key, _| !self.hides(def.name, key));
        for (key, value) in doc {
            let Some(child) = def.field(key).filter(|field| field.kind.is_table()).and_then(|table| table.target())
            else {
                continue;
            };
            for row in value.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                row.retain(|key, _| !self.hides(child, key));
            }
        }
    }
}

impl DocTypeCall<'_> {
    /// The fields that are masked for this user, as the site said not long ago.
    ///
    /// # Errors
    /// The site's.
    pub(crate) async fn masked(&self) -> Result<Arc<Masked>, SiteError> {
        self.masked_within(FOR_READS).await
    }

    /// Refuses a write that the site would end by storing the masks.
    ///
    /// # Errors
    /// That fields are masked, or that the site does not say whether any are.
    pub(crate) async fn keeps_values(&self) -> Result<(), ToolError> {
        let masked = self.masked_within(FOR_WRITES).await?;
        let fields: Vec<String> = masked
            .0
            .iter()
            .flat_map(|(doctype, fields)| fields.iter().map(move |field| format!("{field} of {doctype}")))
            .collect();
        if fields.is_empty() {
            return Ok(());
        }
        Err(ToolError::refused(format!(
            "{}: the site masks {} for this user, and would store the masks over the values; nothing was sent.\n\
             next: A user who may see these fields in ERPNext has to make this change.",
            self.def.name,
            fields.join(", ")
        )))
    }

    async fn masked_within(&self, age: Duration) -> Result<Arc<Masked>, SiteError> {
        let session = self.session;
        if !session.version.is_known() || session.version.get() < Version::V16 {
            return Ok(Arc::default());
        }
        let key = (*session.caller.credentials.fingerprint(), self.def.name);
        let known = session.masks.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some((_, masked)) = known.filter(|(asked, _)| asked.elapsed() < age) {
            return Ok(masked);
        }
        let masked = Arc::new(Masked(session.site.masked_fields(self.def.name).await?));
        let mut masks = session.masks.0.lock().unwrap_or_else(PoisonError::into_inner);
        masks.insert(key, (Instant::now(), Arc::clone(&masked)));
        Ok(masked)
    }
}
