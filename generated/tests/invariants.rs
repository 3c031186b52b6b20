//! What must hold for every DocType that was generated.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use erpnext_doctypes::{ALL, get};
use erpnext_schema::snapshot::DocType;
use erpnext_schema::{DocTypeDef, FieldDef, Options, doctype_flag, flag};

#[test]
fn doctypes_are_sorted_and_found() {
    assert!(ALL.len() > 700);
    assert!(ALL.windows(2).all(|pair| pair[0].name < pair[1].name));
    assert!(ALL.iter().all(|def| get(def.name).is_some_and(|found| std::ptr::eq(found, *def))));
    assert!(get("No Such DocType").is_none() && get("customer").is_none());
}

#[test]
fn fieldnames_are_unique() {
    for def in ALL {
        let mut seen = HashSet::new();
        for field in def.all_fields() {
            assert!(seen.insert(field.fieldname), "{}.{}", def.name, field.fieldname);
        }
    }
}

#[test]
fn tool_names_are_short_plain_and_unique() {
    let mut seen = HashSet::new();
    for tool in ALL.iter().flat_map(|def| def.tools) {
        let plain = tool.name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        assert!(tool.name.len() <= 50 && plain, "{}", tool.name);
        assert!(seen.insert(tool.name), "{}", tool.name);
    }
    let tools = |name: &str| get(name).unwrap().tools.iter().map(|tool| tool.name).collect::<Vec<_>>();
    assert_eq!(tools("Selling Settings"), ["get_selling_settings_document", "update_selling_settings_document"]);
    assert_eq!(tools("Sales Order Item"), Vec::<&str>::new());
    assert!(tools("Customer").contains(&"search_customer_documents"));
}

#[test]
fn every_table_field_has_its_child_doctype() {
    for (def, field) in ALL.iter().flat_map(|def| def.fields.iter().map(move |field| (def, field))) {
        if field.kind.is_table() {
            let child = field.target().and_then(get);
            assert!(child.is_some_and(|child| child.is(doctype_flag::CHILD)), "{}.{}", def.name, field.fieldname);
        }
    }
}

/// The tables say what the snapshot says: nothing is lost on the way through the generator and the compiler.
#[test]
fn tables_are_what_the_snapshot_gives() {
    let snapshot = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema/snapshot");
    let mut found = 0;
    for module in fs::read_dir(snapshot).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        for file in fs::read_dir(module.path()).unwrap() {
            let doctype = DocType::from_snapshot(&fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
            let (expected, table) = (doctype.to_def(), get(&doctype.name).unwrap());
            // What the choices add.
            let plain = |field: &FieldDef| FieldDef { flags: field.flags & !flag::FILLED, ..*field };
            assert!(table.fields.iter().map(plain).eq(expected.fields.iter().map(plain)), "{}", doctype.name);
            assert_eq!(DocTypeDef { fields: &[], tools: &[], ..*table }, DocTypeDef { fields: &[], ..expected });
            found += 1;
        }
    }
    assert_eq!(found, ALL.len());
}

/// What a person must state is asked for, and what the site fills is not.
#[test]
fn what_must_be_sent_is_what_the_site_cannot_know() {
    let sent = |name: &str| -> Vec<&str> {
        let fields = get(name).unwrap().fields.iter().filter(|field| field.must_be_sent());
        fields.map(|field| field.fieldname).collect()
    };
    assert_eq!(sent("Customer"), ["customer_name"]);
    assert_eq!(sent("Sales Order"), ["customer", "items"]);
    assert_eq!(sent("Sales Order Item"), ["item_code", "qty"]);
    assert_eq!(sent("Sales Invoice"), ["items"]);
    assert_eq!(sent("Purchase Invoice"), ["supplier", "items"]);
    assert_eq!(sent("Payment Entry"), ["payment_type", "paid_amount"]);
    assert_eq!(sent("Journal Entry"), ["posting_date", "accounts"]);
    assert_eq!(sent("Stock Entry"), ["stock_entry_type", "items"]);
    assert_eq!(sent("Item"), ["item_code"]);
}

#[test]
fn a_dynamic_link_names_the_field_that_names_its_doctype() {
    let field = get("Payment Entry").unwrap().field("party").unwrap();
    assert_eq!(field.options, Options::TargetField("party_type"));
}
