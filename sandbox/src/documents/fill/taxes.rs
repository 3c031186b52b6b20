//! What the rows of taxes come to: each by its kind of charge, one upon the other.

use erpnext_schema::DocTypeDef;
use serde_json::json;

use super::totals::put;
use crate::doc::{Doc, cents, int, number, rows, text};
use crate::error::SiteError;
use crate::site::Site;

impl Site<'_> {
    /// Works out the rows of taxes over a net total; what they come to together.
    pub(super) fn add_taxes(
        &self,
        def: &'static DocTypeDef,
        doc: &mut Doc,
        net: f64,
        rate: f64,
    ) -> Result<f64, SiteError> {
        if rows(doc, "taxes").next().is_none() {
            return Ok(number(doc, "total_taxes_and_charges"));
        }
        let (mut sum, mut worked_out) = (0.0, Vec::<(f64, f64)>::new());
        self.each_row(def, doc, |child, row, _| {
            if text(row, "parentfield") != "taxes" {
                return Ok(());
            }
            let earlier = usize::try_from(int(row, "row_id") - 1).ok().and_then(|at| worked_out.get(at)).copied();
            let (before, so_far) = earlier.unwrap_or_default();
            let part = number(row, "rate") / 100.0;
            let amount = cents(match text(row, "charge_type") {
                "On Net Total" => net * part,
                "On Previous Row Amount" => before * part,
                "On Previous Row Total" => so_far * part,
                _ => number(row, "tax_amount"),
            });
            let counted = match (text(row, "category"), text(row, "add_deduct_tax")) {
                ("Valuation", _) => 0.0,
                (_, "Deduct") => -amount,
                _ => amount,
            };
            sum += counted;
            let total = cents(net + sum);
            worked_out.push((amount, total));
            for (own, base, value) in [
                ("tax_amount", "base_tax_amount", amount),
                ("tax_amount_after_discount_amount", "base_tax_amount_after_discount_amount", amount),
                ("total", "base_total", total),
            ] {
                put(child, row, own, json!(value));
                put(child, row, base, json!(cents(value * rate)));
            }
            Ok(())
        })?;
        Ok(cents(sum))
    }
}
