//! Methods of the site that the configuration names.

use serde_json::{Map, Value};

use super::{Answer, Body, CallerClient, SiteError, SiteErrorKind, WriteError};
use crate::cleared::Cleared;
use crate::policy::MethodPermit;

impl CallerClient<'_> {
    /// Calls a method that changes nothing; what it answers, as it is.
    ///
    /// # Errors
    /// A method that writes, or the site's refusal.
    pub async fn ask_method(
        &self,
        permit: &MethodPermit,
        arguments: Map<String, Value>,
    ) -> Result<Answer<Value>, SiteError> {
        if permit.writes() {
            return Err(SiteError::new(
                SiteErrorKind::Misuse,
                permit.method(),
                false,
                "a method that writes needs a clearance",
            ));
        }
        self.method_post(permit.method(), Body::Json(Value::Object(arguments))).await
    }

    /// Calls a method that changes something; what it answers, as it is.
    ///
    /// # Errors
    /// The site's refusal, or that no answer came.
    pub async fn call_method(
        &self,
        cleared: Cleared<'_, MethodPermit>,
        arguments: &Map<String, Value>,
    ) -> Result<Answer<Value>, WriteError> {
        Ok(self.method_write(cleared.method_permit().method(), Value::Object(arguments.clone())).await?)
    }
}
