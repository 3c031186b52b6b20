//! Calls against a stand-in site: what is withheld of what the tables do not know, and what is not changed.

#![allow(clippy::unwrap_used)]

use erpnext_schema::Version;
use futures_util::FutureExt;
use serde_json::{Map, Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{App, Connection};
use crate::audit::Audit;
use crate::config::{Audit as Settings, Config, Operation};
use crate::error::ToolError;
use crate::site::{Client, ClientOptions};
use crate::tool::progress::CallObserver;

const META: &str = "/api/method/frappe.desk.form.load.getdoctype";

async fn answers(site: &MockServer, at: &str, body: Value) {
    Mock::given(method("GET"))
        .and(path(at))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(site)
        .await;
}

fn app(site: &MockServer) -> Connection {
    app_with(site, Audit::default())
}

fn app_with(site: &MockServer, audit: Audit) -> Connection {
    let env = |name: &str| match name {
        "ERPNEXT_URL" => Some(site.uri()),
        _ => Some("key".to_owned()).filter(|_| name.starts_with("ERPNEXT_API")),
    };
    let mut config = Config::load(None, &env).unwrap();
    config.erpnext.version = Some(Version::V15);
    config.permissions.default = Operation::ALL.iter().copied().collect();
    App::with_client(&config, Client::new(ClientOptions::default()).unwrap(), audit).unwrap().1
}

async fn call(app: &Connection, tool: &str, arguments: Value) -> Result<Value, ToolError> {
    let arguments: Map<String, Value> = arguments.as_object().cloned().unwrap();
    app.call(app.registry().find(tool).unwrap(), arguments, None).await.map(|(data, _)| data)
}

#[tokio::test]
async fn a_call_is_passed_on_without_what_it_keeps() {
    let site = MockServer::start().await;
    let app = app(&site);
    let tool = app.registry().find("get_generic_document").unwrap();
    let size = size_of_val(&app.call(tool, Map::new(), None));
    assert!(size <= 1_024, "{size} bytes");
}

#[tokio::test]
async fn a_call_that_ends_before_it_began_has_one_line_whatever_it_waited_for() {
    let site = MockServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let log_file = folder.path().join("audit.log");
    let settings = Settings { enabled: true, log_file: log_file.clone(), ..Settings::default() };
    let app = app_with(&site, Audit::open(&settings).unwrap());
    let tool = app.registry().find("update_bulk_documents").unwrap();
    let given = json!({"doctype": "ToDo", "documents": [{"name": "T-1", "status": "Closed"}]});
    let given = given.as_object().cloned().unwrap();
    let lines = || std::fs::read_to_string(&log_file).unwrap_or_default().lines().count();
    let wait = |observer: &CallObserver| drop(app.waits(tool, &given, || None, observer));
    wait(&CallObserver::default());
    assert_eq!(lines(), 1);
    let run = CallObserver::default();
    let _ = app.observed_call(tool, Map::new(), None, &run).await;
    wait(&run);
    assert_eq!(lines(), 2, "what was run has its own");
    run.begin_again();
    wait(&run);
    assert_eq!(lines(), 3);
    let observer = CallObserver::default();
    observer.ends("the user did not confirm it");
    let outer = app.waits(tool, &given, || None, &observer);
    wait(&observer);
    drop(outer);
    assert_eq!(lines(), 4, "one within the other");
    let log = std::fs::read_to_string(&log_file).unwrap();
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    let told = json!([last["document"], last["result"], last["reason"]]);
    assert_eq!(told, json!(["T-1", "FAILED", "the user did not confirm it"]), "{log}");
}

#[tokio::test]
async fn a_call_by_call_tool_that_ends_before_it_began_is_recorded_as_the_tool_that_it_names() {
    let site = MockServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let log_file = folder.path().join("audit.log");
    let settings = Settings { enabled: true, log_file: log_file.clone(), ..Settings::default() };
    let app = app_with(&site, Audit::open(&settings).unwrap());
    let call_tool = app.registry().find("call_tool").unwrap();
    let given = |tool: &str, arguments: Value| {
        let given = json!({"tool": tool, "arguments": arguments});
        given.as_object().cloned().unwrap()
    };
    let delete = given("delete_generic_document", json!({"doctype": "ToDo", "name": "T-1"}));
    let names = json!({"doctype": "ToDo", "documents": [{"name": "T-2", "status": "Closed"}]});
    let update = given("update_bulk_documents", names);
    // Nothing opens methods here.
    let method = given("call_method", json!({"method": "frappe.ping"}));
    assert!(app.registry().find("call_method").is_none());
    for given in [&delete, &update, &method] {
        drop(app.waits(call_tool, given, || None, &CallObserver::default()));
    }
    // The same of a call that begins, and is dropped before the site told who its user is.
    let observer = CallObserver::default();
    assert!(app.observed_call(call_tool, delete.clone(), None, &observer).now_or_never().is_none());
    let log = std::fs::read_to_string(&log_file).unwrap();
    let told = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        json!([line["tool"], line["operation"], line["doctype"], line["document"]])
    };
    let deleted = json!(["delete_generic_document", "DELETE", "ToDo", "T-1"]);
    let told: Vec<Value> = log.lines().map(told).collect();
    assert_eq!((&told[0], &told[3]), (&deleted, &deleted), "{log}");
    assert_eq!(told[1], json!(["update_bulk_documents", "UPDATE", "ToDo", "T-2"]), "{log}");
    assert_eq!(told[2][0], "call_method", "{log}");
}

#[tokio::test]
async fn a_field_of_the_sites_own_above_level_0_is_withheld_from_the_first_reading_on() {
    let site = MockServer::start().await;
    answers(&site, "/api/resource/UOM/Box", json!({"data": {"name": "Box", "custom_cost": 7, "custom_note": "x"}}))
        .await;
    let fields = json!([
        {"fieldname": "custom_cost", "fieldtype": "Currency", "permlevel": 1, "is_custom_field": 1},
        {"fieldname": "custom_note", "fieldtype": "Data", "is_custom_field": 1},
    ]);
    answers(&site, META, json!({"docs": [{"name": "UOM", "module": "Setup", "fields": fields}]})).await;
    let read = call(&app(&site), "get_generic_document", json!({"doctype": "UOM", "name": "Box"})).await.unwrap();
    assert_eq!(read, json!({"document": {"name": "Box", "custom_note": "x"}, "withheld": ["custom_cost"]}));
}

#[tokio::test]
async fn a_field_that_the_site_does_not_explain_is_not_shown() {
    let site = MockServer::start().await;
    answers(&site, "/api/resource/UOM/Box", json!({"data": {"name": "Box", "custom_cost": 7}})).await;
    let read = call(&app(&site), "get_generic_document", json!({"doctype": "UOM", "name": "Box"})).await.unwrap();
    assert_eq!(read, json!({"document": {"name": "Box"}}));
}

#[tokio::test]
async fn a_document_of_almost_that_name_is_not_changed() {
    let site = MockServer::start().await;
    answers(&site, "/api/resource/UOM/box", json!({"data": {"name": "Box", "modified": "2026-11-01 10:00:00"}})).await;
    let given = json!({"doctype": "UOM", "name": "box", "data": {"enabled": false}});
    let refused = call(&app(&site), "update_generic_document", given).await.unwrap_err();
    assert!(refused.for_model().contains("did you mean \"Box\"?"), "{}", refused.for_model());
    assert!(site.received_requests().await.unwrap().iter().all(|request| request.method.as_str() == "GET"));
}

#[tokio::test]
async fn a_field_that_the_site_made_optional_need_not_be_sent() {
    let site = MockServer::start().await;
    let fields =
        json!([{"fieldname": "uom_name", "fieldtype": "Data"}, {"fieldname": "enabled", "fieldtype": "Check"}]);
    answers(&site, META, json!({"docs": [{"name": "UOM", "module": "Setup", "fields": fields}]})).await;
    answers(&site, "/api/resource/UOM/U-1", json!({"data": {"name": "U-1", "enabled": 1}})).await;
    let made = ResponseTemplate::new(200).set_body_json(json!({"data": {"name": "U-1"}}));
    Mock::given(method("POST")).and(path("/api/resource/UOM")).respond_with(made).mount(&site).await;
    let given = json!({"doctype": "UOM", "data": {"enabled": true}});
    let created = call(&app(&site), "create_generic_document", given).await.unwrap();
    assert_eq!(created, json!({"created": "U-1"}));
}
