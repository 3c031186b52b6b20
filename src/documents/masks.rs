//! Fields that the site masks for the user (H84): reads leave them out, and writes that would store the masks are refused.

use std::sync::Arc;
use std::time::Duration;

use erpnext_schema::Version;

use super::DocTypeCall;
use crate::error::ToolError;
use crate::shape::Masked;
use crate::site::SiteError;

/// How long what is masked is believed for reads; somebody may mask a field at any time.
const FOR_READS: Duration = Duration::from_secs(600);
/// The same for writes, which would lose data.
const FOR_WRITES: Duration = Duration::from_secs(60);

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
        Err(ToolError::refused(
            format!(
                "{}: the site masks {} for this user, and would store the masks over the values; nothing was sent.",
                self.def.name,
                fields.join(", ")
            ),
            "A user who may see these fields in ERPNext has to make this change.",
        ))
    }

    async fn masked_within(&self, age: Duration) -> Result<Arc<Masked>, SiteError> {
        let session = self.session;
        if !session.version.is_known() || session.version.get() < Version::V16 {
            return Ok(Arc::default());
        }
        let masks = &session.user.masks;
        if let Some(masked) = masks.known(self.def.name, age) {
            return Ok(masked);
        }
        let masked = Arc::new(Masked(session.site.masked_fields(self.def.name).await?));
        masks.learn(self.def.name, &masked);
        Ok(masked)
    }
}
