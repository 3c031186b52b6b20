//! What a pricing rule gives for free with an item. The site answers with fields of that other item too: of those nothing is
//! told but its name, where the caller may see it.

use serde_json::Value;

use super::facts::Facts;
use super::outside::in_sight;
use super::seen::{Row, filled};
use crate::context::Session;
use crate::error::ToolError;

/// The fields of a row that are told, and the field of the rule that each is made of.
const COLUMNS: [(&str, &str); 3] = [("qty", "free_qty"), ("uom", "free_item_uom"), ("rate", "free_item_rate")];

/// The free items as they are told; nothing where there are some that may not be told, or it may not be known.
///
/// # Errors
/// The site's.
pub async fn free_items(
    session: &Session<'_>,
    facts: &mut Facts<'_>,
    given: Option<&Value>,
) -> Result<Option<Vec<Value>>, ToolError> {
    let rows: Vec<&Row> = given.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object).collect();
    if rows.is_empty() {
        return Ok(Some(Vec::new()));
    }
    if !facts.may_read("Pricing Rule", "free_item").await || !facts.may_read("Item", "name").await {
        return Ok(None);
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
    let mut columns = vec!["item_code"];
    for (column, field) in COLUMNS {
        // A rule that names no unit gives the item's own.
        let may_be_told = column != "uom" || facts.may_read("Item", "stock_uom").await;
        if may_be_told && facts.may_read("Pricing Rule", field).await {
            columns.push(column);
        }
    }
    let told = |row: &Row| {
        let told = columns.iter().filter_map(|column| Some(((*column).to_owned(), row.get(*column)?.clone())));
        filled(told.collect())
    };
    Ok(Some(rows.into_iter().map(told).collect()))
}
