//! Metadata of DocTypes. The site gives it to any user (H30), so who may see it is for the caller of these to decide.

use serde_json::Value;

use super::{Client, Kind, SiteError, unexpected};
use crate::caller::Caller;

const METHOD: &str = "frappe.desk.form.load.getdoctype";

impl Client {
    /// The DocType with the child tables it uses, as the desk's form gets them.
    ///
    /// # Errors
    /// The site's refusal: an unknown DocType is a 404 for Administrator and a 403 for others (H31).
    pub async fn doctype_bundle(&self, caller: &Caller, doctype: &str) -> Result<Vec<Value>, SiteError> {
        // Without with_parent, whatever its value: it would turn a child table into its parent (H34).
        let answer = self.method_get(caller, METHOD, vec![("doctype", doctype.to_owned())], "docs").await?;
        match answer.data {
            Value::Array(docs) => Ok(docs),
            _ => Err(unexpected(&format!("GET /api/method/{METHOD}"), false, "no metadata in it")),
        }
    }

    /// The DocType alone.
    ///
    /// # Errors
    /// As [`Client::doctype_bundle`], and where the answer holds other DocTypes only.
    pub async fn doctype_meta(&self, caller: &Caller, doctype: &str) -> Result<Value, SiteError> {
        let docs = self.doctype_bundle(caller, doctype).await?;
        let wanted = docs.into_iter().find(|doc| doc.get("name").and_then(Value::as_str) == Some(doctype));
        let call = format!("GET /api/method/{METHOD}");
        wanted.ok_or_else(|| SiteError::new(Kind::Missing, &call, false, format!("no DocType is named {doctype:?}")))
    }
}
