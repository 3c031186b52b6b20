//! What pricing rules make of prices: of the rate, of a discount, of what is given for free.

use erpnext_schema::DocTypeDef;
use serde_json::{Value, json};

use super::totals::put;
use crate::doc::{Doc, cint, flt, int, number, rows, text};
use crate::error::SiteError;
use crate::site::Site;
use crate::store::Sql;

/// The day of a document, or of what is asked for one; empty where none is given.
pub(super) fn day_of(doc: &Doc) -> &str {
    let days = ["transaction_date", "posting_date"].map(|field| text(doc, field));
    days.into_iter().find(|day| !day.is_empty()).unwrap_or_default()
}

/// Whether a price or a rule holds on a day; all do where none is given.
fn holds_on(doc: &Doc, day: &str) -> bool {
    let until = text(doc, "valid_upto");
    day.is_empty() || text(doc, "valid_from") <= day && (until.is_empty() || day <= until)
}

impl Site<'_> {
    /// The price of an item in a price list on a day, or the newest where no day is given; 0 where there is none.
    ///
    /// # Errors
    /// The database's.
    pub fn list_price(&self, item: &str, list: &str, day: &str) -> Result<f64, SiteError> {
        let params = [item, list].map(|text| Sql::Text(text.to_owned()));
        let condition = "item_code = ?1 AND price_list = ?2 ORDER BY valid_from DESC";
        let prices = self.db.rows_where(self.controller("Item Price")?, condition, &params)?;
        Ok(prices.iter().find(|price| holds_on(price, day)).map_or(0.0, |price| number(price, "price_list_rate")))
    }

    /// What the pricing rules of an item change: those that name it, for this party, quantity and day.
    ///
    /// # Errors
    /// The database's.
    pub fn by_rules(&self, item: &str, args: &Doc, buying: bool, qty: f64) -> Result<Doc, SiteError> {
        let condition = if buying { "buying = 1 ORDER BY name" } else { "selling = 1 ORDER BY name" };
        let (mut changed, mut names, mut free) = (Doc::new(), Vec::new(), Vec::new());
        if args.get("ignore_pricing_rule").is_some_and(|ignores| cint(ignores) != 0) {
            return Ok(changed);
        }
        let day = day_of(args);
        for rule in self.db.rows_where(self.controller("Pricing Rule")?, condition, &[])? {
            let rule = self.load("Pricing Rule", text(&rule, "name"))?;
            let is_for = |party: &str| text(&rule, party).is_empty() || text(&rule, party) == text(args, party);
            let applies = holds_on(&rule, day)
                && rows(&rule, "items").any(|row| text(row, "item_code") == item)
                && number(&rule, "disable") == 0.0
                && number(&rule, "min_qty") <= qty
                && (number(&rule, "max_qty") == 0.0 || qty <= number(&rule, "max_qty"))
                && is_for("customer")
                && is_for("supplier");
            if !applies {
                continue;
            }
            names.push(text(&rule, "name").to_owned());
            if text(&rule, "price_or_product_discount") == "Product" {
                free.push(self.free_item(&rule, item)?);
                continue;
            }
            let (key, from) = match text(&rule, "rate_or_discount") {
                "Rate" => ("price_list_rate", "rate"),
                "Discount Amount" => ("discount_amount", "discount_amount"),
                _ => ("discount_percentage", "discount_percentage"),
            };
            changed.insert(key.to_owned(), json!(number(&rule, from)));
            changed.insert("pricing_rule_for".to_owned(), json!(text(&rule, "rate_or_discount")));
        }
        if !names.is_empty() {
            changed.insert("pricing_rules".to_owned(), json!(json!(names).to_string()));
            changed.insert("free_item_data".to_owned(), json!(free));
        }
        Ok(changed)
    }

    /// The row for what a rule gives for free, with what the other item says of itself.
    fn free_item(&self, rule: &Doc, item: &str) -> Result<Value, SiteError> {
        let is_the_same = rule.get("same_item").is_some_and(|same| cint(same) != 0);
        let given = if is_the_same { item } else { text(rule, "free_item") };
        let its = self.db.row(self.controller("Item")?, given)?.unwrap_or_default();
        let unit = match text(rule, "free_item_uom") {
            "" => text(&its, "stock_uom"),
            unit => unit,
        };
        let rate = number(rule, "free_item_rate");
        Ok(json!({
            "item_code": given, "qty": number(rule, "free_qty"), "pricing_rules": text(rule, "name"),
            "rate": rate, "price_list_rate": rate, "is_free_item": 1, "item_name": its.get("item_name"),
            "description": its.get("description"), "stock_uom": its.get("stock_uom"), "uom": unit, "conversion_factor": 1,
        }))
    }

    /// Gives the row of a draft the rate that pricing rules make of its price, whatever was sent. What they give for free
    /// is not added.
    pub(super) fn apply_pricing(&self, child: &'static DocTypeDef, row: &mut Doc, doc: &Doc) -> Result<(), SiteError> {
        if int(doc, "docstatus") != 0 || int(doc, "is_return") == 1 {
            return Ok(());
        }
        let buying = ["Purchase", "Supplier"].iter().any(|word| child.name.starts_with(word));
        let changed = self.by_rules(text(row, "item_code"), doc, buying, number(row, "qty"))?;
        let Some(names) = changed.get("pricing_rules") else { return Ok(()) };
        put(child, row, "pricing_rules", names.clone());
        for field in ["price_list_rate", "discount_percentage", "discount_amount"] {
            if let Some(value) = changed.get(field) {
                put(child, row, field, value.clone());
            }
        }
        let price = number(row, "price_list_rate");
        if price == 0.0 {
            return Ok(());
        }
        let rate = match (changed.get("discount_amount"), changed.get("discount_percentage")) {
            (Some(amount), _) => price - flt(amount),
            (_, Some(percent)) => price * (1.0 - flt(percent) / 100.0),
            _ if changed.contains_key("price_list_rate") => price,
            _ => return Ok(()),
        };
        row.insert("rate".to_owned(), json!((rate * 1e6).round() / 1e6));
        Ok(())
    }
}
