//! Which version the site runs: stated, asked once, kept on disk; and that the tools are those of its tables.

use erpnext_mcp::context::overlay::Overlay;
use erpnext_schema::{Version, Versions};
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{app_of, call, config_json, load};

const VERSIONS: &str = "/api/method/frappe.utils.change_log.get_versions";

async fn site(version: &str) -> MockServer {
    let server = MockServer::start().await;
    let apps = json!({"message": {"frappe": {"version": version}, "erpnext": {"version": version}}});
    Mock::given(path(VERSIONS)).respond_with(ResponseTemplate::new(200).set_body_json(apps)).mount(&server).await;
    server
}

async fn asked(server: &MockServer) -> usize {
    let requests = server.received_requests().await.unwrap();
    requests.iter().filter(|request| request.url.path() == VERSIONS).count()
}

/// A configuration that opens everything and states this version, or none.
fn config(server: &MockServer, version: Option<Version>) -> Value {
    let mut config = config_json(&server.uri(), json!({"default": {"read": true, "create": true}}));
    let erpnext = config["erpnext"].as_object_mut().unwrap();
    erpnext.remove("version");
    if let Some(version) = version {
        erpnext.insert("version".to_owned(), json!(version.major()));
    }
    config
}

#[tokio::test]
async fn a_site_is_asked_for_its_version_once_and_the_tools_are_those_of_its_tables() {
    let server = site("15.71.1").await;
    let app = app_of(&config(&server, None));
    assert_eq!(
        (app.session().version.get(), app.session().version.is_known()),
        (Version::NEWEST, false),
        "nothing is asked at the start"
    );
    let (old, new) = ("list_lead_source_documents", "list_utm_source_documents");
    assert!(app.registry().find(old).is_none() && app.registry().find(new).is_some());
    let changes = app.session().listed.overlays();
    call(&app, "list_doctypes", json!({"search": "lead source"})).await.unwrap();
    let listed = call(&app, "list_doctypes", json!({"search": "lead source"})).await.unwrap();
    assert_eq!(
        (app.session().version.get(), app.session().version.is_known(), asked(&server).await),
        (Version::V15, true, 1)
    );
    assert_eq!(listed["doctypes"][0]["name"], "Lead Source", "{listed}");
    assert!(app.registry().find(old).is_some() && app.registry().find(new).is_none());
    assert!(changes.has_changed().unwrap(), "clients are told that the list is another");
    let quotation = app.session().catalog.known("Quotation").unwrap();
    assert!(quotation.field("title").is_some() && quotation.field("utm_source").is_none());
    assert!(quotation.fields.iter().all(|field| field.only == Versions::ALL));
}

#[tokio::test]
async fn a_stated_version_is_believed_and_the_site_not_asked() {
    let server = site("16.1.0").await;
    let app = app_of(&config(&server, Some(Version::V15)));
    call(&app, "list_doctypes", json!({})).await.unwrap();
    assert_eq!((app.session().version.get(), asked(&server).await), (Version::V15, 0));
}

#[tokio::test]
async fn a_site_that_does_not_tell_is_taken_for_the_newest_and_asked_again() {
    let server = MockServer::start().await;
    let app = app_of(&config(&server, None));
    for _ in 0..2 {
        call(&app, "list_doctypes", json!({})).await.unwrap();
    }
    assert_eq!((app.session().version.get(), app.session().version.is_known()), (Version::NEWEST, false));
    assert!(asked(&server).await >= 2);
}

#[tokio::test]
async fn the_version_is_kept_for_the_next_start_and_asked_again_in_its_background() {
    let folder = tempfile::tempdir().unwrap();
    let server = site("15.71.1").await;
    let user = ResponseTemplate::new(200).set_body_json(json!({"message": "me@example.com"}));
    Mock::given(path("/api/method/frappe.auth.get_logged_user")).respond_with(user).mount(&server).await;
    let mut config = config(&server, None);
    config["schema"] = json!({"overlay": "live", "cache_folder": folder.path()});
    let overlay = || Overlay::new(&load(&config)).unwrap().unwrap();
    overlay().refresh(&app_of(&config).session()).await;

    let again = app_of(&config);
    overlay().recall(&again.session());
    assert_eq!(
        (again.session().version.get(), again.session().version.is_known(), asked(&server).await),
        (Version::V15, true, 1)
    );
    call(&again, "list_doctypes", json!({})).await.unwrap();
    assert_eq!(asked(&server).await, 1, "what was kept holds until the background has asked");
}

/// The tool is looked up in the tables of the newest version, before the site says that it runs another.
#[tokio::test]
async fn the_first_typed_call_on_a_15_site_keeps_its_arguments() {
    let server = site("15.71.1").await;
    let page = json!({"data": [{"name": "SO-1", "status": "Draft"}]});
    Mock::given(path("/api/resource/Sales%20Order"))
        .respond_with(ResponseTemplate::new(200).set_body_json(page))
        .mount(&server)
        .await;
    for (tool, given) in [
        ("list_sales_order_documents", json!({"filters": {"status": "Draft"}, "fields": ["status"], "limit": 7})),
        (
            "call_tool",
            json!({"tool": "list_sales_order_documents", "arguments": {"filters": {"status": "Draft"}, "fields": ["status"], "limit": 7}}),
        ),
    ] {
        let app = app_of(&config(&server, None));
        let listed = call(&app, tool, given).await.unwrap();
        assert_eq!(app.session().version.get(), Version::V15);
        assert_eq!(listed["documents"], json!([{"name": "SO-1", "status": "Draft"}]), "{tool}");
        let requests = server.received_requests().await.unwrap();
        let asked =
            requests.iter().rfind(|request| request.url.path().ends_with("Order")).unwrap().url.query().unwrap();
        assert!(asked.contains("Draft") && asked.contains("limit_page_length=8"), "{tool}: {asked}");
    }
}
