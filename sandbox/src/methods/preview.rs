//! What the submission of a draft would post. Nobody recorded these answers: columns and rows are those of the source,
//! with the labels of the reports, in English for who asks for it and else in the language of a site that nobody here reads.

use erpnext_schema::Version;
use serde_json::{Value, json};

use crate::doc::{Doc, flt, int, rows, text};
use crate::error::SiteError;
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;

/// `erpnext.controllers.stock_controller.show_accounting_ledger_preview`.
pub fn accounts(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doc = draft(request)?;
    // The centre is a dimension like others on 16.
    let has_center = request.site.version() < Version::V16;
    let number = |field: &str| doc.get(field).map_or(0.0, flt);
    let entry = |account: &str, debit: f64, credit: f64, [kind, party]: [&str; 2]| {
        let mut cells = vec![json!(text(&doc, "posting_date")), json!(account), cell(debit), cell(credit)];
        cells.extend(["", kind, party].map(Value::from));
        cells.extend(has_center.then(|| json!("")));
        cells.extend(["", ""].map(Value::from));
        Value::Array(cells)
    };
    let amounts = |table: &'static str, [account, amount]: [&'static str; 2]| {
        rows(&doc, table).map(move |row| (text(row, account), row.get(amount).map_or(0.0, flt)))
    };
    let taxed = || amounts("taxes", ["account_head", "tax_amount"]).filter(|(_, amount)| *amount != 0.0);
    let total = number("grand_total");
    let entries = match request.text("doctype")?.as_str() {
        "Sales Invoice" => {
            let mut entries = vec![entry(text(&doc, "debit_to"), total, 0.0, ["Customer", text(&doc, "customer")])];
            entries.extend(
                rows(&doc, "items")
                    .map(|row| entry(text(row, "income_account"), 0.0, row.get("amount").map_or(0.0, flt), NOBODY)),
            );
            entries.extend(taxed().map(|(account, amount)| entry(account, 0.0, amount, NOBODY)));
            entries
        }
        "Purchase Invoice" => {
            let mut entries = vec![entry(text(&doc, "credit_to"), 0.0, total, ["Supplier", text(&doc, "supplier")])];
            entries.extend(
                rows(&doc, "items")
                    .map(|row| entry(text(row, "expense_account"), row.get("amount").map_or(0.0, flt), 0.0, NOBODY)),
            );
            entries.extend(taxed().map(|(account, amount)| entry(account, amount, 0.0, NOBODY)));
            entries
        }
        "Payment Entry" => {
            let party = [text(&doc, "party_type"), text(&doc, "party")];
            let (from, to) = if text(&doc, "payment_type") == "Receive" { (party, NOBODY) } else { (NOBODY, party) };
            let deducted: Vec<(&str, f64)> = amounts("deductions", ["account", "amount"]).collect();
            let paid: f64 = deducted.iter().map(|(_, amount)| amount).sum();
            // The party's side gets what is deducted too.
            let (came, went) = if text(&doc, "payment_type") == "Receive" { (0.0, paid) } else { (-paid, 0.0) };
            let mut entries = vec![
                entry(text(&doc, "paid_to"), number("received_amount") + came, 0.0, to),
                entry(text(&doc, "paid_from"), 0.0, number("paid_amount") + went, from),
            ];
            let deducted = deducted.into_iter();
            entries.extend(deducted.map(|(of, amount)| entry(of, amount.max(0.0), (-amount).max(0.0), NOBODY)));
            entries
        }
        // What moves stock posts nothing here: no inventory is kept in the accounts.
        "Delivery Note" | "Purchase Receipt" | "Stock Entry" => Vec::new(),
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

const NOBODY: [&str; 2] = ["", ""];

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
