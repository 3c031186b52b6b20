//! The facts of what a form decides of a field by others, against the tables and against the metadata of recorded sites.

use std::collections::BTreeMap;
use std::fs;

use erpnext_schema::form_rules::sections::{self, SectionFact};
use erpnext_schema::form_rules::{Condition, FormFact, FormRule};
use erpnext_schema::{FieldDef, Version, flag};
use serde_json::{Value, json};

use crate::recorded_site::metadata;
use crate::sandbox::{COMPANY, SampleSite, first};
use crate::support::{all, app_of, call};
use crate::tidy::root;

/// `FORM_RULES_UPDATE=1` beside `.ci/recordings` writes its files anew.
const FOLDER: &str = "schema/src/form_rules";

#[on_every_version]
async fn a_dry_run_tells_what_is_needed_and_names_what_it_does_not_know() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Task": all(), "Project": all(), "Item": all(), "Item Group": all(), "UOM": all()}));
    let next = async |tool: &str, data: Value| {
        let answer = call(&app, tool, json!({"data": data, "dry_run": true})).await;
        answer.unwrap_or_else(|error| panic!("{}", error.for_model()))["next"].as_str().unwrap().to_owned()
    };
    let said = next("create_task_document", json!({"subject": "x", "status": "Completed"})).await;
    assert!(said.ends_with(" completed_on is needed when status is Completed, and is empty."), "{said}");
    let said = next("create_task_document", json!({"subject": "x", "status": "Open"})).await;
    assert!(!said.contains("completed_on"), "{said}");
    let given = json!({"subject": "x", "status": "Completed", "completed_on": "2026-01-05"});
    let said = next("create_task_document", given).await;
    assert!(!said.contains("completed_on"), "{said}");
    // The site puts the first choice where none is sent.
    let said = next("create_task_document", json!({"subject": "x"})).await;
    assert!(said.contains("Not checked: whether completed_on must be given"), "{said}");
    // A tick that is not sent stays off: what it would make needed is not spoken of.
    let said = next("create_project_document", json!({"project_name": "x", "company": COMPANY})).await;
    assert!(!said.contains("message") && !said.contains("subject"), "{said}");
    let said =
        next("create_project_document", json!({"project_name": "x", "company": COMPANY, "collect_progress": true}))
            .await;
    assert!(said.contains("message is needed when collect_progress is set"), "{said}");
    // What is known decides of some conditions; of the others it is said which fields they are about.
    let group = first(&app, "Item Group", json!({"is_group": 0})).await;
    let mut item = json!({"item_code": "X-1", "item_name": "X", "item_group": group, "stock_uom": "Nos"});
    let said = next("create_item_document", item.clone()).await;
    assert!(!said.contains("has_variants"), "{said}");
    item["has_variants"] = json!(true);
    let said = next("create_item_document", item).await;
    assert!(said.contains("Not checked: whether the form shows or locks has_variants"), "{said}");
    assert!(site.writes().is_empty(), "{:?}", site.writes());
}

#[on_every_version]
async fn what_a_site_customised_is_not_judged_by_what_is_known_of_others() {
    let site = SampleSite::start().await;
    let said = async || {
        let folder = tempfile::tempdir().unwrap();
        let mut config = site.config(json!({"doctypes": {"Task": all()}}));
        config["schema"] = json!({"overlay": "live", "cache_folder": folder.path()});
        let task = json!({"data": {"subject": "x", "status": "Completed"}, "dry_run": true});
        call(&app_of(&config), "create_task_document", task).await.unwrap()["next"].as_str().unwrap().to_owned()
    };
    let plain = said().await;
    assert!(plain.contains("completed_on is needed when status is Completed"), "{plain}");
    let customised = site.sandbox.with(|site| {
        let mut form = site.meta.form("Task").unwrap().clone();
        let completed = form.fields.iter_mut().find(|field| field.fieldname == "completed_on").unwrap();
        completed.flags |= flag::NEEDED_OTHERWISE;
        site.meta.set(form);
        Ok(())
    });
    customised.unwrap();
    let customised = said().await;
    assert!(customised.contains("Not checked: whether completed_on must be given"), "{customised}");
}

#[on_every_version]
async fn what_is_withheld_is_not_told_by_what_it_makes_needed() {
    let site = SampleSite::start().await;
    let mut rule = all();
    let task = first(&site.app(json!({"Task": all()})), "Task", json!({})).await;
    let columns = json!({"status": "Completed", "completed_on": null});
    site.sandbox.with(|site| site.set("Task", &task, columns.as_object().unwrap())).unwrap();
    rule["restricted_fields"] = json!(["status"]);
    let app = site.app(json!({"Task": rule}));
    let update = json!({"name": task, "data": {"subject": "y"}, "dry_run": true});
    let answer = call(&app, "update_task_document", update).await.unwrap();
    let said = answer["next"].as_str().unwrap();
    assert!(said.contains("Not checked: whether completed_on must be given"), "{said}");
    assert!(!said.contains("Completed"), "{said}");
}

#[on_every_version]
async fn what_the_form_hides_or_locks_is_told_and_stored_as_sent() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Task": all(), "Warehouse": all()}));
    let hidden = "completed_on: the form shows it only when status is Completed";
    let mut task = json!({"data": {"subject": "x", "status": "Open", "completed_on": "2025-01-05"}, "dry_run": true});
    let shown = call(&app, "create_task_document", task.clone()).await.unwrap();
    assert_eq!(shown["warnings"], json!([hidden]), "{shown}");
    assert!(!shown["next"].as_str().unwrap().contains("shows or locks"), "{shown}");
    assert!(site.writes().is_empty(), "{:?}", site.writes());
    task["dry_run"] = json!(false);
    let made = call(&app, "create_task_document", task).await.unwrap();
    assert!(made["messages"].to_string().contains(hidden), "{made}");
    let name = made["created"].as_str().unwrap();
    assert_eq!(site.stored("Task", name).unwrap()["completed_on"], "2025-01-05", "{made}");
    // What is stored already is not spoken of, nor what is taken out.
    for data in [
        json!({"subject": "y"}),
        json!({"completed_on": null}),
        json!({"status": "Completed", "completed_on": "2025-01-06"}),
    ] {
        let changed = call(&app, "update_task_document", json!({"name": name, "data": data})).await.unwrap();
        assert!(!changed.to_string().contains("the form"), "{changed}");
    }
    // Locked once it is stored.
    let warehouse = first(&app, "Warehouse", json!({})).await;
    let stored = site.stored("Warehouse", &warehouse).unwrap()["company"].clone();
    let columns = json!({"company": null});
    site.sandbox.with(|site| site.set("Warehouse", &warehouse, columns.as_object().unwrap())).unwrap();
    let change = json!({"doctype": "Warehouse", "name": warehouse, "data": {"company": stored}, "dry_run": true});
    let shown = call(&app, "update_generic_document", change).await.unwrap();
    assert_eq!(shown["warnings"], json!(["company: the form locks it when the document is stored"]), "{shown}");
}

#[on_every_version]
async fn what_rows_leave_empty_is_told_by_the_row_and_by_the_document_that_it_stands_in() {
    let site = SampleSite::start().await;
    let app = site.app(json!({
        "Payment Terms Template": all(), "Purchase Order": all(), "Supplier": all(), "Item": all(), "Warehouse": all(),
    }));
    let based_on = "Day(s) after invoice date";
    let term = |discount: u8| json!({"invoice_portion": 50, "due_date_based_on": based_on, "discount": discount});
    let template = |rows: Value| json!({"template_name": "In two parts", "terms": rows});
    let mut asked = json!({"doctype": "Payment Terms Template", "dry_run": true,
        "data": template(json!([term(0), term(2)]))});
    let needed = "terms row 2: discount_validity is needed when discount is set, and is empty";
    let shown = call(&app, "create_generic_document", asked.clone()).await.unwrap();
    let said = shown["next"].as_str().unwrap();
    assert!(said.contains(needed) && !said.contains("row 1"), "{said}");
    // It is stored all the same, and told.
    asked["dry_run"] = json!(false);
    let made = call(&app, "create_generic_document", asked).await.unwrap();
    assert!(made["messages"].to_string().contains(needed), "{made}");
    let supplier = first(&app, "Supplier", json!({})).await;
    let item = first(&app, "Item", json!({"is_purchase_item": 1, "has_variants": 0, "is_stock_item": 1})).await;
    let warehouse = first(&app, "Warehouse", json!({"is_group": 0})).await;
    let order = |is_subcontracted: u8, dry_run: bool| {
        let row =
            json!({"item_code": item, "qty": 1, "rate": 7, "schedule_date": "2026-12-10", "warehouse": warehouse});
        json!({"dry_run": dry_run, "data": {"supplier": supplier, "company": COMPANY, "transaction_date": "2026-11-24",
            "schedule_date": "2026-12-10", "is_subcontracted": is_subcontracted, "items": [row]}})
    };
    let said = async |is_subcontracted: u8, dry_run: bool| {
        let answer = call(&app, "create_purchase_order_document", order(is_subcontracted, dry_run)).await;
        answer.unwrap_or_else(|error| panic!("{}", error.for_model()))
    };
    let plain = said(0, true).await;
    assert!(!plain["next"].to_string().contains("fg_item"), "{plain}");
    // The other half of the condition is a tick that the site sets.
    let subcontracted = said(1, true).await;
    let next = subcontracted["next"].as_str().unwrap();
    assert!(next.contains("Not checked: whether ") && next.contains("items.fg_item must be given"), "{next}");
    let made = said(1, false).await;
    let needed = "items row 1: fg_item is needed when is_subcontracted of the document is set and \
                  is_old_subcontracting_flow of the document is not set, and is empty";
    assert!(made["messages"].to_string().contains(needed), "{made}");
}

#[on_every_version]
async fn what_stands_in_a_section_that_the_form_hides_is_told() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Event": all(), "Sales Invoice": all(), "Item": all(), "Customer": all()}));
    let event = |repeats: u8| {
        json!({"doctype": "Event", "dry_run": true, "data": {"subject": "x", "event_type": "Private",
            "starts_on": "2026-01-05 10:00:00", "repeat_this_event": repeats, "repeat_till": "2026-03-01"}})
    };
    let shown = call(&app, "create_generic_document", event(0)).await.unwrap();
    let hidden = "repeat_till: the form shows its section only when repeat_this_event is set";
    assert!(shown["warnings"].to_string().contains(hidden), "{shown}");
    let shown = call(&app, "create_generic_document", event(1)).await.unwrap();
    assert!(!shown.to_string().contains("its section"), "{shown}");
    // A row in a document that says otherwise.
    let item = first(&app, "Item", json!({"has_variants": 0, "is_stock_item": 1})).await;
    let customer = first(&app, "Customer", json!({})).await;
    let row = json!({"item_code": item, "qty": 1, "rate": 7, "use_serial_batch_fields": 1, "serial_no": "X-1"});
    let invoice = |updates: u8| {
        json!({"dry_run": true, "data":
            {"company": COMPANY, "customer": customer, "update_stock": updates, "items": [row]}})
    };
    let shown = call(&app, "create_sales_invoice_document", invoice(0)).await.unwrap();
    let of_the_row = "items.serial_no: the form shows its section only when use_serial_batch_fields is 1 and \
                      update_stock of the document is 1";
    assert!(shown["warnings"].to_string().contains(of_the_row), "{shown}");
    let shown = call(&app, "create_sales_invoice_document", invoice(1)).await.unwrap();
    assert!(!shown.to_string().contains("its section"), "{shown}");
}

#[on_every_version]
async fn a_section_that_a_site_shows_otherwise_is_not_judged() {
    let site = SampleSite::start().await;
    site.sandbox
        .with(|site| {
            let mut form = site.meta.form("Event").unwrap().clone();
            let section = form.fields.iter_mut().find(|field| field.fieldname == "section_break_13").unwrap();
            section.flags |= flag::SHOWN_OTHERWISE;
            site.meta.set(form);
            Ok(())
        })
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = site.config(json!({"doctypes": {"Event": all()}}));
    config["schema"] = json!({"overlay": "live", "cache_folder": folder.path()});
    let event = json!({"doctype": "Event", "dry_run": true, "data": {"subject": "x", "event_type": "Private",
        "starts_on": "2026-01-05 10:00:00", "repeat_till": "2026-03-01"}});
    let shown = call(&app_of(&config), "create_generic_document", event).await.unwrap();
    assert!(!shown.to_string().contains("its section"), "{shown}");
    let unchecked = shown["next"].as_str().unwrap();
    assert!(unchecked.contains("Not checked: whether the form shows or locks") && unchecked.contains("repeat_till"));
}

#[on_every_version]
async fn what_is_not_known_of_a_form_is_said_not_to_be_checked() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Task": all()}));
    // The site puts the first choice of status.
    let task = json!({"data": {"subject": "x", "completed_on": "2025-01-05"}, "dry_run": true});
    let shown = call(&app, "create_task_document", task).await.unwrap();
    let unchecked = "Not checked: whether the form shows or locks completed_on, which other fields decide.";
    assert!(shown["next"].as_str().unwrap().contains(unchecked) && shown.get("warnings").is_none(), "{shown}");
    // What is withheld is not told by what it hides.
    let mut rule = all();
    rule["restricted_fields"] = json!(["status"]);
    let task = first(&app, "Task", json!({})).await;
    let columns = json!({"status": "Open", "completed_on": null});
    site.sandbox.with(|site| site.set("Task", &task, columns.as_object().unwrap())).unwrap();
    let change = json!({"name": task, "data": {"completed_on": "2025-01-05"}, "dry_run": true});
    let shown = call(&site.app(json!({"Task": rule})), "update_task_document", change).await.unwrap();
    assert!(shown["next"].as_str().unwrap().contains(unchecked) && shown.get("warnings").is_none(), "{shown}");
}

/// Whether facts are kept of the field.
fn is_kept(rule: FormRule, field: &FieldDef) -> bool {
    match rule {
        FormRule::Shown => field.flags & (flag::READ_ONLY | flag::HIDDEN) == 0 && field.is(flag::CONDITIONAL),
        FormRule::Needed => field.is(flag::CONDITIONALLY_REQD),
        FormRule::Locked => true,
    }
}

#[test]
fn every_fact_is_of_a_field_that_the_tables_have_and_mark() {
    for rule in FormRule::ALL {
        for line in rule.facts().lines() {
            let fact: FormFact = serde_json::from_str(line).unwrap();
            let versions = Version::ALL.iter().filter(|version| fact.only.is_none_or(|only| only == version.major()));
            for version in versions {
                let def = erpnext_doctypes::get(*version, &fact.doctype).unwrap_or_else(|| panic!("{version}: {line}"));
                let field = def.field(&fact.field).unwrap_or_else(|| panic!("{version}: {line}"));
                assert!(is_kept(rule, field), "{version}: {line}");
            }
        }
    }
}

#[test]
fn every_section_holds_fields_that_the_tables_have_and_people_can_fill() {
    for line in sections::FACTS.lines() {
        let fact: SectionFact = serde_json::from_str(line).unwrap();
        for version in Version::ALL.iter().filter(|version| fact.only.is_none_or(|only| only == version.major())) {
            let def = erpnext_doctypes::get(*version, &fact.doctype).unwrap_or_else(|| panic!("{version}: {line}"));
            for held in &fact.holds {
                let field = def.field(held).unwrap_or_else(|| panic!("{version}: {held} of {line}"));
                assert!(is_open(field), "{version}: {held} of {line}");
            }
        }
    }
}

const fn is_open(field: &FieldDef) -> bool {
    field.flags & (flag::READ_ONLY | flag::HIDDEN | flag::STANDARD) == 0
}

/// By DocType and field.
type Said = BTreeMap<(String, String), Option<Condition>>;

/// What the site of a version says of the fields of its tables under a rule.
fn said(rule: FormRule, version: Version, file: &str) -> Said {
    let mut said = BTreeMap::new();
    for meta in metadata(file) {
        let name = meta["name"].as_str().unwrap();
        let Some(def) = erpnext_doctypes::get(version, name) else { continue };
        for field in meta["fields"].as_array().unwrap() {
            let text = |key: &str| field[key].as_str().unwrap_or_default().trim().to_owned();
            let expression = text(rule.key());
            if expression.is_empty() || !def.field(&text("fieldname")).is_some_and(|field| is_kept(rule, field)) {
                continue;
            }
            let when = Condition::parse(&expression);
            // That there is one is told by the tables.
            if when.is_some() || rule.flag().is_none() {
                said.entry((name.to_owned(), text("fieldname"))).or_insert(when);
            }
        }
    }
    said
}

/// The sections of the site of a version, by DocType and name.
fn sections_said(version: Version, file: &str) -> BTreeMap<(String, String), SectionFact> {
    let read = |meta: Value| {
        let def = meta["name"].as_str().and_then(|name| erpnext_doctypes::get(version, name));
        def.map(|def| SectionFact::read(&meta, |name| def.field(name).is_some_and(is_open))).unwrap_or_default()
    };
    let facts = metadata(file).into_iter().flat_map(read);
    facts.map(|fact| ((fact.doctype.clone(), fact.section.clone()), fact)).collect()
}

#[test]
#[ignore = "needs the recordings of a real site"]
fn the_sections_are_those_of_the_recorded_sites() {
    let [old, new] = [(Version::V15, "getdoctype.jsonl.gz"), (Version::V16, "v16/getdoctype.jsonl.gz")]
        .map(|(version, file)| sections_said(version, file));
    let mut facts = Vec::new();
    let keys: BTreeMap<_, ()> = old.keys().chain(new.keys()).map(|key| (key.clone(), ())).collect();
    for key in keys.keys() {
        let mut fact = |only: Option<u8>, fact: &SectionFact| {
            facts.push(serde_json::to_string(&SectionFact { only, ..fact.clone() }).unwrap());
        };
        match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) if old == new => fact(None, old),
            (old, new) => {
                old.into_iter().for_each(|old| fact(Some(15), old));
                new.into_iter().for_each(|new| fact(Some(16), new));
            }
        }
    }
    let file = format!("{FOLDER}/sections.jsonl");
    if std::env::var_os("FORM_RULES_UPDATE").is_some() {
        fs::write(root().join(&file), facts.join("\n") + "\n").unwrap();
    }
    assert_eq!(facts, sections::FACTS.lines().collect::<Vec<_>>(), "{file} is not what the recorded sites say");
}

#[test]
#[ignore = "needs the recordings of a real site"]
fn the_facts_are_those_of_the_recorded_sites() {
    for (rule, name) in [(FormRule::Needed, "needed"), (FormRule::Shown, "shown"), (FormRule::Locked, "locked")] {
        let [old, new] = [(Version::V15, "getdoctype.jsonl.gz"), (Version::V16, "v16/getdoctype.jsonl.gz")]
            .map(|(version, file)| said(rule, version, file));
        let mut facts = Vec::new();
        let keys: BTreeMap<_, ()> = old.keys().chain(new.keys()).map(|key| (key.clone(), ())).collect();
        for key in keys.into_keys() {
            let (doctype, field) = key.clone();
            let fact = |only: Option<u8>, when: &Option<Condition>| {
                let fact = FormFact { doctype: doctype.clone(), field: field.clone(), only, when: when.clone() };
                serde_json::to_string(&fact).unwrap()
            };
            match (old.get(&key), new.get(&key)) {
                (Some(old), Some(new)) if old == new => facts.push(fact(None, old)),
                (old, new) => {
                    facts.extend(old.map(|when| fact(Some(15), when)));
                    facts.extend(new.map(|when| fact(Some(16), when)));
                }
            }
        }
        let file = format!("{FOLDER}/{name}.jsonl");
        if std::env::var_os("FORM_RULES_UPDATE").is_some() {
            fs::write(root().join(&file), facts.join("\n") + "\n").unwrap();
        }
        assert_eq!(facts, rule.facts().lines().collect::<Vec<_>>(), "{file} is not what the recorded sites say");
    }
}
