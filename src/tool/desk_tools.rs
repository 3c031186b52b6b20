//! DocTypes whose write looks like an act and is none: Singles that are tools of the desk, where the buttons act and the
//! stored values do nothing, and records of what something else sends.

/// The DocType, and what does what a write to it seems to do.
const INSTEAD: &[(&str, &str)] = &[
    ("Audit Trail", "get_document_history compares the versions of a document"),
    ("Authorization Control", "an Authorization Rule is the record that counts"),
    ("BOM Update Tool", "a BOM Update Log that is submitted replaces a BOM"),
    ("Bank Clearance", "set_clearance_dates clears Payment Entries and Journal Entries"),
    (
        "Bank Reconciliation Tool",
        "payment_entries of the Bank Transaction match it with vouchers; set_clearance_dates clears a Payment Entry",
    ),
    ("Bisect Accounting Statements", "run_report shows the statements"),
    ("Bulk Update", "update_bulk_documents changes many documents"),
    ("Chart of Accounts Importer", "create the Accounts themselves"),
    ("Customize Form", "a Custom Field or a Property Setter is the record that counts"),
    ("Data Export", "list the documents, or run a report"),
    (
        "Document Naming Settings",
        "a Document Naming Rule is the record that counts; series themselves are set in the desk",
    ),
    ("Employee Attendance Tool", "create the Attendance itself, and submit it"),
    ("Leave Control Panel", "create the Leave Allocation itself, and submit it"),
    ("Opening Invoice Creation Tool", "create the Sales or Purchase Invoice itself, with is_opening \"Yes\""),
    (
        "Payment Reconciliation",
        "references of a draft Payment Entry allocate it to invoices; reconcile_payments matches what is submitted",
    ),
    ("Permission Inspector", "get_doctype_permissions tells what is permitted"),
    ("Quick Stock Balance", "get_stock_balance tells it"),
    ("Rename Tool", "rename_document renames one"),
    ("Role Permission for Page and Report", "a Custom Role is the record that counts"),
    ("Role Replication", "a Role is given in roles of the User"),
    ("SMS Center", "no tool here sends SMS; somebody has to in the desk"),
    ("Upload Attendance", "create the Attendance itself, and submit it"),
];

/// What to do in the place of a write to the DocType, where the write does nothing.
pub fn instead(doctype: &str) -> Option<&'static str> {
    INSTEAD.iter().find(|(name, _)| *name == doctype).map(|(_, instead)| *instead)
}

/// The one of these DocTypes that the words name, alone or with a verb, and what does what a write to it seems to do.
pub fn asked_for(words: &str) -> Option<(&'static str, &'static str)> {
    const VERBS: [&str; 7] = ["change", "get", "open", "read", "run", "update", "use"];
    let words = words.trim();
    let verb = words.split_once(' ').filter(|(verb, _)| VERBS.iter().any(|known| known.eq_ignore_ascii_case(verb)));
    let named = verb.map_or(words, |(_, named)| named.trim());
    INSTEAD.iter().find(|(name, _)| name.eq_ignore_ascii_case(named)).copied()
}

#[cfg(test)]
mod tests {
    use erpnext_schema::doctype_flag::SINGLE;

    use super::{INSTEAD, asked_for};

    #[test]
    fn one_is_asked_for_by_its_whole_name() {
        for words in ["Payment Reconciliation", " payment reconciliation", "Update payment Reconciliation"] {
            assert_eq!(asked_for(words).map(|(name, _)| name), Some("Payment Reconciliation"), "{words}");
        }
        assert_eq!((asked_for("Process Payment Reconciliation"), asked_for("")), (None, None));
    }

    #[test]
    fn every_tool_of_the_desk_is_a_single_and_named_once() {
        for (at, (doctype, instead)) in INSTEAD.iter().enumerate() {
            assert!(INSTEAD[..at].iter().all(|(known, _)| known < doctype), "{doctype}");
            assert!(!instead.is_empty());
            // Those of HRMS are in no table.
            if let Some(def) = erpnext_doctypes::any(doctype) {
                assert!(def.is(SINGLE), "{doctype}");
            }
        }
    }
}
