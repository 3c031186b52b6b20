//! The `status` that ERPNext gives a document when it is submitted and cancelled. What follows later, deliveries and
//! payments, is not computed.

use serde_json::json;

use crate::doc::{Doc, flt, text};
use crate::site::Site;

/// The status after submission, where it is not `Submitted`.
const SUBMITTED: [(&str, &str); 9] = [
    ("Delivery Note", "To Bill"),
    ("Material Request", "Pending"),
    ("Purchase Invoice", "Unpaid"),
    ("Purchase Order", "To Receive and Bill"),
    ("Purchase Receipt", "To Bill"),
    ("Quotation", "Open"),
    ("Sales Invoice", "Unpaid"),
    ("Sales Order", "To Deliver and Bill"),
    ("Work Order", "Not Started"),
];

/// Sets the status that goes with a new `docstatus`, on a DocType whose `status` has it among its options.
pub fn set(site: &Site<'_>, doc: &mut Doc, docstatus: i64) {
    let def = site.meta.get(text(doc, "doctype"));
    let Some(choices) = def.and_then(|def| def.field("status")).and_then(|field| field.choices()) else { return };
    let submitted = SUBMITTED.iter().find(|(doctype, _)| *doctype == text(doc, "doctype")).map(|(_, status)| *status);
    let status = match (docstatus, submitted) {
        (1, Some("Unpaid")) => invoice(doc, &site.today()),
        (1, submitted) => submitted.unwrap_or("Submitted"),
        (2, _) => "Cancelled",
        _ => "Draft",
    };
    if choices.contains(&status) {
        doc.insert("status".to_owned(), json!(status));
    }
}

fn invoice(doc: &Doc, today: &str) -> &'static str {
    let outstanding = doc.get("outstanding_amount").or_else(|| doc.get("grand_total")).map_or(0.0, flt);
    let due = text(doc, "due_date");
    match outstanding {
        amount if amount <= 0.0 => "Paid",
        _ if !due.is_empty() && due < today => "Overdue",
        _ => "Unpaid",
    }
}
