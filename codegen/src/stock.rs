//! `refresh --stock`: the metadata of a site without what was added on it, as every site of its version has it.

use std::collections::BTreeMap;

use erpnext_schema::snapshot::DocType;
use erpnext_schema::{doctype_flag, flag};

use crate::choices::Stock;

/// Takes out custom DocTypes, and custom fields but for those that the installation itself makes; shows again what the
/// set-up wizard hid. Other property setters cannot be told from the apps' own facts and stay: for a stock snapshot
/// take a site on which nobody has made any. The names of the DocTypes that are gone.
pub fn strip(doctypes: &mut BTreeMap<String, DocType>, stock: &Stock) -> Vec<String> {
    let made: Vec<String> =
        doctypes.values().filter(|doctype| doctype.flags & doctype_flag::CUSTOM != 0).map(|d| d.name.clone()).collect();
    doctypes.retain(|name, _| !made.contains(name));
    for doctype in doctypes.values_mut() {
        let name = &doctype.name;
        let named = |list: &[String], field: &str| list.iter().any(|entry| *entry == format!("{name}.{field}"));
        doctype.fields.retain(|field| field.flags & flag::CUSTOM == 0 || named(&stock.keep, &field.fieldname));
        for field in doctype.fields.iter_mut().filter(|field| named(&stock.shown, &field.fieldname)) {
            field.flags &= !flag::HIDDEN;
        }
    }
    made
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn doctype(text: &str) -> (String, DocType) {
        let doctype = DocType::from_snapshot(text).unwrap();
        (doctype.name.clone(), doctype)
    }

    #[test]
    fn what_people_made_goes_and_what_the_installation_made_stays() {
        let order = r#"{"name": "Order", "module": "Selling", "fields": [
            {"fieldname": "series", "fieldtype": "Data", "hidden": true},
            {"fieldname": "secret", "fieldtype": "Data", "hidden": true},
            {"fieldname": "ours", "fieldtype": "Data", "is_custom_field": true},
            {"fieldname": "theirs", "fieldtype": "Data", "is_custom_field": true}]}"#;
        let own = r#"{"name": "Own", "module": "Selling", "custom": true, "fields": []}"#;
        let mut doctypes = BTreeMap::from([doctype(order), doctype(own)]);
        let stock = Stock { keep: vec!["Order.ours".to_owned()], shown: vec!["Order.series".to_owned()] };
        assert_eq!(strip(&mut doctypes, &stock), ["Own"]);
        let fields: Vec<_> =
            doctypes["Order"].fields.iter().map(|field| (field.fieldname.as_str(), field.flags)).collect();
        assert_eq!(fields, [("series", 0), ("secret", flag::HIDDEN), ("ours", flag::CUSTOM)]);
        assert_eq!(doctypes.len(), 1);
    }
}
