//! `get_payment_entry`: the payment of an order or an invoice, unsaved, for all that is outstanding, less what its terms
//! give for paying early.

use serde_json::{Value, json};

use crate::doc::{Doc, flt, int, rows, text};
use crate::error::SiteError;
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;
use crate::site::Site;

/// What a payment is for: DocType, party's DocType, party's field, account's field.
const PAID: &[(&str, &str, &str, &str)] = &[
    ("Sales Order", "Customer", "customer", "debit_to"),
    ("Sales Invoice", "Customer", "customer", "debit_to"),
    ("Purchase Order", "Supplier", "supplier", "credit_to"),
    ("Purchase Invoice", "Supplier", "supplier", "credit_to"),
];

/// `erpnext.accounts.doctype.payment_entry.payment_entry.get_payment_entry`.
pub fn get_payment_entry(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doctype, name) = (request.text("dt")?, request.text("dn")?);
    let site = &request.site;
    let known = PAID.iter().find(|(paid, ..)| *paid == doctype);
    let Some((_, party_type, party, account)) = known else {
        return Err(SiteError::invalid(format!("{doctype} is not paid by a Payment Entry")));
    };
    let doc = site.load(&doctype, &name)?;
    site.check(&doctype, Some(&doc), Right::Read)?;
    if int(&doc, "docstatus") != 1 {
        return Err(SiteError::invalid(format!("{doctype} {name} is not submitted")));
    }
    if doc.get("per_billed").map_or(0.0, flt) > 99.99 {
        return Err(SiteError::invalid(format!("Can only make payment against unbilled {doctype}")));
    }
    let incoming = *party_type == "Customer";
    let total = doc.get("grand_total").map_or(0.0, flt);
    let open = doc.get("outstanding_amount").map_or(total, flt);
    let (amount, back) = (open.abs(), open < 0.0);
    let bank = account_of(site, "Bank")?;
    let own = match text(&doc, account) {
        "" => account_of(site, if incoming { "Receivable" } else { "Payable" })?,
        own => own.to_owned(),
    };
    // A credit note is paid out, a debit note comes back.
    let receives = incoming != back;
    let kind = if incoming { "Receivable" } else { "Payable" };
    let ((from, from_kind), (to, to_kind)) =
        if receives { ((&own, kind), (&bank, "Bank")) } else { ((&bank, "Bank"), (&own, kind)) };
    let currency = text(&doc, "currency");
    let discount = discount(&doc, &site.today());
    let deductions = match discount > 0.0 {
        true => {
            let company = |field: &str| site.value("Company", text(&doc, "company"), field);
            let sign = if receives { 1.0 } else { -1.0 };
            json!([{
                "doctype": "Payment Entry Deduction", "__islocal": 1, "parentfield": "deductions", "idx": 1,
                "account": company("default_discount_account")?, "cost_center": company("cost_center")?,
                "amount": discount * sign,
            }])
        }
        false => json!([]),
    };
    let amount = amount - discount;
    Ok(Reply::message(json!({
        "doctype": "Payment Entry", "__islocal": 1, "__unsaved": 1, "owner": site.user.name, "docstatus": 0, "idx": 0,
        "naming_series": "ACC-PAY-.YYYY.-", "payment_type": if receives { "Receive" } else { "Pay" },
        "posting_date": site.today(), "company": text(&doc, "company"), "party_type": party_type, "party": text(&doc, party),
        "party_name": text(&doc, party), "paid_from": from, "paid_from_account_type": from_kind,
        "paid_from_account_currency": currency, "paid_to": to, "paid_to_account_type": to_kind,
        "paid_to_account_currency": currency, "reference_date": site.today(), "paid_amount": amount, "base_paid_amount": amount, "received_amount": amount,
        "base_received_amount": amount, "source_exchange_rate": 1.0, "target_exchange_rate": 1.0,
        "deductions": deductions,
        "references": [{
            "doctype": "Payment Entry Reference", "__islocal": 1, "parentfield": "references", "idx": 1,
            "reference_doctype": doctype, "reference_name": text(&doc, "name"), "total_amount": total,
            "due_date": doc.get("due_date"), "outstanding_amount": open, "allocated_amount": open, "exchange_rate": 1.0,
        }],
    })))
}

/// What the terms of an invoice give if it is paid by today.
fn discount(doc: &Doc, today: &str) -> f64 {
    let number = |row: &Doc, field: &str| row.get(field).map_or(0.0, flt);
    let is_open = |row: &&Doc| number(row, "discounted_amount") == 0.0 && text(row, "discount_date") >= today;
    let terms = rows(doc, "payment_schedule").filter(is_open).map(|row| match text(row, "discount_type") {
        "Percentage" => number(doc, "grand_total") * number(row, "discount") / 100.0,
        _ => number(row, "discount"),
    });
    terms.sum()
}

fn account_of(site: &Site<'_>, kind: &str) -> Result<String, SiteError> {
    let found: Vec<Doc> = site.db.rows_where_in("Account", site.meta, "account_type", kind)?;
    let leaf = found.iter().find(|account| account.get("is_group").is_none_or(|group: &Value| *group == 0));
    Ok(leaf.map(|account| text(account, "name").to_owned()).unwrap_or_default())
}
