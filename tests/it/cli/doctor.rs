//! `erpnext-mcp doctor` on sites that are well, and on some that are not: wiremock only for what no sandbox answers.

use std::path::Path;
use std::time::Duration;

use erpnext_sandbox::{Fault, FaultKind, Options};
use erpnext_schema::Version;
use futures_util::future::join_all;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{add_custom_field, run};
use crate::sandbox::{self, SampleSite};
use crate::support::{Site, config_json};

async fn doctor(folder: &Path, config: &Value) -> (Option<i32>, Vec<String>) {
    doctor_with(folder, config, &[]).await
}

async fn doctor_with(folder: &Path, config: &Value, flags: &[&str]) -> (Option<i32>, Vec<String>) {
    std::fs::write(folder.join("c.json"), config.to_string()).unwrap();
    let arguments = [&["doctor", "--json", "--config", "c.json"], flags].concat();
    let done = run(folder, &[], &arguments).await;
    let line = |f: &Value| format!("{} {}", f["level"].as_str().unwrap(), f["what"].as_str().unwrap());
    let found = done.json();
    for finding in found["findings"].as_array().unwrap() {
        assert_eq!(finding["level"] == "ok", finding["fix"].is_null(), "what is wrong has a fix: {finding}");
    }
    (done.code, found["findings"].as_array().unwrap().iter().map(line).collect())
}

fn has(lines: &[String], wanted: &str) {
    assert!(lines.iter().any(|line| line.contains(wanted)), "{wanted}: {lines:#?}");
}

#[tokio::test]
async fn a_healthy_set_up_has_nothing_but_ok() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    let mut config =
        site.config_of("sales", json!({"doctypes": {"Item": {"read": true}, "Quotation": {"read": true}}}));
    config["audit"] = json!({"enabled": true, "log_file": "logs/audit.log"});
    let (code, lines) = doctor(folder.path(), &config).await;
    assert_eq!(code, Some(0), "{lines:#?}");
    for wanted in [
        "ok connection: ",
        "the key is sales@example.com's",
        "ok encryption: none, which is safe",
        "ok clock: ",
        "ok versions: erpnext 15",
        "ok rights: the site's user has all 2 rights",
        "ok fields: ",
        "ok tools: ",
        "audit.log can be written",
    ] {
        has(&lines, wanted);
    }
}

#[tokio::test]
async fn one_of_a_thing_is_told_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    let config = site.config_of("sales", json!({"doctypes": {"Item": {"read": true}}}));
    let (_, lines) = doctor(folder.path(), &config).await;
    has(&lines, "ok rights: the site's user has the one right that is permitted by name");
    has(&lines, "ok fields: 1 DocType has those that");
}

#[tokio::test]
async fn rights_that_the_site_refuses_and_fields_that_it_added_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    add_custom_field(&site, "Customer", "custom_tier", "A\nB");
    let doctypes = json!({"Customer": {"read": true, "submit": true}, "Sales Order Item": {"read": true},
        "Journal Entry": {"read": true, "create": true, "submit": true}});
    let (code, lines) = doctor(folder.path(), &site.config_of("sales", json!({"doctypes": doctypes}))).await;
    assert_eq!(code, Some(0), "warnings only: {lines:#?}");
    let lacking: Vec<_> = lines.iter().filter(|line| line.starts_with("warning rights: ")).collect();
    assert_eq!(lacking.len(), 1, "no role has what documents have not: {lines:#?}");
    has(&lines, "warning rights: Journal Entry: permitted here, but not to the site's user: read, create, submit");
    assert!(
        lines.iter().any(|line| line.contains("fields: Customer: custom: ") && line.contains("custom_tier")),
        "{lines:#?}"
    );
    let (code, _) =
        doctor_with(folder.path(), &site.config_of("sales", json!({"doctypes": doctypes})), &["--strict"]).await;
    assert_eq!(code, Some(1), "asked to be strict, it counts warnings");
}

#[tokio::test]
async fn a_key_that_can_give_itself_every_right_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    site.sandbox.add_user("manager", &["System Manager"]).unwrap();
    let permissions = json!({"doctypes": {"User": {"read": true}}});
    let (_, lines) = doctor(folder.path(), &site.config_of("manager", permissions.clone())).await;
    has(&lines, "warning connection: manager@example.com may make or change User, Role, Custom Field, and so give");
    let (_, lines) = doctor(folder.path(), &site.config_of("sales", permissions)).await;
    assert!(!lines.iter().any(|line| line.contains("may make or change")), "{lines:#?}");
}

#[tokio::test]
async fn what_the_default_opens_is_looked_at_on_both_versions_and_a_user_without_rights_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for version in [Version::V15, Version::V16] {
        let site = sandbox::start(Options { version, ..Options::default() }).await;
        let tier = json!({"doctype": "Custom Field", "dt": "Lead", "fieldname": "custom_tier", "label": "Tier",
            "fieldtype": "Data", "insert_after": "lead_name"});
        site.with(|site| site.insert(tier.as_object().unwrap().clone())).unwrap();
        let config = |key: &str, permissions: Value| {
            let mut config = sandbox::config(&site, key, permissions);
            config["erpnext"].as_object_mut().unwrap().remove("version");
            config["schema"] = json!({"overlay": "live", "cache_folder": folder.path().join("kept")});
            config
        };
        let (code, lines) = doctor(folder.path(), &config("sales", json!({"default": {"read": true}}))).await;
        assert_eq!(code, Some(0), "{lines:#?}");
        has(&lines, &format!("ok versions: erpnext {}", version.major()));
        has(&lines, "ok rights: permissions.default opens ");
        has(&lines, "ok fields: Lead: custom: custom_tier");
        assert!(!lines.iter().any(|line| line.contains("all 0 ")), "{lines:#?}");
        let (code, lines) =
            doctor(folder.path(), &config("nobody", json!({"doctypes": {"Lead": {"read": true}}}))).await;
        assert_eq!(code, Some(1), "{lines:#?}");
        has(&lines, "error rights: nobody@example.com has none of the rights");
    }
}

#[tokio::test]
async fn what_the_default_opens_of_the_site_s_own_is_looked_at_on_both_versions() {
    let folder = tempfile::tempdir().unwrap();
    for version in [Version::V15, Version::V16] {
        let site = sandbox::start(Options { version, bench: true, ..Options::default() }).await;
        let mut config = sandbox::config(&site, "administrator", json!({"default": {"read": true}}));
        config["erpnext"].as_object_mut().unwrap().remove("version");
        let (_, lines) = doctor(folder.path(), &config).await;
        let own = lines.iter().find(|line| line.ends_with("are the site's own; the generic tools serve them")).unwrap();
        assert!(own.starts_with("ok fields: ") && own.contains("Odd Thing"), "{version}: {own}");
        assert!(!own.contains("Customer"), "{version}: {own}");
    }
}

#[tokio::test]
async fn of_a_site_that_answers_nothing_about_rights_nobody_is_said_to_have_none() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    site.answer("GET", "/api/method/frappe.auth.get_logged_user", 200, json!({"message": "a@x"})).await;
    let gone = json!({"exc_type": "DoesNotExistError"});
    site.answer("GET", "/api/method/frappe.client.has_permission", 404, gone).await;
    let config = config_json(&site.url(), json!({"doctypes": {"Item": {"read": true}}}));
    let (_, lines) = doctor(folder.path(), &config).await;
    has(&lines, "warning rights: the site does not say what a@x may do: ");
    assert!(!lines.iter().any(|line| line.contains("has none of the rights")), "{lines:#?}");
}

#[tokio::test]
async fn what_this_version_has_not_and_what_the_user_may_not_see_is_one_line_each() {
    let folder = tempfile::tempdir().unwrap();
    let site = sandbox::start(Options { version: Version::V16, ..Options::default() }).await;
    let invoice = json!({"read": true, "restricted_fields": ["title"]});
    let read = json!({"read": true});
    let doctypes = json!({"Sales Invoice": invoice, "Nope Thing": read, "Lead Source": read});
    let mut config = sandbox::config(&site, "sales", json!({"doctypes": doctypes}));
    config["erpnext"].as_object_mut().unwrap().remove("version");
    let (code, lines) = doctor(folder.path(), &config).await;
    assert_eq!(code, Some(1), "{lines:#?}");
    has(&lines, "warning permissions.doctypes.Sales Invoice.restricted_fields: no field title");
    has(&lines, "(ERPNext 15 has it, this site has not)");
    has(&lines, "warning permissions.doctypes.Lead Source: no such DocType");
    assert!(!lines.iter().any(|line| line.contains("did you mean Lead Source?")), "{lines:#?}");
    let missing: Vec<_> = lines.iter().filter(|line| line.contains("Nope Thing")).collect();
    assert_eq!(missing.len(), 1, "{missing:#?}");
}

#[tokio::test]
async fn reports_that_are_open_are_run_and_what_does_not_is_told_with_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    let company = json!({"Company": {"read": true}});
    let reports = ["General Ledger", "Accounts Payables", "Stock Balance", "Nothing *", "Sales Reg*", "Asset Activity"];
    let permissions = json!({"doctypes": company, "reports": reports});
    let (code, lines) = doctor(folder.path(), &site.config_of("administrator", permissions)).await;
    assert_eq!(code, Some(0), "warnings only: {lines:#?}");
    for wanted in [
        "ok reports: 2 run, with the filters of their examples",
        "warning reports: Accounts Payables: The site has no report named",
        "ok reports: Stock Balance: not tried: the site runs it in the background",
        "ok reports: Asset Activity: not tried: it is a saved list",
        "warning reports: the site shows its user none that Nothing * stands for",
    ] {
        has(&lines, wanted);
    }
    // What fills a required filter may not be read.
    let item = json!({"doctypes": {"Item": {"read": true}}, "reports": ["General Ledger"]});
    let (_, lines) = doctor(folder.path(), &site.config_of("administrator", item)).await;
    has(&lines, "ok reports: General Ledger: not tried: no document that may be read was found");
    // What the user has no role for is one line, whose advice is not about filters.
    let two = json!({"doctypes": {"Customer": {"read": true}}, "reports": ["General Ledger", "Accounts Receivable"]});
    let (_, lines) = doctor(folder.path(), &site.config_of("reader", two)).await;
    has(&lines, "warning reports: the site's user may not run: General Ledger, Accounts Receivable");
    assert_eq!(lines.iter().filter(|line| line.contains("General Ledger")).count(), 1, "{lines:#?}");
    // The site fails over one.
    site.sandbox.faults().say("No Fiscal Year is open");
    site.sandbox.faults().add(Fault::new(FaultKind::Refusal).path("frappe.desk.query_report.run"));
    let ledger = json!({"doctypes": company, "reports": ["General Ledger"]});
    let (_, lines) = doctor(folder.path(), &site.config_of("administrator", ledger)).await;
    let told = lines.iter().find(|line| line.starts_with("warning reports: General Ledger: ")).unwrap();
    assert!(told.contains("The site refused this") && told.ends_with("(with the filters of its example)"), "{told}");
    site.sandbox.faults().clear();
    // And of many only some are tried.
    let many: Vec<String> = (0..30).map(|n| format!("Report {n}")).collect();
    let (_, lines) =
        doctor(folder.path(), &site.config_of("administrator", json!({"doctypes": company, "reports": many}))).await;
    has(&lines, "ok reports: 10 more are open and were not tried");
}

#[tokio::test]
async fn a_list_that_costs_more_than_its_budget_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    let mut config = site.config_of("sales", json!({"doctypes": {"Item": {"read": true}}}));
    let (_, lines) = doctor(folder.path(), &config).await;
    assert!(
        lines.iter().any(|line| line.starts_with("ok tools: ") && line.ends_with("the budget is 10000")),
        "{lines:#?}"
    );
    config["tools"] = json!({"budget_tokens": 10});
    let (_, lines) = doctor(folder.path(), &config).await;
    assert!(
        lines.iter().any(|line| line.starts_with("warning tools: ") && line.ends_with("budget is 10")),
        "{lines:#?}"
    );
}

#[tokio::test]
async fn what_stands_between_here_and_the_site_is_an_error_with_its_fix() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = config_json("http://127.0.0.1:9", json!({"default": {"read": true}}));
    let (code, lines) = doctor(folder.path(), &nobody).await;
    assert_eq!(code, Some(1));
    has(&lines, "error connection: http://127.0.0.1:9");
    let sample = SampleSite::start().await;
    let (code, lines) = doctor(folder.path(), &sample.config_of("disabled", json!({"default": {"read": true}}))).await;
    assert_eq!(code, Some(1));
    has(&lines, "error connection: ");
}

#[tokio::test]
async fn what_answers_in_the_place_of_the_site_is_told_apart_with_its_fix() {
    let html =
        |status: u16| ResponseTemplate::new(status).set_body_raw("<html><title>Sign in</title></html>", "text/html");
    let moved = ResponseTemplate::new(301).insert_header("location", "https://erp.example.com/");
    let to_login = ResponseTemplate::new(302).insert_header("location", "/login");
    let key = json!({"exception": "frappe.exceptions.AuthenticationError", "exc_type": "AuthenticationError"});
    // As a site answers to whom it does not know.
    let closed = "<details><summary>Login to access</summary>Function <strong>frappe.auth.get_logged_user</strong> is \
                  not whitelisted.</details>";
    let closed = json!([json!({"message": closed, "title": "Method Not Allowed"}).to_string()]).to_string();
    let guest = json!({"exc_type": "PermissionError", "_server_messages": closed});
    let guest = ResponseTemplate::new(403).set_body_json(guest);
    let told = [
        (
            html(401).insert_header("www-authenticate", "Basic"),
            "does not take the API key",
            "asks for a password of its own",
        ),
        (ResponseTemplate::new(401).set_body_json(&key), "does not take the API key", "make a new key on the site"),
        (guest, "takes this server for a guest", "pass on the header Authorization"),
        (moved, "redirects to another one", "into erpnext.url"),
        (to_login, "redirects to another one", "a login of its own"),
        (html(200), "did not come from ERPNext", "a web page answers there"),
        (html(407), "did not come from ERPNext", "A proxy asks for a password"),
        (html(404), "did not come from ERPNext", "check any proxy before it"),
        (ResponseTemplate::new(429).insert_header("retry-after", "1"), "takes no more requests", "Wait 1 s"),
        (html(503), "is not available right now", "Try again in a little while"),
        (html(200).set_delay(Duration::from_secs(5)), "did not answer in time", "raise erpnext.timeout"),
    ]
    .map(|(answer, what, fix)| async move {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::start().await;
        site.respond("GET", "/api/method/frappe.auth.get_logged_user", answer).await;
        let mut config = config_json(&site.url(), json!({"default": {"read": true}}));
        // Only one is waited for: the others answer at once, also on a busy machine.
        config["erpnext"]["timeout"] = json!(if what == "did not answer in time" { 1 } else { 5 });
        let file = folder.path().join("c.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let done = run(folder.path(), &[], &["doctor", "--json", "--config", "c.json"]).await;
        let found = done.json()["findings"].clone();
        let error = found.as_array().unwrap().iter().find(|finding| finding["level"] == "error").unwrap();
        let (told, mends) = (error["what"].as_str().unwrap(), error["fix"].as_str().unwrap());
        assert!(told.contains(what) && mends.contains(fix), "{what}: {told} → {mends}");
    });
    join_all(told).await;
}

#[tokio::test]
async fn a_clock_that_is_wrong_a_log_that_cannot_be_written_and_a_directory_that_is_none_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let answer = ResponseTemplate::new(200).set_body_json(json!({"message": "a@x"}));
    let answer = answer.insert_header("date", "Tue, 02 Jan 2024 10:00:00 GMT");
    site.respond("GET", "/api/method/frappe.auth.get_logged_user", answer).await;
    let mut config = config_json(&site.url(), json!({"default": {"read": true}}));
    std::fs::write(folder.path().join("file"), "").unwrap();
    config["audit"] = json!({"enabled": true, "log_file": "file/audit.log"});
    config["import"] = json!({"directory": folder.path().join("none")});
    let (code, lines) = doctor(folder.path(), &config).await;
    assert_eq!(code, Some(1));
    has(&lines, "warning clock: ");
    has(&lines, "audit.log cannot be written, so the server does not start");
    has(&lines, "warning import.directory: ");
}

#[tokio::test]
async fn of_a_site_older_than_the_tables_it_is_told_what_may_differ() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    site.answer("GET", "/api/method/frappe.auth.get_logged_user", 200, json!({"message": "a@x"})).await;
    let apps = json!({"message": {"frappe": {"version": "14.98.0"}, "erpnext": {"version": "14.90.1"}}});
    site.answer("GET", "/api/method/frappe.utils.change_log.get_versions", 200, apps).await;
    let config = config_json(&site.url(), json!({"doctypes": {"Item": {"read": true}}}));
    let (_, lines) = doctor(folder.path(), &config).await;
    has(&lines, "warning versions: the site runs ERPNext 14.90.1, which is older than what this program knows");
    has(&lines, "the tables of 15 are used");
}

#[tokio::test]
async fn the_report_for_an_issue_has_versions_and_no_name_of_the_site_s() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    let rules = json!({"doctypes": {"Item": {"read": true}, "Payroll Entry Of Ours": {"read": true}}});
    std::fs::write(folder.path().join("c.json"), site.config_of("sales", rules).to_string()).unwrap();
    let done = run(folder.path(), &[], &["doctor", "--report", "--config", "c.json"]).await;
    assert!(done.stdout.starts_with(&format!("erpnext-mcp {}, ", env!("CARGO_PKG_VERSION"))), "{}", done.stdout);
    for wanted in ["versions: erpnext ", "1  connection\n", "warning", "  check\n"] {
        assert!(done.stdout.contains(wanted), "{wanted:?}: {}", done.stdout);
    }
    for hidden in ["127.0.0.1", "sales@", "Payroll", "Item", "secret", "c.json"] {
        assert!(!done.stdout.contains(hidden), "{hidden}: {}", done.stdout);
    }
}

#[tokio::test]
async fn published_tools_are_held_against_the_reports_of_the_site() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    let mut config = site.config(json!({"default": {"read": true}, "reports": ["*"]}));
    let company = json!({"type": "Link", "link_to": "Company"});
    let published = |filter: &str, columns: Value| json!({"description": "d", "report": "Accounts Receivable", "filters": {filter: company}, "columns": columns});
    config["publish"] = json!({
        "run_right": published("company", json!(["party", "outstanding"])),
        "run_columns": published("company", json!(["party", "outstandin"])),
        "run_filters": published("compny", json!([])),
        "run_types": {"description": "d", "report": "Accounts Receivable", "filters": {"company": {"type": "Data"}}},
        "run_none": {"description": "d", "report": "No Such Report"},
        "list_none": {"description": "d", "doctype": "Customer", "saved_filter": "Late"},
    });
    let (code, lines) = doctor(folder.path(), &config).await;
    assert_eq!(code, Some(1), "{lines:#?}");
    for wanted in [
        "error publish: run_columns: a run with the filters of its example shows no column outstandin",
        "error publish: run_filters: the report has no filter compny; it takes: company",
        "error publish: run_filters: the report needs the filter company, which is not published",
        "error publish: run_types: the filter company is published as Data, and the report has it as Link",
        "error publish: run_none: The site has no report named \"No Such Report\"",
        "error publish: list_none: The site has no filter saved as \"Late\" for Customer",
        "ok publish: 1 published tool fits the site",
    ] {
        has(&lines, wanted);
    }
}

#[tokio::test]
async fn a_published_tool_has_a_name_of_its_own_or_nothing_starts() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config_json("http://127.0.0.1:9", json!({"reports": ["*"]}));
    let published = json!({"description": "d", "report": "Stock Ledger"});
    config["publish"] = json!({"run_report": published, "submit_document": published, "list_customer_documents": published, "free": published});
    std::fs::write(folder.path().join("c.json"), config.to_string()).unwrap();
    let done = run(folder.path(), &[], &["tools", "--config", "c.json"]).await;
    assert_ne!(done.code, Some(0), "{}", done.stdout);
    for name in ["run_report", "submit_document", "list_customer_documents"] {
        let line = format!("publish.{name}: there is a tool of this name already");
        assert!(done.stderr.contains(&line), "{line}: {}", done.stderr);
    }
    assert!(!done.stderr.contains("publish.free"), "{}", done.stderr);
}
