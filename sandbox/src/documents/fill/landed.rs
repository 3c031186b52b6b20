//! What a Landed Cost Voucher adds up to, and how much of it falls to each of the items of its receipts.

use erpnext_schema::DocTypeDef;
use serde_json::json;

use super::totals::put;
use crate::doc::{Doc, cents, factor, int, number, rows, text};
use crate::error::SiteError;
use crate::site::Site;

impl Site<'_> {
    /// Takes the items of the receipts where none were sent, and spreads the charges over them.
    ///
    /// # Errors
    /// 417 for a receipt that is not submitted.
    pub(super) fn fill_landed_cost(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        if def.name != "Landed Cost Voucher" {
            return Ok(());
        }
        if rows(doc, "items").next().is_none() {
            self.take_items(def, doc)?;
        }
        let mut total = 0.0;
        self.each_row(def, doc, |child, row, _| {
            if text(row, "parentfield") == "taxes" {
                let rate = factor(row, "exchange_rate");
                let amount = cents(number(row, "amount") * rate);
                put(child, row, "base_amount", json!(amount));
                total += amount;
            }
            Ok(())
        })?;
        put(def, doc, "total_taxes_and_charges", json!(cents(total)));
        let basis = match text(doc, "distribute_charges_based_on") {
            "Qty" => "qty",
            "Amount" => "amount",
            _ => return Ok(()),
        };
        let mut left: f64 = rows(doc, "items").map(|row| number(row, basis)).sum();
        self.each_row(def, doc, |child, row, _| {
            if text(row, "parentfield") == "items" && left > 0.0 {
                // The last row gets what rounding leaves.
                let charge = cents(total * number(row, basis) / left);
                left -= number(row, basis);
                total -= charge;
                put(child, row, "applicable_charges", json!(charge));
            }
            Ok(())
        })
    }

    fn take_items(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        let named = rows(doc, "purchase_receipts").filter(|row| !text(row, "receipt_document").is_empty());
        let receipts: Vec<[String; 2]> = named
            .map(|row| ["receipt_document_type", "receipt_document"].map(|key| text(row, key).to_owned()))
            .collect();
        for [kind, name] in receipts {
            let receipt = self.load(&kind, &name)?;
            if int(&receipt, "docstatus") != 1 {
                return Err(SiteError::invalid(format!("{kind} {name} is not submitted")));
            }
            for item in rows(&receipt, "items") {
                let row = json!({
                    "item_code": item.get("item_code"), "description": item.get("description"), "qty": number(item, "qty"),
                    "rate": number(item, "base_rate"), "amount": number(item, "base_amount"),
                    "cost_center": item.get("cost_center"), "receipt_document_type": kind, "receipt_document": name,
                    "purchase_receipt_item": item.get("name"),
                });
                self.append_row(def, doc, "items", row);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use crate::{Sandbox, Version};

    #[tokio::test]
    async fn the_charges_of_a_voucher_fall_to_the_items_of_its_receipt() {
        for &version in Version::ALL {
            let sandbox = Sandbox::sample(version).await;
            sandbox
                .with(|site| {
                    let submitted = "docstatus = 1 ORDER BY name LIMIT 1";
                    let receipt = site.db.rows_where(site.controller("Purchase Receipt")?, submitted, &[])?.remove(0);
                    let charge = |amount: f64| json!({"description": "Freight", "amount": amount});
                    let voucher = json!({"doctype": "Landed Cost Voucher", "company": receipt["company"],
                        "distribute_charges_based_on": "Amount", "taxes": [charge(10.01), charge(5.0)],
                        "purchase_receipts": [{"receipt_document_type": "Purchase Receipt",
                            "receipt_document": receipt["name"]}]});
                    let made = site.insert(voucher.as_object().unwrap().clone())?;
                    let items = made["items"].as_array().unwrap();
                    let charges: f64 = items.iter().map(|row| row["applicable_charges"].as_f64().unwrap()).sum();
                    assert_eq!(made["total_taxes_and_charges"], 15.01);
                    assert!(!items.is_empty() && (charges - 15.01).abs() < 0.001, "{items:?}");
                    Ok(())
                })
                .unwrap();
        }
    }
}
