//! Corrections of the site's metadata. Each must still apply: one that matches nothing is an error.

use erpnext_schema::snapshot::DocType;
use erpnext_schema::{Version, flag};

use crate::choices::Filled;

/// Marks the mandatory fields that the site's own code fills, in every version, and says which names match nothing in
/// any. A field that a site has made optional is no fault: then there is nothing to mark.
pub fn apply(snapshots: &mut [(Version, Vec<DocType>)], filled: &[Filled], errors: &mut Vec<String>) {
    for entry in filled {
        let mut used = vec![false; entry.fields.len()];
        for name in &entry.doctypes {
            let (mut known, mut matched) = (false, false);
            let doctypes = snapshots.iter_mut().flat_map(|(_, doctypes)| doctypes);
            for doctype in doctypes.filter(|doctype| doctype.name == *name) {
                known = true;
                for field in &mut doctype.fields {
                    let Some(at) = entry.fields.iter().position(|name| *name == field.fieldname) else { continue };
                    (used[at], matched) = (true, true);
                    if field.flags & flag::REQD != 0 {
                        field.flags |= flag::FILLED;
                    }
                }
            }
            if !known {
                errors.push(format!("{name}: [[filled]] names a DocType that the snapshot does not have"));
            } else if !matched {
                errors.push(format!("{name}: [[filled]] names none of its fields"));
            }
        }
        for (field, _) in entry.fields.iter().zip(used).filter(|(_, used)| !used) {
            errors.push(format!("{field}: [[filled]] names it, but none of {} has it", entry.doctypes.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn snapshots() -> [(Version, Vec<DocType>); 1] {
        let text = r#"{"name": "Order", "module": "Selling", "fields": [
            {"fieldname": "customer", "fieldtype": "Link", "options": "Customer", "reqd": true},
            {"fieldname": "currency", "fieldtype": "Link", "options": "Currency", "reqd": true}]}"#;
        [(Version::V15, vec![DocType::from_snapshot(text).unwrap()])]
    }

    fn filled(doctypes: &[&str], fields: &[&str]) -> Filled {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Filled { doctypes: list(doctypes), fields: list(fields) }
    }

    #[test]
    fn a_filled_field_need_not_be_sent() {
        let (mut snapshots, mut errors) = (snapshots(), Vec::new());
        apply(&mut snapshots, &[filled(&["Order"], &["currency"])], &mut errors);
        let sent: Vec<bool> = snapshots[0].1[0].to_def().fields.iter().map(|field| field.must_be_sent()).collect();
        assert_eq!((sent, errors.len()), (vec![true, false], 0));
    }

    #[test]
    fn what_matches_nothing_is_an_error() {
        let (mut snapshots, mut errors) = (snapshots(), Vec::new());
        apply(&mut snapshots, &[filled(&["Order", "Odrer"], &["currency", "curency"])], &mut errors);
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors[0].starts_with("Odrer: ") && errors[1].starts_with("curency: "), "{errors:?}");
    }
}
