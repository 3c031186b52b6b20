//! Metadata of DocTypes. The site gives it to any user (H30), so who may see it is for the caller of these to decide.

use erpnext_schema::collation::fold;
use serde_json::{Map, Value, json};

use super::list::rows;
use super::{Body, CallerClient, SiteError, SiteErrorKind, endpoints, unexpected};

/// The most DocTypes that one search gives.
const MOST_FOUND: usize = 200;

/// The DocTypes that a search found.
#[derive(Clone, Default, Debug)]
pub struct FoundDocTypes {
    /// Each with its module, in the user's language.
    pub doctypes: Vec<(String, String)>,
    /// Whether the site may have others that fit.
    pub is_cut: bool,
}

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

    /// The DocTypes whose name holds a text, or of a module, without child tables, as many as one search gives. The desk's
    /// search for links tells them to any user.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn doctypes(&self, text: Option<&str>, module: Option<&str>) -> Result<FoundDocTypes, SiteError> {
        let mut filters = Map::from_iter([("istable".to_owned(), json!(0))]);
        // The text that is searched for is compared with names as they are translated.
        filters.extend(text.map(|text| ("name".to_owned(), json!(["like", format!("%{text}%")]))));
        filters.extend(module.map(|module| ("module".to_owned(), json!(module))));
        let mut found = self.found_doctypes(filters).await?;
        // To the site, `_` and `%` in the text stand for others.
        if let Some(part) = text.map(fold) {
            found.doctypes.retain(|(name, _)| fold(name).contains(&part));
        }
        Ok(found)
    }

    /// The DocTypes that are none of these, without child tables, as many as one search gives.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn doctypes_beside(&self, known: &[&str]) -> Result<FoundDocTypes, SiteError> {
        let filters = [("istable".to_owned(), json!(0)), ("name".to_owned(), json!(["not in", known]))];
        self.found_doctypes(Map::from_iter(filters)).await
    }

    async fn found_doctypes(&self, filters: Map<String, Value>) -> Result<FoundDocTypes, SiteError> {
        let body = json!({"doctype": "DocType", "txt": "", "page_length": MOST_FOUND, "filters": filters});
        let method = endpoints::SEARCH_LINK;
        let answer = self.method_post(method, Body::Json(body)).await?;
        let found =
            rows(answer.data).ok_or_else(|| unexpected(&endpoints::line("POST", method), false, "no list in it"))?;
        let is_cut = found.len() >= MOST_FOUND;
        let told =
            |row: &Map<String, Value>, key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let found = found.iter().map(|row| (told(row, "value"), told(row, "description")));
        Ok(FoundDocTypes { doctypes: found.filter(|(name, _)| !name.is_empty()).take(MOST_FOUND).collect(), is_cut })
    }

    /// The DocType alone.
    ///
    /// # Errors
    /// As [`CallerClient::doctype_bundle`], and where the answer holds other DocTypes only.
    pub async fn doctype_meta(&self, doctype: &str) -> Result<Value, SiteError> {
        let docs = self.doctype_bundle(doctype).await?;
        let wanted = docs.into_iter().find(|doc| doc.get("name").and_then(Value::as_str) == Some(doctype));
        let call = endpoints::line("GET", endpoints::DOCTYPE);
        wanted.ok_or_else(|| {
            SiteError::new(SiteErrorKind::Missing, &call, false, format!("no DocType is named {doctype:?}"))
        })
    }
}
