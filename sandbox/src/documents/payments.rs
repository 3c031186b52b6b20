//! What payments do to the invoices that they are for: less of them is outstanding.

use erpnext_schema::DocTypeDef;
use serde_json::{Value, json};

use super::status;
use crate::doc::{Doc, cents, factor, int, is_empty, number, rows, text};
use crate::error::SiteError;
use crate::site::Site;

const PAYMENT: &str = "Payment Entry";
/// What a payment can be for that something of is outstanding.
const INVOICES: [&str; 2] = ["Sales Invoice", "Purchase Invoice"];
/// A difference that is none: money has two decimals.
pub(super) const ROUNDING: f64 = 0.005;

impl Site<'_> {
    /// Works out what of a payment is allocated, what is left of it, and what does not add up.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn fill_payment(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        if def.name != PAYMENT {
            return Ok(());
        }
        self.take_advance(doc)?;
        for side in ["paid_from", "paid_to"] {
            for fact in ["account_currency", "account_type"] {
                let into = format!("{side}_{fact}");
                if text(doc, &into).is_empty()
                    && let Some(value) = self.value("Account", text(doc, side), fact)?
                {
                    doc.insert(into, value);
                }
            }
        }
        let allocated = cents(rows(doc, "references").map(|row| number(row, "allocated_amount")).sum::<f64>().abs());
        let (paid, received) = (number(doc, "paid_amount"), number(doc, "received_amount"));
        // Without a rate the account is one in the company's currency.
        let (source, target) = (factor(doc, "source_exchange_rate"), factor(doc, "target_exchange_rate"));
        let ((party, party_rate), other) = match text(doc, "payment_type") {
            "Receive" => ((paid, source), received * target),
            _ => ((received, target), paid * source),
        };
        let sign = if text(doc, "payment_type") == "Receive" { 1.0 } else { -1.0 };
        // What is deducted pays too, but not what rates leave.
        let own = rows(doc, "deductions").filter(|row| int(row, "is_exchange_gain_loss") == 0);
        let own: f64 = own.map(|row| number(row, "amount")).sum();
        let unallocated = cents((party + sign * own / party_rate - allocated).max(0.0));
        self.fill_exchange(def, doc, cents(paid * source - received * target))?;
        let deducted: f64 = rows(doc, "deductions").map(|row| number(row, "amount")).sum();
        let over = (allocated + unallocated) * party_rate - other;
        let over = over * sign;
        for (field, amount) in [
            ("base_paid_amount", paid * number(doc, "source_exchange_rate")),
            ("base_received_amount", received * number(doc, "target_exchange_rate")),
            ("total_allocated_amount", allocated),
            ("base_total_allocated_amount", allocated * party_rate),
            ("unallocated_amount", unallocated),
            ("difference_amount", over - deducted),
        ] {
            doc.insert(field.to_owned(), json!(cents(amount) + 0.0));
        }
        Ok(())
    }

    /// Fills in the party's account. A draft that is for no invoice goes to that of advances, where the company has them
    /// kept apart.
    fn take_advance(&self, doc: &mut Doc) -> Result<(), SiteError> {
        const APART: &str = "book_advance_payments_in_separate_party_account";
        let account = match (text(doc, "party_type"), text(doc, "payment_type")) {
            ("Customer" | "Supplier", "Receive") => "paid_from",
            ("Customer" | "Supplier", "Pay") => "paid_to",
            _ => return Ok(()),
        };
        let company = text(doc, "company").to_owned();
        if text(doc, account).is_empty() {
            let field = if account == "paid_from" { "default_receivable_account" } else { "default_payable_account" };
            let own = self.value("Company", &company, field)?;
            doc.extend(own.map(|own| (account.to_owned(), own)));
        }
        let is_apart = self.value("Company", &company, APART)?.is_some_and(|apart| apart == 1);
        let is_for_invoices = rows(doc, "references").any(|row| INVOICES.contains(&text(row, "reference_doctype")));
        if int(doc, "docstatus") != 0 || !is_apart || is_for_invoices {
            return Ok(());
        }
        let advance = self.advance_account(text(doc, "party_type"), text(doc, "party"), &company)?;
        if advance.is_empty() {
            return Err(SiteError::invalid(format!("{company} has no account of advances")));
        }
        if text(doc, account) != advance {
            for fact in ["account_currency", "account_type", "account_balance"] {
                doc.remove(&format!("{account}_{fact}"));
            }
            doc.insert(account.to_owned(), json!(advance));
        }
        Ok(())
    }

    /// Keeps what the rates leave between both amounts in a row of deductions, if the company has an account for it.
    fn fill_exchange(&self, def: &'static DocTypeDef, doc: &mut Doc, amount: f64) -> Result<(), SiteError> {
        let is_exchange = |row: &Value| row.as_object().is_some_and(|row| int(row, "is_exchange_gain_loss") == 1);
        if let Some(Value::Array(rows)) = doc.get_mut("deductions") {
            if amount == 0.0 {
                rows.retain(|row| !is_exchange(row));
            }
            if let Some(row) = rows.iter_mut().find(|row| is_exchange(row)).and_then(Value::as_object_mut) {
                row.insert("amount".to_owned(), json!(amount));
                return Ok(());
            }
        }
        if amount == 0.0 {
            return Ok(());
        }
        let company = text(doc, "company").to_owned();
        let account = self.value("Company", &company, "exchange_gain_loss_account")?;
        let center = self.value("Company", &company, "cost_center")?;
        if !is_empty(account.as_ref()) && !is_empty(center.as_ref()) {
            let row = json!({"account": account, "cost_center": center, "amount": amount, "is_exchange_gain_loss": 1});
            self.append_row(def, doc, "deductions", row);
        }
        Ok(())
    }

    /// That a payment is of something, and of no more than its invoices have outstanding.
    ///
    /// # Errors
    /// 417.
    pub(super) fn check_payment(&self, def: &DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        if def.name != PAYMENT {
            return Ok(());
        }
        for (field, label) in [("paid_amount", "Paid Amount"), ("received_amount", "Received Amount")] {
            if number(doc, field) == 0.0 {
                return Err(SiteError::invalid(format!("{label} is mandatory")));
            }
        }
        let at_a_bank = ["paid_from_account_type", "paid_to_account_type"].iter().any(|kind| text(doc, kind) == "Bank");
        if at_a_bank && (text(doc, "reference_no").is_empty() || text(doc, "reference_date").is_empty()) {
            return Err(SiteError::invalid("A payment by a bank has to have Reference No and Reference Date"));
        }
        if int(doc, "docstatus") == 1 && number(doc, "difference_amount").abs() > ROUNDING {
            return Err(SiteError::invalid("Difference Amount must be zero"));
        }
        for row in rows(doc, "references") {
            let Some((def, invoice)) = self.invoice(row)? else { continue };
            let party = if def.name == "Sales Invoice" { "customer" } else { "supplier" };
            if text(&invoice, party) != text(doc, "party") || int(&invoice, "docstatus") != 1 {
                let name = text(&invoice, "name");
                return Err(SiteError::invalid(format!("{name} is not submitted, or not of {}", text(doc, "party"))));
            }
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
        if def.name != PAYMENT {
            return Ok(());
        }
        for row in rows(doc, "references") {
            let Some((def, mut invoice)) = self.invoice(row)? else { continue };
            let paid = number(row, "allocated_amount") * if submitted { 1.0 } else { -1.0 };
            let open = cents(number(&invoice, "outstanding_amount") - paid);
            invoice.insert("outstanding_amount".to_owned(), json!(open));
            let name = text(&invoice, "name").to_owned();
            let mut changes = Doc::from_iter([("outstanding_amount".to_owned(), json!(open))]);
            status::set(self, def, &mut invoice)?;
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

/// What an invoice is over, in the currency of the party's account.
pub fn total(invoice: &Doc) -> f64 {
    let [rounded, grand] = match is_foreign(invoice) {
        true => ["base_rounded_total", "base_grand_total"],
        false => ["rounded_total", "grand_total"],
    };
    Some(number(invoice, rounded)).filter(|rounded| *rounded != 0.0).unwrap_or_else(|| number(invoice, grand))
}

/// Whether an invoice is in another currency than the party's account.
pub(super) fn is_foreign(invoice: &Doc) -> bool {
    let own = text(invoice, "party_account_currency");
    !own.is_empty() && own != text(invoice, "currency")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use crate::{Sandbox, Version};

    #[tokio::test]
    async fn what_rates_leave_is_deducted_if_the_company_has_an_account_for_it() {
        let sandbox = Sandbox::sample(Version::V15).await;
        sandbox
            .with(|site| {
                let open = "docstatus = 1 AND is_return = 0 AND outstanding_amount > 100 LIMIT 1";
                let invoice = site.db.rows_where(site.controller("Sales Invoice")?, open, &[])?.remove(0);
                let paid = json!({
                    "doctype": "Payment Entry", "naming_series": "ACC-PAY-.YYYY.-", "payment_type": "Receive",
                    "party_type": "Customer", "party": invoice["customer"], "company": invoice["company"],
                    "paid_from": invoice["debit_to"], "paid_to": "Petty Cash - AWF", "paid_amount": 57_321.12,
                    "received_amount": 987_654_321, "source_exchange_rate": 1, "target_exchange_rate": 0.000058038,
                    "posting_date": "2026-11-20",
                });
                let paid = paid.as_object().unwrap().clone();
                let name = site.insert(paid.clone())?["name"].as_str().unwrap().to_owned();
                let payment = site.load("Payment Entry", &name)?;
                assert_eq!(payment["difference_amount"], -0.36, "{payment:?}");
                assert!(site.submit(payment).unwrap_err().text.contains("Difference Amount"));

                let account = json!({"exchange_gain_loss_account": "Petty Cash - AWF"});
                site.set("Company", invoice["company"].as_str().unwrap(), account.as_object().unwrap())?;
                let name = site.insert(paid)?["name"].as_str().unwrap().to_owned();
                // Saved again, it has one such row still.
                site.submit(site.load("Payment Entry", &name)?)?;
                let payment = site.load("Payment Entry", &name)?;
                let rows = payment["deductions"].as_array().unwrap();
                assert_eq!((rows.len(), &rows[0]["amount"]), (1, &json!(-0.36)), "{payment:?}");
                assert!(payment["difference_amount"].as_f64().unwrap().abs() < 0.005, "{payment:?}");
                Ok(())
            })
            .unwrap();
    }
}
