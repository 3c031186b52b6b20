//! Many documents in one request.

use serde_json::{Map, Value, json};

use super::lifecycle::typed;
use super::{Answer, CallerClient, SiteError, check, endpoints, unexpected};
use crate::policy::{Operation, Permit};

impl CallerClient<'_> {
    /// The most documents that [`CallerClient::insert_many`] takes; the site refuses more.
    pub const MOST_AT_ONCE: usize = 200;

    /// Makes all of the documents or none; the names they got, in their order.
    ///
    /// # Errors
    /// The site's refusal of any of them; see [`SiteError::maybe_done`].
    pub async fn insert_many(
        &self,
        permit: &Permit,
        docs: &[Map<String, Value>],
    ) -> Result<Answer<Vec<Value>>, SiteError> {
        check(permit, &[Operation::Create])?;
        let method = endpoints::INSERT_MANY;
        let docs: Vec<Value> = docs.iter().map(|doc| Value::Object(typed(permit, doc))).collect();
        self.method_write(method, json!({ "docs": docs })).await?.try_map(|names| match names {
            Value::Array(names) => Ok(names),
            _ => Err(unexpected(&endpoints::line("POST", method), true, "no names in it")),
        })
    }
}
