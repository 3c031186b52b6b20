//! The names that documents link to in one way, read in bounded steps: all of them, or none.

use std::collections::BTreeSet;

use erpnext_schema::Operator;
use serde_json::{Map, Value};

use super::DocTypeCall;
use super::beyond::PAGE;
use super::ways::Way;
use crate::error::ToolError;
use crate::policy::{Filter, Rows};
use crate::shape::text_of;
use crate::site::{GroupKey, GroupQuery, ListQuery};

/// The most documents whose rows are read to learn what they use.
pub(super) const MOST_DOCUMENTS: usize = 10_000;
/// The most of their rows.
pub(super) const MOST_ROWS: usize = 50_000;

impl DocTypeCall<'_> {
    /// Adds the names that the documents of the call link to in one way, where these filters hold. False where there are more
    /// than `most`, or more documents or rows than are read.
    ///
    /// # Errors
    /// The site's.
    pub(super) async fn add_used(
        &self,
        target: &str,
        way: &Way,
        filters: &[Filter],
        most: usize,
        used: &mut BTreeSet<String>,
    ) -> Result<bool, ToolError> {
        let mut own = vec![Filter::new(way.field, Operator::Is, "set")];
        own.extend(way.by.map(|by| Filter::eq(by, target)));
        if let Some(rows) = way.rows {
            // The row that fits is the one that links.
            own.extend(filters.iter().filter(|filter| filter.rows == Some(rows)).cloned());
            return self.add_used_in_rows((rows, way.field), &own, filters, used).await;
        }
        own.extend(filters.iter().cloned());
        // Groups would count rows (H75): the documents themselves are gone through.
        match own.iter().any(|filter| filter.rows.is_some()) {
            true => self.add_used_by_each(way.field, own, used).await,
            false => self.add_used_by_groups(way.field, own, most, used).await,
        }
    }

    /// By a column of the rows for which `own` holds, of the documents for which `filters` hold.
    async fn add_used_in_rows(
        &self,
        (rows, field): (Rows, &str),
        own: &[Filter],
        filters: &[Filter],
        used: &mut BTreeSet<String>,
    ) -> Result<bool, ToolError> {
        let column = self.session.catalog.known(rows.doctype).and_then(|child| child.field(field));
        let Some(column) = column else { return Ok(true) };
        let query = ListQuery { filters: filters.to_vec(), ..ListQuery::default() };
        let (mut after, mut documents, mut room) = (None, 0, MOST_ROWS);
        loop {
            let page = self.next_by_name(&query, after.as_ref()).await?;
            let names: Vec<Value> = page.into_iter().filter_map(|mut row| row.remove("name")).collect();
            documents += names.len();
            let found = self.rows_of(rows, &names, &[column], own, room).await?;
            let Some(found) = found.filter(|_| documents <= MOST_DOCUMENTS) else { return Ok(false) };
            room -= found.len();
            used.extend(linked_by(&found, field));
            after = names.last().cloned();
            if names.len() < PAGE {
                return Ok(true);
            }
        }
    }

    /// By a field of each document for which the filters hold.
    async fn add_used_by_each(
        &self,
        field: &str,
        filters: Vec<Filter>,
        used: &mut BTreeSet<String>,
    ) -> Result<bool, ToolError> {
        let fields = ["name", field].map(str::to_owned).to_vec();
        let query = ListQuery { fields, filters, ..ListQuery::default() };
        let (mut after, mut documents) = (None, 0);
        loop {
            let page = self.next_by_name(&query, after.as_ref()).await?;
            documents += page.len();
            if documents > MOST_DOCUMENTS {
                return Ok(false);
            }
            used.extend(linked_by(&page, field));
            if page.len() < PAGE {
                return Ok(true);
            }
            after = page.last().and_then(|row| row.get("name")).cloned();
        }
    }

    /// By the groups that a field makes of the documents for which the filters hold.
    async fn add_used_by_groups(
        &self,
        field: &'static str,
        filters: Vec<Filter>,
        most: usize,
        used: &mut BTreeSet<String>,
    ) -> Result<bool, ToolError> {
        let order_by = vec![(GroupKey::Field(field), false)];
        let mut query = GroupQuery { group_by: vec![field], filters, order_by, limit: 500, ..GroupQuery::default() };
        loop {
            let page = self.session.site.groups(self.permit, &query, self.session.catalog.version()).await?.data;
            used.extend(linked_by(&page, field));
            query.start += page.len() as u64;
            if page.len() < PAGE {
                return Ok(true);
            }
            if query.start > most as u64 {
                return Ok(false);
            }
        }
    }
}

/// What rows link to by a field.
fn linked_by(rows: &[Map<String, Value>], field: &str) -> impl Iterator<Item = String> {
    rows.iter().map(move |row| text_of(row, field)).filter(|name| !name.is_empty()).map(str::to_owned)
}
