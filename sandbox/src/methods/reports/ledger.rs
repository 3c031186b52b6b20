//! A general ledger derived from the submitted vouchers. The sandbox keeps no ledger: each invoice and payment is
//! read as the two entries that a real site would have made, taxes and stock left out.

use serde_json::{Value, json};

use super::source::{Filters, Side, Source};
use crate::doc::{Doc, display, flt, rows, text};
use crate::error::SiteError;

/// The entries of all vouchers, in the order of their dates.
pub fn entries(source: &Source<'_>, filters: &Filters) -> Result<Vec<Doc>, SiteError> {
    let mut entries = Vec::new();
    for side in [Side::Selling, Side::Buying] {
        for invoice in source.submitted(side.invoice(), filters)? {
            let amount = invoice.get("base_grand_total").map_or(0.0, flt);
            let account = first_row(&invoice, side.counter_account_field());
            let party = entry(&invoice, side.invoice(), text(&invoice, side.account_field()), &account);
            let party = with_party(party, side.party(), text(&invoice, side.party_field()), &invoice, side.invoice());
            let other = entry(&invoice, side.invoice(), &account, text(&invoice, side.party_field()));
            let (debit, credit) = if side == Side::Selling { (party, other) } else { (other, party) };
            entries.push(booked(debit, amount, 0.0));
            entries.push(booked(credit, 0.0, amount));
        }
    }
    for payment in source.submitted("Payment Entry", filters)? {
        let amount = payment.get("base_paid_amount").or_else(|| payment.get("paid_amount")).map_or(0.0, flt);
        let (to, from) = (text(&payment, "paid_to"), text(&payment, "paid_from"));
        let receives = text(&payment, "payment_type") == "Receive";
        let mut debit = entry(&payment, "Payment Entry", to, from);
        let mut credit = entry(&payment, "Payment Entry", from, to);
        let settled = if receives { &mut credit } else { &mut debit };
        *settled = with_party(settled.clone(), text(&payment, "party_type"), text(&payment, "party"), &payment, "");
        entries.push(booked(debit, amount, 0.0));
        entries.push(booked(credit, 0.0, amount));
    }
    for journal in source.submitted("Journal Entry", filters)? {
        for row in rows(&journal, "accounts") {
            let entry = entry(&journal, "Journal Entry", text(row, "account"), text(row, "against_account"));
            let entry = with_party(entry, text(row, "party_type"), text(row, "party"), row, "");
            let amount = |field: &str| row.get(field).map_or(0.0, flt);
            entries.push(booked(entry, amount("debit_in_account_currency"), amount("credit_in_account_currency")));
        }
    }
    entries.sort_by(|a, b| key(a).cmp(&key(b)));
    Ok(entries)
}

fn key(entry: &Doc) -> (&str, &str, &str) {
    (text(entry, "posting_date"), text(entry, "account"), text(entry, "voucher_no"))
}

fn first_row(voucher: &Doc, field: &str) -> String {
    rows(voucher, "items").map(|row| text(row, field)).find(|account| !account.is_empty()).unwrap_or_default().to_owned()
}

fn entry(voucher: &Doc, doctype: &str, account: &str, against: &str) -> Doc {
    let get = |field: &str| voucher.get(field).cloned().unwrap_or(Value::Null);
    let fields = [
        ("gl_entry", json!(format!("{}-{account}", text(voucher, "name")))),
        ("posting_date", get("posting_date")),
        ("account", json!(account)),
        ("party_type", Value::Null),
        ("party", Value::Null),
        ("voucher_type", json!(doctype)),
        ("voucher_subtype", voucher.get("payment_type").cloned().unwrap_or_else(|| json!(doctype))),
        ("voucher_no", get("name")),
        ("cost_center", get("cost_center")),
        ("project", get("project")),
        ("against_voucher_type", Value::Null),
        ("against_voucher", Value::Null),
        ("account_currency", Value::Null),
        ("against", json!(against)),
        ("is_opening", json!("No")),
        ("creation", get("creation")),
    ];
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn with_party(mut entry: Doc, party_type: &str, party: &str, voucher: &Doc, against: &str) -> Doc {
    if !party.is_empty() {
        entry.insert("party_type".to_owned(), json!(party_type));
        entry.insert("party".to_owned(), json!(party));
    }
    if !against.is_empty() {
        entry.insert("against_voucher_type".to_owned(), json!(against));
        entry.insert("against_voucher".to_owned(), json!(text(voucher, "name")));
    }
    entry
}

fn booked(mut entry: Doc, debit: f64, credit: f64) -> Doc {
    for suffix in ["", "_in_account_currency"] {
        entry.insert(format!("debit{suffix}"), json!(debit));
        entry.insert(format!("credit{suffix}"), json!(credit));
    }
    entry.insert("bill_no".to_owned(), json!(""));
    entry
}

/// `General Ledger`: an opening line, the entries of the period with a running balance, a total and a closing line,
/// the three with quoted names.
pub fn general_ledger(source: &Source<'_>, filters: &Filters) -> Result<Vec<Doc>, SiteError> {
    let (from, to) = filters.period();
    let mut entries = entries(source, filters)?;
    entries.retain(|entry| {
        ["account", "party", "voucher_no", "party_type", "project", "cost_center"]
            .iter()
            .all(|field| filters.one_of(field, &display(entry.get(*field).unwrap_or(&Value::Null))))
    });
    let (opening, period): (Vec<Doc>, Vec<Doc>) = entries
        .into_iter()
        .filter(|entry| text(entry, "posting_date") <= to.as_str())
        .partition(|entry| text(entry, "posting_date") < from.as_str());
    let currency = source.currency(filters);
    let sums = |entries: &[Doc]| (sum(entries, "debit"), sum(entries, "credit"));
    let (opening, total) = (sums(&opening), sums(&period));

    let mut lines = vec![line("'Opening'", opening, &currency)];
    let mut balance = opening.0 - opening.1;
    for mut entry in period {
        balance += entry.get("debit").map_or(0.0, flt) - entry.get("credit").map_or(0.0, flt);
        entry.insert("balance".to_owned(), json!(balance));
        entry.insert("presentation_currency".to_owned(), json!(currency));
        lines.push(entry);
    }
    lines.push(line("'Total'", total, &currency));
    lines.push(line("'Closing (Opening + Total)'", (opening.0 + total.0, opening.1 + total.1), &currency));
    Ok(lines)
}

fn line(name: &str, (debit, credit): (f64, f64), currency: &str) -> Doc {
    let line = json!({
        "account": name, "debit": debit, "credit": credit,
        "debit_in_account_currency": debit, "credit_in_account_currency": credit,
        "debit_in_transaction_currency": null, "credit_in_transaction_currency": null,
        "balance": debit - credit, "account_currency": null, "presentation_currency": currency,
    });
    line.as_object().cloned().unwrap_or_default()
}

fn sum(entries: &[Doc], field: &str) -> f64 {
    entries.iter().filter_map(|entry| entry.get(field)).map(flt).sum()
}

/// `Trial Balance (Simple)`: debit and credit by date and account.
pub fn trial_balance(source: &Source<'_>, filters: &Filters) -> Result<Vec<Doc>, SiteError> {
    let mut lines: Vec<Doc> = Vec::new();
    for entry in entries(source, filters)? {
        let (date, account) = (text(&entry, "posting_date"), text(&entry, "account"));
        let same = |line: &Doc| text(line, "posting_date") == date && text(line, "account") == account;
        if !lines.last().is_some_and(same) {
            let line = json!({
                "fiscal_year": date.get(..4), "company": filters.text("company").unwrap_or_default(),
                "posting_date": date, "account": account, "debit": 0.0, "credit": 0.0, "finance_book": null,
            });
            lines.extend(line.as_object().cloned());
        }
        if let Some(line) = lines.last_mut() {
            for field in ["debit", "credit"] {
                let sum = line.get(field).map_or(0.0, flt) + entry.get(field).map_or(0.0, flt);
                line.insert(field.to_owned(), json!(sum));
            }
        }
    }
    Ok(lines)
}

/// `Customer Ledger Summary` and `Supplier Ledger Summary`: what was invoiced and paid, by party.
pub fn party_summary(source: &Source<'_>, filters: &Filters, side: Side) -> Result<Vec<Doc>, SiteError> {
    let (from, to) = filters.period();
    let currency = source.currency(filters);
    let mut parties: std::collections::BTreeMap<String, [f64; 3]> = std::collections::BTreeMap::new();
    for entry in entries(source, filters)? {
        let (party, date) = (text(&entry, "party"), text(&entry, "posting_date"));
        if text(&entry, "party_type") != side.party() || !filters.one_of("party", party) || date > to.as_str() {
            continue;
        }
        let (debit, credit) = (entry.get("debit").map_or(0.0, flt), entry.get("credit").map_or(0.0, flt));
        let (invoiced, paid) = if side == Side::Selling { (debit, credit) } else { (credit, debit) };
        let [opening, in_period, settled] = parties.entry(party.to_owned()).or_default();
        if date < from.as_str() {
            *opening += invoiced - paid;
        } else {
            *in_period += invoiced;
            *settled += paid;
        }
    }
    let summary = |(party, [opening, invoiced, paid]): (String, [f64; 3])| {
        let row = json!({
            "party": party, side.name_field(): party, "party_name": party, "opening_balance": opening,
            "invoiced_amount": invoiced, "paid_amount": paid, "return_amount": 0,
            "closing_balance": opening + invoiced - paid, "currency": currency,
        });
        row.as_object().cloned().unwrap_or_default()
    };
    Ok(parties.into_iter().map(summary).collect())
}
