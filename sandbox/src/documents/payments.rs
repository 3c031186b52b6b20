//! What payments do to the invoices that they are for: less of them is outstanding. No ledger is written.

use erpnext_schema::DocTypeDef;
use serde_json::json;

use super::status;
use crate::doc::{Doc, flt, int, rows, text};
use crate::error::SiteError;
use crate::site::Site;

/// What a payment can be for that something of is outstanding.
const INVOICES: [&str; 2] = ["Sales Invoice", "Purchase Invoice"];
/// A difference that is none: money has two decimals.
const ROUNDING: f64 = 0.005;

impl Site<'_> {
    /// That a payment is of something, and of no more than its invoices have outstanding.
    ///
    /// # Errors
    /// 417.
    pub(super) fn check_payment(&self, def: &DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        if def.name != "Payment Entry" {
            return Ok(());
        }
        for (field, label) in [("paid_amount", "Paid Amount"), ("received_amount", "Received Amount")] {
            if number(doc, field) == 0.0 {
                return Err(SiteError::invalid(format!("{label} is mandatory")));
            }
        }
        for row in rows(doc, "references") {
            let Some((_, invoice)) = self.invoice(row)? else { continue };
            let (paid, open) = (number(row, "allocated_amount"), number(&invoice, "outstanding_amount"));
            // A credit note has less than nothing outstanding.
            if paid.abs() > open.abs() + ROUNDING || paid * open < 0.0 {
                let text = "Allocated Amount cannot be greater than outstanding amount.";
                return Err(SiteError::invalid(format!("Row #{}: {text}", int(row, "idx"))));
            }
        }
        Ok(())
    }

    /// Takes what a payment that was submitted allocates off what its invoices have outstanding; gives it back where the
    /// payment was cancelled.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn tell_invoices(&self, def: &DocTypeDef, doc: &Doc, submitted: bool) -> Result<(), SiteError> {
        if def.name != "Payment Entry" {
            return Ok(());
        }
        for row in rows(doc, "references") {
            let Some((def, mut invoice)) = self.invoice(row)? else { continue };
            let paid = number(row, "allocated_amount") * if submitted { 1.0 } else { -1.0 };
            let open = ((number(&invoice, "outstanding_amount") - paid) * 100.0).round() / 100.0;
            invoice.insert("outstanding_amount".to_owned(), json!(open));
            let name = text(&invoice, "name").to_owned();
            let mut changes = Doc::from_iter([("outstanding_amount".to_owned(), json!(open))]);
            status::set(self, def, &mut invoice);
            changes.extend(invoice.remove("status").map(|status| ("status".to_owned(), status)));
            self.set(def.name, &name, &changes)?;
        }
        Ok(())
    }

    fn invoice(&self, row: &Doc) -> Result<Option<(&'static DocTypeDef, Doc)>, SiteError> {
        let (doctype, name) = (text(row, "reference_doctype"), text(row, "reference_name"));
        if !INVOICES.contains(&doctype) {
            return Ok(None);
        }
        let def = self.controller(doctype)?;
        Ok(self.db.row(def, name)?.map(|invoice| (def, invoice)))
    }
}

fn number(doc: &Doc, key: &str) -> f64 {
    doc.get(key).map_or(0.0, flt)
}
