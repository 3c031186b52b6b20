//! What becomes of orders that are submitted: closed, held, opened again, their rows changed.

use serde_json::{Value, json};

use crate::doc::text;
use crate::error::SiteError;
use crate::reply::Reply;
use crate::request::Request;

macro_rules! status_methods {
    ($($(#[$doc:meta])* $method:ident($doctype:literal, $named_by:literal);)*) => {$(
        $(#[$doc])*
        pub fn $method(request: &mut Request<'_>) -> Result<Reply, SiteError> {
            let (name, status) = (request.text($named_by)?, request.text("status")?);
            request.site.set_status($doctype, &name, &status)?;
            Ok(Reply::message(Value::Null))
        }
    )*};
}

status_methods! {
    /// `erpnext.selling.doctype.sales_order.sales_order.update_status`.
    sales_order("Sales Order", "name");
    /// `erpnext.buying.doctype.purchase_order.purchase_order.update_status`.
    purchase_order("Purchase Order", "name");
    /// `erpnext.stock.doctype.delivery_note.delivery_note.update_delivery_note_status`.
    delivery_note("Delivery Note", "docname");
    /// `erpnext.stock.doctype.purchase_receipt.purchase_receipt.update_purchase_receipt_status`.
    purchase_receipt("Purchase Receipt", "docname");
    /// `erpnext.stock.doctype.material_request.material_request.update_status`.
    material_request("Material Request", "name");
}

/// `erpnext.controllers.accounts_controller.update_child_qty_rate`.
pub fn update_child_qty_rate(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doctype, name) = (request.text("parent_doctype")?, request.text("parent_doctype_name")?);
    let sent: Vec<Value> = serde_json::from_str(&request.text("trans_items")?)
        .map_err(|_| SiteError::invalid("trans_items is no JSON"))?;
    let rows: Vec<_> = sent.iter().filter_map(Value::as_object).cloned().collect();
    if rows.iter().any(|row| text(row, "item_code").is_empty() || row.get("qty").is_none_or(|qty| *qty == json!(0))) {
        return Err(SiteError::invalid("a row has no item or no quantity"));
    }
    request.site.replace_items(&doctype, &name, &rows)?;
    Ok(Reply::message(Value::Null))
}
