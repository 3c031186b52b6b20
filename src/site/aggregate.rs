//! Groups of documents and what is computed of each.

use erpnext_schema::Version;
use serde_json::{Map, Value, json};

use super::list::{Page, column, sorted};
use super::{Answer, CallerClient, Filter, SiteError, SiteErrorKind, check, misuse};
use crate::policy::{Operation, Permit};

/// What the site computes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Function {
    /// How many documents have a value.
    Count,
    /// All of them added up.
    Sum,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// A value that is computed of each group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Measure {
    /// How.
    pub function: Function,
    /// Of which field.
    pub field: &'static str,
    /// The key of the value in a row: letters and digits that no field is called.
    pub alias: String,
}

/// What groups are sorted by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GroupKey {
    /// A field that is grouped by.
    Field(&'static str),
    /// A measure, by its alias.
    Measure(String),
}

/// A page of groups.
#[derive(Clone, Debug, Default)]
pub struct GroupQuery {
    /// The fields whose values make a group; one group of all documents where empty.
    pub group_by: Vec<&'static str>,
    /// What is computed.
    pub measures: Vec<Measure>,
    /// All of these hold. None may be on rows: a document would be counted once for each (H75).
    pub filters: Vec<Filter>,
    /// At least one of these holds, where there are any.
    pub or_filters: Vec<Filter>,
    /// Each key, and whether the largest comes first.
    pub order_by: Vec<(GroupKey, bool)>,
    /// Groups in the page, 1 to 500.
    pub limit: u32,
    /// Groups before the page.
    pub start: u64,
}

impl CallerClient<'_> {
    /// A page of groups: rows with the fields that are grouped by and the measures.
    ///
    /// Version 15 takes functions as text, version 16 as objects only (H55). A site that turns out to be of another version
    /// than was said is asked once more in its own form.
    ///
    /// # Errors
    /// As [`CallerClient::list`].
    pub async fn groups(
        &self,
        permit: &Permit,
        query: &GroupQuery,
        version: Version,
    ) -> Result<Answer<Vec<Map<String, Value>>>, SiteError> {
        check(permit, &[Operation::Read])?;
        if query.filters.iter().chain(&query.or_filters).any(|filter| filter.rows.is_some()) {
            return Err(misuse(permit, "documents grouped by a filter on their rows would be counted once for each"));
        }
        let ask = |version| {
            let page = query.page(permit.doctype(), version);
            self.scoped(permit, &query.filters, &query.or_filters, page)
        };
        match ask(version).await {
            Err(error) if is_of_another_version(&error) => {
                let other = if version == Version::V15 { Version::V16 } else { Version::V15 };
                tracing::warn!("the site does not take functions as version {version} does: {}", error.for_log());
                ask(other).await
            }
            answer => answer,
        }
    }
}

impl GroupQuery {
    fn page(&self, doctype: &str, version: Version) -> Page {
        let groups = self.group_by.iter().map(|field| json!(field));
        let measures = self.measures.iter().map(|measure| measure.column(doctype, version));
        let order = self.order_by.iter().map(|(key, descending)| {
            let key = match key {
                GroupKey::Field(field) => column(doctype, field),
                // Version 16 takes an alias only without backticks (H54).
                GroupKey::Measure(alias) => alias.clone(),
            };
            sorted(&key, *descending)
        });
        let keys = self.group_by.iter().map(|field| column(doctype, field));
        Page {
            fields: groups.chain(measures).collect(),
            order_by: order.collect::<Vec<_>>().join(", "),
            limit: self.limit,
            start: self.start,
            parent: None,
            group_by: Some(keys.collect::<Vec<_>>().join(", ")),
        }
    }
}

impl Measure {
    fn column(&self, doctype: &str, version: Version) -> Value {
        let function = match self.function {
            Function::Count => "COUNT",
            Function::Sum => "SUM",
            Function::Min => "MIN",
            Function::Max => "MAX",
        };
        match version {
            Version::V15 => {
                json!(format!("{}({}) as {}", function.to_lowercase(), column(doctype, self.field), self.alias))
            }
            Version::V16 => json!({ function: self.field, "as": self.alias }),
        }
    }
}

/// What version 15 says to an object, and version 16 to a function as text (H55).
fn is_of_another_version(error: &SiteError) -> bool {
    matches!(
        (error.kind(), error.exc_type()),
        (SiteErrorKind::Server, Some("TypeError")) | (SiteErrorKind::WrongForm, _)
    )
}
