//! What is said of an argument that names the wrong kind of document: a supplier in the place of a customer, an item
//! without stock.

use serde_json::Value;

use super::seen::allowed;
use super::{def, exists};
use crate::context::Session;
use crate::error::ToolError;
use crate::policy::{Operation, Permit};

/// What the party of a transaction is.
pub const fn party_kind(sells: bool) -> &'static str {
    if sells { "Customer" } else { "Supplier" }
}

/// Leave to read the party, of which there must be one of that name; one of the other kind is told as what it is.
///
/// # Errors
/// That there is none, the policy's and the site's.
pub async fn is_party(session: &Session<'_>, kind: &'static str, party: &str) -> Result<Permit, ToolError> {
    let missing = match exists(session, kind, party).await {
        Err(error @ ToolError::Refused { .. }) => error,
        found => return found,
    };
    let (other, instead) = match kind {
        "Customer" => ("Supplier", "for: \"Purchase Order\""),
        _ => ("Customer", "for: \"Sales Order\""),
    };
    match exists(session, other, party).await {
        Ok(_) => Err(ToolError::refused(
            format!("There is no {kind} named {party:?}: it is a {other}."),
            format!("Give {instead}, or another transaction with a {other}."),
        )),
        Err(_) => Err(missing),
    }
}

/// Why there is no stock of an item anywhere, where that may be told: zeros would say that it is sold out.
///
/// # Errors
/// The site's.
pub async fn keeps_none(session: &Session<'_>, permit: &Permit, item: &str) -> Result<Option<String>, ToolError> {
    let def = def(session, "Item").await?;
    let may = |name: &&str| def.field(name).is_some_and(|field| permit.fields().may_read(field));
    let fields: Vec<&str> = ["is_stock_item", "has_variants"].into_iter().filter(may).collect();
    if fields.is_empty() {
        return Ok(None);
    }
    let found = session.site.validate_link(permit, item, &fields).await;
    let found = allowed(found.map_err(ToolError::from))?.flatten().unwrap_or_default();
    let is = |name: &str, value: f64| found.get(name).and_then(Value::as_f64) == Some(value);
    Ok(if is("has_variants", 1.0) {
        Some(format!("{item} is a template: the stock is that of its variants"))
    } else if is("is_stock_item", 0.0) {
        Some(format!("{item} is no stock item: no stock of it is kept"))
    } else {
        None
    })
}

/// Refuses a group of warehouses, where it may be told that it is one: nothing lies in it itself, and the site says 0.
///
/// # Errors
/// That it is one, and the site's.
pub async fn is_no_group(session: &Session<'_>, warehouse: &str) -> Result<(), ToolError> {
    let Ok(permit) = session.permit(Operation::Read, "Warehouse").await else { return Ok(()) };
    let is_group = def(session, "Warehouse").await?.field("is_group");
    if !is_group.is_some_and(|field| permit.fields().may_read(field)) {
        return Ok(());
    }
    let found = session.site.validate_link(&permit, warehouse, &["is_group"]).await;
    let found = allowed(found.map_err(ToolError::from))?.flatten().unwrap_or_default();
    if found.get("is_group").and_then(Value::as_f64) != Some(1.0) {
        return Ok(());
    }
    Err(ToolError::refused(
        format!("warehouse: {warehouse:?} is a group, in which nothing lies itself."),
        "get_stock_levels adds up what lies below it; or name one of its warehouses.",
    ))
}
