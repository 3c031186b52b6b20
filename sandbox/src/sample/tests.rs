#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, HashMap, HashSet};

use erpnext_schema::{Context, Purpose, check_document};
use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, doctype_flag, flag};
use serde_json::Value;

use super::*;
use crate::{Options, Sandbox, Version};

/// The documents that a site of this version takes, without the fields that it has not.
fn all(version: Version, scale: u32) -> Vec<(&'static DocTypeDef, Doc)> {
    let mut documents = Vec::new();
    let mut put = |doctype: &'static str, document: Doc| {
        if let Some(def) = erpnext_doctypes::get(version, doctype) {
            documents.push((def, known(version, def, document)));
        }
    };
    write(scale, &mut put);
    documents
}

fn known(version: Version, def: &'static DocTypeDef, document: Doc) -> Doc {
    let field = |key: &str| def.all_fields().find(|field| field.fieldname == key);
    let rows = |key: &str, value: Value| match (value, field(key).and_then(|field| field.target())) {
        (Value::Array(rows), Some(child)) => {
            let child = erpnext_doctypes::get(version, child).unwrap();
            let row = |row: Value| Value::Object(known(version, child, row.as_object().cloned().unwrap()));
            rows.into_iter().map(row).collect()
        }
        (value, _) => value,
    };
    // A day is a moment where the table asks for one.
    let rows = |key: &str, value: Value| match (field(key).map(|field| field.kind), value.as_str()) {
        (Some(FieldKind::Datetime), Some(day)) if day.len() == 10 => Value::from(format!("{day} 00:00:00")),
        _ => rows(key, value),
    };
    let document = document.into_iter().filter(|(key, _)| field(key).is_some());
    document.map(|(key, value)| (key.clone(), rows(&key, value))).collect()
}

fn text_of<'a>(document: &'a Doc, key: &str) -> &'a str {
    document.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What a site has before any sample data, that the sample links to.
const OF_THE_SITE: &[&str] = &["DocType", "Language", "Role", "User Type", "Workflow State"];

struct Tables(Version);

impl Context for Tables {
    fn child(&self, doctype: &str) -> Option<&'static DocTypeDef> {
        erpnext_doctypes::get(self.0, doctype)
    }

    fn may_write(&self, _: Option<&FieldDef>, _: &FieldDef) -> bool {
        true
    }
}

#[test]
fn every_run_gives_the_same_documents() {
    assert_eq!(format!("{:?}", all(Version::NEWEST, 2)), format!("{:?}", all(Version::NEWEST, 2)));
}

#[test]
fn some_hundreds_of_documents_and_scale_multiplies_the_papers() {
    let (once, thrice) = (all(Version::NEWEST, 1), all(Version::NEWEST, 3));
    assert!((600..1600).contains(&once.len()), "{}", once.len());
    let count = |documents: &[(&DocTypeDef, Doc)], doctype: &str| {
        documents.iter().filter(|(def, _)| def.name == doctype).count()
    };
    assert_eq!(count(&once, "Sales Order") * 3, count(&thrice, "Sales Order"));
    assert_eq!(count(&once, "Customer"), count(&thrice, "Customer"));
}

#[test]
fn no_two_documents_of_a_doctype_share_a_name_or_a_unique_value() {
    for &version in Version::ALL {
        let mut seen = HashSet::new();
        for (def, document) in all(version, 3) {
            let unique = def.fields.iter().filter(|field| field.is(flag::UNIQUE)).map(|field| field.fieldname);
            for key in std::iter::once("name").chain(unique) {
                let value = text_of(&document, key).to_lowercase();
                assert!(value.is_empty() || seen.insert((def.name, key, value.clone())), "{} {key} {value}", def.name);
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_submitted_can_be_saved_again_as_it_is() {
    for &version in Version::ALL {
        let sandbox = Sandbox::sample(version).await;
        let mut wrong = Vec::new();
        for (def, document) in all(version, 1) {
            let open = document.get("docstatus").and_then(Value::as_i64).unwrap_or_default() == 0;
            // The root of a tree lacks the parent that all others must have; nobody can save it, on the site neither.
            let root = def.is(doctype_flag::TREE) && !document.keys().any(|key| key.starts_with("parent_"));
            if open && !root && !def.is(doctype_flag::SINGLE) {
                let name = text_of(&document, "name");
                let saved = sandbox.with(|site| site.update(def.name, name, &Doc::new()));
                wrong.extend(saved.err().map(|error| format!("{} {name}: {}", def.name, error.text)));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn every_document_is_one_that_the_site_would_take() {
    for &version in Version::ALL {
        let mut wrong = Vec::new();
        for (def, mut document) in all(version, 1) {
            let name = text_of(&document, "name").to_owned();
            if !def.is_named_by_creator() {
                document.remove("name");
            }
            for key in ["owner", "creation", "modified", "modified_by", "docstatus", "workflow_state"] {
                document.remove(key);
            }
            let violations =
                check_document(def, Purpose::Create, &document, &Tables(version)).err().unwrap_or_default();
            let real = violations.iter().map(ToString::to_string).filter(|violation| !is_fine(violation));
            wrong.extend(real.map(|violation| format!("{} {name}: {violation}", def.name)));
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

/// What the site itself fills in and lets nobody write, and the parent that the root of a tree does not have.
fn is_fine(violation: &str) -> bool {
    violation.contains("read-only") || violation.starts_with("parent_")
}

#[test]
fn every_link_leads_somewhere() {
    for &version in Version::ALL {
        let documents = all(version, 1);
        let names: HashSet<(&str, String)> =
            documents.iter().map(|(def, document)| (def.name, text_of(document, "name").to_owned())).collect();
        for (def, document) in &documents {
            links(version, def, document, &mut |target, name| {
                let known = OF_THE_SITE.contains(&target)
                    || names.contains(&(target, name.to_owned()))
                    || (target, name) == ("User", "Administrator");
                assert!(known, "{} {} links to {target} {name}", def.name, text_of(document, "name"));
            });
        }
    }
}

fn links(version: Version, def: &DocTypeDef, document: &Doc, check: &mut impl FnMut(&str, &str)) {
    for field in def.all_fields() {
        let value = text_of(document, field.fieldname);
        match (field.kind, field.options) {
            (FieldKind::Link, erpnext_schema::Options::Target(target)) if !value.is_empty() => check(target, value),
            (FieldKind::DynamicLink, erpnext_schema::Options::TargetField(of)) if !value.is_empty() => {
                check(text_of(document, of), value);
            }
            (kind, erpnext_schema::Options::Target(target)) if kind.is_table() => {
                let child = erpnext_doctypes::get(version, target).unwrap();
                for row in document.get(field.fieldname).and_then(Value::as_array).into_iter().flatten() {
                    links(version, child, row.as_object().unwrap(), check);
                }
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_new_paper_is_of_the_company_unless_it_says_otherwise() {
    for &version in Version::ALL {
        let sandbox = Sandbox::sample(version).await;
        let doc = |value: Value| value.as_object().cloned().unwrap();
        let issue = doc(serde_json::json!({"doctype": "Issue", "subject": "A drawer sticks"}));
        assert_eq!(sandbox.with(|site| site.insert(issue)).unwrap()["company"], COMPANY);
        let customer =
            sandbox.with(|site| site.load("Sales Invoice", "ACC-SINV-2026-00001")).unwrap()["customer"].clone();
        let row = serde_json::json!({"item_code": "LIT-DESK", "qty": 1, "rate": 59});
        let offer = serde_json::json!({"doctype": "Quotation", "quotation_to": "Customer", "party_name": customer, "items": [row]});
        let offer = sandbox.with(|site| site.insert(doc(offer))).unwrap();
        assert_eq!((&offer["company"], &offer["currency"]), (&Value::from(COMPANY), &Value::from("EUR")));
    }
}

#[test]
fn what_new_papers_choose_from_is_there() {
    for &version in Version::ALL {
        let documents = all(version, 1);
        for doctype in ["Stock Entry Type", "Activity Type", "Payment Terms Template"] {
            let found = documents.iter().filter(|(def, _)| def.name == doctype).count();
            assert!(found >= 2, "{version} {doctype}: {found}");
        }
    }
}

#[test]
fn every_voucher_balances() {
    let mut sums: BTreeMap<String, f64> = BTreeMap::new();
    for (def, entry) in all(Version::NEWEST, 1) {
        if def.name == "GL Entry" {
            let amount = |key: &str| entry[key].as_f64().unwrap();
            *sums.entry(text_of(&entry, "voucher_no").to_owned()).or_default() += amount("debit") - amount("credit");
        }
    }
    assert!(sums.len() > 50);
    assert!(sums.values().all(|sum| sum.abs() < 0.005), "{sums:?}");
}

#[test]
fn papers_come_in_every_status() {
    let mut statuses: HashMap<&str, HashSet<String>> = HashMap::new();
    for (def, document) in all(Version::NEWEST, 1) {
        statuses.entry(def.name).or_default().insert(text_of(&document, "status").to_owned());
    }
    for (doctype, wanted) in [
        (
            "Quotation",
            &["Draft", "Open", "Replied", "Partially Ordered", "Ordered", "Lost", "Cancelled", "Expired"][..],
        ),
        (
            "Sales Order",
            &["Draft", "On Hold", "To Deliver and Bill", "To Bill", "To Deliver", "Completed", "Cancelled", "Closed"],
        ),
        (
            "Sales Invoice",
            &["Draft", "Return", "Credit Note Issued", "Paid", "Partly Paid", "Unpaid", "Overdue", "Cancelled"],
        ),
        ("Task", &["Open", "Working", "Pending Review", "Overdue", "Completed", "Cancelled"]),
        ("Issue", &["Open", "Replied", "On Hold", "Resolved", "Closed"]),
    ] {
        let has = &statuses[doctype];
        let missing: Vec<_> = wanted.iter().filter(|status| !has.contains(**status)).collect();
        assert!(missing.is_empty(), "{doctype} lacks {missing:?}");
    }
}

#[test]
fn the_status_of_a_bill_says_how_much_of_it_is_open() {
    let mut bills = 0;
    for (def, bill) in all(Version::NEWEST, 1) {
        let number = |key: &str| bill.get(key).and_then(Value::as_f64).unwrap_or_default();
        let (open, total) = (number("outstanding_amount"), number("grand_total"));
        if !matches!(def.name, "Sales Invoice" | "Purchase Invoice") || bill.get("docstatus") != Some(&Value::from(1)) {
            continue;
        }
        let same = |one: f64, other: f64| (one - other).abs() < 0.005;
        let fits = match text_of(&bill, "status") {
            "Paid" | "Credit Note Issued" | "Debit Note Issued" | "Return" => same(open, 0.0),
            "Partly Paid" => 0.0 < open && open < total,
            "Unpaid" | "Overdue" => same(open, total),
            _ => false,
        };
        assert!(fits, "{bill:?}");
        bills += 1;
    }
    assert!(bills > 30, "{bills}");
}

#[test]
fn what_a_paper_says_of_its_amounts_agrees() {
    let mut papers = 0;
    for (def, document) in all(Version::NEWEST, 1)
        .iter()
        .filter(|(def, _)| def.field("items").is_some() && def.field("net_total").is_some())
    {
        let name = text_of(document, "name");
        let number = |document: &Doc, key: &str| document.get(key).and_then(Value::as_f64).unwrap_or_default();
        let of = |key: &str| number(document, key);
        let rows = |table: &str| document.get(table).and_then(Value::as_array).cloned().unwrap_or_default();
        let sum = |table: &str, key: &str| -> f64 {
            rows(table).iter().map(|row| number(row.as_object().unwrap(), key)).sum()
        };
        let same = |one: f64, other: f64| assert!((one - other).abs() < 0.005, "{name}: {one}, {other}");
        same(of("net_total"), sum("items", "amount"));
        same(of("grand_total"), of("net_total") + of("total_taxes_and_charges"));
        same(of("total_taxes_and_charges"), sum("taxes", "tax_amount"));
        for own in ["total", "net_total", "grand_total", "total_taxes_and_charges"] {
            same(of(own), of(&format!("base_{own}")));
        }
        let words = crate::documents::words::money("EUR", of("grand_total"));
        assert_eq!((text_of(document, "in_words"), text_of(document, "base_in_words")), (&*words, &*words), "{name}");
        // A return is not paid in parts.
        if def.field("payment_schedule").is_some() && text_of(document, "return_against").is_empty() {
            same(of("grand_total"), sum("payment_schedule", "payment_amount"));
            if def.field("outstanding_amount").is_some() {
                same(of("outstanding_amount"), sum("payment_schedule", "outstanding"));
            }
        }
        papers += 1;
    }
    assert!(papers > 100, "{papers}");
}

#[tokio::test]
async fn rows_of_deliveries_and_bills_name_the_rows_of_their_orders() {
    let (version, sample) = (Version::NEWEST, Some(1));
    let sandbox = Sandbox::start(Options { version, sample, ..Options::default() }).await.unwrap();
    let mut named = 0;
    for (def, document) in all(Version::NEWEST, 1) {
        for row in document.get("items").and_then(Value::as_array).into_iter().flatten() {
            for (of, by, order) in [
                ("Delivery Note", "so_detail", "Sales Order Item"),
                ("Sales Invoice", "so_detail", "Sales Order Item"),
                ("Sales Invoice", "dn_detail", "Delivery Note Item"),
                ("Purchase Receipt", "purchase_order_item", "Purchase Order Item"),
                ("Purchase Invoice", "po_detail", "Purchase Order Item"),
            ] {
                if let Some(name) = row[by].as_str().filter(|_| of == def.name) {
                    let there = sandbox.with(|site| site.load(order, name)).unwrap();
                    assert_eq!(there["item_code"], row["item_code"], "{of}");
                    named += 1;
                }
            }
        }
    }
    assert!(named > 100, "{named}");
}

#[test]
fn what_the_bins_hold_is_what_the_stock_ledger_says() {
    let (mut held, mut booked) = (BTreeMap::new(), BTreeMap::new());
    for (def, document) in all(Version::NEWEST, 1) {
        let sums = match def.name {
            "Bin" => &mut held,
            "Stock Ledger Entry" => &mut booked,
            _ => continue,
        };
        let key = ["item_code", "warehouse"].map(|key| text_of(&document, key).to_owned());
        let qty = document.get("actual_qty").and_then(Value::as_f64).unwrap_or_default();
        *sums.entry(key).or_insert(0.0) += qty;
    }
    held.retain(|_, qty| *qty != 0.0);
    assert!(held.len() > 10);
    assert_eq!(held, booked);
}

#[test]
fn what_is_asked_for_says_how_much_of_it_is_ordered_and_received() {
    for (_, request) in all(Version::NEWEST, 1).iter().filter(|(def, _)| def.name == "Material Request") {
        let share = |key: &str| request.get(key).and_then(Value::as_f64).unwrap_or_default();
        let (ordered, received) = match text_of(request, "status") {
            "Ordered" => (100.0, 0.0),
            "Received" => (100.0, 100.0),
            _ => (0.0, 0.0),
        };
        assert_eq!((share("per_ordered"), share("per_received")), (ordered, received), "{request:?}");
    }
}
