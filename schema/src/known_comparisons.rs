//! Numbers that ERPNext's code compares with a field of the document they are sent for, and refuses beyond it, as data: who
//! may try them finds that field.

use crate::known_copies::OPEN;

/// One entry: fields that are compared.
pub struct Compared {
    /// The DocType that holds them, of a document or of rows.
    pub on: &'static str,
    /// The link to the document.
    pub link: &'static str,
    /// The field that tells its DocType.
    pub by: &'static str,
    /// The fields that are compared.
    pub sent: &'static [&'static str],
    /// With what: a DocType and some of its fields.
    pub with: &'static [(&'static str, &'static [&'static str])],
}

/// All of them: what is open of an invoice or an order, for a payment or a request for one.
pub const COMPARED: &[Compared] = &[
    Compared {
        on: "Payment Entry Reference",
        link: "reference_name",
        by: "reference_doctype",
        sent: &["allocated_amount"],
        with: OPEN,
    },
    Compared {
        on: "Journal Entry Account",
        link: "reference_name",
        by: "reference_type",
        sent: &["debit_in_account_currency", "credit_in_account_currency", "debit", "credit"],
        with: OPEN,
    },
    Compared {
        on: "Payment Request",
        link: "reference_name",
        by: "reference_doctype",
        sent: &["grand_total"],
        with: REQUESTED,
    },
];

/// What a request for a payment may come to.
const REQUESTED: &[(&str, &[&str])] = &[
    ("Sales Invoice", &["outstanding_amount", "grand_total", "rounded_total"]),
    ("Purchase Invoice", &["outstanding_amount", "grand_total", "rounded_total"]),
    ("Sales Order", &["grand_total", "rounded_total", "advance_paid"]),
    ("Purchase Order", &["grand_total", "rounded_total", "advance_paid"]),
];
