//! What the caller's roles give on the site.

use super::{CallerClient, SiteError, endpoints};
use crate::policy::Operation;

impl CallerClient<'_> {
    /// Whether the caller's roles let them do this with documents of the DocType at all. Single documents may be closed
    /// all the same, by User Permissions.
    ///
    /// # Errors
    /// The site's, also where it has no such DocType.
    pub async fn may(&self, operation: Operation, doctype: &str) -> Result<bool, SiteError> {
        let right = match operation {
            Operation::Update => "write",
            other => other.as_str(),
        };
        let query = [("doctype", doctype), ("docname", ""), ("perm_type", right)];
        let query = query.map(|(key, value)| (key, value.to_owned())).into();
        let answer = self.method_get(endpoints::HAS_PERMISSION, query, "message").await?;
        let may = &answer.data["has_permission"];
        Ok(may.as_bool().or_else(|| may.as_i64().map(|may| may != 0)).unwrap_or(false))
    }
}
