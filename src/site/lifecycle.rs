//! What a submittable document goes through: submit, cancel, amend; and what stands in the way of a cancellation.

use serde_json::{Map, Value, json};

use super::list::rows;
use super::{Answer, Body, CallerClient, SiteError, WriteError, check, endpoints, misuse, name_of, named, unexpected};
use crate::cleared::Cleared;
use crate::policy::{Operation, Permit};

/// A document named by another: DocType and name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct DocRef {
    /// Its DocType.
    pub doctype: String,
    /// Its name.
    pub name: String,
}

impl CallerClient<'_> {
    /// Submits a draft: the whole document as it was read, `modified` included, so that nobody's change is overwritten.
    ///
    /// # Errors
    /// The site's refusal, or that no answer came.
    pub async fn submit(&self, cleared: Cleared<'_>, doc: &Map<String, Value>) -> Result<Answer<()>, WriteError> {
        check(cleared.permit(), &[Operation::Submit])?;
        let body = json!({ "doc": typed(cleared.permit(), doc) });
        Ok(self.method_write(endpoints::SUBMIT, body).await?.try_map(|_| Ok(()))?)
    }

    /// Cancels a submitted document.
    ///
    /// # Errors
    /// The site's refusal, `LinkExistsError` where submitted documents link to it, or that no answer came.
    pub async fn cancel(&self, cleared: Cleared<'_>) -> Result<Answer<()>, WriteError> {
        check(cleared.permit(), &[Operation::Cancel])?;
        let body = json!({ "doctype": cleared.permit().doctype(), "name": named(&cleared)? });
        Ok(self.method_write(endpoints::CANCEL, body).await?.try_map(|_| Ok(()))?)
    }

    /// Makes the new draft of a cancelled document; the name it got.
    ///
    /// # Errors
    /// A document without `amended_from`, the site's refusal, or that no answer came.
    pub async fn amend(&self, cleared: Cleared<'_>, doc: &Map<String, Value>) -> Result<Answer<String>, WriteError> {
        let permit = cleared.permit();
        check(permit, &[Operation::Amend])?;
        if doc.get("amended_from").is_none_or(Value::is_null) {
            return Err(misuse(permit, "an amendment without amended_from").into());
        }
        let method = endpoints::INSERT;
        let answer = self.method_write(method, json!({ "doc": typed(permit, doc) })).await?;
        Ok(answer.try_map(|doc| name_of(&endpoints::line("POST", method), doc.get("name")))?)
    }

    /// Whether an amendment of the document exists that the user may see.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn is_amended(&self, permit: &Permit, name: &str) -> Result<bool, SiteError> {
        check(permit, &[Operation::Amend])?;
        let body = json!({ "doctype": permit.doctype(), "docname": name });
        let answer = self.method_post(endpoints::IS_AMENDED, Body::Json(body)).await?;
        Ok(answer.data.as_bool().unwrap_or(false) || answer.data.is_string())
    }

    /// The submitted documents that have to be cancelled before this one, those that stand in their way in turn included.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn submitted_links(&self, permit: &Permit, name: &str) -> Result<Vec<DocRef>, SiteError> {
        check(permit, &[Operation::Read, Operation::Cancel])?;
        let method = endpoints::SUBMITTED_LINKS;
        let body = json!({ "doctype": permit.doctype(), "name": name });
        let mut answer = self.method_post(method, Body::Json(body)).await?.data;
        let found = answer.get_mut("docs").map(Value::take).and_then(rows);
        let found = found.ok_or_else(|| unexpected(&endpoints::line("POST", method), false, "no list in it"))?;
        let text = |doc: &Map<String, Value>, key: &str| doc.get(key).and_then(Value::as_str).map(str::to_owned);
        let named =
            |doc: &Map<String, Value>| Some(DocRef { doctype: text(doc, "doctype")?, name: text(doc, "name")? });
        Ok(found.iter().filter_map(named).collect())
    }
}

/// A document as methods take it: with its DocType, which a resource leaves to the path.
pub(super) fn typed(permit: &Permit, doc: &Map<String, Value>) -> Map<String, Value> {
    let mut doc = doc.clone();
    doc.insert("doctype".to_owned(), permit.doctype().into());
    doc
}
