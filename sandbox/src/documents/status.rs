//! The `status` that ERPNext gives a document when it is submitted and cancelled. What follows later, deliveries and
//! payments, is not computed.

use erpnext_schema::{DocTypeDef, doctype_flag};
use serde_json::json;

use crate::doc::{Doc, flt, int, text};
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

fn choices(def: &DocTypeDef) -> Option<&'static [&'static str]> {
    let computed = def.is(doctype_flag::SUBMITTABLE) && !def.is(doctype_flag::CUSTOM);
    def.field("status").filter(|_| computed).and_then(|field| field.choices())
}

/// A new document is a draft, whatever it was copied from.
pub fn begin(def: &DocTypeDef, doc: &mut Doc) {
    if choices(def).is_some_and(|choices| choices.contains(&"Draft")) {
        doc.insert("status".to_owned(), json!("Draft"));
    }
}

/// Sets the status that goes with the document's `docstatus`, on a DocType of ERPNext's whose `status` has it among its
/// options.
pub fn set(site: &Site<'_>, def: &DocTypeDef, doc: &mut Doc) {
    let Some(choices) = choices(def) else { return };
    let submitted = SUBMITTED.iter().find(|(doctype, _)| *doctype == def.name).map(|(_, status)| *status);
    let status = match (int(doc, "docstatus"), submitted) {
        (1, Some("Unpaid")) => invoice(doc, &site.today()),
        (1, submitted) => submitted.unwrap_or("Submitted"),
        (2, _) => "Cancelled",
        _ => return,
    };
    if choices.contains(&status) {
        doc.insert("status".to_owned(), json!(status));
    }
}

fn invoice(doc: &Doc, today: &str) -> &'static str {
    let number = |field: &str| doc.get(field).map(flt);
    let (outstanding, total) = (number("outstanding_amount").or(number("grand_total")), number("grand_total"));
    let outstanding = outstanding.unwrap_or_default();
    let due = text(doc, "due_date");
    match outstanding {
        amount if amount <= 0.0 => "Paid",
        _ if !due.is_empty() && due < today => "Overdue",
        // A rounded total is not paid in part.
        amount if total.is_some_and(|total| amount < total - 1.0) => "Partly Paid",
        _ => "Unpaid",
    }
}
