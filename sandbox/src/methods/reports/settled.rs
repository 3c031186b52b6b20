//! What settled invoices, and when: what is outstanding now and what was settled since is what was outstanding on a day.

use std::collections::HashMap;

use super::source::{Filters, Side, Source};
use crate::doc::{Doc, int, number, text};
use crate::documents::total;
use crate::error::SiteError;

/// What pays invoices: the voucher, the DocType of the rows that name them, the field of such a row for their DocType.
const PAYS: [(&str, &str, &str); 2] = [
    ("Payment Entry", "Payment Entry Reference", "reference_doctype"),
    ("Journal Entry", "Journal Entry Account", "reference_type"),
];

/// By invoice, the days on which something of it was settled, with how much.
#[derive(Default)]
pub struct Settled(HashMap<String, Vec<(String, f64)>>);

impl Settled {
    /// What settled these invoices.
    pub fn read(source: &Source<'_>, filters: &Filters, side: Side, invoices: &[Doc]) -> Result<Self, SiteError> {
        let mut settled = Self::default();
        for (voucher, rows, kind) in PAYS {
            let vouchers = source.submitted(voucher, filters)?;
            let days: HashMap<&str, &str> =
                vouchers.iter().map(|doc| (text(doc, "name"), text(doc, "posting_date"))).collect();
            for row in source.all(rows)?.iter().filter(|row| text(row, kind) == side.invoice()) {
                if let Some(day) = days.get(text(row, "parent")) {
                    settled.add(text(row, "reference_name"), day, paid(row, side));
                }
            }
        }
        // What a return does not have outstanding itself, and nobody paid, it took off its invoice.
        for back in invoices.iter().filter(|invoice| int(invoice, "is_return") == 1) {
            let left = number(back, "outstanding_amount") + settled.after(text(back, "name"), "");
            settled.add(text(back, "return_against"), text(back, "posting_date"), left - total(back));
        }
        Ok(settled)
    }

    fn add(&mut self, invoice: &str, day: &str, amount: f64) {
        self.0.entry(invoice.to_owned()).or_default().push((day.to_owned(), amount));
    }

    /// How much of an invoice was settled after a day.
    pub fn after(&self, invoice: &str, day: &str) -> f64 {
        let settled = self.0.get(invoice).into_iter().flatten();
        settled.filter(|(on, _)| on.as_str() > day).map(|(_, amount)| amount).sum()
    }
}

fn paid(row: &Doc, side: Side) -> f64 {
    let credited = number(row, "credit_in_account_currency") - number(row, "debit_in_account_currency");
    number(row, "allocated_amount") + if side == Side::Selling { credited } else { -credited }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use crate::doc::{Doc, number, text};
    use crate::methods::reports::receivables;
    use crate::methods::reports::source::{Filters, Side, Source};
    use crate::{Sandbox, Version};

    #[tokio::test]
    async fn what_is_owed_on_a_day_is_what_the_ledger_of_that_day_says() {
        let sandbox = Sandbox::sample(Version::V15).await;
        sandbox
            .with(|site| {
                let source = Source::new(site);
                let sides = [(Side::Selling, "Debtors - AWF", 1.0), (Side::Buying, "Creditors - AWF", -1.0)];
                for (side, account, sign) in sides {
                    for day in ["2026-03-31", "2026-06-30", "2026-09-30", "2026-11-30"] {
                        let filters = Filters(Doc::from_iter([("report_date".to_owned(), json!(day))]));
                        let rows = receivables::invoices(&source, &filters, side)?;
                        let owed: f64 = rows.iter().map(|row| number(row, "outstanding")).sum();
                        let entries = source.all("GL Entry")?;
                        let until =
                            |entry: &&Doc| text(entry, "account") == account && text(entry, "posting_date") <= day;
                        let booked = entries.iter().filter(until);
                        let booked: f64 = booked.map(|entry| number(entry, "debit") - number(entry, "credit")).sum();
                        assert!(owed > 0.0 && (owed - sign * booked).abs() < 0.01, "{account} {day}: {owed} {booked}");
                    }
                }
                Ok(())
            })
            .unwrap();
    }
}
