//! What the cancellation of a document does to its entries in the ledgers: they count no more, and of each of the general
//! ledger there is one more that takes it back. Both are marked, so that those that are not marked are what counts.

use serde_json::{Value, json};

use super::own;
use crate::doc::{Doc, text};
use crate::error::SiteError;
use crate::site::Site;
use crate::store::Sql;

/// The columns of a debit, with those of the credit.
const SIDES: [[&str; 2]; 3] = [
    ["debit", "credit"],
    ["debit_in_account_currency", "credit_in_account_currency"],
    ["debit_in_transaction_currency", "credit_in_transaction_currency"],
];

impl Site<'_> {
    /// Marks the entries of a document that was cancelled, and takes back those of the general ledger. What takes stock back
    /// is written where the stock is moved back.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn take_back(&self, doc: &Doc) -> Result<(), SiteError> {
        for ledger in ["GL Entry", "Stock Ledger Entry"] {
            let Some(def) = self.meta.get(ledger) else { continue };
            let counts = "voucher_type = ?1 AND voucher_no = ?2 AND is_cancelled = 0";
            let of = ["doctype", "name"].map(|key| Sql::Text(text(doc, key).to_owned()));
            for mut entry in self.db.rows_where(def, counts, &of)? {
                let marked = Doc::from_iter([("is_cancelled".to_owned(), json!(1))]);
                self.set(ledger, text(&entry, "name"), &marked)?;
                if ledger == "GL Entry" {
                    turn(&mut entry);
                    entry.extend(marked);
                    own::add(self, ledger, Value::Object(entry))?;
                }
            }
        }
        Ok(())
    }
}

/// Has an entry go the other way.
fn turn(entry: &mut Doc) {
    for [debit, credit] in SIDES {
        let sides = [entry.remove(debit), entry.remove(credit)];
        for (side, amount) in [credit, debit].into_iter().zip(sides) {
            entry.extend(amount.map(|amount| (side.to_owned(), amount)));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use erpnext_schema::Version;
    use serde_json::json;

    use crate::Sandbox;
    use crate::doc::{Doc, int, number, text};

    #[tokio::test]
    async fn entries_of_what_was_cancelled_are_marked_and_taken_back() {
        for &version in Version::ALL {
            let sandbox = Sandbox::sample(version).await;
            sandbox
                .with(|site| {
                    let open = "docstatus = 1 AND is_return = 0 AND status = 'Unpaid' LIMIT 1";
                    let invoice = site.db.rows_where(site.controller("Sales Invoice")?, open, &[])?.remove(0);
                    let name = text(&invoice, "name");
                    site.cancel("Sales Invoice", name)?;
                    let entries = site.db.rows_where_in("GL Entry", site.meta, "voucher_no", name)?;
                    let sum = |side: &str| entries.iter().map(|entry| number(entry, side)).sum::<f64>();
                    let by = |account: &str, side: &str| {
                        let of = entries.iter().filter(|entry| text(entry, "account") == account);
                        of.map(|entry| number(entry, side)).sum::<f64>()
                    };
                    assert_eq!(entries.len(), 6, "{version}: {entries:?}");
                    assert!(entries.iter().all(|entry| int(entry, "is_cancelled") == 1), "{version}: {entries:?}");
                    assert!((sum("debit") - sum("credit")).abs() < 0.005, "{version}: {entries:?}");
                    let owed = invoice["debit_to"].as_str().unwrap();
                    assert!(by(owed, "debit") > 0.0 && (by(owed, "debit") - by(owed, "credit")).abs() < 0.005);

                    // Stock that came is taken back by an entry of its own.
                    let row =
                        json!({"item_code": "SRV-PLAN", "qty": 2, "basic_rate": 10, "t_warehouse": "Goods In - AWF"});
                    let stocked = json!({"is_stock_item": 1, "has_serial_no": 0});
                    site.set("Item", "SRV-PLAN", stocked.as_object().unwrap())?;
                    let came = json!({"doctype": "Stock Entry", "stock_entry_type": "Material Receipt",
                        "company": "Alderway Furniture", "items": [row]});
                    let came = text(&site.insert(came.as_object().unwrap().clone())?, "name").to_owned();
                    site.submit(site.load("Stock Entry", &came)?)?;
                    site.cancel("Stock Entry", &came)?;
                    let entries = site.db.rows_where_in("Stock Ledger Entry", site.meta, "voucher_no", &came)?;
                    let of = |entry: &Doc| (entry["actual_qty"].as_f64().unwrap(), int(entry, "is_cancelled"));
                    let mut told: Vec<(f64, i64)> = entries.iter().map(of).collect();
                    told.sort_by(|one, other| one.0.total_cmp(&other.0));
                    assert_eq!(told, [(-2.0, 1), (2.0, 1)], "{version}");
                    Ok(())
                })
                .unwrap();
        }
    }
}
