//! The papers of selling: quotation, order, delivery, invoice and payment, in every status they can have.

use DeliveryNoteStatus as Delivered;
use QuotationStatus as Quoted;
use SalesInvoiceStatus as Invoiced;
use SalesOrderStatus as Ordered;
use erpnext_doctypes::*;
use erpnext_schema::document::Choice as _;
use jiff::civil::Date;

use super::ledger::{self, Payment, Post};
use super::masters::{DEBTORS, MAIN_STORE, PURCHASES, SALES, SELLING_LIST, VAT, own};
use super::paper::{Paper, docstatus, paper, rows};
use super::parties::territory;
use super::people::{OWNERS, mail};
use super::words::{COMPANY, CURRENCY, CUSTOMER_GROUPS, CUSTOMERS};
use super::{Sample, TODAY, after, count, money, text};
use crate::load::row_name;

/// How far a deal came.
struct Stage {
    deals: usize,
    /// Days since the first paper, at least and at most.
    age: (i64, i64),
    quotation: Option<Quoted>,
    order: Option<Ordered>,
    delivery: Option<Delivered>,
    invoice: Option<Invoiced>,
}

const fn quoted(deals: usize, age: (i64, i64), quotation: Quoted) -> Stage {
    Stage { deals, age, quotation: Some(quotation), order: None, delivery: None, invoice: None }
}

const fn ordered(deals: usize, age: (i64, i64), order: Ordered) -> Stage {
    Stage { deals, age, quotation: Some(Quoted::Ordered), order: Some(order), delivery: None, invoice: None }
}

const fn billed(deals: usize, age: (i64, i64), invoice: Invoiced) -> Stage {
    Stage { delivery: Some(Delivered::Completed), invoice: Some(invoice), ..ordered(deals, age, Ordered::Completed) }
}

const fn direct(deals: usize, age: (i64, i64), invoice: Invoiced) -> Stage {
    Stage { deals, age, quotation: None, order: None, delivery: None, invoice: Some(invoice) }
}

const STAGES: &[Stage] = &[
    quoted(2, (0, 6), Quoted::Draft),
    quoted(4, (1, 25), Quoted::Open),
    quoted(1, (3, 20), Quoted::Replied),
    quoted(3, (40, 200), Quoted::Lost),
    quoted(2, (60, 250), Quoted::Expired),
    quoted(1, (30, 90), Quoted::Cancelled),
    Stage { quotation: Some(Quoted::PartiallyOrdered), ..ordered(1, (12, 30), Ordered::ToDeliverAndBill) },
    ordered(2, (0, 4), Ordered::Draft),
    ordered(5, (2, 25), Ordered::ToDeliverAndBill),
    ordered(1, (10, 40), Ordered::OnHold),
    ordered(1, (60, 160), Ordered::Closed),
    ordered(2, (30, 120), Ordered::Cancelled),
    Stage { delivery: Some(Delivered::ToBill), ..ordered(4, (6, 30), Ordered::ToBill) },
    Stage { delivery: Some(Delivered::Draft), ..ordered(2, (3, 12), Ordered::ToDeliverAndBill) },
    Stage { invoice: Some(Invoiced::Unpaid), ..ordered(3, (4, 18), Ordered::ToDeliver) },
    billed(14, (50, 300), Invoiced::Paid),
    billed(5, (14, 34), Invoiced::Unpaid),
    billed(6, (55, 120), Invoiced::Overdue),
    billed(3, (40, 80), Invoiced::PartlyPaid),
    billed(2, (60, 140), Invoiced::CreditNoteIssued),
    direct(2, (0, 3), Invoiced::Draft),
    direct(2, (20, 90), Invoiced::Cancelled),
    direct(3, (30, 200), Invoiced::Paid),
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

fn quotation(sample: &mut Sample<'_>, deal: &Deal, on: Date, status: Quoted) {
    sample.on = on;
    let document = paper!(Quotation, deal.paper, {
        owner: deal.owner.as_str().into(),
        docstatus: docstatus(status.as_str()),
        title: text(deal.name()),
        naming_series: QuotationNamingSeries::SalQtnYyyy.into(),
        quotation_to: "Customer".into(),
        party_name: text(deal.name()),
        customer_name: text(deal.name()),
        customer_group: deal.group().into(),
        territory: territory(deal.customer).into(),
        transaction_date: Some(on),
        valid_till: Some(after(on, 30)),
        order_type: QuotationOrderType::Sales.into(),
        selling_price_list: SELLING_LIST.into(),
        items: rows!(QuotationItem, deal.paper, |_, line| {
            valuation_rate: money(line.good.cost),
            gross_profit: money(line.profit()),
        }),
        taxes: deal.paper.taxes(),
        payment_schedule: deal.paper.schedule(after(on, TERMS), deal.paper.grand()),
        order_lost_reason: (status == Quoted::Lost).then(|| "Went with a cheaper offer".to_owned()),
        status: status.into(),
    });
    let name = sample.number("SAL-QTN-2026-", 5);
    sample.put(&name, &document);
}

/// Delivered and billed per cent of an order.
fn progress(status: Ordered) -> (i64, i64) {
    match status {
        Ordered::Completed => (100, 100),
        Ordered::ToBill => (100, 0),
        Ordered::ToDeliver => (0, 100),
        Ordered::Closed => (50, 50),
        _ => (0, 0),
    }
}

fn order(sample: &mut Sample<'_>, deal: &Deal, on: Date, status: Ordered) -> String {
    sample.on = on;
    let (delivered, billed) = progress(status);
    let due = after(on, 14);
    let document = paper!(SalesOrder, deal.paper, {
        owner: deal.owner.as_str().into(),
        docstatus: docstatus(status.as_str()),
        title: text(deal.name()),
        naming_series: SalesOrderNamingSeries::SalOrdYyyy.into(),
        customer: deal.name().into(),
        customer_name: text(deal.name()),
        customer_group: deal.group().into(),
        territory: territory(deal.customer).into(),
        order_type: SalesOrderOrderType::Sales.into(),
        transaction_date: Some(on),
        delivery_date: Some(due),
        selling_price_list: SELLING_LIST.into(),
        set_warehouse: own(MAIN_STORE).into(),
        items: rows!(SalesOrderItem, deal.paper, |_, line| {
            delivery_date: Some(due),
            transaction_date: Some(on),
            cost_center: own("Main").into(),
            valuation_rate: money(line.good.cost),
            gross_profit: money(line.profit()),
            warehouse: own(MAIN_STORE).into(),
            is_stock_item: Some(line.good.stocked),
            delivered_qty: count(line.quantity * delivered / 100),
            billed_amt: money(line.amount() * billed / 100),
        }),
        taxes: deal.paper.taxes(),
        payment_schedule: deal.paper.schedule(after(on, TERMS), deal.paper.grand()),
        per_delivered: count(delivered),
        per_billed: count(billed),
        delivery_status: match delivered {
            100 => SalesOrderDeliveryStatus::FullyDelivered,
            0 => SalesOrderDeliveryStatus::NotDelivered,
            _ => SalesOrderDeliveryStatus::Closed,
        }.into(),
        billing_status: match billed {
            100 => SalesOrderBillingStatus::FullyBilled,
            0 => SalesOrderBillingStatus::NotBilled,
            _ => SalesOrderBillingStatus::Closed,
        }.into(),
        status: status.into(),
    });
    let name = sample.number("SAL-ORD-2026-", 5);
    sample.put(&name, &document);
    name
}

fn delivery(sample: &mut Sample<'_>, deal: &Deal, on: Date, status: Delivered, order: Option<&str>) -> String {
    sample.on = on;
    let document = paper!(DeliveryNote, deal.paper, {
        owner: mail("Aoife").into(),
        docstatus: docstatus(status.as_str()),
        title: text(deal.name()),
        naming_series: DeliveryNoteNamingSeries::MatDnYyyy.into(),
        customer: deal.name().into(),
        customer_name: text(deal.name()),
        customer_group: deal.group().into(),
        territory: territory(deal.customer).into(),
        posting_date: Some(on),
        posting_time: Some(jiff::civil::time(14, 30, 0, 0)),
        selling_price_list: SELLING_LIST.into(),
        items: rows!(DeliveryNoteItem, deal.paper, |at, line| {
            warehouse: own(MAIN_STORE).into(),
            cost_center: own("Main").into(),
            expense_account: own(PURCHASES).into(),
            so_detail: order.map(|order| row_name(order, "items", at)),
            against_sales_order: order.map(Into::into).unwrap_or_default(),
        }),
        taxes: deal.paper.taxes(),
        per_billed: Some(if status == Delivered::Completed { 100.0 } else { 0.0 }),
        status: status.into(),
    });
    let name = sample.number("MAT-DN-2026-", 5);
    sample.put(&name, &document);
    name
}

fn invoice(
    sample: &mut Sample<'_>,
    deal: &Deal,
    on: Date,
    status: Invoiced,
    order: Option<&str>,
    delivery: Option<&str>,
) {
    let grand = deal.paper.grand();
    let paid = match status {
        Invoiced::Paid => grand,
        Invoiced::PartlyPaid => grand / 200 * 100,
        Invoiced::CreditNoteIssued => deal.paper.back().grand().abs(),
        _ => 0,
    };
    let owed = grand - paid;
    let name = sample.number("ACC-SINV-2026-", 5);
    let links = (order, delivery, None);
    bill(sample, &name, deal, &deal.paper, on, (status, owed), links);
    if status == Invoiced::CreditNoteIssued {
        let back = deal.paper.back();
        let credit = sample.number("ACC-SINV-RET-2026-", 5);
        bill(sample, &credit, deal, &back, after(on, 9).min(TODAY), (Invoiced::Return, 0), (None, None, Some(&name)));
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
    (status, owed): (Invoiced, i64),
    (order, delivery, against): (Option<&str>, Option<&str>, Option<&str>),
) {
    sample.on = on;
    let series = if against.is_some() {
        SalesInvoiceNamingSeries::AccSinvRetYyyy
    } else {
        SalesInvoiceNamingSeries::AccSinvYyyy
    };
    let document = paper!(SalesInvoice, paper, {
        owner: mail("Jonas").into(),
        docstatus: docstatus(status.as_str()),
        title: text(deal.name()),
        naming_series: series.into(),
        customer: deal.name().into(),
        customer_name: text(deal.name()),
        customer_group: deal.group().into(),
        territory: territory(deal.customer).into(),
        posting_date: Some(on),
        posting_time: Some(jiff::civil::time(16, 5, 0, 0)),
        due_date: Some(after(on, TERMS)),
        is_return: Some(against.is_some()),
        return_against: against.map(Into::into).unwrap_or_default(),
        selling_price_list: SELLING_LIST.into(),
        debit_to: own(DEBTORS).into(),
        party_account_currency: CURRENCY.into(),
        items: rows!(SalesInvoiceItem, paper, |at, line| {
            income_account: own(SALES).into(),
            expense_account: own(PURCHASES).into(),
            cost_center: own("Main").into(),
            incoming_rate: money(line.good.cost),
            so_detail: order.map(|order| row_name(order, "items", at)),
            dn_detail: delivery.map(|delivery| row_name(delivery, "items", at)),
            sales_order: order.map(Into::into).unwrap_or_default(),
            delivery_note: delivery.map(Into::into).unwrap_or_default(),
        }),
        taxes: paper.taxes(),
        payment_schedule: if against.is_some() { Vec::new() } else { paper.schedule(after(on, TERMS), owed) },
        against_income_account: text(own(SALES)),
        outstanding_amount: money(owed),
        status: status.into(),
    });
    sample.put(name, &document);
    if docstatus(status.as_str()) == Some(1) {
        let post = Post { voucher_type: "Sales Invoice", voucher: name, party_type: "Customer", party: deal.name() };
        ledger::post(sample, &post, DEBTORS, paper.grand());
        ledger::post(sample, &post, SALES, -paper.net());
        ledger::post(sample, &post, VAT, -paper.vat());
    }
}
