//! What stands beside a document: its timeline, versions, files, assignments.

use serde_json::{Map, Value, json};

use super::{Body, Call, CallerClient, SiteError, check, endpoints, unexpected};
use crate::policy::{Operation, Permit};

impl CallerClient<'_> {
    /// What the desk shows beside a document: `versions` (the ten newest), `comments`, `communications`, logs by kind,
    /// `attachments`, `assignments`, `tags`. Copies of fields in it are not cut: that is for the caller to do. Takes a permit
    /// to update too: what was hung on a document is known only by reading it back.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn docinfo(&self, permit: &Permit, name: &str) -> Result<Map<String, Value>, SiteError> {
        check(permit, &[Operation::Read, Operation::Update])?;
        self.in_sight(permit, name).await?;
        self.info(permit, name).await
    }

    pub(super) async fn info(&self, permit: &Permit, name: &str) -> Result<Map<String, Value>, SiteError> {
        let path = endpoints::method(endpoints::DOCINFO);
        let line = format!("POST {path}");
        let body = Body::Json(json!({ "doctype": permit.doctype(), "name": name }));
        let call = Call { method: reqwest::Method::POST, path, query: Vec::new(), body, writes: false };
        match self.value(call, "docinfo").await?.data {
            Value::Object(info) => Ok(info),
            _ => Err(unexpected(&line, false, "no docinfo in it")),
        }
    }
}
