//! The papers of buying: material request, order, receipt, invoice and payment.

use PurchaseInvoiceStatus as Invoiced;
use PurchaseOrderStatus as Ordered;
use PurchaseReceiptStatus as Received;
use erpnext_doctypes::*;
use erpnext_schema::document::Choice as _;
use jiff::civil::Date;

use super::ledger::{self, Payment, Post};
use super::masters::{BUYING_LIST, CREDITORS, GOODS_IN, PURCHASES, VAT, own};
use super::paper::{Paper, docstatus, paper, rows};
use super::people::mail;
use super::words::{COMPANY, CURRENCY, SUPPLIERS};
use super::{Sample, TODAY, after, count, money, text};
use crate::load::row_name;

/// How many purchases, days since the order at least and at most, and how far they came.
type Stage = (usize, (i64, i64), Option<Ordered>, Option<Received>, Option<Invoiced>);

const STAGES: &[Stage] = &[
    (1, (0, 5), Some(Ordered::Draft), None, None),
    (3, (2, 20), Some(Ordered::ToReceiveAndBill), None, None),
    (1, (10, 30), Some(Ordered::OnHold), None, None),
    (1, (40, 90), Some(Ordered::Closed), None, None),
    (1, (20, 90), Some(Ordered::Cancelled), None, None),
    (2, (8, 25), Some(Ordered::ToBill), Some(Received::ToBill), None),
    (1, (5, 9), Some(Ordered::ToReceiveAndBill), Some(Received::Draft), None),
    (1, (9, 20), Some(Ordered::ToReceive), None, Some(Invoiced::Unpaid)),
    (7, (50, 280), Some(Ordered::Completed), Some(Received::Completed), Some(Invoiced::Paid)),
    (3, (10, 30), Some(Ordered::Completed), Some(Received::Completed), Some(Invoiced::Unpaid)),
    (2, (60, 110), Some(Ordered::Completed), Some(Received::Completed), Some(Invoiced::Overdue)),
    (1, (0, 4), None, None, Some(Invoiced::Draft)),
    (1, (30, 90), None, None, Some(Invoiced::Cancelled)),
];

const REQUESTS: &[MaterialRequestStatus] = &[
    MaterialRequestStatus::Draft,
    MaterialRequestStatus::Pending,
    MaterialRequestStatus::Pending,
    MaterialRequestStatus::Ordered,
    MaterialRequestStatus::Received,
    MaterialRequestStatus::Stopped,
    MaterialRequestStatus::Cancelled,
];

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
        request(sample, *status);
    }
}

fn order(sample: &mut Sample<'_>, supplier: &'static str, paper: &Paper, on: Date, status: Ordered) -> String {
    sample.on = on;
    let (received, billed) = match status {
        Ordered::Completed => (100.0, 100.0),
        Ordered::ToBill => (100.0, 0.0),
        Ordered::ToReceive => (0.0, 100.0),
        _ => (0.0, 0.0),
    };
    let document = paper!(PurchaseOrder, paper, {
        owner: mail("Priya").into(),
        docstatus: docstatus(status.as_str()),
        title: text(supplier),
        naming_series: PurchaseOrderNamingSeries::PurOrdYyyy.into(),
        supplier: supplier.into(),
        supplier_name: text(supplier),
        transaction_date: Some(on),
        schedule_date: Some(after(on, 10)),
        buying_price_list: BUYING_LIST.into(),
        items: rows!(PurchaseOrderItem, paper, |_, line| {
            schedule_date: Some(after(on, 10)),
            warehouse: own(GOODS_IN).into(),
            cost_center: own("Main").into(),
            expense_account: own(PURCHASES).into(),
            received_qty: if received > 0.0 { count(line.quantity) } else { count(0) },
            billed_amt: if billed > 0.0 { money(line.amount()) } else { money(0) },
        }),
        payment_schedule: paper.schedule(after(on, 30), paper.grand()),
        per_received: Some(received),
        per_billed: Some(billed),
        status: status.into(),
    });
    let name = sample.number("PUR-ORD-2026-", 5);
    sample.put(&name, &document);
    name
}

fn receipt(
    sample: &mut Sample<'_>,
    supplier: &'static str,
    paper: &Paper,
    on: Date,
    status: Received,
    order: Option<&str>,
) -> String {
    sample.on = on;
    let document = paper!(PurchaseReceipt, paper, {
        owner: mail("Aoife").into(),
        docstatus: docstatus(status.as_str()),
        title: text(supplier),
        naming_series: PurchaseReceiptNamingSeries::MatPreYyyy.into(),
        supplier: supplier.into(),
        supplier_name: text(supplier),
        posting_date: Some(on),
        posting_time: Some(jiff::civil::time(9, 15, 0, 0)),
        buying_price_list: BUYING_LIST.into(),
        items: rows!(PurchaseReceiptItem, paper, |at, line| {
            received_qty: count(line.quantity),
            warehouse: own(GOODS_IN).into(),
            cost_center: own("Main").into(),
            expense_account: own(PURCHASES).into(),
            purchase_order_item: order.map(|order| row_name(order, "items", at)),
            purchase_order: order.map(Into::into).unwrap_or_default(),
        }),
        per_billed: Some(if status == Received::Completed { 100.0 } else { 0.0 }),
        status: status.into(),
    });
    let name = sample.number("MAT-PRE-2026-", 5);
    sample.put(&name, &document);
    name
}

fn invoice(
    sample: &mut Sample<'_>,
    supplier: &'static str,
    paper: &Paper,
    on: Date,
    status: Invoiced,
    order: Option<&str>,
    receipt: Option<&str>,
) {
    sample.on = on;
    let owed = if status == Invoiced::Paid { 0 } else { paper.grand() };
    let name = sample.number("ACC-PINV-2026-", 5);
    let document = paper!(PurchaseInvoice, paper, {
        owner: mail("Jonas").into(),
        docstatus: docstatus(status.as_str()),
        title: text(supplier),
        naming_series: PurchaseInvoiceNamingSeries::AccPinvYyyy.into(),
        supplier: supplier.into(),
        supplier_name: text(supplier),
        posting_date: Some(on),
        due_date: Some(after(on, 30)),
        bill_no: text(format!("R{}", &name[name.len() - 4..])),
        bill_date: Some(on),
        buying_price_list: BUYING_LIST.into(),
        credit_to: own(CREDITORS).into(),
        items: rows!(PurchaseInvoiceItem, paper, |at, line| {
            expense_account: own(PURCHASES).into(),
            cost_center: own("Main").into(),
            po_detail: order.map(|order| row_name(order, "items", at)),
            pr_detail: receipt.map(|receipt| row_name(receipt, "items", at)),
            purchase_order: order.map(Into::into).unwrap_or_default(),
            purchase_receipt: receipt.map(Into::into).unwrap_or_default(),
        }),
        payment_schedule: paper.schedule(after(on, 30), owed),
        against_expense_account: text(own(PURCHASES)),
        party_account_currency: CURRENCY.into(),
        outstanding_amount: money(owed),
        status: status.into(),
    });
    sample.put(&name, &document);
    if docstatus(status.as_str()) == Some(1) {
        let post = Post { voucher_type: "Purchase Invoice", voucher: &name, party_type: "Supplier", party: supplier };
        ledger::post(sample, &post, CREDITORS, -paper.grand());
        ledger::post(sample, &post, PURCHASES, paper.net());
        ledger::post(sample, &post, VAT, paper.vat());
    }
    if status == Invoiced::Paid {
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

fn request(sample: &mut Sample<'_>, status: MaterialRequestStatus) {
    sample.on = after(TODAY, -sample.random.within(1, 70));
    let paper = Paper::bought(sample);
    let needed = after(sample.on, 12);
    let items = paper.lines.iter().map(|line| MaterialRequestItem {
        item_code: line.good.code.into(),
        item_name: text(line.good.name),
        description: text(line.good.name),
        qty: count(line.quantity),
        stock_qty: count(line.quantity),
        uom: line.good.uom.into(),
        stock_uom: line.good.uom.into(),
        conversion_factor: Some(1.0),
        schedule_date: Some(needed),
        warehouse: own(GOODS_IN).into(),
        ..MaterialRequestItem::default()
    });
    let document = MaterialRequest {
        owner: mail("Aoife").into(),
        docstatus: docstatus(status.as_str()),
        naming_series: MaterialRequestNamingSeries::MatMrYyyy.into(),
        title: text("Stock below the safe level"),
        material_request_type: MaterialRequestMaterialRequestType::Purchase.into(),
        transaction_date: Some(sample.on),
        schedule_date: Some(needed),
        company: COMPANY.into(),
        items: items.collect(),
        status: status.into(),
        ..MaterialRequest::default()
    };
    let name = sample.number("MAT-MR-2026-", 5);
    sample.put(&name, &document);
}
