//! What tests meet beside the stock: DocTypes and fields named like words of languages and of SQL, of every type, above the
//! users' level, masked. Made up for this; no real site has them.

use erpnext_schema::snapshot::DocType;

use crate::meta::Meta;
use crate::perms::roles;

/// DocTypes as the snapshot writes them, each with its permissions.
const DOCTYPES: &[(&str, &str)] = &[
    (include_str!("odd_thing.json"), "System Manager 0 rwcdSXApeRxh; Sales User 0 rwcdpeRxh"),
    (include_str!("odd_thing_row.json"), ""),
    (include_str!("odd_single.json"), "System Manager 0 rwcdpeh"),
];

/// Custom Fields: a DocType with nothing but them, and the field behind which they stand.
const FIELDS: &[(&str, &str)] = &[(include_str!("customer.json"), "customer_group")];

/// Fields that users without the right `mask` see hidden (H84); version 15 knows no masks.
const MASKED: &[(&str, &str)] = &[("Customer", "custom_iban")];

/// Adds them to a site's DocTypes.
pub fn lay(meta: &Meta) {
    for (text, permissions) in DOCTYPES {
        if let Ok(doctype) = DocType::from_snapshot(text) {
            meta.permit(&doctype.name, roles::parse(permissions));
            meta.set(doctype);
        }
    }
    for (text, behind) in FIELDS {
        if let Ok(DocType { name, fields, .. }) = DocType::from_snapshot(text) {
            meta.add_fields(&name, behind, fields);
        }
    }
    for (doctype, field) in MASKED {
        meta.mask(doctype, field);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use erpnext_schema::Version;

    use super::{DOCTYPES, DocType, FIELDS, MASKED, lay};
    use crate::meta::Meta;

    #[test]
    fn every_doctype_and_field_is_read_and_added() {
        let meta = Meta::new(Version::V15);
        lay(&meta);
        for (text, _) in DOCTYPES.iter().chain(FIELDS) {
            let wanted = DocType::from_snapshot(text).unwrap();
            let def = meta.get(&wanted.name).unwrap();
            for field in wanted.fields.iter().filter(|field| field.kind.holds_value()) {
                assert!(def.field(&field.fieldname).is_some(), "{}.{}", wanted.name, field.fieldname);
            }
        }
        assert!(MASKED.iter().all(|(doctype, field)| meta.get(doctype).unwrap().field(field).is_some()));
    }
}
