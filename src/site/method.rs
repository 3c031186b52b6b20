//! Methods of the site that the configuration names.

use serde_json::{Map, Value};

use super::{Answer, Body, CallerClient, SiteError, SiteErrorKind, Stranger, WriteError, endpoints, unexpected};
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
        let method = cleared.method_permit().method();
        let called = self.method_write(method, Value::Object(arguments.clone())).await;
        Ok(called.map_err(|error| redirected(method, error))?)
    }
}

/// A method may end by sending a browser elsewhere, as that which approves of an OAuth client does. Only what leads to the same
/// path at another address did nothing.
fn redirected(method: &str, error: SiteError) -> SiteError {
    let leads_on = matches!(error.stranger(), Some(Stranger::Moved(_) | Stranger::Below(_)));
    match error.kind() {
        SiteErrorKind::Redirected if !leads_on => {
            let line = endpoints::line("POST", method);
            unexpected(&line, true, "a redirect, with which a method may end when its work is done")
        }
        _ => error,
    }
}
