//! The rows of many documents at once. Both versions list a child table where its parent's DocType is named (H20), and neither
//! asks whether the user may see the document that a row belongs to: the documents are listed first, and named here.

use erpnext_schema::Operator;
use serde_json::{Map, Value, json};

use super::filters::wire;
use super::list::{Page, column, said, sorted};
use super::{Answer, CallerClient, SiteError, check, misuse};
use crate::policy::{Filter, Operation, Permit, Rows};

/// The most rows in a page, and the most documents that they are asked of.
const MOST: usize = 500;

/// A page of rows.
#[derive(Clone, Debug)]
pub struct RowQuery<'q> {
    /// The table that holds them.
    pub rows: Rows,
    /// The documents, 1 to 500, as a list that the same permit let through gave their names.
    pub parents: &'q [Value],
    /// The columns, beside `name`, `parent` and `idx`.
    pub columns: Vec<&'static str>,
    /// What a row itself satisfies: comparisons of its own columns.
    pub filters: &'q [Filter],
    /// The last row of the page before.
    pub after: Option<&'q Value>,
}

impl CallerClient<'_> {
    /// Up to 500 rows of these documents, by the names of the rows; fewer are the last. A row that a User Permission hides is
    /// not among them.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn rows(
        &self,
        permit: &Permit,
        query: &RowQuery<'_>,
    ) -> Result<Answer<Vec<Map<String, Value>>>, SiteError> {
        check(permit, &[Operation::Read])?;
        if !(1..=MOST).contains(&query.parents.len()) {
            return Err(misuse(permit, format!("rows of {} documents, and not of 1 to {MOST}", query.parents.len())));
        }
        let mut filters = vec![
            Filter::new("parent", Operator::In, query.parents),
            Filter::eq("parenttype", permit.doctype()),
            Filter::eq("parentfield", query.rows.table),
        ];
        filters.extend(query.after.map(|name| Filter::new("name", Operator::Gt, name.clone())));
        filters.extend(query.filters.iter().map(|filter| Filter { rows: None, ..filter.clone() }));
        let page = Page {
            fields: ["name", "parent", "idx"].iter().chain(&query.columns).map(|column| json!(column)).collect(),
            order_by: sorted(&column(query.rows.doctype, "name"), false),
            limit: 500,
            start: 0,
            parent: Some(permit.doctype().to_owned()),
            group_by: None,
        };
        self.page_of(permit, query.rows.doctype, said(permit, wire(&filters, []))?, &page).await
    }
}
