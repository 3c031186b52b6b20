//! Quotas: how much a user may write, whatever the model is told to do.

use std::path::Path;

use erpnext_mcp::app::Connection;
use erpnext_mcp::audit::Audit;
use erpnext_mcp::config::Config;
use erpnext_sandbox::{Fault, FaultKind};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{Site, all, app_of, app_with, call, config_json, load, refusal, write_config};

fn config(site: &SampleSite, folder: &Path, quota: Value) -> Value {
    let doctypes = json!({"ToDo": all(), "Sales Order": all()});
    let mut config = site.config(json!({"confirm_argument": false, "doctypes": doctypes, "quota": quota}));
    config["audit"] = json!({"enabled": true, "log_file": folder.join("audit.log")});
    config
}

fn server(config: &Value) -> Connection {
    app_with(config, Audit::open(&load(config).audit).unwrap())
}

fn todo() -> Value {
    json!({"data": {"description": "x"}})
}

#[tokio::test]
async fn a_quota_of_creates_holds_at_once_in_batches_and_over_restarts_and_is_told_before() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let config = config(&site, folder.path(), json!({"create": {"hour": 10, "day": 100}}));
    let app = server(&config);
    let first = call(&app, "create_todo_document", todo()).await.unwrap();
    assert_eq!(first.get("quota"), None, "{first}");
    // What the site refuses does not count.
    site.sandbox.faults().add(Fault::new(FaultKind::Json(417)).method("POST").path("/api/resource/ToDo").times(1));
    refusal(&app, "create_todo_document", todo()).await;
    let rows: Vec<Value> = (0..5).map(|at| json!({"description": format!("row {at}")})).collect();
    call(&app, "create_bulk_documents", json!({"doctype": "ToDo", "documents": rows})).await.unwrap();
    let told = join_all((0..3).map(|_| call(&app, "create_todo_document", todo()))).await;
    let near = told.last().unwrap().as_ref().unwrap();
    assert_eq!(near["quota"], "1 of 10 times create an hour are left", "{near}");
    let restarted = server(&config);
    let at_once =
        join_all((0..4).map(|at| call(if at % 2 == 0 { &app } else { &restarted }, "create_todo_document", todo())))
            .await;
    let refused: Vec<_> = at_once.into_iter().filter_map(Result::err).map(|error| error.for_model()).collect();
    assert!(refused.len() >= 2, "{refused:?}");
    let said = refusal(&restarted, "create_todo_document", todo()).await;
    assert!(said.contains("permissions.quota: Administrator may send 10 of these an hour"), "{said}");
    assert!(said.contains("the next is free at 20") && said.contains("next: Wait until there is room"), "{said}");
    let log = std::fs::read_to_string(folder.path().join("audit.log")).unwrap();
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(last["result"], "DENIED", "{last}");
    // Two servers may pass each other once; one does not pass itself.
    assert!((10..=11).contains(&site.writes().len()), "{:?}", site.writes());
}

#[tokio::test]
async fn a_submit_over_the_amount_is_asked_about_or_refused() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let open = server(&config(&site, folder.path(), json!({})));
    let draft = first(&open, "Sales Order", json!({"docstatus": 0})).await;
    let submit = json!({"name": draft});
    let asks = server(&config(&site, folder.path(), json!({"submit_amount": {"confirm": 1}})));
    let shown: Value =
        serde_json::from_str(&refusal(&asks, "submit_sales_order_document", submit.clone()).await).unwrap();
    assert!(shown["confirm_token"].is_string(), "{shown}");
    let refuses = server(&config(&site, folder.path(), json!({"submit_amount": {"confirm": 1, "refuse": 2}})));
    let mut with_token = submit.clone();
    with_token["confirm_token"] = shown["confirm_token"].clone();
    let said = refusal(&refuses, "submit_sales_order_document", with_token.clone()).await;
    assert!(said.contains("it is over more than 2"), "{said}");
    assert!(site.writes().is_empty());
    call(&asks, "submit_sales_order_document", with_token).await.unwrap();
    let large = server(&config(&site, folder.path(), json!({"submit_amount": {"confirm": 1_000_000_000}})));
    let draft = first(&large, "Sales Order", json!({"docstatus": 0})).await;
    call(&large, "submit_sales_order_document", json!({"name": draft})).await.unwrap();
}

#[on_every_version]
async fn rows_without_an_amount_are_worth_their_quantity_times_their_rate() {
    let site = Site::start().await;
    let row = json!({"name": "r1", "idx": 1, "item_code": "SKU-1", "qty": 1000.0, "rate": 26.0});
    let order = json!({"name": "BO-1", "customer": "Zod Co", "blanket_order_type": "Selling", "docstatus": 0, "modified": "m1", "items": [row]});
    site.data("GET", "/api/resource/Blanket%20Order/BO-1", order).await;
    let none = json!({"exc_type": "DoesNotExistError"});
    site.answer("POST", "/api/method/frappe.model.workflow.get_transitions", 404, none).await;
    let quota = json!({"submit_amount": {"refuse": 5000}});
    let app = app_of(&config_json(&site.url(), json!({"doctypes": {"Blanket Order": all()}, "quota": quota})));
    let said = refusal(&app, "submit_document", json!({"doctype": "Blanket Order", "name": "BO-1"})).await;
    assert!(said.contains("it is over more than 5000"), "{said}");
    assert_eq!(site.writes().await, Vec::<String>::new());
}

#[tokio::test]
async fn whether_a_submit_is_over_an_amount_that_is_withheld_is_told_by_nothing() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let open = server(&config(&site, folder.path(), json!({})));
    let draft = first(&open, "Sales Order", json!({"docstatus": 0})).await;
    let mut rule = all();
    rule["restricted_fields"] = json!(["grand_total", "base_grand_total"]);
    let said = async |limit: &str, most: u64| {
        let mut config = config(&site, folder.path(), json!({"submit_amount": {limit: most}}));
        config["permissions"]["doctypes"] = json!({"Sales Order": rule});
        refusal(&server(&config), "submit_sales_order_document", json!({"name": draft})).await
    };
    let (small, large) = (said("refuse", 1).await, said("refuse", 1_000_000_000).await);
    assert!(small.contains("what it is over is withheld here, and may be more than 1,"), "{small}");
    assert_eq!(small.replace("than 1,", "MOST"), large.replace("than 1000000000,", "MOST"));
    for most in [1, 1_000_000_000] {
        let shown = said("confirm", most).await;
        assert!(shown.contains("confirm_token"), "{shown}");
    }
    assert!(site.writes().is_empty());
}

#[tokio::test]
async fn what_an_order_is_worth_is_judged_in_a_batch_and_when_its_rows_change_too() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let open = server(&config(&site, folder.path(), json!({})));
    let draft = first(&open, "Sales Order", json!({"docstatus": 0})).await;
    let asks = server(&config(&site, folder.path(), json!({"submit_amount": {"confirm": 1}})));
    let batch = json!({"doctype": "Sales Order", "names": [draft], "action": "submit"});
    let shown = refusal(&asks, "act_on_bulk_documents", batch.clone()).await;
    assert!(shown.contains("confirm_token"), "{shown}");
    let selected = json!({"doctype": "Sales Order", "where": {"name": draft}, "action": "submit"});
    let said = refusal(&asks, "act_on_bulk_documents", selected).await;
    assert!(said.contains("name the documents of this action"), "{said}");
    assert!(site.writes().is_empty());
    let submitted = first(&open, "Sales Order", json!({"docstatus": 1, "status": ["!=", "Closed"]})).await;
    let refuses = server(&config(&site, folder.path(), json!({"submit_amount": {"refuse": 1}})));
    let rows = json!({"patch": [{"idx": 1, "qty": 1_000_000}]});
    let change = json!({"doctype": "Sales Order", "name": submitted, "items": rows});
    let said = refusal(&refuses, "update_order_items", change).await;
    assert!(said.contains("the order would be over more than 1"), "{said}");
    assert!(site.writes().is_empty());
}

#[tokio::test]
async fn an_amendment_counts_as_a_create_and_an_action_that_submits_as_a_submit() {
    let (site, folder) = (crate::policy::with_a_workflow().await, tempfile::tempdir().unwrap());
    let app = server(&config(&site, folder.path(), json!({"create": {"hour": 1}, "submit": {"hour": 1}})));
    let orders = json!({"filters": {"docstatus": 0}, "fields": ["name"], "limit": 2});
    let orders = call(&app, "list_sales_order_documents", orders).await.unwrap();
    let order = |at: usize| orders["documents"][at]["name"].clone();
    let token = async |tool: &str, mut given: Value| {
        let shown: Value = serde_json::from_str(&refusal(&app, tool, given.clone()).await).unwrap();
        given["confirm_token"] = shown["confirm_token"].clone();
        call(&app, tool, given).await
    };
    for at in 0..2 {
        let columns = json!({"workflow_state": "Open"});
        let name = order(at);
        site.sandbox
            .with(|site| site.set("Sales Order", name.as_str().unwrap(), columns.as_object().unwrap()))
            .unwrap();
    }
    let take = |name: &Value, action: &str| json!({"doctype": "Sales Order", "name": name, "action": action});
    call(&app, "apply_workflow_action", take(&order(0), "Approve")).await.unwrap();
    let said = refusal(&app, "apply_workflow_action", take(&order(1), "Approve")).await;
    assert!(said.contains("permissions.quota: Administrator may send 1 of these an hour"), "{said}");
    token("apply_workflow_action", take(&order(0), "Reject")).await.unwrap();
    let amend = json!({"doctype": "Sales Order", "name": order(0)});
    call(&app, "amend_document", amend).await.unwrap();
    let said = refusal(&app, "create_todo_document", todo()).await;
    assert!(said.contains("permissions.quota: Administrator may send 1 of these an hour"), "{said}");
}

#[tokio::test]
async fn a_batch_of_more_than_the_quota_has_room_for_is_not_asked_about() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let quota = json!({"create": {"hour": 4}, "delete": {"hour": 2}});
    let app = server(&config(&site, folder.path(), quota));
    let (mut names, mut told) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let made = call(&app, "create_todo_document", todo()).await.unwrap();
        names.push(made["created"].clone());
        told.push(made["quota"].as_str().map(str::to_owned));
    }
    // It is told before none is left, of a small quota, too.
    assert_eq!(told, [None, None, Some("1 of 4 times create an hour are left".to_owned())]);
    let writes = site.writes().len();
    let rows = json!([{"description": "a"}, {"description": "b"}]);
    for atomic in [false, true] {
        let batch = json!({"doctype": "ToDo", "documents": rows, "atomic": atomic});
        let said = refusal(&app, "create_bulk_documents", batch).await;
        assert!(said.contains("2 documents are more than the 1 of 4 times create an hour that are left"), "{said}");
    }
    let batch = |names: &[Value]| json!({"doctype": "ToDo", "names": names});
    let said = refusal(&app, "delete_bulk_documents", batch(&names)).await;
    assert!(said.contains("3 documents are more than the 2 of 2 times delete an hour"), "{said}");
    assert!(!said.contains("confirm_token") && site.writes().len() == writes, "{said}");
    let fits = with_token(&app, "delete_bulk_documents", batch(&names[1..])).await;
    assert_eq!(call(&app, "delete_bulk_documents", fits).await.unwrap()["done"], 2);
}

/// A server whose user may record payments, and the arguments of one that is submitted at once.
async fn payment(site: &SampleSite, folder: &Path, quota: Value) -> (Connection, Value) {
    let mut config = config(site, folder, quota);
    config["permissions"]["doctypes"] = json!({"Sales Invoice": all(), "Payment Entry": all(), "Mode of Payment": {"read": true}, "Account": {"read": true}});
    let app = server(&config);
    let invoice = first(&app, "Sales Invoice", json!({"docstatus": 1, "outstanding_amount": [">", 10]})).await;
    let customer = site.stored("Sales Invoice", &invoice).unwrap()["customer"].clone();
    let pay = json!({"party_type": "Customer", "party": customer, "invoices": [{"name": invoice, "amount": 1}],
        "mode_of_payment": "Cash", "submit": true});
    (app, pay)
}

/// The arguments with the token of a call that waits for one.
async fn with_token(app: &Connection, tool: &str, mut given: Value) -> Value {
    let shown: Value = serde_json::from_str(&refusal(app, tool, given.clone()).await).unwrap();
    given["confirm_token"] = shown["confirm_token"].clone();
    given
}

#[tokio::test]
async fn a_payment_whose_submit_has_no_room_is_not_made() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let (app, pay) = payment(&site, folder.path(), json!({"create": {"hour": 20}, "submit": {"hour": 1}})).await;
    let confirmed = with_token(&app, "record_payment", pay.clone()).await;
    call(&app, "record_payment", confirmed).await.unwrap();
    let writes = site.writes().len();
    let mut dry = pay.clone();
    dry["dry_run"] = json!(true);
    for again in [pay, dry] {
        let said = refusal(&app, "record_payment", again).await;
        assert!(said.contains("permissions.quota: Administrator may send 1 of these an hour"), "{said}");
        assert!(!said.contains("was made"), "{said}");
    }
    assert_eq!(site.writes().len(), writes, "{:?}", site.writes());
}

#[tokio::test]
async fn a_draft_whose_submit_is_refused_counts_and_is_recorded_as_made() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let (app, pay) = payment(&site, folder.path(), json!({"create": {"hour": 1}})).await;
    site.sandbox.faults().add(Fault::new(FaultKind::Json(417)).method("POST").path("client.submit").times(1));
    let confirmed = with_token(&app, "record_payment", pay.clone()).await;
    let said = refusal(&app, "record_payment", confirmed).await;
    assert!(said.contains("was made and is a draft"), "{said}");
    let log = std::fs::read_to_string(folder.path().join("audit.log")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |operation: &str| lines.iter().rfind(|line| line["operation"] == operation).unwrap();
    assert_eq!((&of("CREATE")["result"], &of("SUBMIT")["result"]), (&json!("ALLOWED"), &json!("FAILED")), "{log}");
    let name = of("CREATE")["document"].as_str().unwrap();
    assert!(said.contains(name) && site.stored("Payment Entry", name).is_some(), "{said}");
    let said = refusal(&app, "record_payment", pay).await;
    assert!(said.contains("permissions.quota: Administrator may send 1 of these an hour"), "{said}");
}

#[tokio::test]
async fn mails_are_counted_by_their_recipients_and_use_up_no_creates() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let quota = json!({"create": {"hour": 1}, "mail": {"hour": 4}});
    let mut config = config(&site, folder.path(), quota.clone());
    let mut invoice = all();
    invoice["print"] = json!(true);
    config["permissions"]["doctypes"] = json!({"Sales Invoice": invoice, "Communication": all(), "ToDo": all()});
    config["permissions"]["confirm_argument"] = json!(true);
    let app = server(&config);
    let about = first(&app, "Sales Invoice", json!({"docstatus": 1})).await;
    let mail = |to: &[&str], cc: &[&str]| {
        json!({"doctype": "Sales Invoice", "name": about, "recipients": to, "cc": cc, "subject": to.join(" "),
            "content": "Dear Ann", "confirm": true})
    };
    let (ann, bob, eve) = ("ann@example.com", "bob@example.com", "eve@example.com");
    let said = refusal(&app, "send_document", mail(&[ann, bob, eve], &["d@example.com", "e@example.com"])).await;
    assert!(said.contains("may mail 4 recipients an hour; these are 5, for whom there is never room"), "{said}");
    let sent = call(&app, "send_document", mail(&[ann], &[bob])).await.unwrap();
    assert_eq!(sent.get("quota"), None, "{sent}");
    let writes = site.writes().len();
    let restarted = server(&config);
    let mut unconfirmed = mail(&[ann, bob, eve], &[]);
    unconfirmed.as_object_mut().unwrap().remove("confirm");
    let said = refusal(&restarted, "send_document", unconfirmed).await;
    assert!(said.contains("there is room for these 3 at 20") && !said.contains("confirm_token"), "{said}");
    assert_eq!(site.writes().len(), writes, "{:?}", site.writes());
    let sent = call(&restarted, "send_document", mail(&[bob, eve], &[])).await.unwrap();
    assert_eq!(sent["quota"], "0 of 4 times mail an hour are left", "{sent}");
    call(&app, "create_todo_document", todo()).await.unwrap();
    let permitted = call(&app, "get_doctype_permissions", json!({"doctype": "Communication"})).await.unwrap();
    assert_eq!(permitted["quota"], quota, "{permitted}");
    let permitted = call(&app, "get_doctype_permissions", json!({"doctype": "ToDo"})).await.unwrap();
    assert_eq!(permitted["quota"], json!({"create": {"hour": 1}}), "{permitted}");
}

#[tokio::test]
async fn every_submittable_document_that_states_an_amount_is_worth_one() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let doctypes =
        ["Sales Invoice", "Purchase Order", "Payment Entry", "Journal Entry", "Stock Entry", "Timesheet", "Quotation"];
    let rules: serde_json::Map<String, Value> = doctypes.iter().map(|name| ((*name).to_owned(), all())).collect();
    let mut config = config(&site, folder.path(), json!({"submit_amount": {"refuse": 1}}));
    config["permissions"]["doctypes"] = Value::Object(rules);
    let app = server(&config);
    let mut judged = Vec::new();
    for doctype in doctypes {
        let drafts = json!({"doctype": doctype, "filters": {"docstatus": 0}, "fields": ["name"], "limit": 1});
        let drafts = call(&app, "list_generic_documents", drafts).await.unwrap();
        let Some(draft) = drafts["documents"][0].get("name") else { continue };
        let said = refusal(&app, "submit_document", json!({"doctype": doctype, "name": draft})).await;
        assert!(said.contains("it is over more than 1"), "{doctype}: {said}");
        judged.push(doctype);
    }
    assert!(judged.len() >= 3, "{judged:?}");
    assert!(site.writes().is_empty());
}

#[tokio::test]
async fn a_quota_without_a_log_to_count_from_is_refused() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    for audit in [json!({"enabled": false}), json!({"enabled": true, "format": "text"})] {
        let mut config = config(&site, folder.path(), json!({"delete": {"day": 5}}));
        config["audit"] = audit;
        let (_folder, file) = write_config(&config);
        let said = Config::load(Some(&file), &|_| None).unwrap_err().to_string();
        assert!(said.contains("permissions.quota") && said.contains("counted from the audit log"), "{said}");
    }
}

#[tokio::test]
async fn a_quota_of_exports_counts_files_and_is_full_before_anything_is_read() {
    let (site, folder, files) = (SampleSite::start().await, tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut config = config(&site, folder.path(), json!({"export": {"day": 2}}));
    config["permissions"]["doctypes"]["Sales Order"]["export"] = json!(true);
    config["export"] = json!({"directory": files.path()});
    let app = server(&config);
    let export = |file: &str| json!({"doctype": "Sales Order", "fields": ["name"], "file_name": file});
    let first = call(&app, "export_documents", export("a.csv")).await.unwrap();
    assert_eq!(first["quota"], "1 of 2 times export a day are left", "{first}");
    // What is refused does not count.
    refusal(&app, "export_documents", export("a.csv")).await;
    call(&app, "export_documents", export("b.csv")).await.unwrap();
    for app in [&app, &server(&config)] {
        site.sandbox.faults().add(Fault::new(FaultKind::Json(500)).path("/api/resource/Sales Order"));
        let said = refusal(app, "export_documents", export("c.csv")).await;
        assert!(said.contains("permissions.quota: Administrator may export 2 of these a day"), "{said}");
        site.sandbox.faults().clear();
    }
    assert_eq!(std::fs::read_dir(files.path()).unwrap().count(), 2);
    call(&app, "list_sales_order_documents", json!({"limit": 1})).await.unwrap();
}
