//! The facts of when a field has to be given, against the tables and against the metadata of recorded sites.

use std::collections::BTreeMap;
use std::fs;

use erpnext_schema::needed::{Condition, FACTS, Needed};
use erpnext_schema::{Version, doctype_flag, flag};
use serde_json::{Value, json};

use crate::recorded_site::metadata;
use crate::sandbox::{COMPANY, SampleSite, first};
use crate::support::{all, app_of, call};
use crate::tidy::root;

/// `NEEDED_UPDATE=1` beside `.ci/recordings` writes it anew.
const FILE: &str = "schema/src/needed.jsonl";

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
    // Two conditions in brackets are more than is read.
    let group = first(&app, "Item Group", json!({"is_group": 0})).await;
    let item = json!({"item_code": "X-1", "item_name": "X", "item_group": group, "stock_uom": "Nos"});
    let said = next("create_item_document", item).await;
    assert!(said.contains("Not checked: whether ") && said.contains("attributes"), "{said}");
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

#[test]
fn every_need_is_one_that_the_tables_mark() {
    for line in FACTS.lines() {
        let needed: Needed = serde_json::from_str(line).unwrap();
        let versions = Version::ALL.iter().filter(|version| needed.only.is_none_or(|only| only == version.major()));
        for version in versions {
            let def = erpnext_doctypes::get(*version, &needed.doctype).unwrap_or_else(|| panic!("{version}: {line}"));
            let field = def.field(&needed.field).unwrap_or_else(|| panic!("{version}: {line}"));
            assert!(field.is(flag::CONDITIONALLY_REQD), "{version}: {line}");
        }
    }
}

/// What the site of a version says of the fields that its tables mark.
fn said(version: Version, file: &str) -> BTreeMap<(String, String), Condition> {
    let mut said = BTreeMap::new();
    for meta in metadata(file) {
        let name = meta["name"].as_str().unwrap();
        let Some(def) = erpnext_doctypes::get(version, name).filter(|def| !def.is(doctype_flag::CHILD)) else {
            continue;
        };
        for field in meta["fields"].as_array().unwrap() {
            let text = |key: &str| field[key].as_str().unwrap_or_default().to_owned();
            let is_marked = def.field(&text("fieldname")).is_some_and(|field| field.is(flag::CONDITIONALLY_REQD));
            if let Some(when) = Condition::parse(&text("mandatory_depends_on")).filter(|_| is_marked) {
                said.entry((name.to_owned(), text("fieldname"))).or_insert(when);
            }
        }
    }
    said
}

#[test]
#[ignore = "needs the recordings of a real site"]
fn the_needs_are_those_of_the_recorded_sites() {
    let [old, new] = [(Version::V15, "getdoctype.jsonl.gz"), (Version::V16, "v16/getdoctype.jsonl.gz")]
        .map(|(version, file)| said(version, file));
    let mut facts = Vec::new();
    let keys: BTreeMap<_, ()> = old.keys().chain(new.keys()).map(|key| (key.clone(), ())).collect();
    for key in keys.into_keys() {
        let (doctype, field) = key.clone();
        let needed = |only: Option<u8>, when: &Condition| {
            let needed = Needed { doctype: doctype.clone(), field: field.clone(), only, when: when.clone() };
            serde_json::to_string(&needed).unwrap()
        };
        match (old.get(&key), new.get(&key)) {
            (Some(old), Some(new)) if old == new => facts.push(needed(None, old)),
            (old, new) => {
                facts.extend(old.map(|when| needed(Some(15), when)));
                facts.extend(new.map(|when| needed(Some(16), when)));
            }
        }
    }
    if std::env::var_os("NEEDED_UPDATE").is_some() {
        fs::write(root().join(FILE), facts.join("\n") + "\n").unwrap();
    }
    assert_eq!(facts, FACTS.lines().collect::<Vec<_>>(), "{FILE} is not what the recorded sites say");
}
