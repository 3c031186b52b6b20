//! What an earlier call of unknown outcome may have made by now: it is looked for before the same is made again.

use std::time::Instant;

use serde_json::{Map, Value};

use crate::context::Session;
use crate::document::outcome::{self, Verdict};
use crate::documents::DocTypeCall;
use crate::error::ToolError;

/// Remembers what may have been made by a call that began `since`, where its outcome is not known: something of a kind that
/// holds this.
pub(crate) fn note_lost<T>(
    session: &Session<'_>,
    (kind, holds): (&str, &Map<String, Value>),
    since: Instant,
    sent: &Result<T, ToolError>,
) {
    if matches!(sent, Err(ToolError::Unsettled { .. })) {
        session.user.recent_creates.lose(kind, holds, since);
    }
}

/// That this may be what an earlier call of unknown outcome made; `look` says how it is seen.
pub(crate) fn made_by_now(what: &str, look: &str) -> ToolError {
    ToolError::refused(
        format!(
            "{what} is like this, and was made since an earlier call of unknown outcome began, perhaps by that; nothing was sent."
        ),
        format!("{look} If another one is meant, call again."),
    )
}

impl DocTypeCall<'_> {
    /// Refuses to make what an earlier call of unknown outcome may have made by now.
    ///
    /// # Errors
    /// The document that is there. What cannot be read keeps nobody from it: whoever was told to look has looked.
    pub(crate) async fn not_made_by_now(
        &self,
        holds: &Map<String, Value>,
        doc: &Map<String, Value>,
    ) -> Result<(), ToolError> {
        let Some(since) = self.session.user.recent_creates.lost(self.def.name, holds) else { return Ok(()) };
        let children = |child: &str| self.session.catalog.known(child);
        let rows = self.made_since(since, holds.keys().map(String::as_str), 0).await.unwrap_or_default();
        // One by one: lists show no rows, and several calls may have made documents that are alike there.
        for row in &rows {
            let found = outcome::of_create(self.def, &children, holds, std::slice::from_ref(row));
            let Verdict::Made(name) = found else { continue };
            if let Ok(Verdict::Made(name)) = self.holds(&name, doc).await
                && self.session.user.recent_creates.claim(self.def.name, &name)
            {
                return Err(made_by_now(&format!("{} {name:?}", self.def.name), "Read it."));
            }
        }
        Ok(())
    }
}
