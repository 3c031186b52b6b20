//! Rules of ERPNext's own code that no form states, and that a client meets: what an order has to have, quantities, dates.

use erpnext_schema::DocTypeDef;
use serde_json::Value;

use crate::doc::{Doc, int, is_empty, number, rows, text};
use crate::error::{SiteError, exc};
use crate::site::Site;
use crate::store::Sql;

/// Documents whose rows must state a quantity.
const QUANTITIES: &[&str] = &[
    "Delivery Note",
    "Material Request",
    "Purchase Invoice",
    "Purchase Order",
    "Purchase Receipt",
    "Quotation",
    "Sales Invoice",
    "Sales Order",
    "Supplier Quotation",
];

/// Two dates of a document, of which the first is not after the second.
const SPANS: &[(&str, &str, &str)] = &[
    ("Project", "expected_start_date", "expected_end_date"),
    ("Quotation", "transaction_date", "valid_till"),
    ("Sales Invoice", "posting_date", "due_date"),
    ("Task", "exp_start_date", "exp_end_date"),
];

/// A date that a document or each of its rows must state.
const NEEDED: &[(&str, &str, &str)] = &[
    ("Material Request", "schedule_date", "Please enter Reqd by Date"),
    ("Purchase Order", "schedule_date", "Please enter Reqd by Date"),
    ("Sales Order", "delivery_date", "Please enter Delivery Date"),
];

impl Site<'_> {
    /// What the code of this DocType asks of a document whose values are filled in.
    ///
    /// # Errors
    /// 417, whatever is missing or cannot be; 500 for an order without rows, which the site trips over.
    pub(super) fn check_business(&self, def: &'static DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        check_quantities(def, doc)?;
        check_dates(def, doc)?;
        self.check_payment(def, doc)?;
        self.check_journal(def, doc)?;
        self.check_return(def, doc)?;
        if def.name == "Task" && number(doc, "progress") > 100.0 {
            return Err(SiteError::invalid("Progress % for a task cannot be more than 100."));
        }
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

fn check_quantities(def: &DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
    if !QUANTITIES.contains(&def.name) {
        return Ok(());
    }
    for row in rows(doc, "items") {
        let (at, item, qty) = (int(row, "idx"), text(row, "item_code"), number(row, "qty"));
        if qty == 0.0 {
            let text = format!("Row #{at}: Quantity for Item {item} cannot be zero.");
            return Err(SiteError::titled(exc::INVALID_QTY, "Invalid Quantity", text));
        }
        if qty < 0.0 && int(doc, "is_return") == 0 {
            return Err(SiteError::invalid(format!("For an item {item}, quantity must be positive number")));
        }
        if qty > 0.0 && int(doc, "is_return") == 1 {
            return Err(SiteError::invalid(format!("The quantity of item {item} must be negative in a return")));
        }
        let came = qty + number(row, "rejected_qty");
        if def.name == "Purchase Receipt" && (number(row, "received_qty") - came).abs() > 0.0005 {
            let text =
                format!("Row #{at}: of item {item} {came} is accepted and rejected, which has to be its received_qty");
            return Err(SiteError::titled(exc::QTY_MISMATCH, "Mismatch", text));
        }
    }
    Ok(())
}

fn check_dates(def: &DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
    for (_, from, to) in SPANS.iter().filter(|(of, ..)| *of == def.name) {
        let (first, last) = (text(doc, from), text(doc, to));
        // A day compares with a moment as its beginning.
        if !last.is_empty() && first.get(..10) > last.get(..10) {
            let label = |name: &str| def.field(name).map_or_else(|| name.to_owned(), |field| field.label.to_owned());
            let text = format!("<strong>{}</strong> must be after <strong>{}</strong>", label(to), label(from));
            return Err(SiteError::throw(exc::INVALID_DATES, text));
        }
    }
    for (_, field, text) in NEEDED.iter().filter(|(of, ..)| *of == def.name) {
        let stated = |doc: &Doc| !is_empty(doc.get(*field));
        if !stated(doc) && !rows(doc, "items").any(stated) && rows(doc, "items").next().is_some() {
            return Err(SiteError::invalid(*text));
        }
    }
    Ok(())
}
