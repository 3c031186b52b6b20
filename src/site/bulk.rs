//! Making many documents in one request: all of them or none.

use serde_json::{Map, Value, json};

use super::lifecycle::typed;
use super::{Answer, CallerClient, SiteError, WriteError, check, endpoints, name_of, unexpected};
use crate::cleared::Cleared;
use crate::policy::Operation;

impl CallerClient<'_> {
    /// The most documents that [`CallerClient::insert_many`] takes; the site refuses more.
    pub const MOST_AT_ONCE: usize = 200;

    /// Makes all of the documents or none, each with a clearance of its own; the names they got, in their order.
    ///
    /// # Errors
    /// The site's refusal of any of them, or that no answer came.
    pub async fn insert_many(
        &self,
        docs: Vec<(Cleared<'_>, &Map<String, Value>)>,
    ) -> Result<Answer<Vec<String>>, WriteError> {
        let method = endpoints::INSERT_MANY;
        let line = endpoints::line("POST", method);
        let count = docs.len();
        let docs = docs.into_iter().map(|(cleared, doc)| {
            check(cleared.permit(), &[Operation::Create])?;
            Ok(Value::Object(typed(cleared.permit(), doc)))
        });
        let docs: Vec<Value> = docs.collect::<Result<_, SiteError>>()?;
        let answer = self.method_write(method, json!({ "docs": docs })).await?;
        Ok(answer.try_map(|names| match names {
            Value::Array(names) if names.len() == count => {
                names.iter().map(|name| name_of(&line, Some(name))).collect()
            }
            _ => Err(unexpected(&line, true, "not a name for each document in it")),
        })?)
    }
}
