//! What the site keeps for one user about a DocType: how the user last left its list.

use serde_json::{Map, Value};

use super::{CallerClient, SiteError, check, endpoints, unexpected};
use crate::policy::{Operation, Permit};

impl CallerClient<'_> {
    /// The caller's settings for the DocType by view, of which `List` holds `filters`, `sort_by` and `sort_order`.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn user_settings(&self, permit: &Permit) -> Result<Map<String, Value>, SiteError> {
        check(permit, &[Operation::Read])?;
        let method = endpoints::USER_SETTINGS;
        let query = vec![("doctype", permit.doctype().to_owned())];
        let settings = match self.method_get(method, query, "message").await?.data {
            // JSON in a text.
            Value::String(text) => serde_json::from_str(&text).ok(),
            data => Some(data),
        };
        match settings {
            Some(Value::Object(settings)) => Ok(settings),
            _ => Err(unexpected(&endpoints::line("GET", method), false, "no settings in it")),
        }
    }
}
