//! `erpnext-mcp publish`: what it proposes fits the site and the configuration that it is for.

use std::path::Path;

use serde_json::{Value, json};

use super::run;
use crate::sandbox::{COMPANY, SampleSite};
use crate::support::{app_of, call};

/// A site on which somebody saved a filter for everybody.
async fn site() -> SampleSite {
    let site = SampleSite::start().await;
    let saved = json!({
        "doctype": "List Filter", "filter_name": "Late", "reference_doctype": "Sales Invoice", "for_user": "",
        "filters": json!([["Sales Invoice", "status", "=", "Overdue", false]]).to_string(),
    });
    // What the user alone has is not offered: others have no such filter.
    let mut own = saved.clone();
    own["filter_name"] = json!("Mine");
    own["for_user"] = json!("Administrator");
    for saved in [saved, own] {
        site.sandbox.with(|site| site.insert(saved.as_object().unwrap().clone())).unwrap();
    }
    site
}

fn config(site: &SampleSite) -> Value {
    site.config(json!({"default": {"read": true}, "reports": ["Accounts Receivable", "General Ledger"]}))
}

fn write(folder: &Path, config: &Value) {
    std::fs::write(folder.join("c.json"), config.to_string()).unwrap();
}

fn written(folder: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join("c.json")).unwrap()).unwrap()
}

#[on_every_version]
async fn what_is_proposed_stands_in_a_configuration_as_it_is_and_nothing_is_written() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site().await);
    let mut config = config(&site);
    write(folder.path(), &config);
    let done = run(folder.path(), &[], &["publish", "--config", "c.json"]).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let proposed = done.json();
    let names: Vec<&str> = proposed["publish"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["run_accounts_receivable_report", "run_general_ledger_report", "list_sales_invoice_late"],
        "{}",
        done.stderr
    );
    let receivables = &proposed["publish"]["run_accounts_receivable_report"];
    assert_eq!(receivables["report"], "Accounts Receivable");
    assert_eq!(receivables["filters"]["company"], json!({"type": "Link", "link_to": "Company", "required": true}));
    assert_eq!(receivables["filters"]["ageing_based_on"]["options"], json!(["Posting Date", "Due Date"]));
    assert_eq!(written(folder.path()), config);
    config["publish"] = proposed["publish"].clone();
    let app = app_of(&config);
    call(&app, "run_accounts_receivable_report", json!({"company": COMPANY})).await.unwrap();
    call(&app, "list_sales_invoice_late", json!({})).await.unwrap();
}

#[on_every_version]
async fn what_is_written_is_added_to_the_file_of_which_a_copy_is_kept() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site().await);
    let mut config = config(&site);
    config["publish"] = json!({"run_ledger": {"description": "d", "report": "General Ledger"}});
    write(folder.path(), &config);
    let publish = ["publish", "--write", "--config", "c.json", "Accounts Receivable", "General Ledger"];
    let done = run(folder.path(), &[], &publish).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let mut now = written(folder.path());
    let added = now["publish"].as_object_mut().unwrap().remove("run_accounts_receivable_report");
    assert_eq!(added, Some(done.json()["publish"]["run_accounts_receivable_report"].clone()));
    assert_eq!(now, config, "all else is as it was");
    let names = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
    let copy = names.map(|name| name.into_string().unwrap()).find(|name| name.ends_with(".bak")).unwrap();
    let copied: Value = serde_json::from_str(&std::fs::read_to_string(folder.path().join(copy)).unwrap()).unwrap();
    assert_eq!(copied, config);
    let checked = run(folder.path(), &[], &["check", "--config", "c.json"]).await;
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);
    let again = run(folder.path(), &[], &publish).await;
    assert!(again.code == Some(0) && again.stdout.is_empty(), "{}", again.stdout);
    assert!(again.stderr.contains("nothing to publish"), "{}", again.stderr);
}

#[on_every_version]
async fn a_file_that_begins_with_a_byte_order_mark_is_written_too() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site().await);
    std::fs::write(folder.path().join("c.json"), format!("\u{feff}{}", config(&site))).unwrap();
    let done = run(folder.path(), &[], &["publish", "--write", "--config", "c.json", "General Ledger"]).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(written(folder.path())["publish"], done.json()["publish"]);
}

#[on_every_version]
async fn only_what_the_configuration_permits_is_proposed() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site().await);
    write(folder.path(), &site.config(json!({"doctypes": {"Customer": {"read": true}}, "reports": ["General*"]})));
    let done = run(folder.path(), &[], &["publish", "--config", "c.json"]).await;
    let names: Vec<String> = done.json()["publish"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["run_general_ledger_report"]);
    assert!(done.stderr.contains("saved filters: reading List Filter is not permitted"), "{}", done.stderr);
    for (name, near) in [("Stock Ledger", ""), ("Late", ""), ("Genral Ledger", "Did you mean \"General Ledger\"?")] {
        let done = run(folder.path(), &[], &["publish", "--config", "c.json", name]).await;
        assert!(done.code == Some(1) && done.stdout.is_empty(), "{}", done.stdout);
        assert!(done.stderr.contains(&format!("is named {name:?}")) && done.stderr.contains(near), "{}", done.stderr);
    }
}
