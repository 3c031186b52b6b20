//! What documents post to the general ledger: shown before they are submitted, written when they are. No inventory is kept
//! in the accounts, so that what moves stock alone posts nothing.

use serde_json::json;

use super::own;
use super::payments::{ROUNDING, is_foreign, total};
use crate::doc::{Doc, cents, factor, int, is_empty, number, rows, text};
use crate::error::SiteError;
use crate::site::Site;

/// The party of an entry that has none.
pub(crate) const NOBODY: [&str; 2] = ["", ""];

/// One entry; above zero it is a debit.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Entry<'d> {
    /// The ledger account.
    pub account: String,
    /// The DocType and the name of who owes or is owed.
    pub party: [&'d str; 2],
    /// In the company's currency.
    pub amount: f64,
    /// In the account's own.
    own: f64,
    center: &'d str,
    /// The DocType and the name of what it settles or is itself.
    against: [&'d str; 2],
}

impl<'d> Entry<'d> {
    /// One of nobody's, in the company's currency.
    fn of(account: &str, amount: f64, center: &'d str) -> Self {
        Self { account: account.to_owned(), party: NOBODY, amount, own: amount, center, against: NOBODY }
    }
}

impl Site<'_> {
    /// What the submission of a document posts; nothing where documents of its DocType post none here.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn ledger_entries<'d>(&self, doc: &'d Doc) -> Result<Vec<Entry<'d>>, SiteError> {
        let party = |kind: &'static str, field: &str| [kind, text(doc, field)];
        let entries = match text(doc, "doctype") {
            "Sales Invoice" => {
                self.of_invoice(doc, ["debit_to", "income_account"], party("Customer", "customer"), 1.0)?
            }
            "Purchase Invoice" => {
                self.of_invoice(doc, ["credit_to", "expense_account"], party("Supplier", "supplier"), -1.0)?
            }
            "Payment Entry" => of_payment(doc),
            "Journal Entry" => of_journal(doc),
            _ => Vec::new(),
        };
        Ok(merged(entries))
    }

    /// What is owed, by `sign`, and what it is owed for.
    fn of_invoice<'d>(
        &self,
        doc: &'d Doc,
        [owed, account]: [&str; 2],
        party: [&'d str; 2],
        sign: f64,
    ) -> Result<Vec<Entry<'d>>, SiteError> {
        let rate = factor(doc, "conversion_rate");
        let base = |of: &Doc, fields: &[&str]| {
            let stated = fields.iter().map(|field| number(of, &format!("base_{field}"))).find(|amount| *amount != 0.0);
            let other = || fields.iter().map(|field| number(of, field)).find(|amount| *amount != 0.0);
            stated.or_else(|| other().map(|amount| cents(amount * rate))).unwrap_or(0.0)
        };
        let payable = cents(total(doc) * if is_foreign(doc) { 1.0 } else { rate });
        let back = text(doc, "return_against");
        let settles =
            if int(doc, "update_outstanding_for_self") == 1 || back.is_empty() { "name" } else { "return_against" };
        let mut entries = vec![Entry {
            party,
            own: sign * total(doc),
            against: [text(doc, "doctype"), text(doc, settles)],
            ..Entry::of(text(doc, owed), sign * payable, text(doc, "cost_center"))
        }];
        for row in rows(doc, "items") {
            let amount = base(row, &["net_amount", "amount"]);
            entries.push(Entry::of(text(row, account), -sign * amount, text(row, "cost_center")));
        }
        for row in rows(doc, "taxes").filter(|row| text(row, "category") != "Valuation") {
            let amount = base(row, &["tax_amount_after_discount_amount", "tax_amount"]);
            let deducts = if text(row, "add_deduct_tax") == "Deduct" { -1.0 } else { 1.0 };
            entries.push(Entry::of(text(row, "account_head"), -sign * deducts * amount, text(row, "cost_center")));
        }
        // What rounding leaves; without an account for it the first row has it.
        let rest = cents(-entries.iter().map(|entry| entry.amount).sum::<f64>());
        if rest.abs() >= ROUNDING {
            let rounds = self.value("Company", text(doc, "company"), "round_off_account")?;
            let rounds = rounds.as_ref().and_then(serde_json::Value::as_str).filter(|account| !account.is_empty());
            let first = || rows(doc, "items").map(|row| text(row, account)).next();
            entries.extend(rounds.or_else(first).map(|account| Entry::of(account, rest, text(doc, "cost_center"))));
        }
        Ok(entries)
    }

    /// Writes what a document that was submitted posts.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn post(&self, doc: &Doc) -> Result<(), SiteError> {
        if self.meta.get("GL Entry").is_none() {
            return Ok(());
        }
        let entries = self.ledger_entries(doc)?;
        if entries.is_empty() {
            return Ok(());
        }
        let center = self.value("Company", text(doc, "company"), "cost_center")?.unwrap_or_default();
        let day = text(doc, "posting_date");
        let opening = if text(doc, "is_opening") == "Yes" { "Yes" } else { "No" };
        for entry in &entries {
            let others = entries.iter().filter(|other| other.amount * entry.amount < 0.0);
            let names = others.map(|other| if other.party == NOBODY { other.account.as_str() } else { other.party[1] });
            let against = names.collect::<Vec<_>>().join(", ");
            let currency = self.value("Account", &entry.account, "account_currency")?;
            let rate = factor(doc, "conversion_rate");
            let [debit, credit] = sides(entry.amount);
            let [own_debit, own_credit] = sides(entry.own);
            let [deal_debit, deal_credit] = sides(cents(entry.amount / rate));
            let center = if entry.center.is_empty() { center.clone() } else { json!(entry.center) };
            let of_deal = match text(doc, "currency") {
                "" => json!(currency),
                of_deal => json!(of_deal),
            };
            let posted = json!({
                "docstatus": 1, "posting_date": day, "fiscal_year": day.get(..4), "company": text(doc, "company"),
                "account": entry.account, "account_currency": currency, "party_type": entry.party[0],
                "party": entry.party[1], "against": against, "is_opening": opening, "is_cancelled": 0,
                "voucher_type": text(doc, "doctype"), "voucher_no": text(doc, "name"),
                "against_voucher_type": entry.against[0], "against_voucher": entry.against[1],
                "cost_center": center,
                "debit": debit, "credit": credit,
                "debit_in_account_currency": own_debit, "credit_in_account_currency": own_credit,
                "transaction_currency": of_deal,
                "transaction_exchange_rate": rate,
                "debit_in_transaction_currency": deal_debit, "credit_in_transaction_currency": deal_credit,
            });
            let mut posted = posted.as_object().cloned().unwrap_or_default();
            posted.retain(|_, value| !is_empty(Some(value)));
            own::add(self, "GL Entry", serde_json::Value::Object(posted))?;
        }
        Ok(())
    }
}

/// What came to an account and went from another. The party's side gets what is deducted too, but not what rates leave, which
/// is in both amounts already.
fn of_payment(doc: &Doc) -> Vec<Entry<'_>> {
    let receives = text(doc, "payment_type") == "Receive";
    let party = [text(doc, "party_type"), text(doc, "party")];
    let deducted = rows(doc, "deductions").filter(|row| int(row, "is_exchange_gain_loss") == 0);
    let deducted: f64 = deducted.map(|row| number(row, "amount")).sum();
    let (source, target) = (factor(doc, "source_exchange_rate"), factor(doc, "target_exchange_rate"));
    let (came, went) = if receives { (0.0, deducted) } else { (-deducted, 0.0) };
    let mut settles = rows(doc, "references").map(|row| [text(row, "reference_doctype"), text(row, "reference_name")]);
    let against = settles.next().filter(|_| settles.next().is_none()).unwrap_or(NOBODY);
    let side = |field: &str, amount: f64, rate: f64, is_party: bool| Entry {
        party: if is_party { party } else { NOBODY },
        own: cents(amount / rate),
        against: if is_party { against } else { NOBODY },
        ..Entry::of(text(doc, field), cents(amount), text(doc, "cost_center"))
    };
    let mut entries = vec![
        side("paid_to", number(doc, "received_amount") * target + came, target, !receives),
        side("paid_from", -(number(doc, "paid_amount") * source + went), source, receives),
    ];
    let deductions = rows(doc, "deductions");
    entries
        .extend(deductions.map(|row| Entry::of(text(row, "account"), number(row, "amount"), text(row, "cost_center"))));
    entries
}

fn of_journal(doc: &Doc) -> Vec<Entry<'_>> {
    let entry = |row| Entry {
        party: [text(row, "party_type"), text(row, "party")],
        own: number(row, "debit_in_account_currency") - number(row, "credit_in_account_currency"),
        against: [text(row, "reference_type"), text(row, "reference_name")],
        ..Entry::of(text(row, "account"), number(row, "debit") - number(row, "credit"), text(row, "cost_center"))
    };
    rows(doc, "accounts").map(entry).collect()
}

/// Entries that differ in their amounts alone as one, and without those of nothing.
fn merged(entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    let mut merged: Vec<Entry<'_>> = Vec::new();
    for entry in entries {
        let is_alike = |other: &&mut Entry<'_>| {
            (&other.account, other.party, other.center, other.against)
                == (&entry.account, entry.party, entry.center, entry.against)
        };
        match merged.iter_mut().find(is_alike) {
            Some(other) => {
                other.amount = cents(other.amount + entry.amount);
                other.own = cents(other.own + entry.own);
            }
            None => merged.push(entry),
        }
    }
    merged.retain(|entry| entry.amount.abs() >= ROUNDING);
    merged
}

/// What is debited, and what is credited.
pub(crate) fn sides(amount: f64) -> [f64; 2] {
    [amount.max(0.0), (-amount).max(0.0)]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use erpnext_schema::Version;
    use serde_json::json;

    use crate::Sandbox;
    use crate::doc::{Doc, int, number, text};

    #[tokio::test]
    async fn what_is_submitted_is_posted_in_balance_and_taken_back_when_it_is_cancelled() {
        for &version in Version::ALL {
            let sandbox = Sandbox::sample(version).await;
            sandbox
                .with(|site| {
                    let sold = site.load("Sales Invoice", "ACC-SINV-2026-00001")?;
                    let row = |qty: f64, rate: f64| json!({"item_code": "SRV-REPAIR", "qty": qty, "rate": rate});
                    let invoice = json!({"doctype": "Sales Invoice", "customer": sold["customer"],
                        "company": sold["company"], "due_date": "2026-12-31", "items": [row(3.0, 33.33), row(1.0, 10.0)]});
                    let name = text(&site.insert(invoice.as_object().unwrap().clone())?, "name").to_owned();
                    let posted = |voucher: &str| site.db.rows_where_in("GL Entry", site.meta, "voucher_no", voucher);
                    assert!(posted(&name)?.is_empty(), "a draft posts nothing");
                    site.submit(site.load("Sales Invoice", &name)?)?;
                    let sum = |entries: &[Doc]| {
                        entries.iter().map(|entry| number(entry, "debit") - number(entry, "credit")).sum::<f64>()
                    };
                    let entries = posted(&name)?;
                    let stored = site.load("Sales Invoice", &name)?;
                    assert!(entries.len() >= 2 && sum(&entries).abs() < 0.005, "{version}: {entries:?}");
                    let owed = entries.iter().find(|entry| entry["account"] == stored["debit_to"]).unwrap();
                    assert_eq!((&owed["debit"], &owed["party"]), (&stored["outstanding_amount"], &stored["customer"]));
                    assert_eq!(owed["against_voucher"], json!(name));

                    let earned = entries.iter().find(|entry| entry["account"] == stored["items"][0]["income_account"]);
                    assert_eq!(number(earned.unwrap(), "credit"), number(&stored, "net_total"), "{version}");

                    let other = entries.iter().find(|entry| entry["account"] != stored["debit_to"]).unwrap();
                    let paid = number(&stored, "outstanding_amount");
                    let payment = json!({"doctype": "Payment Entry", "naming_series": "ACC-PAY-.YYYY.-", "payment_type": "Receive", "party_type": "Customer",
                        "party": stored["customer"], "company": stored["company"], "paid_from": stored["debit_to"],
                        "paid_to": "Petty Cash - AWF", "paid_amount": paid - 2.0, "received_amount": paid - 2.0,
                        "posting_date": "2026-11-20", "deductions": [{"account": other["account"],
                            "cost_center": other["cost_center"], "amount": 2.0}],
                        "references": [{"reference_doctype": "Sales Invoice", "reference_name": name,
                            "allocated_amount": paid}]});
                    let payment = text(&site.insert(payment.as_object().unwrap().clone())?, "name").to_owned();
                    site.submit(site.load("Payment Entry", &payment)?)?;
                    let entries = posted(&payment)?;
                    assert!(entries.len() == 3 && sum(&entries).abs() < 0.005, "{version}: {entries:?}");
                    let settled = entries.iter().find(|entry| entry["account"] == stored["debit_to"]).unwrap();
                    assert_eq!((number(settled, "credit"), text(settled, "against_voucher")), (paid, name.as_str()));

                    site.cancel("Payment Entry", &payment)?;
                    let entries = posted(&payment)?;
                    assert!(entries.len() == 6 && entries.iter().all(|entry| int(entry, "is_cancelled") == 1));
                    assert!(sum(&entries).abs() < 0.005, "{version}: {entries:?}");
                    Ok(())
                })
                .unwrap();
        }
    }
}
