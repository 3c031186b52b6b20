//! Many documents: lists and counts.

use std::collections::BTreeSet;

use erpnext_schema::{Operator, Order};
use serde_json::{Map, Value, json};

use super::filters::{Wire, wire};
use super::{Answer, Body, CallerClient, SiteError, SiteErrorKind, check, endpoints, misuse, unexpected};
use crate::policy::{Filter, Operation, Permit, Within};

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
    pub order_by: Vec<Order>,
    /// Rows in the page, 1 to 500. Zero would mean all of them (H16).
    pub limit: u32,
    /// Rows before the page.
    pub start: u64,
    /// The parent DocType, needed where the DocType is a child table (H20).
    pub parent: Option<String>,
    /// Whether the columns are this program's choice: one that the site does not have is left out, and the log says so.
    pub own_columns: bool,
    /// Whether the choices of `or_filters` are, too: one that looks at a column which is left out goes with it.
    pub own_choices: bool,
}

/// What a page is asked for beside its filters.
#[derive(Clone)]
pub(super) struct Page {
    pub fields: Vec<Value>,
    pub order_by: String,
    pub limit: u32,
    pub start: u64,
    pub parent: Option<String>,
    /// The keys of groups, where rows are groups and no documents.
    pub group_by: Option<String>,
}

impl Page {
    /// That the site does not misunderstand it.
    pub(super) fn check(&self, permit: &Permit) -> Result<(), SiteError> {
        if !(1..=500).contains(&self.limit) {
            return Err(misuse(permit, format!("the limit {} is not in 1 to 500", self.limit)));
        }
        if self.order_by.is_empty() {
            return Err(misuse(permit, "a list without order_by has overlapping pages"));
        }
        Ok(())
    }
}

impl ListQuery {
    /// Goes on without a column, and without the choices that look at it; whether it was one. Choices of a caller stay: without
    /// one of them others would be found than were asked for.
    fn leave_out(&mut self, column: &str) -> bool {
        let looks = |choice: &Filter| choice.rows.is_none() && choice.field == column;
        if !self.own_choices && self.or_filters.iter().any(looks) {
            return false;
        }
        let before = self.fields.len();
        self.fields.retain(|field| field != column);
        self.or_filters.retain(|choice| !looks(choice));
        self.fields.len() < before && !self.fields.is_empty()
    }

    pub(super) fn page(&self, doctype: &str) -> Page {
        let keys = self.order_by.iter().map(|key| sorted(&column(doctype, key.fieldname), key.descending));
        Page {
            fields: if self.fields.is_empty() {
                vec![json!("name")]
            } else {
                self.fields.iter().map(|field| json!(field)).collect()
            },
            order_by: keys.collect::<Vec<_>>().join(", "),
            limit: self.limit,
            start: self.start,
            parent: self.parent.clone(),
            group_by: None,
        }
    }
}

/// A column as every version takes it in an order or a group, also where it is a word of SQL (H17, H54).
pub(super) fn column(doctype: &str, field: &str) -> String {
    format!("`tab{doctype}`.`{field}`")
}

/// The field of a column as the site names it where it refuses one: with or without its table, quoted or not.
pub(super) fn fieldname(column: &str) -> &str {
    match column.trim_matches('`').split_once('.') {
        Some((table, field)) if table.starts_with("tab") => field.trim_matches('`'),
        _ => column.trim_matches('`'),
    }
}

/// A key of an order.
pub(super) fn sorted(key: &str, descending: bool) -> String {
    format!("{key} {}", if descending { "desc" } else { "asc" })
}

impl CallerClient<'_> {
    /// Whether the caller may see the document, by the site's count: the document itself may hide what decides that.
    ///
    /// # Errors
    /// The site's refusal, or a scope that no list can be filtered by.
    pub(super) async fn is_within(&self, permit: &Permit, name: &Value) -> Result<bool, SiteError> {
        let within = within(permit)?;
        let by_name = Filter::eq("name", name.clone());
        let query = ListQuery { order_by: vec![Order::asc("name")], limit: 1, ..ListQuery::default() };
        let filters = std::iter::once(&by_name).chain(&within.all);
        let wire = said(permit, wire(filters, &within.any))?;
        match self.page(permit, wire, &query.page(permit.doctype())).await {
            Ok(answer) => Ok(answer.data.iter().any(|row| row.get("name") == Some(name))),
            // What decides is hidden from the user, and so is the document (H5).
            Err(error) if error.kind() == SiteErrorKind::FieldDenied => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A page of documents with the fields asked for. Columns the user may not see are left out in silence (H5).
    ///
    /// # Errors
    /// A limit or order that the site would misunderstand, or the site's refusal.
    pub async fn list(&self, permit: &Permit, query: &ListQuery) -> Result<Answer<Vec<Map<String, Value>>>, SiteError> {
        check(permit, &[Operation::Read])?;
        let mut query = query.clone();
        loop {
            let page = query.page(permit.doctype());
            match self.scoped(permit, &query.filters, &query.or_filters, page).await {
                Err(error) if query.own_columns && error.column().is_some_and(|column| query.leave_out(column)) => {
                    tracing::warn!("a column of {} is left out: {}", permit.doctype(), error.for_log());
                }
                answer => return answer,
            }
        }
    }

    /// A page of what the caller may see.
    pub(super) async fn scoped(
        &self,
        permit: &Permit,
        filters: &[Filter],
        or_filters: &[Filter],
        page: Page,
    ) -> Result<Answer<Vec<Map<String, Value>>>, SiteError> {
        page.check(permit)?;
        let within = within(permit)?;
        let all = || filters.iter().chain(&within.all);
        if within.any.is_empty() || or_filters.is_empty() {
            let wire = said(permit, wire(all(), or_filters.iter().chain(&within.any)))?;
            return self.page(permit, wire, &page).await;
        }
        // The site takes one set of choices: the first of each choice of the scope by name, and of these a list as asked for.
        if page.start > 0 || page.group_by.is_some() {
            return Err(unscoped(permit));
        }
        let by_name = Page { fields: vec![json!("name")], ..page.clone() };
        let mut names: Vec<Value> = Vec::new();
        for choice in &within.any {
            let wire = said(permit, wire(all().chain([choice]), or_filters))?;
            let found = self.page(permit, wire, &by_name).await?.data;
            names.extend(found.into_iter().filter_map(|mut row| row.remove("name")));
        }
        if names.is_empty() {
            return Ok(Answer { data: Vec::new(), messages: Vec::new() });
        }
        let named = Filter::new("name", Operator::In, Value::Array(names));
        let wire = said(permit, wire(all().chain([&named]), &within.any))?;
        self.page(permit, wire, &page).await
    }

    /// The first rows of a virtual DocType, which the site gives through the desk's list alone (H72), with the columns that its
    /// own program chooses.
    ///
    /// # Errors
    /// The site's refusal; a scope, which that program does not know.
    pub async fn virtual_list(
        &self,
        permit: &Permit,
        fields: &[String],
        limit: u32,
    ) -> Result<Vec<Map<String, Value>>, SiteError> {
        check(permit, &[Operation::Read])?;
        if permit.is_row_filtered() {
            return Err(unscoped(permit));
        }
        let form = vec![
            ("doctype", permit.doctype().to_owned()),
            ("fields", json!(fields).to_string()),
            ("filters", "[]".to_owned()),
            ("order_by", "modified desc".to_owned()),
            ("start", "0".to_owned()),
            ("page_length", limit.to_string()),
        ];
        let answer = self.ask(permit, endpoints::DESK_LIST, Body::Form(form)).await?;
        let wrong = || unexpected(&endpoints::line("POST", endpoints::DESK_LIST), false, "no rows in it");
        keyed(answer.data).ok_or_else(wrong)
    }

    /// Which of these columns of a document the site shows to the user: it leaves the others out of a list in silence (H5),
    /// where reading the document may show 0 in their place (H4). Nothing but their names is given; takes any permit.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn columns_shown(
        &self,
        permit: &Permit,
        name: Option<&str>,
        columns: &[&str],
    ) -> Result<BTreeSet<String>, SiteError> {
        let query = ListQuery {
            fields: columns.iter().map(|column| (*column).to_owned()).collect(),
            order_by: vec![Order::asc("name")],
            limit: 1,
            ..ListQuery::default()
        };
        let of = name.map(|name| Filter::eq("name", name));
        let wire = said(permit, wire(&of, []))?;
        let answer = self.page(permit, wire, &query.page(permit.doctype())).await?;
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
        let order_by = vec![Order::desc("creation"), Order::asc("name")];
        let query = ListQuery { fields, order_by, limit, ..ListQuery::default() };
        let wire = said(permit, wire(&filters, []))?;
        Ok(self.page(permit, wire, &query.page(permit.doctype())).await?.data)
    }

    async fn page(
        &self,
        permit: &Permit,
        wire: Wire,
        page: &Page,
    ) -> Result<Answer<Vec<Map<String, Value>>>, SiteError> {
        self.page_of(permit, permit.doctype(), wire, page).await
    }

    /// A page of documents of this DocType, which is the permit's or holds rows of its documents.
    pub(super) async fn page_of(
        &self,
        permit: &Permit,
        doctype: &str,
        wire: Wire,
        page: &Page,
    ) -> Result<Answer<Vec<Map<String, Value>>>, SiteError> {
        let (call, key) = self.page_call(doctype, wire, page)?;
        let line = call.line();
        let answer = self.recalled(permit, call, key).await;
        answer?.try_map(|data| rows(data).ok_or_else(|| unexpected(&line, false, "no list of documents in it")))
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
        let wire = wire(filters.iter().chain(&within.all), or_filters.iter().chain(&within.any));
        let wire = said(permit, wire)?;
        // frappe.client.get_count ignores permissions (H23).
        let method = endpoints::COUNT;
        let mut form = vec![
            ("doctype", permit.doctype().to_owned()),
            ("filters", Value::Array(wire.all).to_string()),
            ("fields", "[]".to_owned()),
            // Joined rows count a document once for each of them (H19), and a table whose name holds a word of SQL cannot
            // be counted otherwise on version 15 (H70).
            ("distinct", "true".to_owned()),
        ];
        if !wire.any.is_empty() {
            form.push(("or_filters", Value::Array(wire.any).to_string()));
        }
        form.extend(parent.map(|parent| ("parent_doctype", parent.to_owned())));
        let answer = self.ask(permit, method, Body::Form(form)).await?;
        answer.data.as_u64().ok_or_else(|| unexpected(&endpoints::line("POST", method), false, "no number in it"))
    }
}

/// What a list is filtered by so that it holds only what the caller may see.
pub(super) fn within(permit: &Permit) -> Result<Within, SiteError> {
    permit.within().ok_or_else(|| misuse(permit, "the documents that may be read cannot be selected by filters"))
}

/// The filters as they are sent, where the site can be told them.
pub(super) fn said(permit: &Permit, wire: Result<Wire, String>) -> Result<Wire, SiteError> {
    wire.map_err(|words| SiteError::new(SiteErrorKind::Unscoped, permit.doctype(), false, words))
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
    SiteError::new(SiteErrorKind::Unscoped, permit.doctype(), false, words)
}

/// The rows of `{"keys", "values"}`; none where the site gives an empty list instead (H24).
fn keyed(data: Value) -> Option<Vec<Map<String, Value>>> {
    let Value::Object(mut data) = data else {
        return data.as_array().filter(|rows| rows.is_empty()).map(|_| Vec::new());
    };
    let (keys, values) = (data.remove("keys")?, data.remove("values")?);
    let keys: Vec<String> = serde_json::from_value(keys).ok()?;
    let values: Vec<Vec<Value>> = serde_json::from_value(values).ok()?;
    Some(values.into_iter().map(|row| keys.iter().cloned().zip(row).collect()).collect())
}

/// A JSON list of objects.
pub(super) fn rows(data: Value) -> Option<Vec<Map<String, Value>>> {
    let Value::Array(rows) = data else { return None };
    rows.into_iter().map(|row| if let Value::Object(row) = row { Some(row) } else { None }).collect()
}
