//! What forms fill in for terms: the text of Terms and Conditions, the rows of a template of payment terms. Nobody
//! recorded these answers; of a template only `{{ field }}` is worked out.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::doc::{Doc, cint, display, flt, rows, text};
use crate::error::SiteError;
use crate::reply::Reply;
use crate::request::Request;

/// `erpnext.setup.doctype.terms_and_conditions.terms_and_conditions.get_terms_and_conditions`: nothing where there is
/// no text, and no rights are asked for.
pub fn get_terms_and_conditions(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (name, doc) = (request.text("template_name")?, request.doc("doc")?);
    let template = request.site.load("Terms and Conditions", &name)?;
    let mut terms = text(&template, "terms").to_owned();
    if terms.is_empty() {
        return Ok(Reply::message(Value::Null));
    }
    for (field, value) in doc.iter().filter(|(_, value)| !value.is_array()) {
        terms = terms.replace(&format!("{{{{ {field} }}}}"), &display(value));
    }
    Ok(Reply::message(json!(terms)))
}

/// `erpnext.controllers.accounts_controller.get_payment_terms`: nothing without a template.
pub fn get_payment_terms(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let Some(name) = request.opt("terms_template") else { return Ok(Reply::message(Value::Null)) };
    let template = request.site.load("Payment Terms Template", &name)?;
    let day = request.opt("bill_date").or_else(|| request.opt("posting_date")).unwrap_or_default();
    let day: Date = day.parse().unwrap_or_else(|_| request.site.now.date());
    let number = |name: &str| request.opt(name).and_then(|number| number.parse::<f64>().ok()).unwrap_or_default();
    let (total, base) = (number("grand_total"), number("base_grand_total"));
    let term = |term: &Doc| {
        let portion = term.get("invoice_portion").map_or(0.0, flt);
        let due = day.saturating_add(term.get("credit_days").map_or(0, cint).days());
        let (amount, base) = (total * portion / 100.0, base * portion / 100.0);
        json!({
            "payment_term": term.get("payment_term"), "description": term.get("description"),
            "due_date": due.to_string(), "invoice_portion": portion, "payment_amount": amount, "outstanding": amount,
            "base_payment_amount": base,
        })
    };
    let terms: Vec<Value> = rows(&template, "terms").map(term).collect();
    Ok(Reply::message(json!(terms)))
}
