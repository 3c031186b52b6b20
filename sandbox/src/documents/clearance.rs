//! What the desk's Bank Clearance does: the payments of an account, and the day on which the bank had each. Invoices
//! that were paid at once are left out.

use erpnext_schema::Version;
use serde_json::{Value, json};

use super::own;
use crate::doc::{Doc, cents, int, is_empty, number, rows, text};
use crate::error::{Message, SiteError};
use crate::site::Site;
use crate::store::Sql;

impl Site<'_> {
    /// Fills the payments of the tool's account that were posted in its range into its table: those without a clearance
    /// date, or all of them.
    ///
    /// # Errors
    /// 417 where it names no account or no range.
    pub fn bank_entries(&self, tool: &mut Doc) -> Result<(), SiteError> {
        if let Some(missing) =
            ["from_date", "to_date", "account"].into_iter().find(|field| text(tool, field).is_empty())
        {
            return Err(SiteError::invalid(format!("{missing} is mandatory")));
        }
        let account = text(tool, "account").to_owned();
        let range = [text(tool, "from_date"), text(tool, "to_date")].map(str::to_owned);
        let all = int(tool, "include_reconciled_entries") == 1;
        let mut found = Vec::new();
        let [from, to] = range.clone().map(Sql::Text);
        let at = "docstatus = 1 AND (paid_from = ?1 OR paid_to = ?1) AND posting_date BETWEEN ?2 AND ?3";
        let params = [Sql::Text(account.clone()), from, to];
        for payment in self.db.rows_where(self.controller("Payment Entry")?, at, &params)? {
            let out = text(&payment, "paid_from") == account;
            let amount = if out { -number(&payment, "paid_amount") } else { number(&payment, "received_amount") };
            found.push(entry("Payment Entry", &payment, ["reference_no", "reference_date"], amount));
        }
        let mut entries: Vec<(String, f64)> = Vec::new();
        for row in self.db.rows_where_in("Journal Entry Account", self.meta, "account", &account)? {
            let amount = number(&row, "debit_in_account_currency") - number(&row, "credit_in_account_currency");
            match entries.iter_mut().find(|(name, _)| name == text(&row, "parent")) {
                Some((_, sum)) => *sum += amount,
                None => entries.push((text(&row, "parent").to_owned(), amount)),
            }
        }
        let journal = self.controller("Journal Entry")?;
        for (name, amount) in entries {
            let Some(doc) = self.db.row(journal, &name)? else { continue };
            let day = text(&doc, "posting_date");
            if int(&doc, "docstatus") == 1 && range[0].as_str() <= day && day <= range[1].as_str() {
                found.push(entry("Journal Entry", &doc, ["cheque_no", "cheque_date"], amount));
            }
        }
        found.retain(|row| all || is_empty(row.get("clearance_date")));
        found.sort_by_key(|row| text(row, "posting_date").to_owned());
        tool.insert("payment_entries".to_owned(), Value::Array(found.into_iter().map(Value::Object).collect()));
        Ok(())
    }

    /// Gives the payments in the tool's table their clearance dates, all of them or none; one without a date loses it
    /// where the tool includes what is cleared. It asks for no right on the payments. For a date before that of the
    /// cheque 16 answers 200, says so and sets none.
    ///
    /// # Errors
    /// On 15 417 for such a date.
    pub fn set_clearance(&self, tool: &mut Doc) -> Result<(), SiteError> {
        let all = int(tool, "include_reconciled_entries") == 1;
        let dated: Vec<Doc> =
            rows(tool, "payment_entries").filter(|row| all || !is_empty(row.get("clearance_date"))).cloned().collect();
        for row in &dated {
            let (date, cheque) = (text(row, "clearance_date"), text(row, "cheque_date"));
            if !date.is_empty() && date < cheque {
                let words = format!("Row #{}: {date} is before the cheque's date", int(row, "idx"));
                if self.version() < Version::V16 {
                    return Err(SiteError::invalid(words));
                }
                self.say(Message::new(words));
                return Ok(());
            }
        }
        if dated.is_empty() {
            self.say(Message::new("no clearance date was given"));
            return Ok(());
        }
        for row in dated {
            let (doctype, name) = (text(&row, "payment_document"), text(&row, "payment_entry"));
            self.load(doctype, name)?;
            let date = row.get("clearance_date").filter(|date| !is_empty(Some(*date))).cloned().unwrap_or_default();
            let changes = [("clearance_date", date), ("modified", json!(self.now_text()))];
            self.set(doctype, name, &changes.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())?;
            own::note(self, doctype, name, "Comment", "Clearance Date")?;
            self.journal("update", doctype, name)?;
        }
        self.bank_entries(tool)
    }
}

fn entry(doctype: &str, doc: &Doc, [number, date]: [&str; 2], amount: f64) -> Doc {
    let side = if amount > 0.0 { "Dr" } else { "Cr" };
    Doc::from_iter([
        ("doctype".to_owned(), json!("Bank Clearance Detail")),
        ("parentfield".to_owned(), json!("payment_entries")),
        ("payment_document".to_owned(), json!(doctype)),
        ("payment_entry".to_owned(), json!(text(doc, "name"))),
        ("amount".to_owned(), json!(format!("€ {} {side}", grouped(amount.abs())))),
        ("posting_date".to_owned(), json!(text(doc, "posting_date"))),
        ("cheque_number".to_owned(), json!(doc.get(number))),
        ("cheque_date".to_owned(), json!(doc.get(date))),
        ("clearance_date".to_owned(), json!(doc.get("clearance_date"))),
    ])
}

/// An amount as the site formats it: `1,234.50`.
fn grouped(amount: f64) -> String {
    let text = format!("{:.2}", cents(amount));
    let whole = text.len() - 3;
    let mut grouped = String::new();
    for (at, digit) in text.chars().enumerate() {
        if at > 0 && at < whole && (whole - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use erpnext_schema::Version;
    use serde_json::{Value, json};

    use super::grouped;
    use crate::Sandbox;
    use crate::doc::is_empty;
    use crate::error::SiteError;
    use crate::site::Site;

    #[test]
    fn amounts_are_formatted() {
        let all = [0.0, 12.5, 999.99, 1_234.5, 1_234_567.0].map(grouped);
        assert_eq!(all, ["0.00", "12.50", "999.99", "1,234.50", "1,234,567.00"]);
    }

    #[tokio::test]
    async fn a_payment_is_cleared_on_a_day_that_is_not_before_its_cheque() {
        for version in Version::ALL.iter().copied() {
            Sandbox::sample(version).await.with(cleared).unwrap();
        }
    }

    fn cleared(site: &Site<'_>) -> Result<(), SiteError> {
        let payment = site.load("Payment Entry", "ACC-PAY-2026-00001")?;
        let account = match payment["payment_type"] == "Receive" {
            true => &payment["paid_to"],
            false => &payment["paid_from"],
        };
        let day = payment["posting_date"].as_str().unwrap();
        let tool = json!({
            "doctype": "Bank Clearance", "account": account, "from_date": day, "to_date": day,
            "payment_entries": [],
        });
        let mut tool = tool.as_object().unwrap().clone();
        site.bank_entries(&mut tool)?;
        let is_there =
            |tool: &Value| tool.as_array().unwrap().iter().any(|row| row["payment_entry"] == payment["name"]);
        assert!(is_there(&tool["payment_entries"]), "{tool:?}");
        let dated = |date: &str| {
            json!([{"payment_document": "Payment Entry", "payment_entry": payment["name"],
                "cheque_date": payment["reference_date"], "clearance_date": date}])
        };
        tool.insert("payment_entries".to_owned(), dated("2020-01-01"));
        match site.set_clearance(&mut tool) {
            Err(error) => assert!(error.text.contains("before the cheque") && site.version() < Version::V16),
            Ok(()) => assert!(site.version() >= Version::V16),
        }
        assert!(is_empty(site.load("Payment Entry", "ACC-PAY-2026-00001")?.get("clearance_date")));
        tool.insert("payment_entries".to_owned(), dated("2026-12-01"));
        site.set_clearance(&mut tool)?;
        assert!(!is_there(&tool["payment_entries"]), "what is cleared is not listed: {tool:?}");
        assert_eq!(site.load("Payment Entry", "ACC-PAY-2026-00001")?["clearance_date"], "2026-12-01");
        Ok(())
    }
}
