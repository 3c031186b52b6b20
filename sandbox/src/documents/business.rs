//! Rules of ERPNext's own code that no form states, and that a client meets: what an order has to have.

use erpnext_schema::DocTypeDef;
use serde_json::Value;

use crate::doc::{Doc, int, is_empty, rows, text};
use crate::error::{SiteError, exc};
use crate::site::Site;
use crate::store::Sql;

impl Site<'_> {
    /// What the code of this DocType asks of a document whose values are filled in.
    ///
    /// # Errors
    /// 500 for an order without rows, which the site trips over; 417 WarehouseRequired; 417 for a second order of the
    /// customer's same order.
    pub(super) fn check_business(&self, def: &'static DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        if def.name != "Sales Order" {
            return Ok(());
        }
        if is_empty(doc.get("items")) {
            return Err(SiteError::new(exc::TYPE, "unsupported operand type(s) for *: 'NoneType' and 'float'"));
        }
        let stocked = |row: &&Doc| int(row, "is_stock_item") == 1 && text(row, "warehouse").is_empty();
        if let Some(row) = rows(doc, "items").find(stocked) {
            let text = format!("Delivery warehouse required for stock item {}", text(row, "item_code"));
            return Err(SiteError::throw(exc::WAREHOUSE_REQUIRED, text));
        }
        self.check_customer_order(def, doc)
    }

    fn check_customer_order(&self, def: &'static DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        let (order, customer) = (text(doc, "po_no"), text(doc, "customer"));
        if order.is_empty() || self.allows_many_orders()? {
            return Ok(());
        }
        let name = doc.get("name").and_then(Value::as_str).unwrap_or_default();
        let condition = "po_no = ?1 AND customer = ?2 AND name != ?3 AND docstatus < 2 LIMIT 1";
        let params = [order, customer, name].map(|text| Sql::Text(text.to_owned()));
        match self.db.rows_where(def, condition, &params)?.first() {
            None => Ok(()),
            Some(other) => Err(SiteError::invalid(format!(
                "Sales Order <strong>{}</strong> is already there for the customer's order <strong>{order}</strong>",
                text(other, "name")
            ))),
        }
    }

    fn allows_many_orders(&self) -> Result<bool, SiteError> {
        let allowed = self.db.single_value("Selling Settings", "allow_against_multiple_purchase_orders")?;
        Ok(allowed.is_some_and(|allowed| allowed != "0"))
    }
}
