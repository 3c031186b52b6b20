//! Journal entries: what their rows come to in the currency of the company, and that both sides agree.

use erpnext_schema::DocTypeDef;
use serde_json::{Value, json};

use super::payments::ROUNDING;
use crate::doc::{Doc, cents, factor, int, number, rows, text};
use crate::error::SiteError;
use crate::site::Site;

const ENTRY: &str = "Journal Entry";

/// Works out the amounts of the rows, and their sums.
pub(super) fn fill(def: &DocTypeDef, doc: &mut Doc) {
    if def.name != ENTRY {
        return;
    }
    let (mut debit, mut credit) = (0.0, 0.0);
    let rows = doc.get_mut("accounts").and_then(Value::as_array_mut);
    for row in rows.into_iter().flatten().filter_map(Value::as_object_mut) {
        let rate = factor(row, "exchange_rate");
        row.insert("exchange_rate".to_owned(), json!(rate));
        for (side, sum) in [("debit", &mut debit), ("credit", &mut credit)] {
            let amount = cents(number(row, &format!("{side}_in_account_currency")) * rate);
            row.insert(side.to_owned(), json!(amount));
            *sum += amount;
        }
    }
    for (field, amount) in [("total_debit", debit), ("total_credit", credit), ("difference", debit - credit)] {
        doc.insert(field.to_owned(), json!(cents(amount)));
    }
}

impl Site<'_> {
    /// That what is owed names who owes it, and that the debits are the credits.
    ///
    /// # Errors
    /// 417.
    pub(super) fn check_journal(&self, def: &DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        if def.name != ENTRY {
            return Ok(());
        }
        for row in rows(doc, "accounts") {
            let account = text(row, "account");
            let moves = number(row, "debit") != 0.0 || number(row, "credit") != 0.0;
            let kind = self.value("Account", account, "account_type")?;
            let is_owed = kind.is_some_and(|kind| kind == "Receivable" || kind == "Payable");
            if moves && is_owed && (text(row, "party_type").is_empty() || text(row, "party").is_empty()) {
                let text = format!("Row {}: the account {account} needs a party", int(row, "idx"));
                return Err(SiteError::invalid(text));
            }
        }
        let difference = number(doc, "difference");
        if difference.abs() > ROUNDING {
            return Err(SiteError::invalid(format!("The debits and the credits of the entry differ by {difference}")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use crate::doc::Doc;
    use crate::{Sandbox, Version};

    fn entry(debit: &Value, credit: f64) -> Doc {
        let mut debit = debit.clone();
        debit["account"] = json!("Debtors - AWF");
        let credit = json!({"account": "Current Account - AWF", "credit_in_account_currency": credit});
        let entry = json!({
            "doctype": "Journal Entry", "voucher_type": "Journal Entry", "company": "Alderway Furniture",
            "posting_date": "2026-11-20", "accounts": [debit, credit],
        });
        entry.as_object().unwrap().clone()
    }

    #[tokio::test]
    async fn an_entry_adds_up_or_is_refused() {
        let sandbox = Sandbox::sample(Version::V15).await;
        sandbox
            .with(|site| {
                let customer = site.load("Sales Invoice", "ACC-SINV-2026-00001")?["customer"].clone();
                let owed = json!({"party_type": "Customer", "party": customer, "debit_in_account_currency": 10});
                let made = site.insert(entry(&owed, 10.0))?;
                assert_eq!((&made["total_debit"], &made["difference"]), (&json!(10.0), &json!(0.0)));
                assert_eq!(made["accounts"][1]["credit"], 10.0);
                let told = site.insert(entry(&owed, 9.0)).unwrap_err().text;
                assert!(told.contains("differ by 1"), "{told}");
                let told = site.insert(entry(&json!({"debit_in_account_currency": 10}), 10.0)).unwrap_err().text;
                assert!(told.contains("needs a party"), "{told}");
                Ok(())
            })
            .unwrap();
    }
}
