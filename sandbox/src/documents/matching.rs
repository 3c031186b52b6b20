//! What the desk's Payment Reconciliation does: what of a party is open, and payments matched to invoices. Payment
//! Entries against orders are left out; no exchange gain is worked out, no ledger is written.

use serde_json::{Value, json};

use super::offsets::{ENTRY, ROUNDING};
use super::payments::total;
use crate::doc::{Doc, cents, flt, int, number, rows, text};
use crate::error::{SiteError, exc};
use crate::site::Site;

const PAYMENT: &str = "Payment Entry";
/// What the tool cannot do without.
const MANDATORY: [&str; 4] = ["company", "party_type", "party", "receivable_payable_account"];

impl Site<'_> {
    /// Fills what is open of the tool's party into its tables.
    ///
    /// # Errors
    /// 417 where it does not say whose.
    pub fn unreconciled(&self, tool: &mut Doc) -> Result<(), SiteError> {
        if let Some(missing) = MANDATORY.into_iter().find(|field| text(tool, field).is_empty()) {
            return Err(SiteError::invalid(format!("{missing} comes first")));
        }
        let (mut invoices, mut payments) = (self.open_invoices(tool)?, self.open_payments(tool)?);
        for (list, limit) in [(&mut invoices, "invoice_limit"), (&mut payments, "payment_limit")] {
            if let Some(most) = usize::try_from(int(tool, limit)).ok().filter(|most| *most > 0) {
                list.truncate(most);
            }
        }
        tool.insert("invoices".to_owned(), Value::Array(invoices));
        tool.insert("payments".to_owned(), Value::Array(payments));
        Ok(())
    }

    fn open_invoices(&self, tool: &Doc) -> Result<Vec<Value>, SiteError> {
        let (doctype, party, account) = match text(tool, "party_type") {
            "Supplier" => ("Purchase Invoice", "supplier", "credit_to"),
            _ => ("Sales Invoice", "customer", "debit_to"),
        };
        let own = text(tool, "receivable_payable_account");
        let currency = self.value("Account", own, "account_currency")?;
        let mut open = self.db.rows_where_in(doctype, self.meta, party, text(tool, "party"))?;
        open.retain(|doc| {
            int(doc, "docstatus") == 1
                && text(doc, "company") == text(tool, "company")
                && text(doc, account) == own
                && number(doc, "outstanding_amount") > 0.0
        });
        oldest_first(&mut open);
        let row = |doc: &Doc| {
            json!({
                "doctype": "Payment Reconciliation Invoice", "parentfield": "invoices", "invoice_type": doctype,
                "invoice_number": text(doc, "name"), "invoice_date": text(doc, "posting_date"),
                "amount": total(doc), "outstanding_amount": number(doc, "outstanding_amount"),
                "currency": currency, "exchange_rate": 1.0,
            })
        };
        Ok(open.iter().map(row).collect())
    }

    fn open_payments(&self, tool: &Doc) -> Result<Vec<Value>, SiteError> {
        let (kind, account) = match text(tool, "party_type") {
            "Supplier" => ("Pay", "paid_to"),
            _ => ("Receive", "paid_from"),
        };
        let own = text(tool, "receivable_payable_account");
        let currency = self.value("Account", own, "account_currency")?.unwrap_or_default();
        let accounts = [own, text(tool, "default_advance_account")];
        let mut open = self.db.rows_where_in(PAYMENT, self.meta, "party", text(tool, "party"))?;
        open.retain(|doc| {
            int(doc, "docstatus") == 1
                && text(doc, "party_type") == text(tool, "party_type")
                && text(doc, "company") == text(tool, "company")
                && text(doc, "payment_type") == kind
                && accounts.contains(&text(doc, account))
                && number(doc, "unallocated_amount") > 0.0
        });
        let row = |doc: &Doc| {
            json!({
                "doctype": "Payment Reconciliation Payment", "parentfield": "payments", "reference_type": PAYMENT,
                "reference_name": text(doc, "name"), "reference_row": null, "posting_date": text(doc, "posting_date"),
                "is_advance": int(doc, "book_advance_payments_in_separate_party_account"),
                "amount": number(doc, "unallocated_amount"), "difference_amount": 0.0,
                "currency": currency, "exchange_rate": 1.0, "cost_center": doc.get("cost_center"),
            })
        };
        let mut all: Vec<Value> = open.iter().map(row).collect();
        all.extend(self.open_entries(tool, &currency)?);
        all.extend(self.open_returns(tool, &currency)?);
        let key = |row: &Value| ["posting_date", "reference_name"].map(|key| row[key].as_str().map(str::to_owned));
        all.sort_by_key(key);
        Ok(all)
    }

    /// Proposes which of the payments goes to which of the invoices, in their order.
    ///
    /// # Errors
    /// 417 where the tool's tables are empty; 500 for a row that does not say what is open of it.
    pub fn allocate(&self, tool: &mut Doc, args: &Doc) -> Result<(), SiteError> {
        if let Some(empty) = ["invoices", "payments"].into_iter().find(|table| rows(tool, table).next().is_none()) {
            return Err(SiteError::invalid(format!("there are no {empty}")));
        }
        for (table, open) in [("payments", "amount"), ("invoices", "outstanding_amount")] {
            if rows(args, table).any(|row| row.get(open).is_none_or(|open| !open.is_number())) {
                return Err(not_compared());
            }
        }
        let mut invoices: Vec<Doc> = rows(args, "invoices").cloned().collect();
        let mut made = Vec::new();
        for payment in rows(args, "payments") {
            let whole = number(payment, "amount");
            let mut left = whole;
            for invoice in &mut invoices {
                let open = number(invoice, "outstanding_amount");
                let taken = left.min(open);
                if taken > 0.0 {
                    made.push(json!({
                        "doctype": "Payment Reconciliation Allocation", "parentfield": "allocation",
                        "reference_type": text(payment, "reference_type"),
                        "reference_name": text(payment, "reference_name"),
                        "reference_row": payment.get("reference_row"), "invoice_type": text(invoice, "invoice_type"),
                        "invoice_number": text(invoice, "invoice_number"),
                        "unreconciled_amount": whole, "amount": left, "allocated_amount": taken,
                        "difference_amount": 0.0, "currency": invoice.get("currency"), "exchange_rate": 1.0,
                        "cost_center": payment.get("cost_center"),
                        "gain_loss_posting_date": payment.get("posting_date"),
                    }));
                }
                left = cents(left - taken);
                invoice.insert("outstanding_amount".to_owned(), json!(cents(open - taken)));
            }
        }
        tool.insert("allocation".to_owned(), Value::Array(made));
        Ok(())
    }

    /// Matches payments to invoices as the tool's allocation says, all of it or nothing. It asks for no right on the
    /// payments.
    ///
    /// # Errors
    /// 417 for an empty allocation, more than is open, and a payment of which something else is open now; 500 for an
    /// invoice that is not among those of the tool.
    pub fn reconcile(&self, tool: &mut Doc) -> Result<(), SiteError> {
        let allocation: Vec<Doc> =
            rows(tool, "allocation").filter(|row| number(row, "allocated_amount") != 0.0).cloned().collect();
        if allocation.is_empty() {
            return Err(SiteError::invalid("the allocation is empty"));
        }
        for row in &allocation {
            let is_it =
                |open: &&Doc| ["invoice_type", "invoice_number"].iter().all(|key| text(open, key) == text(row, key));
            let listed = rows(tool, "invoices").find(is_it).and_then(|open| open.get("outstanding_amount"));
            let (taken, left) = (number(row, "allocated_amount"), number(row, "amount"));
            if taken > left {
                return Err(SiteError::invalid(format!("{taken} is more than the {left} that is left")));
            }
            if taken > listed.map(flt).ok_or_else(not_compared)? + ROUNDING {
                return Err(SiteError::invalid(format!("{taken} is more than is open")));
            }
        }
        let key = |row: &Doc| ["reference_type", "reference_name"].map(|key| text(row, key).to_owned());
        let mut payments: Vec<[String; 2]> = allocation.iter().map(key).collect();
        payments.sort();
        payments.dedup();
        for [kind, name] in payments {
            let is_own = |row: &&Doc| text(row, "reference_type") == kind && text(row, "reference_name") == name;
            let own: Vec<&Doc> = allocation.iter().filter(is_own).collect();
            match kind.as_str() {
                PAYMENT => self.match_payment(&name, &own)?,
                ENTRY => self.match_entry(tool, &name, &own)?,
                _ => own.into_iter().try_for_each(|share| self.match_return(tool, share))?,
            }
        }
        tool.insert("allocation".to_owned(), json!([]));
        self.unreconciled(tool)
    }

    fn match_payment(&self, name: &str, allocation: &[&Doc]) -> Result<(), SiteError> {
        let def = self.controller(PAYMENT)?;
        let stored = self.load(PAYMENT, name)?;
        let unallocated = number(&stored, "unallocated_amount");
        let is_other = |row: &&Doc| (number(row, "unreconciled_amount") - unallocated).abs() > ROUNDING;
        if int(&stored, "docstatus") != 1 || allocation.iter().any(is_other) {
            return Err(SiteError::invalid(format!("{name} was modified since it was read; read it again")));
        }
        let (mut doc, before) = (stored.clone(), rows(&stored, "references").count());
        for row in allocation {
            let invoice = self.load(text(row, "invoice_type"), text(row, "invoice_number"))?;
            let (taken, open) = (number(row, "allocated_amount"), number(&invoice, "outstanding_amount"));
            if taken > open + ROUNDING {
                return Err(SiteError::invalid(format!("{taken} is more than is outstanding")));
            }
            let reference = json!({
                "reference_doctype": text(row, "invoice_type"), "reference_name": text(row, "invoice_number"),
                "due_date": invoice.get("due_date"), "total_amount": total(&invoice),
                "outstanding_amount": open, "allocated_amount": taken, "exchange_rate": 1.0,
            });
            self.append_row(def, &mut doc, "references", reference);
        }
        self.stamp(def, &mut doc);
        self.name_rows(def, &mut doc)?;
        self.fill_payment(def, &mut doc)?;
        self.write(def, &mut doc)?;
        self.keep_version(def, &stored, &doc)?;
        let added: Vec<Value> = rows(&doc, "references").skip(before).cloned().map(Value::Object).collect();
        self.tell_invoices(def, &Doc::from_iter([("references".to_owned(), Value::Array(added))]), true)?;
        self.journal("update", PAYMENT, name)
    }
}

/// A number that is not there is compared with one that is.
fn not_compared() -> SiteError {
    SiteError::new(exc::TYPE, "'>' not supported between instances of 'NoneType' and 'float'")
}

fn oldest_first(docs: &mut [Doc]) {
    let key = |doc: &Doc| (text(doc, "posting_date").to_owned(), text(doc, "name").to_owned());
    docs.sort_by_key(key);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use crate::doc::Doc;
    use crate::site::Site;
    use crate::{Sandbox, Version, error::SiteError};

    /// A customer with an open invoice and a payment of 30 that is matched to nothing.
    fn tool(site: &Site<'_>) -> Result<(Doc, String, String), SiteError> {
        let open = "docstatus = 1 AND is_return = 0 AND outstanding_amount > 100 LIMIT 1";
        let invoice = site.db.rows_where(site.controller("Sales Invoice")?, open, &[])?.remove(0);
        let paid = json!({
            "doctype": "Payment Entry", "naming_series": "ACC-PAY-.YYYY.-", "payment_type": "Receive",
            "party_type": "Customer", "party": invoice["customer"],
            "company": invoice["company"], "paid_from": invoice["debit_to"], "paid_to": "Petty Cash - AWF",
            "paid_amount": 30, "received_amount": 30, "source_exchange_rate": 1, "target_exchange_rate": 1,
            "posting_date": "2026-11-20",
        });
        let payment = site.insert(paid.as_object().unwrap().clone())?["name"].as_str().unwrap().to_owned();
        site.submit(site.load("Payment Entry", &payment)?)?;
        let tool = json!({
            "doctype": "Payment Reconciliation", "company": invoice["company"], "party_type": "Customer",
            "party": invoice["customer"], "receivable_payable_account": invoice["debit_to"],
        });
        let mut tool = tool.as_object().unwrap().clone();
        site.unreconciled(&mut tool)?;
        Ok((tool, payment, invoice["name"].as_str().unwrap().to_owned()))
    }

    fn row(tool: &Doc, table: &str, key: &str, name: &str) -> Value {
        let rows = tool[table].as_array().unwrap();
        rows.iter().find(|row| row[key] == name).unwrap().clone()
    }

    #[tokio::test]
    async fn a_payment_is_matched_once_and_as_it_was_read() {
        let sandbox = Sandbox::sample(Version::V15).await;
        sandbox
            .with(|site| {
                let (mut tool, payment, invoice) = tool(site)?;
                let mut asked = row(&tool, "invoices", "invoice_number", &invoice);
                asked["outstanding_amount"] = json!(20);
                let args = json!({
                    "payments": [row(&tool, "payments", "reference_name", &payment)], "invoices": [asked],
                });
                site.allocate(&mut tool, args.as_object().unwrap())?;
                let row = &tool["allocation"][0];
                assert_eq!((&row["allocated_amount"], &row["unreconciled_amount"]), (&json!(20.0), &json!(30.0)));
                let before = site.load("Sales Invoice", &invoice)?["outstanding_amount"].as_f64().unwrap();
                let mut again = tool.clone();
                site.reconcile(&mut tool)?;
                let stored = site.load("Payment Entry", &payment)?;
                assert_eq!((&stored["unallocated_amount"], &stored["docstatus"]), (&json!(10.0), &json!(1)));
                assert_eq!(stored["references"][0]["reference_name"], json!(invoice));
                let now = site.load("Sales Invoice", &invoice)?["outstanding_amount"].as_f64().unwrap();
                assert!((before - now - 20.0).abs() < 0.001, "{before} {now}");
                let told = site.reconcile(&mut again).unwrap_err().text;
                assert!(told.contains("was modified since"), "{told}");
                let told = site.reconcile(&mut Doc::new()).unwrap_err().text;
                assert!(told.contains("allocation is empty"), "{told}");
                again["invoices"] = json!([]);
                let told = site.reconcile(&mut again).unwrap_err();
                assert_eq!((told.exc.name, told.exc.status), ("TypeError", 500), "{}", told.text);
                let bare = json!({"payments": [{"reference_name": payment}], "invoices": []});
                let told = site.allocate(&mut tool, bare.as_object().unwrap()).unwrap_err();
                assert_eq!(told.exc.name, "TypeError", "what is open of it is not said: {}", told.text);
                Ok(())
            })
            .unwrap();
    }
}
