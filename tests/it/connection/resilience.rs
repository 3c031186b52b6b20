//! Limits, kept answers and a site that is down, through the tools and in the audit log: wiremock, as how often the site is
//! asked counts.

use std::path::Path;

use erpnext_mcp::audit::{Audit, review};
use erpnext_sandbox::Options;
use serde_json::{Value, json};

use crate::sandbox;
use crate::support::{Site, all, app_of, app_with, call, config_json, load, refusal};

const ORDERS: &str = "/api/resource/Sales%20Order";
const ORDER: &str = "/api/resource/Sales%20Order/SO-1";
const GET: &str = "get_sales_order_document";

async fn site() -> Site {
    let site = Site::start().await;
    site.data("GET", ORDER, json!({"name": "SO-1", "customer": "Zod Co", "modified": "1"})).await;
    site.data("GET", ORDERS, json!([{"name": "SO-1"}])).await;
    site.data("DELETE", ORDER, json!("ok")).await;
    site.method("frappe.desk.reportview.get_count", json!(1)).await;
    site
}

fn config(site: &Site, more: Value) -> Value {
    let mut config = config_json(&site.url(), json!({"doctypes": {"Sales Order": all()}}));
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

/// Every line of an audit log.
fn audited(log: &Path) -> Vec<Value> {
    review::lines(log).unwrap().map(|line| serde_json::from_slice(&line.unwrap().bytes).unwrap()).collect()
}

fn audit_of(app_config: &Value) -> Audit {
    Audit::open(&load(app_config).audit).unwrap()
}

#[tokio::test]
async fn a_kept_answer_says_its_age_and_fresh_asks_past_it() {
    let site = site().await;
    let app = app_with(&config(&site, json!({"cache": {"enabled": true}})), Audit::default());
    let name = json!({"name": "SO-1"});
    assert_eq!(call(&app, GET, name.clone()).await.unwrap().get("age_s"), None);
    assert_eq!(call(&app, GET, name.clone()).await.unwrap()["age_s"], 0);
    assert_eq!(call(&app, GET, json!({"name": "SO-1", "fresh": true})).await.unwrap().get("age_s"), None);
    assert_eq!(site.lines().await.len(), 2);
    let list = json!({"count": true});
    call(&app, "list_sales_order_documents", list.clone()).await.unwrap();
    assert_eq!(call(&app, "list_sales_order_documents", list).await.unwrap()["age_s"], 0);
    assert_eq!(site.lines().await.len(), 4);
    let deleted = call(&app, "delete_sales_order_document", json!({"name": "SO-1", "confirm": true})).await.unwrap();
    assert_eq!(deleted.get("age_s"), None, "{deleted}");
    assert_eq!(call(&app, GET, name).await.unwrap().get("age_s"), None, "a write drops what was kept");
}

#[tokio::test]
async fn a_kept_answer_is_what_the_site_would_be_answered_with_however_often_and_in_whatever_form_it_is_asked_for() {
    let site = Site::start().await;
    let order = json!({"name": "SO-1", "customer": "Zod Co", "modified": "1", "terms": "<p><b>30</b> days</p>",
        "items": [{"name": "r1", "item_code": "A", "qty": 2.0, "description": "long ".repeat(100)}]});
    site.data("GET", ORDER, order).await;
    let forms = [
        json!({}),
        json!({"fields": ["customer"]}),
        json!({"fields": ["items.qty", "terms"]}),
        json!({"fields": ["*"]}),
        json!({"format": "html"}),
    ];
    let asked = |form: &Value| {
        let mut asked = form.as_object().unwrap().clone();
        asked.insert("name".to_owned(), json!("SO-1"));
        Value::Object(asked)
    };
    let [kept, asking] =
        [true, false].map(|enabled| app_with(&config(&site, json!({"cache": {"enabled": enabled}})), Audit::default()));
    for form in forms.iter().chain(&forms).flat_map(|form| [form; 3]) {
        let mut again = call(&kept, GET, asked(form)).await.unwrap();
        again.as_object_mut().unwrap().shift_remove("age_s");
        assert_eq!(again, call(&asking, GET, asked(form)).await.unwrap(), "{form}");
    }
    site.data("DELETE", ORDER, json!("ok")).await;
    call(&kept, "delete_sales_order_document", json!({"name": "SO-1", "confirm": true})).await.unwrap();
    assert_eq!(call(&kept, GET, asked(&forms[0])).await.unwrap().get("age_s"), None, "a write drops what was kept");
}

#[tokio::test]
async fn without_a_cache_every_call_asks_the_site() {
    let site = site().await;
    let app = app_with(&config(&site, json!({})), Audit::default());
    for _ in 0..2 {
        assert_eq!(call(&app, GET, json!({"name": "SO-1"})).await.unwrap().get("age_s"), None);
    }
    assert_eq!(site.lines().await.len(), 2);
}

#[tokio::test]
async fn a_call_over_the_limit_is_told_when_to_come_back_and_audited_as_denied() {
    let (site, folder) = (site().await, tempfile::tempdir().unwrap());
    let log = folder.path().join("audit.log");
    let more = json!({
        "rate_limiting": {"enabled": true, "requests_per_minute": 2, "requests_per_hour": 100},
        "audit": {"enabled": true, "log_file": log},
    });
    let config = config(&site, more);
    let app = app_with(&config, audit_of(&config));
    // Who the user is is asked once: that is a call to the site like any other.
    call(&app, GET, json!({"name": "SO-1"})).await.unwrap();
    let said = refusal(&app, GET, json!({"name": "SO-1"})).await;
    assert!(
        said.contains("limit of requests") && said.contains("nothing was sent") && said.contains("Wait "),
        "{said}"
    );
    let last = audited(&log).pop().unwrap();
    assert_eq!((&last["result"], &last["document"]), (&json!("DENIED"), &json!("SO-1")));
}

#[tokio::test]
async fn with_the_site_down_what_needs_no_site_still_works() {
    let site = sandbox::start(Options::default()).await;
    let app = app_of(&json!({
        "erpnext": {"url": site.url(), "api_key": "administrator", "api_secret": "secret", "timeout": 5},
        "permissions": {"doctypes": {"ToDo": all()}},
        "cache": {"enabled": true},
    }));
    let made = call(&app, "create_todo_document", json!({"data": {"description": "call"}})).await.unwrap();
    let name = json!({"name": made["created"]});
    call(&app, "get_todo_document", name.clone()).await.unwrap();
    site.stop().await;
    let kept = call(&app, "get_todo_document", name).await.unwrap();
    assert_eq!((&kept["document"]["description"], &kept["age_s"]), (&json!("call"), &json!(0)));
    for _ in 0..3 {
        let said = refusal(&app, "get_todo_document", json!({"name": "other"})).await;
        assert!(said.contains("cannot be reached") || said.contains("left alone"), "{said}");
    }
    let said = refusal(&app, "create_todo_document", json!({"data": {"description": "call"}})).await;
    assert!(said.contains("left alone for a while; nothing was sent") && said.contains("Wait 2 s"), "{said}");
    let doctype = json!({"doctype": "ToDo"});
    assert_eq!(call(&app, "list_doctypes", json!({})).await.unwrap()["doctypes"][0]["name"], "ToDo");
    call(&app, "get_doctype_permissions", doctype.clone()).await.unwrap();
    call(&app, "get_doctype_schema", doctype).await.unwrap();
}
