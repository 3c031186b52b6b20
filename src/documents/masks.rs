//! Fields that the site masks for the user (H84): reads leave them out, and writes that would store the masks are refused.

use std::sync::Arc;

use super::DocTypeCall;
use crate::error::ToolError;
use crate::shape::{FOR_READS, FOR_WRITES, Masked};
use crate::site::SiteError;

impl DocTypeCall<'_> {
    /// The fields that are masked for this user, as the site said not long ago.
    ///
    /// # Errors
    /// The site's.
    pub(crate) async fn masked(&self) -> Result<Arc<Masked>, SiteError> {
        self.session.masked(self.def.name, FOR_READS).await
    }

    /// Those of the DocType's own fields that the configuration would let be read, and the site does not show.
    pub(crate) fn not_shown(&self, masked: &Masked) -> Vec<String> {
        let permits = |name: &&String| self.def.field(name).is_none_or(|field| self.permit.fields().may_read(field));
        masked.of(self.def.name).iter().filter(permits).cloned().collect()
    }

    /// Refuses a write that the site would end by storing the masks.
    ///
    /// # Errors
    /// That fields are masked, or that the site does not say whether any are.
    pub(crate) async fn keeps_values(&self) -> Result<(), ToolError> {
        let masked = self.session.masked(self.def.name, FOR_WRITES).await?;
        if masked.is_empty() {
            return Ok(());
        }
        Err(ToolError::refused(
            format!(
                "{}: the site masks {masked} for this user, and would store the masks over the values; nothing was sent.",
                self.def.name
            ),
            "A user who may see these fields in ERPNext has to make this change.",
        ))
    }
}
