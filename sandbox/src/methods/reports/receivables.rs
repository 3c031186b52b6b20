//! What customers and suppliers owe, invoice by invoice and party by party, in columns by age: the shape of
//! `Accounts Receivable`, `Accounts Payable` and their summaries.

use serde_json::{Value, json};

use super::settled::Settled;
use super::source::{Filters, Side, Source};
use crate::doc::{Doc, flt, number, text};
use crate::error::SiteError;

/// The ends of the columns by age, in days; the last column has none.
const AGES: [i64; 4] = [30, 60, 90, 120];

/// Less is nothing: money has two decimals.
const ROUNDING: f64 = 0.005;

/// One row for each submitted invoice with something outstanding at the end of the report's day, oldest first.
pub fn invoices(source: &Source<'_>, filters: &Filters, side: Side) -> Result<Vec<Doc>, SiteError> {
    let on = filters.text("report_date").unwrap_or_else(|| source.today());
    let mut invoices = source.submitted(side.invoice(), filters)?;
    let settled = Settled::read(source, filters, side, &invoices)?;
    for invoice in &mut invoices {
        let open = number(invoice, "outstanding_amount");
        let open = open + settled.after(text(invoice, "name"), &on);
        invoice.insert("outstanding_amount".to_owned(), json!(if open.abs() < ROUNDING { 0.0 } else { open }));
    }
    invoices.retain(|invoice| {
        let party = filters.one_of("party", text(invoice, side.party_field()));
        let dated = text(invoice, "posting_date") <= on.as_str();
        party && dated && invoice.get("outstanding_amount").is_some_and(|amount| flt(amount) != 0.0)
    });
    invoices.sort_by(|a, b| {
        text(a, "posting_date").cmp(text(b, "posting_date")).then(text(a, "name").cmp(text(b, "name")))
    });
    Ok(invoices.iter().map(|invoice| row(source, invoice, side, &on)).collect())
}

fn row(source: &Source<'_>, invoice: &Doc, side: Side, on: &str) -> Doc {
    let get = |field: &str| invoice.get(field).cloned().unwrap_or(Value::Null);
    let amount = |field: &str| number(invoice, field);
    let (invoiced, outstanding) = (amount("base_grand_total"), amount("outstanding_amount"));
    let paid = invoiced - outstanding;
    let due = match text(invoice, "due_date") {
        "" => text(invoice, "posting_date"),
        due => due,
    };
    let age = source.days_between(due, on).max(0);
    let mut row = Doc::new();
    let mut set = |key: &str, value: Value| {
        row.insert(key.to_owned(), value);
    };
    set("voucher_type", json!(side.invoice()));
    set("voucher_no", get("name"));
    set("party", get(side.party_field()));
    set("party_account", get(side.account_field()));
    set("posting_date", get("posting_date"));
    set("account_currency", get("currency"));
    set("remarks", Value::Null);
    for suffix in ["", "_in_account_currency"] {
        set(&format!("invoiced{suffix}"), json!(invoiced));
        set(&format!("paid{suffix}"), json!(paid));
        set(&format!("credit_note{suffix}"), json!(0.0));
        set(&format!("outstanding{suffix}"), json!(outstanding));
    }
    set("cost_center", get("cost_center"));
    set("party_type", json!(side.party()));
    set("invoice_grand_total", json!(invoiced));
    set("name", get("name"));
    set("due_date", get("due_date"));
    match side {
        Side::Selling => {
            set("po_no", get("po_no"));
            set("customer_name", get("customer_name"));
            set("territory", get("territory"));
            set("customer_group", get("customer_group"));
            set("customer_primary_contact", Value::Null);
        }
        Side::Buying => {
            set("bill_no", get("bill_no"));
            set("bill_date", get("bill_date"));
            set("supplier_name", get("supplier_name"));
            set("supplier_group", source.value("Supplier", text(invoice, "supplier"), "supplier_group"));
        }
    }
    set("currency", get("currency"));
    let column = AGES.iter().position(|end| age <= *end).unwrap_or(AGES.len());
    for at in 0..=AGES.len() {
        set(&format!("range{}", at + 1), json!(if at == column { outstanding } else { 0.0 }));
    }
    set("age", json!(age));
    set("total_due", json!(outstanding));
    row
}

/// One row for each party that owes, or is owed, something.
pub fn parties(source: &Source<'_>, filters: &Filters, side: Side) -> Result<Vec<Doc>, SiteError> {
    const SUMMED: [&str; 10] = [
        "invoiced",
        "paid",
        "credit_note",
        "outstanding",
        "range1",
        "range2",
        "range3",
        "range4",
        "range5",
        "total_due",
    ];
    let mut parties: Vec<Doc> = Vec::new();
    for invoice in invoices(source, filters, side)? {
        let known = parties.iter().position(|party| text(party, "party") == text(&invoice, "party"));
        let at = known.unwrap_or_else(|| {
            let kept = ["party", "party_type", "currency", "territory", "customer_group", "supplier_group"];
            let mut party: Doc = invoice.clone().into_iter().filter(|(key, _)| kept.contains(&key.as_str())).collect();
            party.insert("advance".to_owned(), json!(0));
            parties.push(party);
            parties.len() - 1
        });
        for field in SUMMED {
            let sum = number(&parties[at], field) + number(&invoice, field);
            parties[at].insert(field.to_owned(), json!(sum));
        }
    }
    Ok(parties)
}
