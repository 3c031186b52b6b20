//! `erpnext-mcp check`: what it says of configurations, against the snapshot and against a site.

use std::path::Path;

use serde_json::{Value, json};

use super::{add_copy, add_custom_field, run};
use crate::sandbox::SampleSite;
use crate::support::{Site, config_json};

fn write(folder: &Path, config: &Value) {
    std::fs::write(folder.join("c.json"), config.to_string()).unwrap();
}

fn levels(found: &Value) -> Vec<String> {
    let line = |f: &Value| format!("{} {}", f["level"].as_str().unwrap(), f["what"].as_str().unwrap());
    found["findings"].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test]
async fn the_presets_name_only_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    for preset in ["read-only-analyst", "sales-user", "accounts-user", "full-access"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("config/{preset}.json"));
        let done = run(folder.path(), &[], &["check", "--strict", "--config", file.to_str().unwrap()]).await;
        assert_eq!(done.code, Some(0), "{preset}: {}{}", done.stdout, done.stderr);
        let opens_the_framework = done.stdout.contains("Frappe's own too, such as User and Server Script");
        assert_eq!(opens_the_framework, preset == "full-access", "{preset}: {}", done.stdout);
    }
}

#[tokio::test]
async fn a_site_decides_what_the_snapshot_only_doubts() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    add_custom_field(&site, "Customer", "custom_tier", "A\nB");
    let customer = json!({"read": true, "allowed_fields": ["customer_name", "custom_tier", "custom_teir"]});
    write(folder.path(), &site.config(json!({"doctypes": {"Customer": customer, "Custmer": {"read": true}}})));
    let offline = run(folder.path(), &[], &["check", "--config", "c.json", "--json"]).await;
    assert_eq!(offline.code, Some(0), "{}", offline.stdout);
    let lines = levels(&offline.json());
    assert!(lines.iter().all(|line| line.starts_with("warning ")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("no field custom_tier ")), "{lines:?}");
    let live = run(folder.path(), &[], &["check", "--live", "--config", "c.json", "--json"]).await;
    assert_eq!(live.code, Some(1), "{}", live.stdout);
    let lines = levels(&live.json());
    let errors: Vec<_> = lines.iter().filter(|line| line.starts_with("error ")).collect();
    assert_eq!(errors.len(), 2, "{lines:?}");
    assert!(errors[0].contains("Custmer"), "{lines:?}");
    assert!(errors[1].contains("no field custom_teir; did you mean custom_tier?"), "{lines:?}");
}

#[tokio::test]
async fn what_the_default_opens_is_checked_by_the_metadata_of_the_site() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    add_copy(&site, "Lead", "custom_tax", "customer.tax_id");
    let customer = json!({"read": true, "allowed_fields": ["customer_name"]});
    let permissions = json!({"default": {"read": true}, "doctypes": {"Customer": customer}});
    write(folder.path(), &site.config_of("sales", permissions));
    let copy = |lines: &[String]| {
        let found = lines.iter().find(|line| line.contains("Customer: what is not among the allowed fields"));
        found.is_some_and(|line| line.contains("Lead.custom_tax"))
    };
    let offline = run(folder.path(), &[], &["check", "--config", "c.json", "--json"]).await;
    assert!(!copy(&levels(&offline.json())), "no table of this program has the field: {}", offline.stdout);
    let live = run(folder.path(), &[], &["check", "--live", "--config", "c.json", "--json"]).await;
    assert!(copy(&levels(&live.json())), "{}{}", live.stdout, live.stderr);
}

#[tokio::test]
async fn of_a_site_older_than_the_tables_it_is_told_once_what_may_differ() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let apps = json!({"message": {"frappe": {"version": "14.98.0"}, "erpnext": {"version": "14.90.1"}}});
    site.answer("GET", "/api/method/frappe.utils.change_log.get_versions", 200, apps).await;
    let mut config = config_json(&site.url(), json!({"default": {"read": true}}));
    // Whether the version is stated or asked for.
    for _ in 0..2 {
        write(folder.path(), &config);
        let live = run(folder.path(), &[], &["check", "--live", "--config", "c.json", "--json"]).await;
        let lines = levels(&live.json());
        let told = lines.iter().filter(|line| line.contains("the site runs ERPNext 14.90.1, which is older"));
        assert_eq!(told.count(), 1, "{lines:#?}");
        config["erpnext"].as_object_mut().unwrap().remove("version");
    }
}

#[tokio::test]
async fn nothing_of_the_site_is_needed_to_check_against_the_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let rule = json!({"read": true, "allowed_fields": ["customer_name"]});
    let stated = json!({"api_secret_command": ["no-such-program"]});
    let doctypes = json!({"Customer": rule, "Sales Order": {"read": true, "allowed_fields": ["tax_id"]}});
    write(folder.path(), &json!({"erpnext": stated, "permissions": {"doctypes": doctypes}}));
    let done = run(folder.path(), &[], &["check", "--config", "c.json"]).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(
        done.stdout.contains(
            "Customer: what is not among the allowed fields can be read as copies: tax_id as Sales Order.tax_id"
        ),
        "{}",
        done.stdout
    );
    assert!(!done.stdout.contains('\u{1b}'), "colour is for terminals");
    let strict = run(folder.path(), &[], &["check", "--strict", "--config", "c.json"]).await;
    assert_eq!(strict.code, Some(1));
}

#[tokio::test]
async fn each_of_several_sites_is_checked_and_a_command_that_asks_one_wants_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let site = |doctype: &str| {
        let mut site = json!({"url": "https://a.example.com", "sign_in": {"own_keys": true}});
        site["permissions"] = json!({"doctypes": {doctype: {"read": true}}});
        site
    };
    let sites = json!({"north": site("Territory"), "south": site("Custommer")});
    write(folder.path(), &json!({"sites": sites, "http": {"listen": "127.0.0.1:8080"}}));
    let found = run(folder.path(), &[], &["check", "--json", "--config", "c.json"]).await.json();
    let lines = levels(&found);
    assert!(lines.iter().any(|line| line.starts_with("ok sites.north: 1 DocType is configured")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("sites.south: ") && line.contains("Custommer")), "{lines:#?}");
    assert!(lines.iter().all(|line| line.contains(" sites.")), "{lines:#?}");
    for command in [&["doctor"][..], &["tools"], &["audit", "tail"], &["check", "read Territory North"]] {
        let unnamed = run(folder.path(), &[], &[command, &["--config", "c.json"]].concat()).await;
        assert!(unnamed.code == Some(1) && unnamed.stderr.contains("--site (north, south)"), "{}", unnamed.stderr);
    }
    let live = run(folder.path(), &[], &["check", "--live", "--json", "--config", "c.json"]).await.json();
    for name in ["north", "south"] {
        assert!(levels(&live).contains(&format!("error sites.{name}: it cannot be asked")), "{live:#}");
    }
    // Everybody brings a key there, and the command has none.
    for command in ["doctor", "serve"] {
        let keyless = run(folder.path(), &[], &[command, "--config", "c.json", "--site", "north"]).await;
        assert!(keyless.code == Some(1) && keyless.stderr.contains("ERPNEXT_API_KEY"), "{}", keyless.stderr);
    }
}

#[tokio::test]
async fn a_published_list_of_what_may_not_be_read_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let list = json!({"description": "d", "doctype": "Sales Invoice", "saved_filter": "Late"});
    let publish = json!({"list_late": list});
    for (doctypes, wanted) in [
        (json!({"Sales Invoice": {"read": true}}), Some("reading List Filter is not permitted")),
        (json!({"List Filter": {"read": true}}), Some("reading Sales Invoice is not permitted")),
        (json!({"List Filter": {"read": true}, "Sales Invoice": {"read": true}}), None),
    ] {
        write(folder.path(), &json!({"permissions": {"doctypes": doctypes}, "publish": publish}));
        let done = run(folder.path(), &[], &["check", "--config", "c.json", "--json"]).await;
        let lines = levels(&done.json());
        let found = lines.iter().find(|line| line.starts_with("error publish.list_late: "));
        assert_eq!(found.is_some(), wanted.is_some(), "{lines:?}");
        assert!(wanted.is_none_or(|wanted| found.unwrap().contains(wanted)), "{lines:?}");
    }
}

#[tokio::test]
async fn what_a_pattern_of_reports_opens_is_named_by_the_site() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    let customer = json!({"read": true, "allowed_fields": ["customer_name"]});
    let permissions = json!({"doctypes": {"Customer": customer}, "reports": ["Accounts*", "Acounts*"]});
    write(folder.path(), &site.config(permissions));
    let live = run(folder.path(), &[], &["check", "--live", "--config", "c.json", "--json"]).await;
    let lines = levels(&live.json());
    let told = |start: &str| lines.iter().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{lines:#?}"));
    let opens = told("warning permissions.reports: Accounts* opens ");
    assert!(opens.contains("Accounts Payable") && opens.contains("Accounts Receivable Summary"), "{opens}");
    assert!(!opens.contains("General Ledger"), "{opens}");
    told("warning permissions.reports: the site shows its user none that Acounts* stands for");
}
