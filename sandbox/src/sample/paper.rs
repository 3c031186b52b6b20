//! What every paper of a trade has: lines of goods, and the sums under them.

use jiff::civil::Date;

use super::masters::{VAT, own};
use super::words::{COMPANY, CURRENCY, GOODS, Good};
use super::{Sample, count, money};
use crate::doc::Doc;
use crate::documents::words as in_words;

/// Per cent of the net amount.
const VAT_RATE: i64 = 20;

pub struct Line {
    pub good: &'static Good,
    /// Below zero on a return.
    pub quantity: i64,
    /// Cents for one.
    pub rate: i64,
}

impl Line {
    pub fn amount(&self) -> i64 {
        self.rate * self.quantity
    }

    /// What it is sold for above what it cost.
    pub fn profit(&self) -> i64 {
        self.amount() - self.good.cost * self.quantity
    }
}

/// The lines of a paper, in cents.
pub struct Paper {
    pub lines: Vec<Line>,
}

impl Paper {
    /// Goods that are sold, each once, at list price.
    pub fn sold(sample: &mut Sample<'_>) -> Self {
        Self::of(sample, |good| good.price, 12)
    }

    /// Goods that are bought, at cost, in larger numbers.
    pub fn bought(sample: &mut Sample<'_>) -> Self {
        Self::of(sample, |good| if good.stocked { good.cost } else { 0 }, 60)
    }

    fn of(sample: &mut Sample<'_>, rate: fn(&Good) -> i64, most: i64) -> Self {
        let wanted = 1 + sample.random.below(3);
        let mut lines: Vec<Line> = Vec::with_capacity(wanted);
        while lines.len() < wanted {
            let good = sample.random.of(GOODS);
            if rate(good) > 0 && lines.iter().all(|line| line.good.code != good.code) {
                lines.push(Line { good, quantity: sample.random.within(1, most), rate: rate(good) });
            }
        }
        Self { lines }
    }

    /// All of it, sent back.
    pub fn back(&self) -> Self {
        let back = |line: &Line| Line { good: line.good, quantity: -line.quantity, rate: line.rate };
        Self { lines: self.lines.iter().map(back).collect() }
    }

    pub fn pieces(&self) -> i64 {
        self.lines.iter().map(|line| line.quantity).sum()
    }

    pub fn net(&self) -> i64 {
        self.lines.iter().map(Line::amount).sum()
    }

    pub fn vat(&self) -> i64 {
        self.net() * VAT_RATE / 100
    }

    pub fn grand(&self) -> i64 {
        self.net() + self.vat()
    }

    /// The one row of what is to be paid when, and how much of it is still owed.
    pub fn schedule(&self, due: Date, owed: i64) -> Vec<Doc> {
        vec![fields! {
            due_date: due,
            invoice_portion: 100.0,
            payment_amount: money(self.grand()),
            base_payment_amount: money(self.grand()),
            outstanding: money(owed),
            base_outstanding: money(owed),
            paid_amount: money(self.grand() - owed),
            base_paid_amount: money(self.grand() - owed),
        }]
    }

    /// The rows, each with what this kind of paper has beside: `more` gets the line and its place.
    pub fn rows(&self, more: impl Fn(usize, &Line) -> Doc) -> Vec<Doc> {
        let row = |(at, line): (usize, &Line)| {
            let mut row = fields! {
                item_code: line.good.code,
                item_name: line.good.name,
                description: line.good.name,
                item_group: line.good.group,
                qty: count(line.quantity),
                stock_qty: count(line.quantity),
                uom: line.good.uom,
                stock_uom: line.good.uom,
                conversion_factor: 1.0,
                price_list_rate: money(line.rate),
                base_price_list_rate: money(line.rate),
                rate: money(line.rate),
                base_rate: money(line.rate),
                net_rate: money(line.rate),
                base_net_rate: money(line.rate),
                amount: money(line.amount()),
                base_amount: money(line.amount()),
                net_amount: money(line.amount()),
                base_net_amount: money(line.amount()),
                stock_uom_rate: money(line.rate),
                item_tax_rate: "{}",
            };
            row.extend(more(at, line));
            row
        };
        self.lines.iter().enumerate().map(row).collect()
    }

    /// The paper with its sums, and what this kind of paper has beside.
    pub fn document(&self, more: Doc) -> Doc {
        let mut document = fields! {
            company: COMPANY,
            currency: CURRENCY,
            conversion_rate: 1.0,
            price_list_currency: CURRENCY,
            plc_conversion_rate: 1.0,
            language: "en",
            total_qty: count(self.pieces()),
            total: money(self.net()),
            base_total: money(self.net()),
            net_total: money(self.net()),
            base_net_total: money(self.net()),
            total_taxes_and_charges: money(self.vat()),
            base_total_taxes_and_charges: money(self.vat()),
            grand_total: money(self.grand()),
            base_grand_total: money(self.grand()),
            disable_rounded_total: true,
            in_words: self.words(),
            base_in_words: self.words(),
        };
        document.extend(more);
        document
    }

    /// The sum in words, in the site's own way.
    pub fn words(&self) -> String {
        in_words::money(CURRENCY, money(self.grand()))
    }

    /// The one row of taxes of a paper that is sent to a customer.
    pub fn taxes(&self) -> Vec<Doc> {
        vec![fields! {
            charge_type: "On Net Total",
            account_head: own(VAT),
            description: format!("VAT {VAT_RATE}%"),
            rate: count(VAT_RATE),
            tax_amount: money(self.vat()),
            base_tax_amount: money(self.vat()),
            tax_amount_after_discount_amount: money(self.vat()),
            base_tax_amount_after_discount_amount: money(self.vat()),
            total: money(self.grand()),
            base_total: money(self.grand()),
        }]
    }

    /// The same of a paper that a supplier sends.
    pub fn taxes_of_supplier(&self) -> Vec<Doc> {
        let mut taxes = self.taxes();
        taxes.iter_mut().for_each(|row| row.extend(fields! { category: "Total", add_deduct_tax: "Add" }));
        taxes
    }
}

/// What a status says about `docstatus`: a draft is 0, what was cancelled 2, all else 1.
pub fn docstatus(status: &str) -> i64 {
    match status {
        "Draft" => 0,
        "Cancelled" => 2,
        _ => 1,
    }
}
