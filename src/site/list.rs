//! Many documents: lists and counts.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Answer, Body, Call, CallerClient, Kind, SiteError, check, misuse, resource_path, unexpected, url};
use crate::policy::{Filter, Operation, Permit, Within};

/// The longest request line sent by GET, in bytes; the web server takes 4,094 (H28).
const MAX_LINE: usize = 4_000;

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    /// The columns; `name` alone where empty.
    pub fields: Vec<String>,
    /// All of these hold.
    pub filters: Vec<Filter>,
    /// At least one of these holds, where there are any.
    pub or_filters: Vec<Filter>,
    /// Never empty: without it pages overlap (H15).
    pub order_by: String,
    /// Rows in the page, 1 to 500. Zero would mean all of them (H16).
    pub limit: u32,
    /// Rows before the page.
    pub start: u64,
    /// The parent DocType, needed where the DocType is a child table (H20).
    pub parent: Option<String>,
    /// The fields whose values make a row; a row a document where empty.
    pub group_by: Vec<String>,
}

impl ListQuery {
    fn pairs(&self) -> Vec<(&'static str, Value)> {
        let fields = if self.fields.is_empty() { json!(["name"]) } else { json!(self.fields) };
        let mut pairs = vec![("fields", fields)];
        if !self.filters.is_empty() {
            pairs.push(("filters", json!(self.filters)));
        }
        if !self.or_filters.is_empty() {
            pairs.push(("or_filters", json!(self.or_filters)));
        }
        pairs.push(("order_by", json!(self.order_by)));
        pairs.push(("limit_start", json!(self.start)));
        pairs.push(("limit_page_length", json!(self.limit)));
        if !self.group_by.is_empty() {
            pairs.push(("group_by", json!(self.group_by.join(", "))));
        }
        pairs.extend(self.parent.as_ref().map(|parent| ("parent", json!(parent))));
        pairs
    }
}

impl CallerClient<'_> {
    /// Whether the site counts the document among those that the caller may see, where it may not show what decides that.
    ///
    /// # Errors
    /// The site's refusal, or a scope that no list can be filtered by.
    pub(super) async fn is_within(&self, permit: &Permit, name: &Value) -> Result<bool, SiteError> {
        let within = within(permit)?;
        let mut filters = vec![("name".to_owned(), "=".to_owned(), name.clone())];
        filters.extend(within.all);
        let (fields, order_by) = (vec!["name".to_owned()], "`name` asc".to_owned());
        let query = ListQuery { fields, filters, or_filters: within.any, order_by, limit: 1, ..ListQuery::default() };
        Ok(self.page(permit, &query).await?.data.iter().any(|row| row.get("name") == Some(name)))
    }

    /// A page of documents with the fields asked for. Columns the user may not see are left out in silence (H5).
    ///
    /// # Errors
    /// A limit or order that the site would misunderstand, or the site's refusal.
    pub async fn list(&self, permit: &Permit, query: &ListQuery) -> Result<Answer<Vec<Map<String, Value>>>, SiteError> {
        check(permit, &[Operation::Read])?;
        if !(1..=500).contains(&query.limit) {
            return Err(misuse(permit, format!("the limit {} is not in 1 to 500", query.limit)));
        }
        if query.order_by.trim().is_empty() {
            return Err(misuse(permit, "a list without order_by has overlapping pages"));
        }
        let within = within(permit)?;
        let mut query = query.clone();
        query.filters.extend(within.all);
        if within.any.is_empty() || query.or_filters.is_empty() {
            query.or_filters.extend(within.any);
            return self.page(permit, &query).await;
        }
        // The site takes one set of choices. A first page can be put together from a list for each choice of the scope.
        if query.start > 0 || !query.group_by.is_empty() {
            return Err(unscoped(permit));
        }
        let mut found: Answer<Vec<Map<String, Value>>> = Answer { data: Vec::new(), messages: Vec::new() };
        for choice in &within.any {
            let mut query = query.clone();
            query.filters.push(choice.clone());
            let answer = self.page(permit, &query).await?;
            found.messages.extend(answer.messages);
            for row in answer.data {
                if row.get("name").is_none_or(|name| !found.data.iter().any(|known| known.get("name") == Some(name))) {
                    found.data.push(row);
                }
            }
        }
        found.data.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// Which of these columns of a document the site shows to the user: it leaves the others out of a list in silence (H5),
    /// where reading the document may show 0 in their place (H4). Nothing but their names is given; takes any permit.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn columns_shown(
        &self,
        permit: &Permit,
        name: &str,
        columns: &[&str],
    ) -> Result<BTreeSet<String>, SiteError> {
        let query = ListQuery {
            fields: columns.iter().map(|column| (*column).to_owned()).collect(),
            filters: vec![("name".to_owned(), "=".to_owned(), json!(name))],
            order_by: "`name` asc".to_owned(),
            limit: 1,
            ..ListQuery::default()
        };
        let answer = self.page(permit, &query).await?;
        Ok(answer.data.into_iter().flatten().map(|(column, _)| column).collect())
    }

    /// Documents that were made, newest first. Takes the permit to create or amend: where that was cut, only this tells
    /// whether it was made, and of what. `fields` are those that it set.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn made(
        &self,
        permit: &Permit,
        filters: Vec<Filter>,
        fields: Vec<String>,
        limit: u32,
    ) -> Result<Vec<Map<String, Value>>, SiteError> {
        check(permit, &[Operation::Create, Operation::Amend])?;
        let order_by = "`creation` desc, `name` asc".to_owned();
        let query = ListQuery { fields, filters, order_by, limit, ..ListQuery::default() };
        Ok(self.page(permit, &query).await?.data)
    }

    async fn page(&self, permit: &Permit, query: &ListQuery) -> Result<Answer<Vec<Map<String, Value>>>, SiteError> {
        let path = resource_path(permit, None)?;
        let line = format!("GET {path}");
        let pairs = query.pairs();
        let as_text = |(key, value): &(&'static str, Value)| match value {
            Value::String(text) => (*key, text.clone()),
            other => (*key, other.to_string()),
        };
        let text: Vec<_> = pairs.iter().map(as_text).collect();
        let length = self.caller.site.as_str().len() + line.len() + url::query_string(&text).len() + "? HTTP/1.1".len();
        let answer = if length > MAX_LINE {
            let mut body = Map::from_iter(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)));
            body.insert("doctype".into(), permit.doctype().into());
            self.ask(permit, "frappe.client.get_list", Body::Json(Value::Object(body))).await?
        } else {
            let call = Call { method: Method::GET, path, query: text, body: Body::None, writes: false };
            self.recalled(permit, call, "data").await?
        };
        answer.try_map(|data| rows(data).ok_or_else(|| unexpected(&line, false, "no list of documents in it")))
    }

    /// How many documents match all `filters` and, where there are any, one of `or_filters`, as far as the user may see.
    ///
    /// `parent` as in [`ListQuery`].
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn count(
        &self,
        permit: &Permit,
        filters: &[Filter],
        or_filters: &[Filter],
        parent: Option<&str>,
    ) -> Result<u64, SiteError> {
        check(permit, &[Operation::Read])?;
        let within = within(permit)?;
        if !within.any.is_empty() && !or_filters.is_empty() {
            return Err(unscoped(permit));
        }
        let all: Vec<&Filter> = filters.iter().chain(&within.all).collect();
        let any: Vec<&Filter> = or_filters.iter().chain(&within.any).collect();
        // frappe.client.get_count ignores permissions (H23).
        let method = "frappe.desk.reportview.get_count";
        let mut form = vec![
            ("doctype", permit.doctype().to_owned()),
            ("filters", json!(all).to_string()),
            ("fields", "[]".to_owned()),
            // A filter on rows must not count a document once for each of them (H19).
            ("distinct", filters.iter().chain(or_filters).any(|(field, ..)| field.contains('.')).to_string()),
        ];
        if !any.is_empty() {
            form.push(("or_filters", json!(any).to_string()));
        }
        form.extend(parent.map(|parent| ("parent_doctype", parent.to_owned())));
        let answer = self.ask(permit, method, Body::Form(form)).await?;
        answer.data.as_u64().ok_or_else(|| unexpected(&format!("POST /api/method/{method}"), false, "no number in it"))
    }
}

/// What a list is filtered by so that it holds only what the caller may see.
pub(super) fn within(permit: &Permit) -> Result<Within, SiteError> {
    permit.within().ok_or_else(|| misuse(permit, "the documents that may be read cannot be selected by filters"))
}

/// The sets of filters one of which a document within a scope satisfies, where all filters of a question have to hold.
pub(super) fn choices(within: &Within) -> Vec<Option<&Filter>> {
    match within.any.as_slice() {
        [] => vec![None],
        any => any.iter().map(Some).collect(),
    }
}

fn unscoped(permit: &Permit) -> SiteError {
    let words = format!(
        "of {} by a choice of conditions, which the site cannot combine with or_filters here",
        permit.doctype()
    );
    SiteError::new(Kind::Unscoped, permit.doctype(), false, words)
}

/// A JSON list of objects.
pub(super) fn rows(data: Value) -> Option<Vec<Map<String, Value>>> {
    let Value::Array(rows) = data else { return None };
    rows.into_iter().map(|row| if let Value::Object(row) = row { Some(row) } else { None }).collect()
}
