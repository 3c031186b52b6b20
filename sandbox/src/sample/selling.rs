//! The papers of selling: quotation, order, delivery, invoice and payment, in every status they can have.

use jiff::civil::Date;

use super::ledger::{self, Payment, Post};
use super::masters::{DEBTORS, MAIN_STORE, PURCHASES, SALES, SELLING_LIST, VAT, own};
use super::paper::{Paper, docstatus};
use super::parties::territory;
use super::people::{OWNERS, mail};
use super::words::{CURRENCY, CUSTOMER_GROUPS, CUSTOMERS};
use super::{Choice, Sample, TODAY, after, count, money};
use crate::load::row_name;

/// How far a deal came.
struct Stage {
    deals: usize,
    /// Days since the first paper, at least and at most.
    age: (i64, i64),
    quotation: Option<Choice>,
    order: Option<Choice>,
    delivery: Option<Choice>,
    invoice: Option<Choice>,
}

const fn quoted(deals: usize, age: (i64, i64), quotation: Choice) -> Stage {
    Stage { deals, age, quotation: Some(quotation), order: None, delivery: None, invoice: None }
}

const fn ordered(deals: usize, age: (i64, i64), order: Choice) -> Stage {
    Stage { deals, age, quotation: Some("Ordered"), order: Some(order), delivery: None, invoice: None }
}

const fn billed(deals: usize, age: (i64, i64), invoice: Choice) -> Stage {
    Stage { delivery: Some("Completed"), invoice: Some(invoice), ..ordered(deals, age, "Completed") }
}

const fn direct(deals: usize, age: (i64, i64), invoice: Choice) -> Stage {
    Stage { deals, age, quotation: None, order: None, delivery: None, invoice: Some(invoice) }
}

const STAGES: &[Stage] = &[
    quoted(2, (0, 6), "Draft"),
    quoted(4, (1, 25), "Open"),
    quoted(1, (3, 20), "Replied"),
    quoted(3, (40, 200), "Lost"),
    quoted(2, (60, 250), "Expired"),
    quoted(1, (30, 90), "Cancelled"),
    Stage { quotation: Some("Partially Ordered"), ..ordered(1, (12, 30), "To Deliver and Bill") },
    ordered(2, (0, 4), "Draft"),
    ordered(5, (2, 25), "To Deliver and Bill"),
    ordered(1, (10, 40), "On Hold"),
    ordered(1, (60, 160), "Closed"),
    ordered(2, (30, 120), "Cancelled"),
    Stage { delivery: Some("To Bill"), ..ordered(4, (6, 30), "To Bill") },
    Stage { delivery: Some("Draft"), ..ordered(2, (3, 12), "To Deliver and Bill") },
    Stage { invoice: Some("Unpaid"), ..ordered(3, (4, 18), "To Deliver") },
    billed(14, (50, 300), "Paid"),
    billed(5, (14, 34), "Unpaid"),
    billed(6, (55, 120), "Overdue"),
    billed(3, (40, 80), "Partly Paid"),
    billed(2, (60, 140), "Credit Note Issued"),
    direct(2, (0, 3), "Draft"),
    direct(2, (20, 90), "Cancelled"),
    direct(3, (30, 200), "Paid"),
];

/// Days from an invoice to the day it is due.
const TERMS: i64 = 30;

struct Deal {
    customer: usize,
    paper: Paper,
    owner: String,
}

impl Deal {
    fn name(&self) -> &'static str {
        CUSTOMERS[self.customer].0
    }

    fn group(&self) -> &'static str {
        CUSTOMER_GROUPS[CUSTOMERS[self.customer].1]
    }
}

pub fn write(sample: &mut Sample<'_>) {
    for stage in STAGES {
        for _ in 0..stage.deals {
            let customer = sample.random.below(CUSTOMERS.len() - 1);
            let owner = mail(OWNERS[sample.random.below(2)]);
            let deal = Deal { customer, paper: Paper::sold(sample), owner };
            let age = sample.random.within(stage.age.0, stage.age.1);
            tell(sample, stage, &deal, after(TODAY, -age));
        }
    }
}

/// The papers of a deal, one after the other.
fn tell(sample: &mut Sample<'_>, stage: &Stage, deal: &Deal, mut on: Date) {
    if let Some(status) = stage.quotation {
        quotation(sample, deal, on, status);
        on = after(on, 2).min(TODAY);
    }
    let order = stage.order.map(|status| order(sample, deal, on, status));
    if order.is_some() {
        on = after(on, 5).min(TODAY);
    }
    let delivery = stage.delivery.map(|status| delivery(sample, deal, on, status, order.as_deref()));
    if let Some(status) = stage.invoice {
        invoice(sample, deal, on, status, order.as_deref(), delivery.as_deref());
    }
}

fn quotation(sample: &mut Sample<'_>, deal: &Deal, on: Date, status: Choice) {
    sample.on = on;
    let document = deal.paper.document(fields! {
        owner: deal.owner.as_str(),
        docstatus: docstatus(status),
        title: deal.name(),
        naming_series: "SAL-QTN-.YYYY.-",
        quotation_to: "Customer",
        party_name: deal.name(),
        customer_name: deal.name(),
        customer_group: deal.group(),
        territory: territory(deal.customer),
        transaction_date: on,
        valid_till: after(on, 30),
        order_type: "Sales",
        selling_price_list: SELLING_LIST,
        items: deal.paper.rows(|_, line| fields! {
            valuation_rate: money(line.good.cost),
            gross_profit: money(line.profit()),
        }),
        taxes: deal.paper.taxes(),
        payment_schedule: deal.paper.schedule(after(on, TERMS), deal.paper.grand()),
        order_lost_reason: (status == "Lost").then(|| "Went with a cheaper offer".to_owned()),
        status,
    });
    let name = sample.number("SAL-QTN-2026-", 5);
    sample.put("Quotation", &name, document);
}

/// Delivered and billed per cent of an order.
fn progress(status: Choice) -> (i64, i64) {
    match status {
        "Completed" => (100, 100),
        "To Bill" => (100, 0),
        "To Deliver" => (0, 100),
        "Closed" => (50, 50),
        _ => (0, 0),
    }
}

fn order(sample: &mut Sample<'_>, deal: &Deal, on: Date, status: Choice) -> String {
    sample.on = on;
    let (delivered, billed) = progress(status);
    let due = after(on, 14);
    let document = deal.paper.document(fields! {
        owner: deal.owner.as_str(),
        docstatus: docstatus(status),
        title: deal.name(),
        naming_series: "SAL-ORD-.YYYY.-",
        customer: deal.name(),
        customer_name: deal.name(),
        customer_group: deal.group(),
        territory: territory(deal.customer),
        order_type: "Sales",
        transaction_date: on,
        delivery_date: due,
        selling_price_list: SELLING_LIST,
        set_warehouse: own(MAIN_STORE),
        items: deal.paper.rows(|_, line| fields! {
            delivery_date: due,
            transaction_date: on,
            cost_center: own("Main"),
            valuation_rate: money(line.good.cost),
            gross_profit: money(line.profit()),
            warehouse: own(MAIN_STORE),
            is_stock_item: line.good.stocked,
            delivered_qty: count(line.quantity * delivered / 100),
            billed_amt: money(line.amount() * billed / 100),
        }),
        taxes: deal.paper.taxes(),
        payment_schedule: deal.paper.schedule(after(on, TERMS), deal.paper.grand()),
        per_delivered: count(delivered),
        per_billed: count(billed),
        delivery_status: match delivered {
            100 => "Fully Delivered",
            0 => "Not Delivered",
            _ => "Closed",
        },
        billing_status: match billed {
            100 => "Fully Billed",
            0 => "Not Billed",
            _ => "Closed",
        },
        status,
    });
    let name = sample.number("SAL-ORD-2026-", 5);
    sample.put("Sales Order", &name, document);
    name
}

fn delivery(sample: &mut Sample<'_>, deal: &Deal, on: Date, status: Choice, order: Option<&str>) -> String {
    sample.on = on;
    let document = deal.paper.document(fields! {
        owner: mail("Aoife"),
        docstatus: docstatus(status),
        title: deal.name(),
        naming_series: "MAT-DN-.YYYY.-",
        customer: deal.name(),
        customer_name: deal.name(),
        customer_group: deal.group(),
        territory: territory(deal.customer),
        posting_date: on,
        posting_time: jiff::civil::time(14, 30, 0, 0),
        selling_price_list: SELLING_LIST,
        items: deal.paper.rows(|at, line| fields! {
            warehouse: own(MAIN_STORE),
            cost_center: own("Main"),
            expense_account: own(PURCHASES),
            billed_amt: (status == "Completed").then(|| money(line.amount())),
            so_detail: order.map(|order| row_name(order, "items", at)),
            against_sales_order: Some(order),
        }),
        taxes: deal.paper.taxes(),
        per_billed: if status == "Completed" { 100.0 } else { 0.0 },
        status,
    });
    let name = sample.number("MAT-DN-2026-", 5);
    sample.put("Delivery Note", &name, document);
    name
}

fn invoice(
    sample: &mut Sample<'_>,
    deal: &Deal,
    on: Date,
    status: Choice,
    order: Option<&str>,
    delivery: Option<&str>,
) {
    let grand = deal.paper.grand();
    let paid = match status {
        "Paid" | "Credit Note Issued" => grand,
        "Partly Paid" => grand / 200 * 100,
        _ => 0,
    };
    let owed = grand - paid;
    let name = sample.number("ACC-SINV-2026-", 5);
    let links = (order, delivery, None);
    bill(sample, &name, deal, &deal.paper, on, (status, owed), links);
    if status == "Credit Note Issued" {
        let back = deal.paper.back();
        let credit = sample.number("ACC-SINV-RET-2026-", 5);
        bill(sample, &credit, deal, &back, after(on, 9).min(TODAY), ("Return", 0), (None, None, Some(&name)));
    } else if paid > 0 {
        let payment = Payment {
            party_type: "Customer",
            party: deal.name(),
            voucher_type: "Sales Invoice",
            voucher: &name,
            total: grand,
            paid,
        };
        ledger::pay(sample, &payment, after(on, TERMS - 6).min(TODAY));
    }
}

/// Writes an invoice and, where it is submitted, what it does to the accounts. The status comes with what is owed, the
/// links are order, delivery and the invoice that a return is for.
fn bill(
    sample: &mut Sample<'_>,
    name: &str,
    deal: &Deal,
    paper: &Paper,
    on: Date,
    (status, owed): (Choice, i64),
    (order, delivery, against): (Option<&str>, Option<&str>, Option<&str>),
) {
    sample.on = on;
    let series = if against.is_some() { "ACC-SINV-RET-.YYYY.-" } else { "ACC-SINV-.YYYY.-" };
    let document = paper.document(fields! {
        owner: mail("Jonas"),
        docstatus: docstatus(status),
        title: deal.name(),
        naming_series: series,
        customer: deal.name(),
        customer_name: deal.name(),
        customer_group: deal.group(),
        territory: territory(deal.customer),
        posting_date: on,
        posting_time: jiff::civil::time(16, 5, 0, 0),
        // Else a draft is posted on the day of its submit, which may be after it is due.
        set_posting_time: (docstatus(status) == 0).then_some(true),
        due_date: after(on, TERMS),
        is_return: against.is_some(),
        return_against: against,
        selling_price_list: SELLING_LIST,
        debit_to: own(DEBTORS),
        party_account_currency: CURRENCY,
        items: paper.rows(|at, line| fields! {
            income_account: own(SALES),
            expense_account: own(PURCHASES),
            cost_center: own("Main"),
            incoming_rate: money(line.good.cost),
            so_detail: order.map(|order| row_name(order, "items", at)),
            dn_detail: delivery.map(|delivery| row_name(delivery, "items", at)),
            sales_order: Some(order),
            delivery_note: delivery,
            sales_invoice_item: against.map(|invoice| row_name(invoice, "items", at)),
        }),
        taxes: paper.taxes(),
        payment_schedule: if against.is_some() { Vec::new() } else { paper.schedule(after(on, TERMS), owed) },
        against_income_account: own(SALES),
        outstanding_amount: money(owed),
        status,
    });
    sample.put("Sales Invoice", name, document);
    if docstatus(status) == 1 {
        let post = Post { voucher_type: "Sales Invoice", voucher: name, party_type: "Customer", party: deal.name() };
        ledger::post(sample, &post, DEBTORS, paper.grand());
        ledger::post(sample, &post, SALES, -paper.net());
        ledger::post(sample, &post, VAT, -paper.vat());
    }
}
