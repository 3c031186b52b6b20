//! Metadata of DocTypes. The site gives it to any user (H30), so who may see it is for the caller of these to decide.

use std::collections::BTreeMap;

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

    /// The fields of the DocType and of its child tables that the site masks for this user (H84), by DocType; only those that
    /// have any.
    ///
    /// # Errors
    /// As [`CallerClient::doctype_bundle`].
    pub async fn masked_fields(&self, doctype: &str) -> Result<BTreeMap<String, Vec<String>>, SiteError> {
        let masked = |doc: &Value| {
            let fields = doc.get("masked_fields")?.as_array()?.iter().filter_map(Value::as_str);
            let fields: Vec<String> = fields.map(str::to_owned).collect();
            (!fields.is_empty()).then_some((doc.get("name")?.as_str()?.to_owned(), fields))
        };
        Ok(self.doctype_bundle(doctype).await?.iter().filter_map(masked).collect())
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
