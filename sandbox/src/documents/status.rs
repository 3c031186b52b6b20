//! The `status` that ERPNext gives a document that is submitted or cancelled, by how far it is.

use erpnext_schema::{DocTypeDef, doctype_flag};
use serde_json::json;

use crate::doc::{Doc, flt, int, number, text};
use crate::error::SiteError;
use crate::site::Site;
use crate::store::Sql;

/// What is closed or held: such a status is set as it is and stays whatever is done. Any other is worked out.
pub const KEPT: [&str; 3] = ["Closed", "On Hold", "Stopped"];

/// A status of a submitted document.
struct State {
    /// Of which DocType.
    of: &'static str,
    /// What it is called.
    is: &'static str,
    /// Which documents have it.
    when: fn(&Doc) -> bool,
}

const fn state(of: &'static str, is: &'static str, when: fn(&Doc) -> bool) -> State {
    State { of, is, when }
}

/// The states of what goes on after its submission. The last that fits is the document's, of those that its version has.
#[rustfmt::skip]
const STATES: &[State] = &[
    state("Sales Order", "To Deliver and Bill", |_| true),
    state("Sales Order", "To Bill", |doc| all(doc, "per_delivered")),
    state("Sales Order", "To Deliver", |doc| all(doc, "per_billed")),
    state("Sales Order", "Completed", |doc| all(doc, "per_delivered") && all(doc, "per_billed")),
    state("Purchase Order", "To Receive and Bill", |_| true),
    state("Purchase Order", "To Bill", |doc| all(doc, "per_received")),
    state("Purchase Order", "To Receive", |doc| all(doc, "per_billed")),
    state("Purchase Order", "Completed", |doc| all(doc, "per_received") && all(doc, "per_billed")),
    state("Delivery Note", "To Bill", |_| true),
    state("Delivery Note", "Completed", |doc| all(doc, "per_billed")),
    state("Delivery Note", "Return Issued", |doc| all(doc, "per_returned")),
    state("Delivery Note", "Return", |doc| is_return(doc) && none(doc, "per_billed")),
    state("Purchase Receipt", "To Bill", |_| true),
    state("Purchase Receipt", "Partly Billed", |doc| !none(doc, "per_billed")),
    state("Purchase Receipt", "Return", |doc| is_return(doc) && none(doc, "per_billed")),
    state("Purchase Receipt", "Return Issued", |doc| all(doc, "per_returned")),
    state("Purchase Receipt", "Completed", |doc| all(doc, "per_billed")),
    state("Material Request", "Pending", |_| true),
    state("Material Request", "Ordered", |doc| all(doc, "per_ordered") && is_for(doc, "Purchase")),
    state("Material Request", "Transferred", |doc| all(doc, "per_ordered") && is_for(doc, "Material Transfer")),
    state("Material Request", "Issued", |doc| all(doc, "per_ordered") && is_for(doc, "Material Issue")),
    state("Material Request", "Received", |doc| all(doc, "per_received") && is_for(doc, "Purchase")),
    state("Material Request", "Partially Received", |doc| part(doc, "per_received") && is_for(doc, "Purchase")),
    state("Material Request", "Partially Received", |doc| part(doc, "per_ordered") && is_for(doc, "Material Transfer")),
    state("Material Request", "Partially Ordered", |doc| part(doc, "per_ordered") && !is_for(doc, "Material Transfer")),
    state("Quotation", "Open", |_| true),
    state("Work Order", "Not Started", |_| true),
    state("Work Order", "In Process", |doc| !none(doc, "material_transferred_for_manufacturing")),
    state("Work Order", "In Process", |doc| !none(doc, "produced_qty")),
    state("Work Order", "Completed", |doc| !none(doc, "qty") && number(doc, "produced_qty") >= number(doc, "qty")),
];

fn none(doc: &Doc, field: &str) -> bool {
    number(doc, field) <= 0.0
}

fn all(doc: &Doc, field: &str) -> bool {
    number(doc, field) >= 100.0
}

fn part(doc: &Doc, field: &str) -> bool {
    !none(doc, field) && !all(doc, field)
}

fn is_return(doc: &Doc) -> bool {
    int(doc, "is_return") == 1
}

fn is_for(doc: &Doc, purpose: &str) -> bool {
    text(doc, "material_request_type") == purpose
}

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

/// Sets the status that goes with the document's `docstatus` and with how far it is, on a DocType of ERPNext's whose
/// `status` has it among its options.
///
/// # Errors
/// The database's.
pub fn set(site: &Site<'_>, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
    let Some(choices) = choices(def) else { return Ok(()) };
    let status = match (int(doc, "docstatus"), def.name) {
        (1, "Sales Invoice" | "Purchase Invoice") => invoice(site, def, doc)?,
        (1, _) => standing(def, choices, doc).unwrap_or("Submitted"),
        (2, _) => "Cancelled",
        _ => return Ok(()),
    };
    if choices.contains(&status) {
        doc.insert("status".to_owned(), json!(status));
    }
    Ok(())
}

fn standing(def: &DocTypeDef, choices: &[&str], doc: &Doc) -> Option<&'static str> {
    let fits = |state: &&State| state.of == def.name && choices.contains(&state.is) && (state.when)(doc);
    STATES.iter().rfind(fits).map(|state| state.is)
}

fn invoice(site: &Site<'_>, def: &'static DocTypeDef, doc: &Doc) -> Result<&'static str, SiteError> {
    let total = super::payments::total(doc);
    let outstanding = doc.get("outstanding_amount").map_or(total, flt);
    let due = text(doc, "due_date");
    Ok(match outstanding {
        amount if amount <= 0.0 && is_return(doc) => "Return",
        amount if amount <= 0.0 && is_credited(site, def, doc)? => match def.name {
            "Purchase Invoice" => "Debit Note Issued",
            _ => "Credit Note Issued",
        },
        amount if amount <= 0.0 => "Paid",
        _ if !due.is_empty() && due < site.today().as_str() => "Overdue",
        // A rounded total is not paid in part.
        amount if amount < total - 1.0 => "Partly Paid",
        _ => "Unpaid",
    })
}

/// Whether a return takes something of an invoice back.
fn is_credited(site: &Site<'_>, def: &'static DocTypeDef, invoice: &Doc) -> Result<bool, SiteError> {
    let condition = "return_against = ?1 AND is_return = 1 AND docstatus = 1 LIMIT 1";
    let returns = site.db.rows_where(def, condition, &[Sql::Text(text(invoice, "name").to_owned())])?;
    Ok(!returns.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use erpnext_schema::Version;
    use serde_json::json;

    use super::{STATES, choices, standing};

    #[test]
    fn every_state_is_a_choice_of_some_version() {
        for state in STATES {
            let is_choice = |version: &&Version| {
                let def = erpnext_doctypes::get(**version, state.of).unwrap();
                choices(def).unwrap().contains(&state.is)
            };
            assert!(Version::ALL.iter().any(|version| is_choice(&version)), "{} of {}", state.is, state.of);
        }
    }

    #[test]
    fn a_return_is_called_one_where_the_version_has_the_word() {
        let back = json!({"is_return": 1, "per_billed": 0}).as_object().unwrap().clone();
        for (version, called) in [(Version::V15, "To Bill"), (Version::V16, "Return")] {
            for doctype in ["Delivery Note", "Purchase Receipt"] {
                let def = erpnext_doctypes::get(version, doctype).unwrap();
                assert_eq!(standing(def, choices(def).unwrap(), &back), Some(called), "{version} {doctype}");
            }
        }
    }

    #[test]
    fn an_order_is_called_by_its_goods_and_its_bills() {
        let def = erpnext_doctypes::get(Version::V16, "Sales Order").unwrap();
        for (delivered, billed, called) in
            [(50, 50, "To Deliver and Bill"), (100, 50, "To Bill"), (50, 100, "To Deliver"), (100, 100, "Completed")]
        {
            let order = json!({"per_delivered": delivered, "per_billed": billed}).as_object().unwrap().clone();
            assert_eq!(standing(def, choices(def).unwrap(), &order), Some(called));
        }
    }
}
