//! Methods of the site that the configuration names.

use serde_json::{Map, Value};

use super::{Answer, Body, CallerClient, SiteError};
use crate::policy::MethodPermit;

impl CallerClient<'_> {
    /// Calls a method; what it answers, as it is.
    ///
    /// # Errors
    /// The site's refusal; see [`SiteError::maybe_done`] where the method writes.
    pub async fn call_method(
        &self,
        permit: &MethodPermit,
        arguments: Map<String, Value>,
    ) -> Result<Answer<Value>, SiteError> {
        match permit.writes() {
            true => self.method_write(permit.method(), Value::Object(arguments)).await,
            false => self.method_post(permit.method(), Body::Json(Value::Object(arguments))).await,
        }
    }
}
