//! Links: finding a document by what a person would type, and checking that a name exists.

use serde_json::{Map, Value, json};

use super::filters::wire;
use super::list::{choices, rows, said, within};
use super::{Body, CallerClient, Filter, SiteError, SiteErrorKind, check, endpoints, unexpected};
use crate::policy::{Operation, Permit};

impl CallerClient<'_> {
    /// Searches by name, title and search fields as the desk does: objects with `value` (the name), `description` and
    /// sometimes `label`. `reference_doctype` is the DocType the link would stand in, which may narrow the answer.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn search_link(
        &self,
        permit: &Permit,
        txt: &str,
        page_length: u32,
        filters: &[Filter],
        reference_doctype: Option<&str>,
    ) -> Result<Vec<Map<String, Value>>, SiteError> {
        check(permit, &[Operation::Read])?;
        let within = within(permit)?;
        let method = endpoints::SEARCH_LINK;
        let mut found: Vec<Map<String, Value>> = Vec::new();
        // The search takes filters that all hold: each choice of the scope is a search of its own.
        for choice in choices(&within) {
            let filters = said(permit, wire(filters.iter().chain(&within.all).chain(choice), []))?.all;
            let mut body = json!({ "doctype": permit.doctype(), "txt": txt, "page_length": page_length });
            if !filters.is_empty() {
                body["filters"] = as_the_desk_writes(filters);
            }
            if let Some(reference) = reference_doctype {
                body["reference_doctype"] = json!(reference);
            }
            let answer = self.ask(permit, method, Body::Json(body)).await?;
            let rows = rows(answer.data)
                .ok_or_else(|| unexpected(&endpoints::line("POST", method), false, "no list in it"))?;
            for row in rows {
                if !found.iter().any(|known| known.get("value") == row.get("value")) {
                    found.push(row);
                }
            }
        }
        found.truncate(usize::try_from(page_length).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// Whether a document exists that a write wants to link to, for this user: one that a User Permission hides is none. Takes
    /// the permit of that write: the site would tell as much in its answer to the write.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn link_exists(&self, permit: &Permit, doctype: &str, name: &str) -> Result<bool, SiteError> {
        Ok(self.link_as_stored(permit, doctype, name).await?.is_some())
    }

    /// The name of that document as the site would store it in the link, whatever spelling was sent (H26).
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn link_as_stored(&self, permit: &Permit, doctype: &str, name: &str) -> Result<Option<Value>, SiteError> {
        check(permit, &[Operation::Create, Operation::Update, Operation::Amend])?;
        let body = by_name(doctype, name, &[]);
        let answer = self.method_post(endpoints::VALUE, Body::Json(body)).await?;
        Ok(answer.data.get("name").filter(|name| !name.is_null()).cloned())
    }

    /// The `name` as the site writes it, with `fields` of that document; nothing where no such document exists.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn validate_link(
        &self,
        permit: &Permit,
        name: &str,
        fields: &[&str],
    ) -> Result<Option<Map<String, Value>>, SiteError> {
        check(permit, &[Operation::Read])?;
        match self.in_sight(permit, name).await {
            Err(error) if matches!(error.kind(), SiteErrorKind::Missing | SiteErrorKind::OutOfSight) => {
                return Ok(None);
            }
            seen => seen?,
        }
        let body = by_name(permit.doctype(), name, fields);
        let answer = self.ask(permit, endpoints::VALUE, Body::Json(body)).await?;
        let found = match answer.data {
            Value::Object(found) => found,
            _ => return Ok(None),
        };
        Ok(found.get("name").is_some_and(Value::is_string).then_some(found))
    }
}

/// The question for one document's fields. `validate_link` is gone from version 16 (H60).
fn by_name(doctype: &str, name: &str, fields: &[&str]) -> Value {
    let fields: Vec<&str> = ["name"].iter().chain(fields).copied().collect();
    json!({ "doctype": doctype, "fieldname": fields, "filters": { "name": name } })
}

/// An object `{field: value}` or `{field: [operator, value]}`, which every search of the site understands; the list
/// only where a field comes twice.
fn as_the_desk_writes(filters: Vec<Value>) -> Value {
    let pair = |filter: &Value| match filter.as_array().map(Vec::as_slice) {
        Some([Value::String(field), Value::String(operator), value]) => {
            let value = if operator == "=" { value.clone() } else { json!([operator, value]) };
            Some((field.clone(), value))
        }
        _ => None,
    };
    let object: Map<_, _> = filters.iter().filter_map(pair).collect();
    if object.len() == filters.len() { Value::Object(object) } else { Value::Array(filters) }
}

#[cfg(test)]
mod tests {
    use super::{as_the_desk_writes, json};

    #[test]
    fn filters_are_an_object_unless_a_field_comes_twice() {
        let group = json!(["item_group", "=", "A"]);
        let rate = json!(["rate", ">", 5]);
        let less = json!(["rate", "<", 9]);
        let object = json!({"item_group": "A", "rate": [">", 5]});
        assert_eq!(as_the_desk_writes(vec![group, rate.clone()]), object);
        assert_eq!(as_the_desk_writes(vec![rate.clone(), less.clone()]), json!([rate, less]));
    }
}
