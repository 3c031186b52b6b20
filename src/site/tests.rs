#![allow(clippy::unwrap_used)]

use std::time::Duration;

use erpnext_schema::{Operator, Order};
use serde_json::{Map, Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::{Credentials, *};

fn caller(url: &str) -> Caller {
    let credentials = Credentials::new("key-1".into(), "secret-1".into()).unwrap();
    Caller::new(SiteUrl::parse(url, false).unwrap(), credentials)
}

/// Tries again at once.
const HASTY: ClientOptions = ClientOptions {
    timeout: Duration::from_secs(60),
    max_answer: 32 << 20,
    concurrent: 8,
    rates: Rates { per_minute: None, per_hour: None, total_per_minute: None, total_per_hour: None },
    retry: Retry { times: 3, first: Duration::from_millis(1), longest: Duration::from_millis(4) },
    cooldown: Cooldown { after: 100, first: Duration::from_secs(1), longest: Duration::from_secs(1) },
    cache: None,
};

async fn answering(template: ResponseTemplate) -> (MockServer, Caller, Client) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(template).mount(&server).await;
    let caller = caller(&server.uri());
    let options = ClientOptions { timeout: Duration::from_millis(400), max_answer: 10_000, ..HASTY };
    (server, caller, Client::new(options).unwrap())
}

async fn giving(body: Value) -> (MockServer, Caller, Client) {
    answering(ResponseTemplate::new(200).set_body_json(body)).await
}

async fn only_request(server: &MockServer) -> Request {
    let mut requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

/// Method, path and query as sent, and the body.
fn line(request: &Request) -> (String, String) {
    let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let body = String::from_utf8(request.body.clone()).unwrap();
    (format!("{} {}{query}", request.method, request.url.path()), body)
}

fn permit(operation: Operation) -> Permit {
    Permit::for_test("Sales Order", operation)
}

fn doc(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn to<'a>(permit: &'a Permit, document: Option<&'a str>) -> Cleared<'a> {
    Cleared::for_test(permit, document)
}

fn query() -> ListQuery {
    ListQuery { order_by: vec![Order::desc("modified"), Order::asc("name")], limit: 20, ..ListQuery::default() }
}

#[tokio::test]
async fn a_document_is_got_with_the_token_and_no_body() {
    let (server, caller, client) = giving(json!({"data": {"name": "a/b"}})).await;
    let answer = client.as_caller(&caller).get(&permit(Operation::Read), "a/b").await.unwrap();
    assert_eq!(answer.data["name"], "a/b");
    let request = only_request(&server).await;
    assert_eq!(line(&request), ("GET /api/resource/Sales%20Order/a%2Fb".into(), String::new()));
    assert_eq!(request.headers["authorization"], "token key-1:secret-1");
    assert_eq!(request.headers["accept"], "application/json");
    assert_eq!(request.headers["accept-encoding"], "gzip");
    assert_eq!(request.headers["user-agent"], concat!("erpnext-mcp/", env!("CARGO_PKG_VERSION")));
    assert!(!request.headers.contains_key("content-type"));
}

#[tokio::test]
async fn writes_use_their_verbs_and_send_json() {
    let sent = doc(json!({"customer": "X", "modified": "2026-11-22 07:52:04.419535"}));
    let (server, caller, client) = giving(json!({"data": {"name": "SO 1"}})).await;
    client.as_caller(&caller).insert(to(&permit(Operation::Create), None), &sent).await.unwrap();
    client.as_caller(&caller).update(to(&permit(Operation::Update), Some("SO 1")), &sent).await.unwrap();
    client.as_caller(&caller).delete(to(&permit(Operation::Delete), Some("SO 1"))).await.unwrap();
    let lines: Vec<_> = server.received_requests().await.unwrap().iter().map(line).collect();
    let body = serde_json::to_string(&sent).unwrap();
    assert_eq!(lines[0], ("POST /api/resource/Sales%20Order".into(), body.clone()));
    assert_eq!(lines[1], ("PUT /api/resource/Sales%20Order/SO%201".into(), body));
    assert_eq!(lines[2], ("DELETE /api/resource/Sales%20Order/SO%201".into(), String::new()));
}

#[tokio::test]
async fn a_path_prefix_of_the_site_is_kept() {
    let (server, _, client) = giving(json!({"message": "a@example.com"})).await;
    let caller = caller(&format!("{}/erp/", server.uri()));
    assert_eq!(client.as_caller(&caller).logged_user().await.unwrap(), "a@example.com");
    assert_eq!(line(&only_request(&server).await).0, "GET /erp/api/method/frappe.auth.get_logged_user");
}

#[tokio::test]
async fn a_list_states_fields_order_and_page() {
    let (server, caller, client) = giving(json!({"data": [{"name": "A"}, {"name": "B"}]})).await;
    let query = ListQuery {
        fields: vec!["name".into(), "status".into()],
        filters: vec![Filter::new("status", Operator::In, json!(["Open", "a&b"]))],
        start: 40,
        ..query()
    };
    let rows = client.as_caller(&caller).list(&permit(Operation::Read), &query).await.unwrap().data;
    assert_eq!(rows.len(), 2);
    let request = only_request(&server).await;
    let pairs: Vec<_> = request.url.query_pairs().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(request.url.path(), "/api/resource/Sales%20Order");
    assert_eq!(
        pairs,
        [
            r#"fields=["name","status"]"#,
            r#"filters=[["status","in",["Open","a&b"]]]"#,
            "order_by=`tabSales Order`.`modified` desc, `tabSales Order`.`name` asc",
            "limit_start=40",
            "limit_page_length=20",
        ]
    );
}

#[tokio::test]
async fn a_list_too_long_for_a_request_line_goes_by_post() {
    let (server, caller, client) = giving(json!({"data": [], "message": []})).await;
    for length in [2_900, 4_000] {
        let filters = vec![Filter::eq("name", "x".repeat(length))];
        let query = ListQuery { filters, parent: Some("Quotation".into()), ..query() };
        client.as_caller(&caller).list(&permit(Operation::Read), &query).await.unwrap();
    }
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].method, "GET");
    assert!(line(&requests[0]).0.ends_with("&parent=Quotation"));
    let (line, body) = line(&requests[1]);
    assert_eq!(line, "POST /api/method/frappe.client.get_list");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["doctype"], "Sales Order");
    assert_eq!(body["limit_page_length"], 20);
    assert_eq!(body["parent"], "Quotation");
    assert_eq!(body["fields"], json!(["name"]));
    assert_eq!(body["filters"][0][2].as_str().unwrap().len(), 4_000);
}

#[tokio::test]
async fn a_list_without_limit_or_order_is_never_sent() {
    let (server, caller, client) = giving(json!({"data": []})).await;
    let read = permit(Operation::Read);
    for query in [
        ListQuery { limit: 0, ..query() },
        ListQuery { limit: 501, ..query() },
        ListQuery { order_by: Vec::new(), ..query() },
    ] {
        assert_eq!(client.as_caller(&caller).list(&read, &query).await.unwrap_err().kind(), SiteErrorKind::Misuse);
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_count_asks_the_method_that_minds_permissions() {
    let (server, caller, client) = giving(json!({"message": 537})).await;
    let filter = [Filter::eq("status", "Open"), Filter::eq("docstatus", 0)];
    let read = permit(Operation::Read);
    assert_eq!(client.as_caller(&caller).count(&read, &[], &[], None).await.unwrap(), 537);
    client.as_caller(&caller).count(&read, &filter, &filter, Some("Quotation")).await.unwrap();
    let lines: Vec<_> = server.received_requests().await.unwrap().iter().map(line).collect();
    assert_eq!(lines[0].0, "POST /api/method/frappe.desk.reportview.get_count");
    assert_eq!(lines[0].1, "doctype=Sales+Order&filters=%5B%5D&fields=%5B%5D&distinct=true");
    let coded = "%5B%5B%22status%22%2C%22%3D%22%2C%22Open%22%5D%2C%5B%22docstatus%22%2C%22%3D%22%2C0%5D%5D";
    assert_eq!(
        lines[1].1,
        format!(
            "doctype=Sales+Order&filters={coded}&fields=%5B%5D&distinct=true&or_filters={coded}&parent_doctype=Quotation"
        )
    );
}

#[tokio::test]
async fn links_are_searched_and_checked_by_post() {
    let (server, caller, client) = giving(json!({"message": [{"value": "SO-1", "description": "x"}]})).await;
    let read = permit(Operation::Read);
    let filters = [Filter::eq("docstatus", 1)];
    let found = client.as_caller(&caller).search_link(&read, "so", 3, &filters, Some("Sales Invoice")).await.unwrap();
    assert_eq!(found[0]["value"], "SO-1");
    let (line, body) = line(&only_request(&server).await);
    assert_eq!(line, "POST /api/method/frappe.desk.search.search_link");
    let wanted = json!({"doctype": "Sales Order", "txt": "so", "page_length": 3, "filters": {"docstatus": 1},
        "reference_doctype": "Sales Invoice"});
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), wanted);

    for (answer, there) in [(json!({}), false), (json!({"name": "SO-1", "status": "Open"}), true), (Value::Null, false)]
    {
        let (_server, caller, client) = giving(json!({ "message": answer })).await;
        assert_eq!(client.as_caller(&caller).validate_link(&read, "so-1", &["status"]).await.unwrap().is_some(), there);
    }
}

#[tokio::test]
async fn metadata_is_the_entry_of_that_name() {
    let bundle = json!({"docs": [{"name": "Sales Order", "x": 1}, {"name": "Sales Order Item", "x": 2}]});
    let (server, caller, client) = giving(bundle).await;
    assert_eq!(client.as_caller(&caller).doctype_meta("Sales Order Item").await.unwrap()["x"], 2);
    assert_eq!(
        line(&only_request(&server).await).0,
        "GET /api/method/frappe.desk.form.load.getdoctype?doctype=Sales%20Order%20Item"
    );
    assert_eq!(client.as_caller(&caller).doctype_bundle("Sales Order").await.unwrap().len(), 2);
    assert_eq!(client.as_caller(&caller).doctype_meta("Other").await.unwrap_err().kind(), SiteErrorKind::Missing);
}

#[tokio::test]
async fn a_permit_for_something_else_sends_nothing() {
    let (server, caller, client) = giving(json!({"data": {}})).await;
    let (read, delete, empty) = (permit(Operation::Read), permit(Operation::Delete), Map::new());
    let update = permit(Operation::Update);
    let errors = [
        client.as_caller(&caller).delete(to(&permit(Operation::Update), Some("x"))).await.unwrap_err().for_test(),
        client.as_caller(&caller).insert(to(&read, None), &empty).await.unwrap_err().for_test(),
        client.as_caller(&caller).update(to(&read, Some("x")), &empty).await.unwrap_err().for_test(),
        client.as_caller(&caller).delete(to(&read, Some("x"))).await.unwrap_err().for_test(),
        client.as_caller(&caller).list(&delete, &query()).await.unwrap_err(),
        client.as_caller(&caller).count(&delete, &[], &[], None).await.unwrap_err(),
        client.as_caller(&caller).search_link(&delete, "x", 5, &[], None).await.unwrap_err(),
        client.as_caller(&caller).validate_link(&delete, "x", &[]).await.unwrap_err(),
        client.as_caller(&caller).submit(to(&update, None), &empty).await.unwrap_err().for_test(),
        client.as_caller(&caller).cancel(to(&update, Some("x"))).await.unwrap_err().for_test(),
        client.as_caller(&caller).amend(to(&update, None), &empty).await.unwrap_err().for_test(),
        client.as_caller(&caller).amend(to(&permit(Operation::Amend), None), &empty).await.unwrap_err().for_test(),
        client.as_caller(&caller).is_amended(&update, "x").await.unwrap_err(),
        client.as_caller(&caller).submitted_links(&update, "x").await.unwrap_err(),
        client.as_caller(&caller).transitions(&delete, &empty).await.unwrap_err(),
        client.as_caller(&caller).apply_workflow(to(&read, None), &empty, "x").await.unwrap_err().for_test(),
        client.as_caller(&caller).insert_many(vec![(to(&update, None), &empty)]).await.unwrap_err().for_test(),
        client.as_caller(&caller).next_document(&read, &update, Mapper::Payment, "x").await.unwrap_err(),
        client.as_caller(&caller).next_document(&update, &update, Mapper::Payment, "x").await.unwrap_err(),
        client.as_caller(&caller).mark(to(&read, Some("x")), &Mark::Tag("x")).await.unwrap_err().for_test(),
        client.as_caller(&caller).rename(to(&read, Some("x")), "y").await.unwrap_err().for_test(),
    ];
    assert!(errors.iter().all(|error| error.kind() == SiteErrorKind::Misuse));
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_is_refused_before_sending() {
    let (server, caller, client) = giving(json!({"data": {}})).await;
    for name in ["..", "../../method/ping", "/x", "x/", "a\r\nb", ""] {
        let error = client.as_caller(&caller).get(&permit(Operation::Read), name).await.unwrap_err();
        assert_eq!(error.kind(), SiteErrorKind::BadName, "{name:?}");
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[path = "tests_broken.rs"]
mod broken;

#[path = "tests_traffic.rs"]
mod traffic_tests;
