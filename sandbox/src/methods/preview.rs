//! What the submission of a draft would post. Nobody recorded these answers: columns and rows are those of the source,
//! with the labels of the reports, in English for who asks for it and else in the language of a site that nobody here reads.

use erpnext_schema::Version;
use serde_json::{Value, json};

use crate::doc::{Doc, flt, int, rows, text};
use crate::documents::ledger::{Entry, sides};
use crate::error::SiteError;
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;

/// `erpnext.controllers.stock_controller.show_accounting_ledger_preview`.
pub fn accounts(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doc = draft(request)?;
    // The centre is a dimension like others on 16.
    let has_center = request.site.version() < Version::V16;
    let shown = |entry: &Entry<'_>| {
        let ([debit, credit], [kind, party]) = (sides(entry.amount), entry.party);
        let mut cells = vec![json!(text(&doc, "posting_date")), json!(entry.account), cell(debit), cell(credit)];
        cells.extend(["", kind, party].map(Value::from));
        cells.extend(has_center.then(|| json!("")));
        cells.extend(["", ""].map(Value::from));
        Value::Array(cells)
    };
    let entries: Vec<Value> = match request.text("doctype")?.as_str() {
        // What moves stock posts nothing here: no inventory is kept in the accounts.
        "Sales Invoice" | "Purchase Invoice" | "Payment Entry" | "Delivery Note" | "Purchase Receipt"
        | "Stock Entry" => request.site.ledger_entries(&doc)?.iter().map(shown).collect(),
        other => return Err(SiteError::invalid(format!("there is no accounting preview of a {other}"))),
    };
    let currency = text(&doc, "currency");
    let (debit, credit) = (format!("Debit ({currency})"), format!("Credit ({currency})"));
    let mut labels =
        vec!["Posting Date", "Account", debit.as_str(), credit.as_str(), "Against Account", "Party Type", "Party"];
    labels.extend(has_center.then_some("Cost Center"));
    labels.extend(["Against Voucher Type", "Against Voucher"]);
    Ok(Reply::message(json!({"gl_columns": columns(request, &labels), "gl_data": entries})))
}

/// `erpnext.controllers.stock_controller.show_stock_ledger_preview`: neither columns nor rows of what moves no stock, nor
/// of a Stock Entry on 15.
pub fn stock(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doc = draft(request)?;
    let doctype = request.text("doctype")?;
    // From where, and where to.
    let ways: &[(&str, bool)] = match doctype.as_str() {
        "Delivery Note" => &[("warehouse", true)],
        "Purchase Receipt" => &[("warehouse", false)],
        "Stock Entry" if request.site.version() >= Version::V16 => &[("s_warehouse", true), ("t_warehouse", false)],
        "Sales Invoice" if int(&doc, "update_stock") == 1 => &[("warehouse", true)],
        "Purchase Invoice" if int(&doc, "update_stock") == 1 => &[("warehouse", false)],
        _ => return Ok(Reply::message(json!({"sl_columns": [], "sl_data": []}))),
    };
    let mut entries = Vec::new();
    for row in rows(&doc, "items") {
        for (field, goes_out) in ways.iter().filter(|(field, _)| !text(row, field).is_empty()) {
            let qty = row.get("stock_qty").or(row.get("qty")).map_or(0.0, flt);
            let (into, out) = if *goes_out { (0.0, qty) } else { (qty, 0.0) };
            let (item, unit, warehouse) = (text(row, "item_code"), text(row, "stock_uom"), text(row, field));
            entries.push(json!([item, unit, cell(into), cell(out), "", warehouse, "", "", "", ""]));
        }
    }
    let labels = [
        "Item",
        "Stock UOM",
        "In Qty",
        "Out Qty",
        "Balance Qty",
        "Warehouse",
        "Incoming Rate",
        "Valuation Rate",
        "Balance Value",
        "Value Change",
    ];
    Ok(Reply::message(json!({"sl_columns": columns(request, &labels), "sl_data": entries})))
}

/// A number as its cell has it: nothing for 0.
fn cell(number: f64) -> Value {
    if number == 0.0 { json!("") } else { json!(number) }
}

fn columns(request: &Request<'_>, labels: &[&str]) -> Value {
    let in_english = request.opt("_lang").is_some_and(|language| language == "en");
    let label = |label: &&str| if in_english { (*label).to_owned() } else { format!("«{label}»") };
    labels.iter().map(|of| json!({"name": label(of), "editable": false, "width": 110})).collect()
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
