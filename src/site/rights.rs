//! What the caller's roles give on the site.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{CallerClient, SiteError, endpoints, unexpected};
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

    /// The caller's own User Permissions, each as a text; equal ones hide the same documents.
    ///
    /// # Errors
    /// The site's.
    pub async fn user_permissions(&self) -> Result<BTreeSet<String>, SiteError> {
        let answer = self.method_get(endpoints::USER_PERMISSIONS, Vec::new(), "message").await?;
        let line = || endpoints::line("GET", endpoints::USER_PERMISSIONS);
        let wrong = || unexpected(&line(), false, "no User Permissions in it");
        let Value::Object(by_doctype) = answer.data else { return Err(wrong()) };
        let mut all = BTreeSet::new();
        for (doctype, documents) in by_doctype {
            let documents = documents.as_array().ok_or_else(wrong)?;
            let one = |document: &Value| format!("{doctype:?} {} {}", document["doc"], document["applicable_for"]);
            all.extend(documents.iter().map(one));
        }
        Ok(all)
    }
}
