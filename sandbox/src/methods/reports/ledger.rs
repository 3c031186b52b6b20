//! Reports over the general ledger, from the `GL Entry` documents of the site.

use serde_json::{Value, json};

use super::source::{Filters, Side, Source};
use crate::doc::{Doc, display, flt, int, number, text};
use crate::error::SiteError;

/// The entries that stand, in the order of their dates.
fn entries(source: &Source<'_>, filters: &Filters) -> Result<Vec<Doc>, SiteError> {
    let mut entries = source.submitted("GL Entry", filters)?;
    entries.retain(|entry| int(entry, "is_cancelled") == 0);
    entries.sort_by(|a, b| key(a).cmp(&key(b)));
    Ok(entries)
}

fn key(entry: &Doc) -> (&str, &str, &str) {
    (text(entry, "posting_date"), text(entry, "account"), text(entry, "creation"))
}

/// An entry as a line of the report.
fn line_of(entry: &Doc) -> Doc {
    const FIELDS: [&str; 19] = [
        "posting_date",
        "account",
        "party_type",
        "party",
        "voucher_type",
        "voucher_subtype",
        "voucher_no",
        "cost_center",
        "project",
        "against_voucher_type",
        "against_voucher",
        "account_currency",
        "against",
        "is_opening",
        "creation",
        "debit",
        "credit",
        "debit_in_account_currency",
        "credit_in_account_currency",
    ];
    let value = |field: &str| entry.get(field).cloned().unwrap_or_default();
    let mut line = Doc::from_iter([("gl_entry".to_owned(), value("name"))]);
    line.extend(FIELDS.map(|field| (field.to_owned(), value(field))));
    line.insert("bill_no".to_owned(), json!(""));
    line
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
    for entry in period {
        let mut entry = line_of(&entry);
        balance += number(&entry, "debit") - number(&entry, "credit");
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
                let sum = number(line, field) + number(&entry, field);
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
        let (debit, credit) = (number(&entry, "debit"), number(&entry, "credit"));
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
