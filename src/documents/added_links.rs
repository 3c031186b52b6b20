//! Links that the site's people added: no table tells of them before the metadata of their DocType is read.

use std::collections::BTreeSet;

use erpnext_schema::{DocTypeDef, Operator, Order};
use serde_json::{Map, Value, json};

use crate::context::Session;
use crate::policy::{Filter, Operation, Policy};
use crate::shape::text_of;
use crate::site::{ListQuery, SiteError};

/// The most Custom Fields, and the most DocTypes of the site's own, that are looked at.
const MOST: u32 = 500;
/// The most DocTypes whose metadata is read for one call.
const MOST_READ: usize = 30;

/// The DocTypes of the site's own that have lists, by name; and whether there are more.
///
/// # Errors
/// The site's: most users may not list them.
pub async fn own_doctypes(session: &Session<'_>) -> Result<(Vec<String>, bool), SiteError> {
    let filters = vec![Filter::eq("custom", 1), Filter::eq("istable", 0), Filter::eq("issingle", 0)];
    let found = rows(session, "DocType", &["name"], filters).await?;
    let own = found.iter().map(|row| text_of(row, "name").to_owned()).take(MOST_READ).collect();
    Ok((own, found.len() > MOST_READ))
}

/// Reads the metadata of those of the DocTypes to which a field was added that can lead to `target`, and of which no
/// table here tells: a Link to it, a Dynamic Link, a table. Whether that is all of them.
///
/// # Errors
/// The site's: most users may not list Custom Fields.
pub async fn learn(session: &Session<'_>, defs: &[&'static DocTypeDef], target: &str) -> Result<bool, SiteError> {
    let catalog = session.catalog;
    let mut concerned: BTreeSet<&str> = defs.iter().map(|def| def.name).collect();
    for def in defs {
        concerned.extend(def.tables().filter_map(|table| table.rows_of()));
    }
    if concerned.iter().all(|doctype| catalog.is_current(doctype)) {
        return Ok(true);
    }
    let kinds = Filter::new("fieldtype", Operator::In, json!(["Link", "Dynamic Link", "Table", "Table MultiSelect"]));
    let fields = ["dt", "fieldname", "fieldtype", "options"];
    let added = rows(session, "Custom Field", &fields, vec![kinds]).await?;
    let mut unknown: BTreeSet<&str> = BTreeSet::new();
    for field in &added {
        let doctype = text_of(field, "dt");
        let leads = text_of(field, "fieldtype") != "Link" || text_of(field, "options") == target;
        let known = catalog.known(doctype).and_then(|def| def.field(text_of(field, "fieldname")));
        if leads && concerned.contains(doctype) && known.is_none() {
            unknown.insert(doctype);
        }
    }
    let mut all = unknown.len() <= MOST_READ && added.len() < MOST as usize;
    for doctype in unknown.into_iter().take(MOST_READ) {
        if let Err(error) = catalog.live(session.asker(), doctype).await {
            tracing::debug!("metadata of {doctype}: {}", error.for_log());
            all = false;
        }
    }
    Ok(all)
}

/// What the site's metadata holds of this kind. Not on a model's behalf: what is told of it, the policy decides by the
/// tables.
async fn rows(
    session: &Session<'_>,
    part: &str,
    fields: &[&str],
    filters: Vec<Filter>,
) -> Result<Vec<Map<String, Value>>, SiteError> {
    let Ok(permit) = Policy::full().permit(Operation::Read, part) else { return Ok(Vec::new()) };
    let query = ListQuery {
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        filters,
        order_by: vec![Order::asc("name")],
        limit: MOST,
        ..ListQuery::default()
    };
    Ok(session.site.list(&permit, &query).await?.data)
}
