//! What an order, a receipt or an invoice adds up to: prices of its rows, their sum, taxes, the sum in words.

use erpnext_schema::{DocTypeDef, flag};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::super::payments::is_foreign;
use super::discount::Discount;
use super::pricing::day_of;
use super::words;
use crate::doc::{Doc, cents, cint, factor, int, is_empty, number, rows, text};
use crate::error::SiteError;
use crate::site::Site;

/// Whether documents of this DocType have items that add up.
pub fn adds_up(def: &DocTypeDef) -> bool {
    def.field("items").is_some() && def.field("net_total").is_some()
}

pub(super) fn put(def: &DocTypeDef, doc: &mut Doc, field: &str, value: Value) {
    if def.field(field).is_some() {
        doc.insert(field.to_owned(), value);
    }
}

impl Site<'_> {
    /// Prices the rows and sums them up.
    pub(super) fn add_up(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        let rate = factor(doc, "conversion_rate");
        let (mut sum, mut count, mut commission) = (0.0, 0.0, 0.0);
        self.each_row(def, doc, |child, row, doc| {
            if text(row, "parentfield") != "items" {
                return Ok(());
            }
            self.price(child, row, doc)?;
            let (qty, price) = (number(row, "qty"), number(row, "rate"));
            let amount = cents(qty * price);
            for (own, base, value) in [
                ("rate", "base_rate", price),
                ("net_rate", "base_net_rate", price),
                ("amount", "base_amount", amount),
                ("net_amount", "base_net_amount", amount),
            ] {
                put(child, row, own, json!(value));
                put(child, row, base, json!(cents(value * rate)));
            }
            let stock_qty = qty * number(row, "conversion_factor");
            put(child, row, "stock_qty", json!(stock_qty));
            let cost = number(row, "valuation_rate") * stock_qty;
            put(child, row, "gross_profit", json!(cents(amount * rate - cost)));
            sum += qty * price;
            count += qty;
            if int(row, "grant_commission") == 1 {
                commission += amount * rate;
            }
            Ok(())
        })?;
        let mut taxes = self.add_taxes(def, doc, sum, rate)?;
        let (mut net, mut grand) = (sum, cents(sum + taxes));
        if let Some(off) = Discount::of(doc, sum, taxes) {
            net = off.net;
            taxes = self.add_taxes(def, doc, net, rate)?;
            grand = cents(net + taxes);
            self.spread(def, doc, net / sum, rate)?;
            put(def, doc, "discount_amount", json!(off.amount));
            put(def, doc, "base_discount_amount", json!(cents(off.amount * rate)));
        }
        put(def, doc, "total_taxes_and_charges", json!(taxes));
        put(def, doc, "base_total_taxes_and_charges", json!(cents(taxes * rate)));
        let unrounded = int(doc, "disable_rounded_total") == 1;
        let rounded = if unrounded { 0.0 } else { grand.round() };
        for (own, base, value) in [
            ("total", "base_total", cents(sum)),
            ("net_total", "base_net_total", cents(net)),
            ("grand_total", "base_grand_total", grand),
            ("rounded_total", "base_rounded_total", rounded),
            ("rounding_adjustment", "base_rounding_adjustment", if unrounded { 0.0 } else { cents(rounded - grand) }),
        ] {
            put(def, doc, own, json!(value));
            put(def, doc, base, json!(cents(value * rate)));
        }
        put(def, doc, "total_qty", json!(count));
        put(def, doc, "amount_eligible_for_commission", json!(cents(commission)));
        let payable = if rounded == 0.0 { grand } else { rounded };
        // From the submission on payments change it.
        if int(doc, "docstatus") == 0 {
            // It is owed in the currency of the party's account.
            let owed = if is_foreign(doc) { cents(payable * rate) } else { payable };
            put(def, doc, "outstanding_amount", json!(owed));
        }
        if !text(doc, "currency").is_empty() {
            put(def, doc, "in_words", json!(words::money(text(doc, "currency"), payable)));
            let own = self.value("Company", text(doc, "company"), "default_currency")?;
            let own = own.as_ref().and_then(Value::as_str).unwrap_or_else(|| text(doc, "currency"));
            let words = words::money(own, payable * rate);
            put(def, doc, "base_in_words", json!(words));
        }
        Ok(())
    }

    /// The price of the list, which is the rate where none was sent, and the discount against it.
    fn price(&self, child: &'static DocTypeDef, row: &mut Doc, doc: &Doc) -> Result<(), SiteError> {
        if child.field("price_list_rate").is_none() {
            return Ok(());
        }
        if number(row, "price_list_rate") == 0.0 {
            let lists = [text(doc, "selling_price_list"), text(doc, "buying_price_list")];
            let list = lists.into_iter().find(|list| !list.is_empty()).unwrap_or_default();
            let price = self.list_price(text(row, "item_code"), list, day_of(doc))?;
            row.insert("price_list_rate".to_owned(), json!(price));
        }
        let price = number(row, "price_list_rate");
        put(child, row, "base_price_list_rate", json!(price));
        self.apply_pricing(child, row, doc)?;
        let price = number(row, "price_list_rate");
        if number(row, "rate") == 0.0 {
            let rate = price * (1.0 - number(row, "discount_percentage") / 100.0);
            row.insert("rate".to_owned(), json!(rate));
        }
        let discount = (price - number(row, "rate")).max(0.0);
        put(child, row, "discount_amount", json!(discount));
        Ok(())
    }

    /// What is only known once everything else is: accounts, units, the goods' value as far as their items tell it, and
    /// when the sum is to be paid.
    pub(super) fn settle(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        self.each_row(def, doc, |child, row, doc| {
            let factor = number(row, "conversion_factor");
            // What is not said to be received is what is accepted and rejected.
            let is_received = child.name == "Purchase Receipt Item" || int(doc, "update_stock") == 1;
            if is_received && child.field("rejected_qty").is_some() {
                if number(row, "received_qty") == 0.0 {
                    put(child, row, "received_qty", json!(number(row, "qty") + number(row, "rejected_qty")));
                }
                let received = number(row, "received_qty") * factor;
                put(child, row, "received_stock_qty", json!(received));
            }
            if text(row, "parentfield") == "items" && factor != 0.0 {
                let rate = number(row, "rate") / factor;
                put(child, row, "stock_uom_rate", json!(rate));
                if child.field("incoming_rate").is_some() && number(row, "incoming_rate") == 0.0 {
                    let value = self.value("Item", text(row, "item_code"), "valuation_rate")?;
                    row.insert("incoming_rate".to_owned(), value.unwrap_or_else(|| json!(0.0)));
                }
            }
            Ok(())
        })?;
        for (field, account) in
            [("against_income_account", "income_account"), ("against_expense_account", "expense_account")]
        {
            let mut accounts: Vec<&str> = rows(doc, "items").map(|row| text(row, account)).collect();
            accounts.retain(|account| !account.is_empty());
            accounts.dedup();
            let accounts = accounts.join(",");
            if !accounts.is_empty() {
                put(def, doc, field, json!(accounts));
            }
        }
        let scheduled = def.field("payment_schedule").filter(|field| !field.is(flag::VIRTUAL));
        if scheduled.is_none() || !is_empty(doc.get("payment_schedule")) || is_empty(doc.get("items")) {
            return Ok(());
        }
        let [due, on] = ["due_date", "posting_date"].map(|field| doc.get(field).cloned().unwrap_or_default());
        let ordered = doc.get("transaction_date").cloned().unwrap_or_default();
        let date = [due, on, ordered].into_iter().find(|date| !date.is_null());
        let rounded = number(doc, "rounded_total");
        let amount = if rounded == 0.0 { number(doc, "grand_total") } else { rounded };
        let base = amount * number(doc, "conversion_rate");
        let template = text(doc, "payment_terms_template").to_owned();
        if !template.is_empty() {
            let day = ["bill_date", "posting_date", "transaction_date"].map(|field| text(doc, field).parse().ok());
            let day = day.into_iter().flatten().next().unwrap_or_else(|| self.now.date());
            for term in self.payment_terms(&template, day, amount, base)? {
                self.append_row(def, doc, "payment_schedule", term);
            }
            return Ok(());
        }
        let part = json!({
            "due_date": date, "invoice_portion": 100.0, "payment_amount": amount, "outstanding": amount,
            "base_payment_amount": base, "base_outstanding": base,
        });
        self.append_row(def, doc, "payment_schedule", part);
        Ok(())
    }

    /// The rows of a template of payment terms, for a day and amounts.
    fn payment_terms(&self, template: &str, day: Date, amount: f64, base: f64) -> Result<Vec<Value>, SiteError> {
        let template = self.load("Payment Terms Template", template)?;
        let term = |term: &Doc| {
            let portion = number(term, "invoice_portion");
            let due = day.saturating_add(term.get("credit_days").map_or(0, cint).days());
            let (amount, base) = (cents(amount * portion / 100.0), cents(base * portion / 100.0));
            json!({
                "payment_term": term.get("payment_term"), "description": term.get("description"),
                "due_date_based_on": term.get("due_date_based_on"), "credit_days": term.get("credit_days"),
                "due_date": due.to_string(), "invoice_portion": portion, "payment_amount": amount, "outstanding": amount,
                "base_payment_amount": base, "base_outstanding": base,
            })
        };
        Ok(rows(&template, "terms").map(term).collect())
    }
}
