//! The papers of buying: material request, order, receipt, invoice and payment.

use jiff::civil::Date;

use super::ledger::{self, Payment, Post};
use super::masters::{BUYING_LIST, CREDITORS, GOODS_IN, PURCHASES, VAT, own};
use super::paper::{Paper, docstatus};
use super::people::mail;
use super::words::{COMPANY, CURRENCY, SUPPLIERS};
use super::{Choice, Sample, TODAY, after, count, money};
use crate::load::row_name;

/// How many purchases, days since the order at least and at most, and how far they came.
type Stage = (usize, (i64, i64), Option<Choice>, Option<Choice>, Option<Choice>);

const STAGES: &[Stage] = &[
    (1, (0, 5), Some("Draft"), None, None),
    (3, (2, 20), Some("To Receive and Bill"), None, None),
    (1, (10, 30), Some("On Hold"), None, None),
    (1, (40, 90), Some("Closed"), None, None),
    (1, (20, 90), Some("Cancelled"), None, None),
    (2, (8, 25), Some("To Bill"), Some("To Bill"), None),
    (1, (5, 9), Some("To Receive and Bill"), Some("Draft"), None),
    (1, (9, 20), Some("To Receive"), None, Some("Unpaid")),
    (7, (50, 280), Some("Completed"), Some("Completed"), Some("Paid")),
    (3, (10, 30), Some("Completed"), Some("Completed"), Some("Unpaid")),
    (2, (60, 110), Some("Completed"), Some("Completed"), Some("Overdue")),
    (1, (0, 4), None, None, Some("Draft")),
    (1, (30, 90), None, None, Some("Cancelled")),
];

const REQUESTS: &[Choice] = &["Draft", "Pending", "Pending", "Ordered", "Received", "Stopped", "Cancelled"];

pub fn write(sample: &mut Sample<'_>) {
    for (purchases, (youngest, oldest), order, receipt, invoice) in STAGES {
        for _ in 0..*purchases {
            let supplier = SUPPLIERS[sample.random.below(SUPPLIERS.len())].0;
            let paper = Paper::bought(sample);
            let mut on = after(TODAY, -sample.random.within(*youngest, *oldest));
            let order = order.map(|status| self::order(sample, supplier, &paper, on, status));
            on = after(on, 6).min(TODAY);
            let receipt = receipt.map(|status| self::receipt(sample, supplier, &paper, on, status, order.as_deref()));
            if let Some(status) = *invoice {
                self::invoice(sample, supplier, &paper, on, status, order.as_deref(), receipt.as_deref());
            }
        }
    }
    for status in REQUESTS {
        request(sample, status);
    }
}

fn order(sample: &mut Sample<'_>, supplier: &'static str, paper: &Paper, on: Date, status: Choice) -> String {
    sample.on = on;
    let (received, billed) = match status {
        "Completed" => (100.0, 100.0),
        "To Bill" => (100.0, 0.0),
        "To Receive" => (0.0, 100.0),
        _ => (0.0, 0.0),
    };
    let document = paper.document(fields! {
        owner: mail("Priya"),
        docstatus: docstatus(status),
        title: supplier,
        naming_series: "PUR-ORD-.YYYY.-",
        supplier,
        supplier_name: supplier,
        transaction_date: on,
        schedule_date: after(on, 10),
        buying_price_list: BUYING_LIST,
        items: paper.rows(|_, line| fields! {
            schedule_date: after(on, 10),
            warehouse: own(GOODS_IN),
            cost_center: own("Main"),
            expense_account: own(PURCHASES),
            received_qty: if received > 0.0 { count(line.quantity) } else { count(0) },
            billed_amt: if billed > 0.0 { money(line.amount()) } else { money(0) },
        }),
        taxes: paper.taxes_of_supplier(),
        payment_schedule: paper.schedule(after(on, 30), paper.grand()),
        per_received: received,
        per_billed: billed,
        status,
    });
    let name = sample.number("PUR-ORD-2026-", 5);
    sample.put("Purchase Order", &name, document);
    name
}

fn receipt(
    sample: &mut Sample<'_>,
    supplier: &'static str,
    paper: &Paper,
    on: Date,
    status: Choice,
    order: Option<&str>,
) -> String {
    sample.on = on;
    let document = paper.document(fields! {
        owner: mail("Aoife"),
        docstatus: docstatus(status),
        title: supplier,
        naming_series: "MAT-PRE-.YYYY.-",
        supplier,
        supplier_name: supplier,
        posting_date: on,
        posting_time: jiff::civil::time(9, 15, 0, 0),
        buying_price_list: BUYING_LIST,
        items: paper.rows(|at, line| fields! {
            received_qty: count(line.quantity),
            received_stock_qty: count(line.quantity),
            billed_amt: (status == "Completed").then(|| money(line.amount())),
            warehouse: own(GOODS_IN),
            cost_center: own("Main"),
            expense_account: own(PURCHASES),
            purchase_order_item: order.map(|order| row_name(order, "items", at)),
            purchase_order: order,
        }),
        taxes: paper.taxes_of_supplier(),
        per_billed: if status == "Completed" { 100.0 } else { 0.0 },
        status,
    });
    let name = sample.number("MAT-PRE-2026-", 5);
    sample.put("Purchase Receipt", &name, document);
    name
}

fn invoice(
    sample: &mut Sample<'_>,
    supplier: &'static str,
    paper: &Paper,
    on: Date,
    status: Choice,
    order: Option<&str>,
    receipt: Option<&str>,
) {
    sample.on = on;
    let owed = if status == "Paid" { 0 } else { paper.grand() };
    let name = sample.number("ACC-PINV-2026-", 5);
    let document = paper.document(fields! {
        owner: mail("Jonas"),
        docstatus: docstatus(status),
        title: supplier,
        naming_series: "ACC-PINV-.YYYY.-",
        supplier,
        supplier_name: supplier,
        posting_date: on,
        due_date: after(on, 30),
        bill_no: format!("R{}", &name[name.len() - 4..]),
        bill_date: on,
        buying_price_list: BUYING_LIST,
        credit_to: own(CREDITORS),
        items: paper.rows(|at, _| fields! {
            expense_account: own(PURCHASES),
            cost_center: own("Main"),
            po_detail: order.map(|order| row_name(order, "items", at)),
            pr_detail: receipt.map(|receipt| row_name(receipt, "items", at)),
            purchase_order: order,
            purchase_receipt: receipt,
        }),
        taxes: paper.taxes_of_supplier(),
        payment_schedule: paper.schedule(after(on, 30), owed),
        against_expense_account: own(PURCHASES),
        party_account_currency: CURRENCY,
        outstanding_amount: money(owed),
        status,
    });
    sample.put("Purchase Invoice", &name, document);
    if docstatus(status) == 1 {
        let post = Post { voucher_type: "Purchase Invoice", voucher: &name, party_type: "Supplier", party: supplier };
        ledger::post(sample, &post, CREDITORS, -paper.grand());
        ledger::post(sample, &post, PURCHASES, paper.net());
        ledger::post(sample, &post, VAT, paper.vat());
    }
    if status == "Paid" {
        let (total, paid) = (paper.grand(), paper.grand());
        let payment = Payment {
            party_type: "Supplier",
            party: supplier,
            voucher_type: "Purchase Invoice",
            voucher: &name,
            total,
            paid,
        };
        ledger::pay(sample, &payment, after(on, 21).min(TODAY));
    }
}

fn request(sample: &mut Sample<'_>, status: Choice) {
    sample.on = after(TODAY, -sample.random.within(1, 70));
    let paper = Paper::bought(sample);
    let needed = after(sample.on, 12);
    let items = paper.lines.iter().map(|line| {
        fields! {
            item_code: line.good.code,
            item_name: line.good.name,
            description: line.good.name,
            qty: count(line.quantity),
            stock_qty: count(line.quantity),
            uom: line.good.uom,
            stock_uom: line.good.uom,
            conversion_factor: 1.0,
            schedule_date: needed,
            warehouse: own(GOODS_IN),
            ordered_qty: matches!(status, "Ordered" | "Received").then(|| count(line.quantity)),
            received_qty: (status == "Received").then(|| count(line.quantity)),
        }
    });
    let document = fields! {
        owner: mail("Aoife"),
        docstatus: docstatus(status),
        naming_series: "MAT-MR-.YYYY.-",
        title: "Stock below the safe level",
        material_request_type: "Purchase",
        transaction_date: sample.on,
        schedule_date: needed,
        company: COMPANY,
        items: items.collect::<Vec<_>>(),
        per_ordered: matches!(status, "Ordered" | "Received").then_some(100.0),
        per_received: (status == "Received").then_some(100.0),
        status,
    };
    let name = sample.number("MAT-MR-2026-", 5);
    sample.put("Material Request", &name, document);
}
