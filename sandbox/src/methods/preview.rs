//! What the submission of a draft would post. Nobody recorded these answers: columns and rows are as the desk's table takes
//! them, with the labels of the reports.

use serde_json::{Value, json};

use crate::doc::{Doc, flt, int, rows, text};
use crate::error::SiteError;
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;

/// `erpnext.controllers.stock_controller.show_accounting_ledger_preview`.
pub fn accounts(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doc = draft(request)?;
    let number = |field: &str| doc.get(field).map_or(0.0, flt);
    let entry = |account: &str, debit: f64, credit: f64, party: &str| {
        json!([text(&doc, "posting_date"), account, debit, credit, party, ""])
    };
    let total = number("grand_total");
    let entries = match request.text("doctype")?.as_str() {
        "Sales Invoice" => {
            let mut entries = vec![entry(text(&doc, "debit_to"), total, 0.0, text(&doc, "customer"))];
            entries.extend(
                rows(&doc, "items")
                    .map(|row| entry(text(row, "income_account"), 0.0, row.get("amount").map_or(0.0, flt), "")),
            );
            entries
        }
        "Purchase Invoice" => {
            let mut entries = vec![entry(text(&doc, "credit_to"), 0.0, total, text(&doc, "supplier"))];
            entries.extend(
                rows(&doc, "items")
                    .map(|row| entry(text(row, "expense_account"), row.get("amount").map_or(0.0, flt), 0.0, "")),
            );
            entries
        }
        "Payment Entry" => {
            let party = text(&doc, "party");
            let (from, to) = if text(&doc, "payment_type") == "Receive" { (party, "") } else { ("", party) };
            vec![
                entry(text(&doc, "paid_to"), number("received_amount"), 0.0, to),
                entry(text(&doc, "paid_from"), 0.0, number("paid_amount"), from),
            ]
        }
        other => return Err(SiteError::invalid(format!("there is no accounting preview of a {other}"))),
    };
    let currency = text(&doc, "currency");
    let labels = [
        "Posting Date".to_owned(),
        "Account".to_owned(),
        format!("Debit ({currency})"),
        format!("Credit ({currency})"),
        "Party".to_owned(),
        "Against Voucher".to_owned(),
    ];
    Ok(Reply::message(json!({"gl_columns": columns(&labels), "gl_data": entries})))
}

/// `erpnext.controllers.stock_controller.show_stock_ledger_preview`.
pub fn stock(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doc = draft(request)?;
    let goes_out = match request.text("doctype")?.as_str() {
        "Delivery Note" | "Sales Invoice" => true,
        "Purchase Receipt" | "Purchase Invoice" => false,
        other => return Err(SiteError::invalid(format!("there is no stock preview of a {other}"))),
    };
    let stocked = rows(&doc, "items").filter(|row| !text(row, "warehouse").is_empty());
    let entries: Vec<Value> = stocked
        .map(|row| {
            let qty = row.get("stock_qty").or(row.get("qty")).map_or(0.0, flt);
            let (into, out) = if goes_out { (0.0, -qty) } else { (qty, 0.0) };
            json!([text(row, "item_code"), into, out, text(row, "warehouse")])
        })
        .collect();
    let labels = ["Item", "In Qty", "Out Qty", "Warehouse"].map(str::to_owned);
    Ok(Reply::message(json!({"sl_columns": columns(&labels), "sl_data": entries})))
}

fn columns(labels: &[String]) -> Value {
    labels.iter().map(|label| json!({"name": label, "editable": false, "width": 110})).collect()
}

fn draft(request: &Request<'_>) -> Result<Doc, SiteError> {
    let (doctype, name) = (request.text("doctype")?, request.text("docname")?);
    let doc = request.site.load(&doctype, &name)?;
    request.site.check(&doctype, Some(&doc), Right::Read)?;
    match int(&doc, "docstatus") {
        0 => Ok(doc),
        _ => Err(SiteError::invalid(format!("{name} is no draft"))),
    }
}
