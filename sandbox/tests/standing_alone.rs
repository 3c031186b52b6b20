//! The sandbox stands on its own: whatever tables a site's `refresh` and `generate` leave, it runs.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use erpnext_sandbox::query::List;
use erpnext_sandbox::{Options, Sandbox, Version};
use erpnext_schema::snapshot::DocType;

/// The sample fits in where a site's tables lack fields, have others, or lack a DocType's every field but the name.
#[tokio::test]
async fn the_sample_fits_into_the_tables_of_a_customised_site() {
    for &version in Version::ALL {
        let sandbox = Sandbox::start(Options { version, ..Options::default() }).await.unwrap();
        let counted = sandbox.with(|site| {
            let form = |doctype: &str| site.meta.form(doctype).cloned().unwrap();
            let mut customer = form("Customer");
            customer.fields.retain(|field| field.fieldname != "tax_id");
            site.meta.set(customer);
            let extra = DocType::from_snapshot(
                r#"{"name":"Lead","fields":[{"fieldname":"custom_note","fieldtype":"Data","label":"Note"}]}"#,
            );
            site.meta.add_fields("Lead", "status", extra.unwrap().fields);
            site.meta.set(DocType { fields: Vec::new(), ..form("Brand") });
            for doctype in ["Customer", "Lead", "Brand"] {
                site.db.renew(site.doctype(doctype)?)?;
            }
            site.put_sample(1)?;
            ["Customer", "Lead", "Brand"].iter().map(|doctype| site.count(doctype, &List::default())).collect()
        });
        let counted: Vec<i64> = counted.unwrap();
        assert!(counted.iter().all(|count| *count > 0), "{version}: {counted:?}");
        let customer = sandbox.with(|site| site.load("Customer", "Umber Gallery")).unwrap();
        assert!(!customer.contains_key("tax_id") && customer.contains_key("customer_group"));
    }
}
