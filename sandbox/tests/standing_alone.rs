//! The sandbox stands on its own: whatever tables a site's `refresh` and `generate` leave, it compiles and runs.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

use erpnext_sandbox::query::List;
use erpnext_sandbox::{Options, Sandbox, Version};
use erpnext_schema::snapshot::DocType;

/// Structs and enums of generated code have the fields of the site that was read last: code that names one breaks with the
/// next site. The tables can be asked for anything.
#[test]
fn no_code_of_the_sandbox_names_a_generated_struct() {
    let mut named = Vec::new();
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            let imports = line.starts_with("use erpnext_doctypes");
            let struct_of = |rest: &str| {
                let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                name.chars().any(char::is_lowercase) && name.starts_with(char::is_uppercase)
            };
            if imports || line.split("erpnext_doctypes::").skip(1).any(struct_of) {
                named.push(format!("{}:{}: {line}", file.display(), at + 1));
            }
        }
    }
    assert!(named.is_empty(), "{named:#?}");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

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
