//! A dry run that passes is not followed by a refusal for what is missing: each document with all that it needs, and without
//! one field of it or of its rows after the other. What the site asks for all the same stands in `asked_15.txt` and
//! `asked_16.txt` with its reason, and is written anew with the other exceptions.

use std::collections::BTreeSet;
use std::path::Path;

use erpnext_schema::{Verb, doctype_flag};
use serde_json::{Value, json};

use super::account::{read, writes_exceptions};
use super::chosen;
use super::fill::Filling;
use crate::sandbox::SampleSite;
use crate::support::{call, every_doctype, tables, version};

/// The document, and the same without each of its fields and of those of its rows.
fn variants(data: &Value) -> Vec<Value> {
    let mut all = vec![data.clone()];
    for (key, value) in data.as_object().unwrap() {
        let mut without = data.clone();
        without.as_object_mut().unwrap().remove(key);
        all.push(without);
        let row = value.get(0).and_then(Value::as_object);
        for column in row.into_iter().flat_map(serde_json::Map::keys) {
            let mut without = data.clone();
            without[key][0].as_object_mut().unwrap().remove(column);
            all.push(without);
        }
    }
    all
}

/// The fields that the site says are missing.
fn missing(text: &str) -> Vec<&str> {
    let fields = text.lines().find_map(|line| line.strip_prefix("fields: "));
    let is_missing = text.contains("exc_type: MandatoryError");
    fields.filter(|_| is_missing).into_iter().flat_map(|fields| fields.split(", ")).collect()
}

#[on_every_version]
async fn what_a_dry_run_lets_pass_is_not_refused_for_what_is_missing() {
    let site = SampleSite::start().await;
    let app = site.app(every_doctype());
    let defs = chosen().into_iter().filter(|def| def.tools.iter().any(|tool| tool.verb == Verb::Create));
    let defs: Vec<_> = defs.filter(|def| !def.is(doctype_flag::VIRTUAL)).collect();
    let mut filling = Filling::new(&app, &tables().collect::<Vec<_>>());
    let (mut asked, mut passed) = (BTreeSet::new(), 0);
    for def in &defs {
        let Ok(data) = filling.document(def, "Row").await else { continue };
        for data in variants(&data) {
            let create = |dry: bool| json!({"doctype": def.name, "data": data, "dry_run": dry});
            if call(&app, "create_generic_document", create(true)).await.is_err() {
                continue;
            }
            passed += 1;
            if let Err(error) = call(&app, "create_generic_document", create(false)).await {
                let text = error.for_model();
                asked.extend(missing(&text).iter().map(|field| format!("{} / {field}", def.name)));
            }
        }
    }
    assert!(passed > defs.len() / 2, "{passed} dry runs of {} DocTypes passed", defs.len());
    let file = format!("tests/it/every_doctype/asked_{}.txt", version());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut known = read(&text);
    if writes_exceptions() {
        let lines = asked.iter().map(|key| format!("{key} / {}\n", known.get(key).unwrap_or(&"the site asks for it")));
        std::fs::write(&path, lines.collect::<String>()).unwrap();
        return;
    }
    known.retain(|key, _| defs.iter().any(|def| key.starts_with(&format!("{} / ", def.name))));
    let new: Vec<_> = asked.iter().filter(|key| !known.contains_key(*key)).collect();
    let gone: Vec<_> = known.keys().filter(|key| !asked.contains(*key)).collect();
    assert!(new.is_empty() && gone.is_empty(), "new: {new:#?}\nno longer, take them out of {file}: {gone:#?}");
}
