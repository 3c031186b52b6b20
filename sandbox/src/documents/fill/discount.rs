//! What is taken off a paper as a whole, before its taxes are worked out or off all of it.

use erpnext_schema::DocTypeDef;
use serde_json::json;

use super::totals::put;
use crate::doc::{Doc, cents, number, rows, text};
use crate::error::SiteError;
use crate::site::Site;

/// A discount on a whole paper.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Discount {
    /// How much it is.
    pub amount: f64,
    /// What is left to be taxed.
    pub net: f64,
}

impl Discount {
    /// The discount of a paper whose rows come to a sum and whose taxes to another; `None` where it has none.
    pub(super) fn of(doc: &Doc, sum: f64, taxes: f64) -> Option<Self> {
        let is_on_net = text(doc, "apply_discount_on") == "Net Total";
        let base = if is_on_net { sum } else { sum + taxes };
        let percent = number(doc, "additional_discount_percentage");
        let amount = if percent == 0.0 { number(doc, "discount_amount") } else { cents(base * percent / 100.0) };
        // A charge that was entered as an amount stays that amount.
        let fixed = rows(doc, "taxes").filter(|row| text(row, "charge_type") == "Actual");
        let follows = base - if is_on_net { 0.0 } else { fixed.map(|row| number(row, "tax_amount")).sum::<f64>() };
        (amount != 0.0 && follows != 0.0 && sum != 0.0).then(|| Self { amount, net: sum * (1.0 - amount / follows) })
    }
}

impl Site<'_> {
    /// Gives each row its part of what is left of the sum.
    pub(super) fn spread(
        &self,
        def: &'static DocTypeDef,
        doc: &mut Doc,
        part: f64,
        rate: f64,
    ) -> Result<(), SiteError> {
        self.each_row(def, doc, |child, row, _| {
            if text(row, "parentfield") != "items" {
                return Ok(());
            }
            for (own, base, value) in [
                ("net_rate", "base_net_rate", number(row, "rate") * part),
                ("net_amount", "base_net_amount", cents(number(row, "amount") * part)),
            ] {
                put(child, row, own, json!(value));
                put(child, row, base, json!(cents(value * rate)));
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::Discount;
    use crate::doc::Doc;
    use crate::{Sandbox, Version};

    fn paper(of: &Value) -> Doc {
        of.as_object().unwrap().clone()
    }

    #[test]
    fn a_discount_on_the_net_total_is_taxed_less_and_one_on_the_grand_total_is_off_all_of_it() {
        let off = |of: &Value| Discount::of(&paper(of), 100.0, 20.0).map(|off| (off.amount, off.net));
        assert_eq!(off(&json!({})), None);
        let net = json!({"apply_discount_on": "Net Total", "additional_discount_percentage": 10});
        assert_eq!(off(&net), Some((10.0, 90.0)));
        let grand = json!({"apply_discount_on": "Grand Total", "additional_discount_percentage": 10});
        assert_eq!(off(&grand), Some((12.0, 90.0)));
        assert_eq!(off(&json!({"discount_amount": 60})), Some((60.0, 50.0)));
    }

    #[tokio::test]
    async fn an_order_costs_what_its_pricing_rules_and_its_discount_leave() {
        let sandbox = Sandbox::sample(Version::V15).await;
        sandbox
            .with(|site| {
                let rule = json!({"doctype": "Pricing Rule", "naming_series": "PRLE-.####", "title": "A tenth off five",
                    "apply_on": "Item Code", "selling": 1, "company": "Alderway Furniture", "currency": "EUR",
                    "price_or_product_discount": "Price", "min_qty": 5, "rate_or_discount": "Discount Percentage",
                    "discount_percentage": 10, "valid_from": "2098-01-01", "items": [{"item_code": "SEA-TASK"}]});
                site.insert(paper(&rule))?;
                let customer = site.load("Sales Invoice", "ACC-SINV-2026-00001")?["customer"].clone();
                let vat = json!({"charge_type": "On Net Total", "account_head": "VAT - AWF", "description": "VAT",
                    "rate": 20});
                let order = |qty: u32, day: &str, percent: u32| {
                    let order = json!({"doctype": "Sales Order", "customer": customer, "transaction_date": day,
                        "delivery_date": "2099-12-24", "additional_discount_percentage": percent, "taxes": [vat],
                        "disable_rounded_total": 1, "items": [{"item_code": "SEA-TASK", "qty": qty}]});
                    site.insert(paper(&order))
                };
                let (few, many) = (order(4, "2099-01-01", 0)?, order(5, "2099-01-01", 0)?);
                assert_eq!((&few["items"][0]["rate"], &many["items"][0]["rate"]), (&json!(219.0), &json!(197.1)));
                assert_eq!(order(5, "2097-01-01", 0)?["items"][0]["rate"], 219.0, "before the rule began");
                let less = order(4, "2099-01-01", 10)?;
                let number = |field: &str| less[field].as_f64().unwrap();
                let told =
                    ["total", "net_total", "total_taxes_and_charges", "discount_amount", "grand_total"].map(number);
                assert_eq!(told, [876.0, 788.4, 157.68, 105.12, 946.08]);
                assert_eq!(less["items"][0]["net_amount"], 788.4);
                Ok(())
            })
            .unwrap();
    }
}
