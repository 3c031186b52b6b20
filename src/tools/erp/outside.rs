//! Documents beside the one that an answer is about, which it tells of as well: a condition on reading them holds here too.

use erpnext_schema::{Operator, Order};
use serde_json::{Map, Value, json};

use super::seen::allowed;
use super::{exists, missing, reads};
use crate::context::Session;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::site::{Filter, ListQuery};

/// A document of another DocType that facts come from, or tell of: the DocType, the key that names the document, and the
/// facts.
pub type Beside = (&'static str, &'static str, &'static [&'static str]);

/// Beside an item.
pub const BESIDE_ITEM: &[Beside] = &[
    ("Warehouse", "warehouse", &["warehouse", "actual_qty", "projected_qty", "reserved_qty"]),
    ("Price List", "price_list", &["price_list", "price_list_rate"]),
    ("Company", "company", DEFAULTS),
    ("Item Group", "item_group", DEFAULTS),
    ("Brand", "brand", DEFAULTS),
];
/// What an item without an answer of its own takes from its group, its brand or the company.
const DEFAULTS: &[&str] =
    &["warehouse", "income_account", "expense_account", "cost_center", "item_tax_template", "item_tax_rate"];

/// Beside a party.
pub const BESIDE_PARTY: &[Beside] = &[
    ("Company", "company", &["currency", "payment_terms_template", "due_date"]),
    ("Customer Group", "customer_group", &["selling_price_list", "payment_terms_template", "due_date"]),
    ("Supplier Group", "supplier_group", &["buying_price_list", "payment_terms_template", "due_date"]),
    ("Payment Terms Template", "payment_terms_template", &["due_date"]),
];

/// Refuses an argument that names a document which is not there, or outside of what the caller may read: the site answers them
/// with zeros. A DocType that the configuration does not open has no such bounds: its documents are told here by nothing but
/// the names that others link to.
pub async fn named(session: &Session<'_>, doctype: &str, name: Option<&str>) -> Result<(), ToolError> {
    let Some(name) = name else { return Ok(()) };
    match in_sight(session, doctype, vec![&json!(name)]).await? {
        Some(seen) if seen.is_empty() => Err(missing(session, doctype, name).await),
        // What the site does not let the user look up, it looks up itself.
        None if reads(session.policy, doctype) => allowed(exists(session, doctype, name).await).map(drop),
        _ => Ok(()),
    }
}

/// Those of the documents that the caller may read; nothing where no condition keeps any from them. Where there is one, and
/// the site lets the user read none, they are none.
pub async fn in_sight(
    session: &Session<'_>,
    doctype: &str,
    names: Vec<&Value>,
) -> Result<Option<Vec<Value>>, ToolError> {
    let permit = match session.permit(Operation::Read, doctype).await {
        Ok(permit) if permit.is_row_filtered() => permit,
        Ok(_) | Err(ToolError::Denied(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    if names.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let filters = vec![Filter::new("name", Operator::In, json!(names))];
    let query = ListQuery { filters, order_by: vec![Order::asc("name")], limit: 500, ..ListQuery::default() };
    let found = allowed(session.site.list(&permit, &query).await.map_err(ToolError::from))?;
    let rows = found.map(|found| found.data).unwrap_or_default();
    Ok(Some(rows.into_iter().filter_map(|mut row| row.remove("name")).collect()))
}

/// The facts that come from documents, or tell of documents, which the caller may not read. Where none is named, which it
/// was is not known.
pub async fn outside(
    session: &Session<'_>,
    beside: &[Beside],
    details: &Map<String, Value>,
    args: &Map<String, Value>,
) -> Result<Vec<&'static str>, ToolError> {
    let mut facts = Vec::new();
    for (doctype, by, theirs) in beside {
        let is_name = |value: &&Value| value.as_str().is_some_and(|name| !name.is_empty());
        let name = [details, args].into_iter().filter_map(|from| from.get(*by)).find(is_name);
        if in_sight(session, doctype, name.into_iter().collect()).await?.is_some_and(|seen| seen.is_empty()) {
            facts.extend(*theirs);
        }
    }
    Ok(facts)
}
