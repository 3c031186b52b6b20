//! Every DocType of the recorded sites, with what people and apps added to them. Metadata is the recorded site's own, byte
//! for byte; what nobody recorded is answered by a sandbox with the columns of that metadata, which refuses what sites of
//! the version refuse. What fails beyond the exceptions of the sample site stands in `recorded_15.txt`, `recorded_16.txt`
//! and `recorded_hrms.txt` with its reason.

use std::collections::HashSet;

use erpnext_sandbox::Sandbox;
use erpnext_sandbox::doc::Doc;
use erpnext_schema::snapshot::DocType;
use erpnext_schema::{DocTypeDef, doctype_flag};
use serde_json::{Value, json};

use super::{exceptions, front, tried};
use crate::recorded_site::{Recorded, metadata};
use crate::sandbox::SampleSite;
use crate::support::{Version, all, app_of, every_doctype, run_on};

/// Gives the sandbox these DocTypes.
fn lay(sandbox: &Sandbox, told: &[Value]) {
    let laid = sandbox.with(|site| {
        let doctypes = site.doctype("DocType")?;
        for meta in told {
            let facts = meta.as_object().unwrap().iter().filter(|(_, fact)| !fact.is_array() && !fact.is_object());
            site.put(doctypes, &facts.map(|(key, fact)| (key.clone(), fact.clone())).collect::<Doc>())?;
            let form = DocType::from_site(meta, false).unwrap();
            if site.meta.form(&form.name) != Some(&form) {
                let name = form.name.clone();
                site.meta.set(form);
                site.db.renew(site.doctype(&name)?)?;
            }
        }
        Ok(())
    });
    laid.unwrap();
}

/// Tries the DocTypes that the last of these files tells, on the site that they tell together.
#[allow(clippy::print_stdout, reason = "how many pass is what a reader of this test wants to know")]
async fn hold(name: &str, options: &[&str], files: &[&str]) {
    let (recorded, site) = (Recorded::start(options), SampleSite::start().await);
    let mut names = HashSet::new();
    for file in files {
        let told = metadata(file);
        names = told.iter().filter_map(|meta| meta["name"].as_str().map(str::to_owned)).collect();
        lay(&site.sandbox, &told);
    }
    let defs = site.sandbox.with(|site| Ok(site.meta.all())).unwrap();
    let own = |def: &&&'static DocTypeDef| names.contains(def.name) && !def.is(doctype_flag::CHILD);
    let chosen: Vec<_> = defs.iter().filter(own).copied().collect();
    let front = front::start(&recorded.url, &site.sandbox.url()).await;
    let mut config = site.config(json!({"default": all(), "doctypes": every_doctype()}));
    config["erpnext"]["url"] = json!(front);
    config["schema"] = json!({"overlay": "live"});
    let account = tried(&app_of(&config), &defs, &chosen).await;
    println!("{}", account.table(&format!("the recorded site {name}")));
    account.judge(&format!("tests/it/every_doctype/recorded_{name}.txt"), Some(&exceptions()));
}

#[test]
#[ignore = "needs the recordings of a real site"]
fn every_doctype_of_the_recorded_site_of_15_passes_every_step() {
    run_on(Version::V15, hold("15", &["--version", "15"], &["getdoctype.jsonl.gz"]));
}

#[test]
#[ignore = "needs the recordings of a real site"]
fn every_doctype_of_the_recorded_site_of_16_passes_every_step() {
    run_on(Version::V16, hold("16", &["--version", "16"], &["v16/getdoctype.jsonl.gz"]));
}

#[test]
#[ignore = "needs the recordings of a real site"]
fn every_doctype_that_an_app_adds_or_changes_passes_every_step() {
    run_on(Version::V15, hold("hrms", &["--hrms"], &["getdoctype.jsonl.gz", "hrms/getdoctype.jsonl.gz"]));
}
