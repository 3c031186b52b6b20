//! What counts though it may not be meant, where nobody asked for a state: drafts, and what is cancelled.

use erpnext_schema::{DocTypeDef, doctype_flag};

/// The fields that say in which state a document is.
const STATES: [&str; 4] = ["docstatus", "status", "workflow_state", CANCELLED];
/// What the entries of a ledger have when the document that they are of is cancelled: they stay, and others against them.
const CANCELLED: &str = "is_cancelled";

/// The documents that count too, and the filter that leaves them out; nothing where one of the fields asked for says so.
pub fn also_count<'f>(
    def: &DocTypeDef,
    mut asked: impl Iterator<Item = &'f str>,
) -> Option<(&'static str, &'static str)> {
    let told = if def.is(doctype_flag::SUBMITTABLE) {
        ("drafts and cancelled documents", "docstatus 1")
    } else if def.field(CANCELLED).is_some() {
        ("entries of what was cancelled", "is_cancelled 0")
    } else {
        return None;
    };
    (!asked.any(|field| STATES.contains(&field))).then_some(told)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::Version;

    use super::also_count;

    #[test]
    fn what_is_cancelled_counts_in_documents_and_ledgers_until_a_state_is_asked_for() {
        for version in Version::ALL {
            for (doctype, filter) in [
                ("Sales Invoice", Some("docstatus 1")),
                ("GL Entry", Some("is_cancelled 0")),
                ("Stock Ledger Entry", Some("is_cancelled 0")),
                ("Customer", None),
            ] {
                let def = erpnext_doctypes::get(*version, doctype).unwrap();
                let told = also_count(def, ["company"].into_iter()).map(|(_, filter)| filter);
                assert_eq!(told, filter, "{doctype}");
                assert_eq!(also_count(def, ["docstatus"].into_iter()), None, "{doctype}");
            }
            let ledger = erpnext_doctypes::get(*version, "GL Entry").unwrap();
            assert_eq!(also_count(ledger, ["is_cancelled"].into_iter()), None);
        }
    }
}
