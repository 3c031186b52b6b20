//! What must hold for every DocType that was generated, in every version.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use erpnext_doctypes::{ALL, all, any, get, names};
use erpnext_schema::snapshot::DocType;
use erpnext_schema::{DocTypeDef, FieldDef, Options, Version, Versions, doctype_flag, flag};

/// Every table of every version, and those without one.
fn tables() -> impl Iterator<Item = &'static DocTypeDef> {
    let versions = Version::ALL.iter().flat_map(|version| all(*version));
    versions.chain(ALL.iter().map(|table| table.any()))
}

#[test]
fn doctypes_are_sorted_and_found() {
    assert!(ALL.windows(2).all(|pair| pair[0].name() < pair[1].name()));
    for version in Version::ALL {
        assert!(all(*version).count() > 700);
        assert!(all(*version).all(|def| get(*version, def.name).is_some_and(|found| std::ptr::eq(found, def))));
        assert!(get(*version, "No Such DocType").is_none() && get(*version, "customer").is_none());
    }
}

#[test]
fn fieldnames_are_unique_and_rows_bear_no_marks() {
    for def in tables() {
        let mut seen = HashSet::new();
        for field in def.all_fields() {
            assert!(seen.insert(field.fieldname), "{}.{}", def.name, field.fieldname);
            assert!(field.only == Versions::ALL && !field.is(flag::SUPERSEDED), "{}.{}", def.name, field.fieldname);
        }
    }
}

#[test]
fn tool_names_are_short_plain_and_unique() {
    let mut seen = HashSet::new();
    for tool in ALL.iter().flat_map(|table| table.any().tools) {
        let plain = tool.name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        assert!(tool.name.len() <= 50 && plain, "{}", tool.name);
        assert!(seen.insert(tool.name), "{}", tool.name);
    }
    let tools = |name: &str| any(name).unwrap().tools.iter().map(|tool| tool.name).collect::<Vec<_>>();
    assert_eq!(tools("Selling Settings"), ["get_selling_settings_document", "update_selling_settings_document"]);
    assert_eq!(tools("Sales Order Item"), Vec::<&str>::new());
    assert!(tools("Customer").contains(&"search_customer_documents"));
}

#[test]
fn what_is_told_of_a_doctype_without_its_table_is_what_the_table_says() {
    for table in ALL {
        let of = |version: &&Version| table.of(**version).is_some();
        assert!(Version::ALL.iter().filter(of).eq(Version::ALL.iter().filter(|version| table.is_in(**version))));
        assert_eq!(table.module(), table.any().module);
        assert!((0..u32::BITS).all(|bit| table.is(1 << bit) == table.any().is(1 << bit)));
        let versions = Version::ALL.iter().filter_map(|version| table.of(*version)).chain([table.any()]);
        let of_tables: HashSet<&str> = versions.flat_map(|def| def.tools).map(|tool| tool.name).collect();
        assert_eq!(table.tools().map(|tool| tool.name).collect::<HashSet<_>>(), of_tables, "{}", table.name());
    }
    for version in Version::ALL {
        assert!(names(*version).eq(all(*version).map(|def| def.name)));
    }
}

#[test]
fn every_table_field_has_its_child_doctype() {
    for version in Version::ALL {
        for (def, field) in all(*version).flat_map(|def| def.fields.iter().map(move |field| (def, field))) {
            if field.kind.is_table() {
                let child = field.target().and_then(|child| get(*version, child));
                assert!(child.is_some_and(|child| child.is(doctype_flag::CHILD)), "{}.{}", def.name, field.fieldname);
            }
        }
    }
}

/// The tables say what each version's snapshot says, in its order: nothing is lost on the way through the merge, the
/// generator, the compiler and the cut.
#[test]
fn tables_are_what_the_snapshot_gives() {
    for version in Version::ALL {
        let snapshot = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../schema/snapshot/{version}"));
        let mut found = 0;
        for module in fs::read_dir(snapshot).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
            for file in fs::read_dir(module.path()).unwrap() {
                let doctype = DocType::from_snapshot(&fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
                let (expected, table) = (doctype.to_def(), get(*version, &doctype.name).unwrap());
                // What the choices add.
                let plain = |field: &FieldDef| FieldDef { flags: field.flags & !flag::FILLED, ..*field };
                assert!(table.fields.iter().map(plain).eq(expected.fields.iter().map(plain)), "{}", doctype.name);
                assert_eq!(DocTypeDef { fields: &[], tools: &[], ..*table }, DocTypeDef { fields: &[], ..expected });
                found += 1;
            }
        }
        assert_eq!(found, all(*version).count());
    }
}

#[test]
fn what_versions_state_otherwise_is_cut_to_each() {
    let (old, new) = (Version::V15, Version::V16);
    let has = |version, doctype, field| get(version, doctype).unwrap().field(field).is_some();
    assert!(has(old, "Sales Order", "title") && !has(new, "Sales Order", "title"));
    assert!(has(new, "Lead", "utm_source") && !has(old, "Lead", "utm_source"));
    let kind = |version| get(version, "Task").unwrap().field("exp_start_date").unwrap().kind.as_str();
    assert_eq!((kind(old), kind(new)), ("Date", "Datetime"));
    let title = |version| get(version, "Quotation").unwrap().title_field;
    assert_eq!((title(old), title(new)), (Some("title"), Some("customer_name")));
    assert!(get(old, "Lead Source").is_some() && get(new, "Lead Source").is_none());
    assert!(get(old, "UTM Source").is_none() && get(new, "UTM Source").is_some());
    let both = any("Sales Order").unwrap();
    assert!(both.field("title").is_some() && both.field("utm_source").is_some());
}

/// What is shipped is plain: the DocTypes and fields of a test bench are not in it.
#[test]
fn the_tables_are_stock() {
    let custom = |def: &DocTypeDef| def.fields.iter().filter(|field| field.is(flag::CUSTOM)).count();
    assert!(tables().all(|def| !def.is(doctype_flag::CUSTOM)));
    for (doctype, made) in [("Customer", 0), ("Lead", 0), ("Sales Invoice", 0), ("Supplier", 0), ("Address", 2)] {
        assert_eq!(custom(any(doctype).unwrap()), made, "{doctype}");
    }
}

/// What a person must state is asked for, and what the site fills is not.
#[test]
fn what_must_be_sent_is_what_the_site_cannot_know() {
    for version in Version::ALL {
        let sent = |name: &str| -> Vec<&str> {
            let fields = get(*version, name).unwrap().fields.iter().filter(|field| field.must_be_sent());
            fields.map(|field| field.fieldname).collect()
        };
        assert_eq!(sent("Customer"), ["customer_name"]);
        assert_eq!(sent("Sales Order"), ["customer", "items"]);
        assert_eq!(sent("Sales Order Item"), ["item_code", "qty"]);
        assert_eq!(sent("Sales Invoice"), ["items"]);
        assert_eq!(sent("Purchase Invoice"), ["supplier", "items"]);
        // Of a Select the site takes the first choice.
        assert_eq!(sent("Payment Entry"), ["paid_amount"]);
        assert_eq!(sent("Journal Entry"), ["posting_date", "accounts"]);
        assert_eq!(sent("Stock Entry"), ["stock_entry_type", "items"]);
        assert_eq!(sent("Item"), ["item_code", "item_group"]);
        // Also the empty one, which then is missing.
        assert_eq!(sent("Stock Reconciliation").first(), Some(&"purpose"));
        assert!(sent("Sales Taxes and Charges").contains(&"charge_type"));
        // A document is named by the field, mandatory or not.
        let gender = get(*version, "Gender").unwrap();
        assert!(gender.fields.iter().any(|field| field.fieldname == "gender" && gender.asks_for(field)));
    }
}

#[test]
fn a_dynamic_link_names_the_field_that_names_its_doctype() {
    let field = any("Payment Entry").unwrap().field("party").unwrap();
    assert_eq!(field.options, Options::TargetField("party_type"));
}
