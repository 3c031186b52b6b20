//! Methods of the site that the configuration names.

use serde_json::{Map, Value};

use super::{Answer, Body, Client, SiteError};
use crate::caller::Caller;
use crate::policy::MethodPermit;

impl Client {
    /// Calls a method; what it answers, as it is.
    ///
    /// # Errors
    /// The site's refusal; see [`SiteError::maybe_done`] where the method writes.
    pub async fn call_method(
        &self,
        caller: &Caller,
        permit: &MethodPermit,
        arguments: Map<String, Value>,
    ) -> Result<Answer<Value>, SiteError> {
        match permit.writes() {
            true => self.method_write(caller, permit.method(), Value::Object(arguments)).await,
            false => self.method_post(caller, permit.method(), Body::Json(Value::Object(arguments))).await,
        }
    }
}
