//! What becomes of an order that is submitted: its status, and its rows.

use serde_json::{Value, json};

use super::{Answer, CallerClient, WriteError, check, endpoints, named};
use crate::cleared::Cleared;
use crate::policy::Operation;

/// The method that sets the status of documents of one DocType.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StatusMethod {
    /// Its path.
    pub path: &'static str,
    /// The argument that names the document.
    pub named_by: &'static str,
}

impl CallerClient<'_> {
    /// Sets the status of a submitted document through its DocType's own method.
    ///
    /// # Errors
    /// The site's refusal, or that no answer came.
    pub async fn set_status(
        &self,
        cleared: Cleared<'_>,
        method: StatusMethod,
        status: &str,
    ) -> Result<Answer<()>, WriteError> {
        check(cleared.permit(), &[Operation::Update])?;
        let body = json!({ (method.named_by): named(&cleared)?, "status": status });
        Ok(self.method_write(method.path, body).await?.try_map(|_| Ok(()))?)
    }

    /// Replaces the rows of a submitted order: those that are not among `rows` are deleted.
    ///
    /// # Errors
    /// The site's refusal, or that no answer came.
    pub async fn set_order_items(&self, cleared: Cleared<'_>, rows: &[Value]) -> Result<Answer<()>, WriteError> {
        check(cleared.permit(), &[Operation::Update])?;
        let body = json!({
            "parent_doctype": cleared.permit().doctype(), "parent_doctype_name": named(&cleared)?, "child_docname": "items",
            // JSON text.
            "trans_items": json!(rows).to_string(),
        });
        Ok(self.method_write(endpoints::ORDER_ITEMS, body).await?.try_map(|_| Ok(()))?)
    }
}
