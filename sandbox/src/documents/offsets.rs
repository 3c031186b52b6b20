//! Payments that are no Payment Entries, as the desk's Payment Reconciliation has them: rows of Journal Entries, and
//! returns of which something is left.

use serde_json::{Value, json};

use super::journal;
use crate::doc::{Doc, cents, int, number, rows, text};
use crate::error::SiteError;
use crate::site::Site;

pub(super) const ENTRY: &str = "Journal Entry";
const PAYMENT: &str = "Payment Entry";
/// A difference that is none: money has two decimals.
pub(super) const ROUNDING: f64 = 0.009;
/// What a row of a Journal Entry may be booked for and be open all the same.
const ORDERS: [&str; 2] = ["Sales Order", "Purchase Order"];

/// The column of a Journal Entry's rows that pays what the party owes, and the other one.
fn sides(tool: &Doc) -> (&'static str, &'static str) {
    match text(tool, "party_type") {
        "Supplier" => ("debit_in_account_currency", "credit_in_account_currency"),
        _ => ("credit_in_account_currency", "debit_in_account_currency"),
    }
}

impl Site<'_> {
    /// The rows of submitted Journal Entries that pay something and are booked for nothing, or for an order.
    pub(super) fn open_entries(&self, tool: &Doc, currency: &Value) -> Result<Vec<Value>, SiteError> {
        let (side, own) = (sides(tool).0, text(tool, "receivable_payable_account"));
        let mut open = Vec::new();
        for row in self.db.rows_where_in("Journal Entry Account", self.meta, "party", text(tool, "party"))? {
            let (kind, entry) = (text(&row, "reference_type"), text(&row, "parent"));
            let fits = text(&row, "party_type") == text(tool, "party_type")
                && text(&row, "account") == own
                && number(&row, side) > 0.0
                && (kind.is_empty() || ORDERS.contains(&kind));
            if !fits {
                continue;
            }
            let entry = self.load(ENTRY, entry)?;
            if int(&entry, "docstatus") == 1 && text(&entry, "company") == text(tool, "company") {
                open.push(json!({
                    "doctype": "Payment Reconciliation Payment", "parentfield": "payments", "reference_type": ENTRY,
                    "reference_name": text(&entry, "name"), "reference_row": text(&row, "name"),
                    "posting_date": text(&entry, "posting_date"), "is_advance": row.get("is_advance"),
                    "amount": number(&row, side), "difference_amount": 0.0, "currency": currency,
                    "exchange_rate": 1.0, "cost_center": row.get("cost_center"),
                }));
            }
        }
        Ok(open)
    }

    /// The returns of which less than nothing is outstanding.
    pub(super) fn open_returns(&self, tool: &Doc, currency: &Value) -> Result<Vec<Value>, SiteError> {
        let (doctype, party, account) = match text(tool, "party_type") {
            "Supplier" => ("Purchase Invoice", "supplier", "credit_to"),
            _ => ("Sales Invoice", "customer", "debit_to"),
        };
        let mut open = self.db.rows_where_in(doctype, self.meta, party, text(tool, "party"))?;
        open.retain(|doc| {
            int(doc, "docstatus") == 1
                && int(doc, "is_return") == 1
                && text(doc, "company") == text(tool, "company")
                && text(doc, account) == text(tool, "receivable_payable_account")
                && number(doc, "outstanding_amount") < 0.0
        });
        let row = |doc: &Doc| {
            json!({
                "doctype": "Payment Reconciliation Payment", "parentfield": "payments", "reference_type": doctype,
                "reference_name": text(doc, "name"), "reference_row": null,
                "posting_date": text(doc, "posting_date"), "amount": -number(doc, "outstanding_amount"),
                "difference_amount": 0.0, "currency": currency, "exchange_rate": 1.0,
                "cost_center": doc.get("cost_center"),
            })
        };
        Ok(open.iter().map(row).collect())
    }

    /// Books rows of a Journal Entry for invoices: what is allocated gets a row of its own.
    pub(super) fn match_entry(&self, tool: &Doc, name: &str, allocation: &[&Doc]) -> Result<(), SiteError> {
        let (def, side) = (self.controller(ENTRY)?, sides(tool).0);
        let stored = self.load(ENTRY, name)?;
        let (mut doc, mut paid) = (stored.clone(), Vec::new());
        for share in allocation {
            let taken = number(share, "allocated_amount");
            let open = self.open_of(share)?;
            let mut accounts = match doc.remove("accounts") {
                Some(Value::Array(accounts)) => accounts,
                _ => Vec::new(),
            };
            let is_it = |row: &&mut Doc| text(row, "name") == text(share, "reference_row");
            let row = accounts.iter_mut().filter_map(Value::as_object_mut).find(is_it);
            let is_same = |row: &&mut Doc| (number(row, side) - number(share, "amount")).abs() <= ROUNDING;
            let Some(row) = row.filter(is_same).filter(|_| int(&stored, "docstatus") == 1) else {
                return Err(SiteError::invalid(format!("{name} was modified since it was read; read it again")));
            };
            let mut booked = row.clone();
            row.insert(side.to_owned(), json!(cents(number(row, side) - taken)));
            accounts.retain(|row| {
                row.as_object()
                    .is_none_or(|row| text(row, "name") != text(share, "reference_row") || number(row, side) > 0.0)
            });
            doc.insert("accounts".to_owned(), Value::Array(accounts));
            for (key, value) in [
                (side, json!(taken)),
                ("reference_type", json!(text(share, "invoice_type"))),
                ("reference_name", json!(text(share, "invoice_number"))),
            ] {
                booked.insert(key.to_owned(), value);
            }
            self.append_row(def, &mut doc, "accounts", Value::Object(booked));
            paid.push(reference(share, "invoice_type", "invoice_number", taken, open));
        }
        journal::fill(def, &mut doc);
        self.stamp(def, &mut doc);
        self.name_rows(def, &mut doc)?;
        self.write(def, &mut doc)?;
        self.keep_version(def, &stored, &doc)?;
        self.tell_invoices(self.controller(PAYMENT)?, &Doc::from_iter([("references".to_owned(), json!(paid))]), true)?;
        self.journal("update", ENTRY, name)
    }

    /// Settles an invoice with a return, by a Journal Entry that is submitted at once.
    pub(super) fn match_return(&self, tool: &Doc, share: &Doc) -> Result<(), SiteError> {
        let taken = number(share, "allocated_amount");
        let open = self.open_of(share)?;
        let left = -self
            .load(text(share, "reference_type"), text(share, "reference_name"))
            .map(|doc| number(&doc, "outstanding_amount"))?;
        if taken > left + ROUNDING {
            return Err(SiteError::invalid(format!("{taken} is more than is left of the return")));
        }
        let (side, other) = sides(tool);
        let row = |side: &str, kind: &str, name: &str| {
            json!({
                "account": text(tool, "receivable_payable_account"), "party_type": text(tool, "party_type"),
                "party": text(tool, "party"), side: taken, "reference_type": text(share, kind),
                "reference_name": text(share, name),
            })
        };
        let kind = if text(tool, "party_type") == "Supplier" { "Debit Note" } else { "Credit Note" };
        let entry = json!({
            "doctype": ENTRY, "voucher_type": kind, "company": text(tool, "company"), "posting_date": self.today(),
            "accounts": [row(side, "invoice_type", "invoice_number"), row(other, "reference_type", "reference_name")],
        });
        let made = match entry {
            Value::Object(entry) => self.insert(entry)?,
            _ => return Ok(()),
        };
        self.submit(self.load(ENTRY, text(&made, "name"))?)?;
        let told = [
            reference(share, "invoice_type", "invoice_number", taken, open),
            reference(share, "reference_type", "reference_name", -taken, -left),
        ];
        self.tell_invoices(self.controller(PAYMENT)?, &Doc::from_iter([("references".to_owned(), json!(told))]), true)
    }

    /// What is outstanding of the invoice of a share, which it must not be more than.
    fn open_of(&self, share: &Doc) -> Result<f64, SiteError> {
        let invoice = self.load(text(share, "invoice_type"), text(share, "invoice_number"))?;
        let (taken, open) = (number(share, "allocated_amount"), number(&invoice, "outstanding_amount"));
        match taken > open + ROUNDING {
            true => Err(SiteError::invalid(format!("{taken} is more than is outstanding"))),
            false => Ok(open),
        }
    }

    /// The account in which a company keeps what this party paid in advance: the party's, its group's, the company's.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn advance_account(&self, kind: &str, party: &str, company: &str) -> Result<String, SiteError> {
        let (group, field) = match kind {
            "Supplier" => (("supplier_group", "Supplier Group"), "default_advance_paid_account"),
            _ => (("customer_group", "Customer Group"), "default_advance_received_account"),
        };
        let own = self.load(kind, party)?;
        let above = match text(&own, group.0) {
            "" => Doc::new(),
            name => self.load(group.1, name)?,
        };
        let stated = [&own, &above].into_iter().flat_map(|doc| rows(doc, "accounts"));
        let mut stated = stated.filter(|row| text(row, "company") == company).map(|row| text(row, "advance_account"));
        if let Some(account) = stated.find(|account| !account.is_empty()) {
            return Ok(account.to_owned());
        }
        let account = self.value("Company", company, field)?;
        Ok(account.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned())
    }
}

fn reference(share: &Doc, kind: &str, name: &str, taken: f64, open: f64) -> Value {
    json!({
        "reference_doctype": text(share, kind), "reference_name": text(share, name), "allocated_amount": taken,
        "outstanding_amount": open,
    })
}
