//! `get_payment_entry`: the payment of an order or an invoice, unsaved, for all that is outstanding, less what its terms
//! give for paying early.

use serde_json::{Value, json};

use crate::doc::{Doc, cents, flt, int, number, rows, text};
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
    if number(&doc, "per_billed") > 99.99 {
        return Err(SiteError::invalid(format!("Can only make payment against unbilled {doctype}")));
    }
    let incoming = *party_type == "Customer";
    let kind = if incoming { "Receivable" } else { "Payable" };
    let own = match text(&doc, account) {
        "" => account_of(site, kind)?,
        own => own.to_owned(),
    };
    let own = End::of(site, own, kind, &doc)?;
    let is_foreign = own.currency != text(&doc, "currency");
    let total = number(&doc, if is_foreign { "base_grand_total" } else { "grand_total" });
    let open = doc.get("outstanding_amount").map_or(total, flt);
    let (amount, back) = (open.abs(), open < 0.0);
    let bank = End::of(site, account_of(site, "Bank")?, "Bank", &doc)?;
    // A credit note is paid out, a debit note comes back.
    let receives = incoming != back;
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
    let at_bank = if bank.currency == own.currency { amount } else { cents(amount * own.rate / bank.rate) };
    let ((from, paid), (to, received)) =
        if receives { ((&own, amount), (&bank, at_bank)) } else { ((&bank, at_bank), (&own, amount)) };
    Ok(Reply::message(json!({
        "doctype": "Payment Entry", "__islocal": 1, "__unsaved": 1, "owner": site.user.name, "docstatus": 0, "idx": 0,
        "naming_series": "ACC-PAY-.YYYY.-", "payment_type": if receives { "Receive" } else { "Pay" },
        "posting_date": site.today(), "company": text(&doc, "company"), "party_type": party_type, "party": text(&doc, party),
        "party_name": text(&doc, party), "paid_from": from.account,
        "paid_from_account_type": from.kind, "paid_from_account_currency": from.currency, "paid_to": to.account,
        "paid_to_account_type": to.kind, "paid_to_account_currency": to.currency, "reference_date": site.today(),
        "paid_amount": paid, "base_paid_amount": cents(paid * from.rate), "received_amount": received,
        "base_received_amount": cents(received * to.rate), "source_exchange_rate": from.rate,
        "target_exchange_rate": to.rate,
        "deductions": deductions,
        "references": [{
            "doctype": "Payment Entry Reference", "__islocal": 1, "parentfield": "references", "idx": 1,
            "reference_doctype": doctype, "reference_name": text(&doc, "name"), "total_amount": total,
            "due_date": doc.get("due_date"), "outstanding_amount": open, "allocated_amount": open, "exchange_rate": 1.0,
        }],
    })))
}

/// One end of a payment: the account, and what its currency is worth in that of the company.
struct End {
    account: String,
    kind: &'static str,
    currency: String,
    rate: f64,
}

impl End {
    /// An account without a currency is kept in that of the document.
    fn of(site: &Site<'_>, account: String, kind: &'static str, doc: &Doc) -> Result<Self, SiteError> {
        let stated = |value: Option<Value>| {
            let text = value.as_ref().and_then(Value::as_str).filter(|text| !text.is_empty());
            text.map(str::to_owned)
        };
        let currency = stated(site.value("Account", &account, "account_currency")?);
        let currency = currency.unwrap_or_else(|| text(doc, "currency").to_owned());
        let of_company = stated(site.value("Company", text(doc, "company"), "default_currency")?);
        let rate =
            doc.get("conversion_rate").map(flt).filter(|rate| *rate != 0.0 && of_company.as_ref() != Some(&currency));
        Ok(Self { account, kind, currency, rate: rate.unwrap_or(1.0) })
    }
}

/// What the terms of an invoice give if it is paid by today.
fn discount(doc: &Doc, today: &str) -> f64 {
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
