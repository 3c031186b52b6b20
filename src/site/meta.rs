//! Metadata of DocTypes. The site gives it to any user (H30), so who may see it is for the caller of these to decide.

use serde_json::Value;

use super::{CallerClient, Kind, SiteError, endpoints, unexpected};

impl CallerClient<'_> {
    /// The DocType with the child tables it uses, as the desk's form gets them.
    ///
    /// # Errors
    /// The site's refusal: an unknown DocType is a 404 for Administrator and a 403 for others (H31).
    pub async fn doctype_bundle(&self, doctype: &str) -> Result<Vec<Value>, SiteError> {
        // Without with_parent, whatever its value: it would turn a child table into its parent (H34).
        let answer = self.method_get(endpoints::DOCTYPE, vec![("doctype", doctype.to_owned())], "docs").await?;
        match answer.data {
            Value::Array(docs) => Ok(docs),
            _ => Err(unexpected(&endpoints::line("GET", endpoints::DOCTYPE), false, "no metadata in it")),
        }
    }

    /// The DocType alone.
    ///
    /// # Errors
    /// As [`CallerClient::doctype_bundle`], and where the answer holds other DocTypes only.
    pub async fn doctype_meta(&self, doctype: &str) -> Result<Value, SiteError> {
        let docs = self.doctype_bundle(doctype).await?;
        let wanted = docs.into_iter().find(|doc| doc.get("name").and_then(Value::as_str) == Some(doctype));
        let call = endpoints::line("GET", endpoints::DOCTYPE);
        wanted.ok_or_else(|| SiteError::new(Kind::Missing, &call, false, format!("no DocType is named {doctype:?}")))
    }
}
