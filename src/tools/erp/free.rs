//! What a pricing rule gives for free with an item. The site answers with fields of that other item too: of those nothing is
//! told but its name, where the caller may see it.

use erpnext_schema::rows;
use serde_json::Value;

use super::facts::Facts;
use super::outside::in_sight;
use super::seen::{Row, filled};
use crate::context::Session;
use crate::error::ToolError;

/// The free items as they are told, where all that rules say may be read; nothing where there are some that may not be told.
///
/// # Errors
/// The site's.
pub async fn free_items(
    session: &Session<'_>,
    facts: &mut Facts<'_>,
    given: Option<&Value>,
) -> Result<Option<Vec<Value>>, ToolError> {
    let rows: Vec<&Row> = given.into_iter().flat_map(rows).collect();
    if rows.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let names: Vec<&Value> = rows.iter().filter_map(|row| row.get("item_code")).collect();
    let seen = in_sight(session, "Item", names).await?;
    let is_seen = |row: &&Row| {
        let item = row.get("item_code");
        item.is_some_and(|item| seen.as_ref().is_none_or(|seen| seen.contains(item)))
    };
    if !rows.iter().all(is_seen) {
        return Ok(None);
    }
    let mut columns = vec!["item_code", "qty", "rate"];
    // A rule that names no unit gives the item's own.
    if facts.may_read("Item", "stock_uom").await {
        columns.insert(2, "uom");
    }
    let told = |row: &Row| {
        let told = columns.iter().filter_map(|column| Some(((*column).to_owned(), row.get(*column)?.clone())));
        filled(told.collect())
    };
    Ok(Some(rows.into_iter().map(told).collect()))
}
