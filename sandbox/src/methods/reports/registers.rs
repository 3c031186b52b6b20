//! Reports that list documents or their rows: registers, order analyses, leads, stock by warehouse.

use serde_json::{Map, Value, json};

use super::source::{Filters, Side, Source};
use crate::doc::{Doc, number, rows, text};
use crate::error::SiteError;

/// `Sales Register` and `Purchase Register`: one row for each submitted invoice of the period.
pub fn invoices(source: &Source<'_>, filters: &Filters, side: Side) -> Result<Vec<Doc>, SiteError> {
    let (from, to) = filters.period();
    let mut register = Vec::new();
    for invoice in source.submitted(side.invoice(), filters)? {
        let date = text(&invoice, "posting_date");
        if date < from.as_str()
            || date > to.as_str()
            || !filters.one_of(side.party_field(), text(&invoice, side.party_field()))
        {
            continue;
        }
        let amount = |field: &str| number(&invoice, field);
        let mut row = copied(&invoice, side.register_fields());
        row.insert("voucher_type".to_owned(), json!(side.invoice()));
        row.insert("voucher_no".to_owned(), invoice.get("name").cloned().unwrap_or(Value::Null));
        row.insert(side.register_account().to_owned(), json!(text(&invoice, side.account_field())));
        row.insert("remarks".to_owned(), json!("No Remarks"));
        row.insert("net_total".to_owned(), json!(amount("base_net_total")));
        row.insert(side.tax_column().to_owned(), json!(amount("base_grand_total") - amount("base_net_total")));
        row.insert("grand_total".to_owned(), json!(amount("base_grand_total")));
        row.insert("rounded_total".to_owned(), json!(amount("base_rounded_total")));
        row.insert("outstanding_amount".to_owned(), json!(amount("outstanding_amount")));
        row.insert("debit".to_owned(), json!(amount("base_grand_total")));
        row.insert("credit".to_owned(), json!(0.0));
        register.push(row);
    }
    register.sort_by(|a, b| key(a).cmp(&key(b)));
    Ok(register)
}

fn key(row: &Doc) -> (&str, &str) {
    (text(row, "posting_date"), text(row, "voucher_no"))
}

fn copied(doc: &Doc, fields: &[&str]) -> Doc {
    let value = |field: &str| doc.get(field).cloned().unwrap_or(Value::Null);
    fields.iter().map(|field| ((*field).to_owned(), value(field))).collect()
}

/// `Sales Order Analysis`: one row for each row of a submitted order.
pub fn sales_orders(source: &Source<'_>, filters: &Filters) -> Result<Vec<Doc>, SiteError> {
    let (from, to) = filters.period();
    let mut lines = Vec::new();
    for order in source.submitted("Sales Order", filters)? {
        let date = text(&order, "transaction_date");
        if date < from.as_str() || date > to.as_str() || !filters.one_of("status", text(&order, "status")) {
            continue;
        }
        for item in rows(&order, "items") {
            let amount = |field: &str| number(item, field);
            let due = [text(item, "delivery_date"), text(&order, "delivery_date")];
            let due = due.into_iter().find(|due| !due.is_empty()).unwrap_or(date);
            let late = source.days_between(due, &source.today());
            let billed = amount("billed_amt");
            let billed_qty = if amount("rate") == 0.0 { 0.0 } else { billed / amount("rate") };
            let line = json!({
                "date": date, "delivery_date": due, "sales_order": order.get("name"), "status": order.get("status"),
                "customer": order.get("customer"), "item_code": item.get("item_code"), "delay_days": late,
                "delay": if amount("delivered_qty") < amount("qty") { late.max(0) } else { 0 },
                "qty": amount("qty"), "delivered_qty": amount("delivered_qty"),
                "pending_qty": amount("qty") - amount("delivered_qty"), "billed_qty": billed_qty,
                "amount": amount("amount"), "delivered_qty_amount": amount("delivered_qty") * amount("rate"),
                "billed_amount": billed, "pending_amount": amount("amount") - billed,
                "warehouse": item.get("warehouse"), "company": order.get("company"), "name": item.get("name"),
                "description": item.get("description"), "qty_to_bill": amount("qty") - billed_qty,
                "time_taken_to_deliver": null,
            });
            lines.extend(line.as_object().cloned());
        }
    }
    lines.sort_by(|a: &Map<String, Value>, b| {
        (text(a, "date"), text(a, "sales_order")).cmp(&(text(b, "date"), text(b, "sales_order")))
    });
    Ok(lines)
}

/// `Lead Details`: the leads themselves.
pub fn leads(source: &Source<'_>, filters: &Filters) -> Result<Vec<Doc>, SiteError> {
    const FIELDS: &[&str] = &[
        "name",
        "lead_name",
        "status",
        "lead_owner",
        "territory",
        "source",
        "email_id",
        "mobile_no",
        "phone",
        "owner",
        "company",
        "address",
        "pincode",
        "city",
        "state",
        "country",
    ];
    let leads = source.all("Lead")?.into_iter().filter(|lead| {
        let of_company = filters.text("company").is_none_or(|company| text(lead, "company") == company);
        of_company
            && filters.one_of("territory", text(lead, "territory"))
            && filters.one_of("status", text(lead, "status"))
    });
    Ok(leads.map(|lead| copied(&lead, FIELDS)).collect())
}

/// `Item Balance (Simple)`: what lies in which warehouse.
pub fn stock(source: &Source<'_>, _filters: &Filters) -> Result<Vec<Doc>, SiteError> {
    let mut lines = Vec::new();
    for bin in source.all("Bin")? {
        let item = |field: &str| source.value("Item", text(&bin, "item_code"), field);
        let line = json!({
            "item": bin.get("item_code"), "item_name": item("item_name"), "item_group": item("item_group"),
            "brand": item("brand"), "description": item("description"), "warehouse": bin.get("warehouse"),
            "balance_qty": bin.get("actual_qty"),
        });
        lines.extend(line.as_object().cloned());
    }
    lines.sort_by(|a: &Doc, b| (text(a, "item"), text(a, "warehouse")).cmp(&(text(b, "item"), text(b, "warehouse"))));
    Ok(lines)
}

/// `Territory-wise Sales`: what was offered, ordered and billed, by territory.
pub fn territories(source: &Source<'_>, filters: &Filters) -> Result<Vec<Doc>, SiteError> {
    const COLUMNS: [(&str, &str); 3] =
        [("Quotation", "quotation_amount"), ("Sales Order", "order_amount"), ("Sales Invoice", "billing_amount")];
    let mut lines: Vec<Doc> = Vec::new();
    for territory in source.all("Territory")? {
        let line = json!({
            "territory": territory.get("name"), "opportunity_amount": 0, "quotation_amount": 0, "order_amount": 0,
            "billing_amount": 0,
        });
        lines.extend(line.as_object().cloned());
    }
    for (doctype, column) in COLUMNS {
        for doc in source.submitted(doctype, filters)? {
            let of = text(&doc, "territory");
            if let Some(line) = lines.iter_mut().find(|line| text(line, "territory") == of) {
                let sum = number(line, column) + number(&doc, "base_grand_total");
                line.insert(column.to_owned(), json!(sum));
            }
        }
    }
    Ok(lines)
}
