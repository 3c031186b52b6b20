//! The API against a stand-in site: what it sends, and what it refuses to send.

#![allow(clippy::unwrap_used)]

use erpnext_doctypes::{Customer, CustomerCustomerType, CustomerField, SalesOrder};
use erpnext_schema::{DocTypeFields, Version};
use serde_json::{Value, json};
use wiremock::matchers::{body_json, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{Error, Site};
use crate::policy::Policy;

async fn site(server: &MockServer) -> Site {
    Site::connect(&server.uri(), "key", "secret").unwrap().of_version(Version::V15)
}

fn data(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"data": body}))
}

#[tokio::test]
async fn a_document_is_read_into_its_struct_with_custom_fields_kept() {
    let server = MockServer::start().await;
    let answer = json!({"name": "A", "disabled": 1, "customer_type": "Guild", "custom_rank": 7});
    Mock::given(path("/api/resource/Customer/A")).respond_with(data(answer)).mount(&server).await;
    let customer: Customer = site(&server).await.get("A").await.unwrap();
    assert_eq!(customer.disabled, Some(true));
    assert_eq!(customer.customer_type.get(), Some(Err("Guild")), "a choice beyond the snapshot is kept as text");
    assert_eq!(customer.extra.get("custom_rank"), Some(&json!(7)));
}

#[tokio::test]
async fn a_list_sends_filters_and_an_order_that_ends_with_the_name() {
    let server = MockServer::start().await;
    Mock::given(path("/api/resource/Customer"))
        .and(query_param("fields", r#"["name","territory"]"#))
        .and(query_param("filters", r#"[["disabled","=",0],["territory","in",["North","South"]]]"#))
        .and(query_param("order_by", "`tabCustomer`.`territory` desc, `tabCustomer`.`name` asc"))
        .and(query_param("limit_start", "10"))
        .and(query_param("limit_page_length", "5"))
        .respond_with(data(json!([{"name": "A", "territory": "North"}])))
        .expect(1)
        .mount(&server)
        .await;
    let site = site(&server).await;
    let list = site.list::<Customer>().filter(CustomerField::Disabled.eq(0));
    let list = list.filter(CustomerField::Territory.is_in(["North", "South"])).fields(&[CustomerField::Territory]);
    let found = list.order_by(CustomerField::Territory.desc()).page_size(5).page(2).fetch().await.unwrap();
    assert_eq!(found[0].territory.get(), Some("North"));
}

#[tokio::test]
async fn an_insert_is_checked_first_and_read_back_after() {
    let server = MockServer::start().await;
    let site = site(&server).await;
    let wrong = Customer { customer_name: Some("x".repeat(141)), ..Customer::default() };
    let error = site.insert(&wrong).await.unwrap_err();
    assert_eq!(error.to_string(), "customer_name: holds at most 140 characters, found 141");
    assert!(server.received_requests().await.unwrap().is_empty(), "nothing is sent");

    let sent = json!({"customer_name": "Ada", "customer_type": "Company", "disabled": 0});
    let made = Mock::given(method("POST")).and(path("/api/resource/Customer")).and(body_json(sent));
    made.respond_with(data(json!({"name": "CUST-1", "customer_name": "echo"}))).mount(&server).await;
    let stored = Mock::given(method("GET")).and(path("/api/resource/Customer/CUST-1"));
    stored.respond_with(data(json!({"name": "CUST-1", "customer_name": "Ada"}))).mount(&server).await;
    let ada = Customer {
        customer_name: Some("Ada".to_owned()),
        customer_type: CustomerCustomerType::Company.into(),
        disabled: Some(false),
        owner: "somebody".into(),
        ..Customer::default()
    };
    assert_eq!(site.insert(&ada).await.unwrap().customer_name.as_deref(), Some("Ada"));
}

#[tokio::test]
async fn an_update_sends_what_changed_with_whole_rows_and_the_version_it_was_read_at() {
    let server = MockServer::start().await;
    let row = |name: &str, qty: f64| json!({"name": name, "item_code": "SKU", "qty": qty, "rate": 100.0, "hidden_by_site": 3});
    let stored = json!({
        "name": "SO-1", "modified": "2026-10-03 19:48:12.029309", "customer": "A", "po_no": "7",
        "items": [row("r1", 1.0), row("r2", 2.0)],
    });
    Mock::given(method("GET")).respond_with(data(stored)).mount(&server).await;
    let mut whole = row("r2", 5.0);
    whole["idx"] = json!(1);
    let sent = json!({"items": [whole], "modified": "2026-10-03 19:48:12.029309"});
    let put = Mock::given(method("PUT")).and(path("/api/resource/Sales%20Order/SO-1")).and(body_json(sent));
    put.respond_with(data(json!({"name": "SO-1"}))).expect(1).mount(&server).await;
    let site = site(&server).await;
    let mut order: SalesOrder = site.get("SO-1").await.unwrap();
    order.items.remove(0);
    order.items[0].qty = Some(5.0);
    site.update(&order).await.unwrap();
}

#[tokio::test]
async fn an_update_of_a_document_that_somebody_changed_is_refused() {
    let server = MockServer::start().await;
    let stored = json!({"name": "A", "modified": "2026-10-03 19:48:13"});
    Mock::given(method("GET")).respond_with(data(stored)).mount(&server).await;
    let site = site(&server).await;
    let mut customer: Customer = site.get("A").await.unwrap();
    customer.modified = customer.modified.map(|at| at.saturating_sub(jiff::Span::new().seconds(1)));
    assert!(matches!(site.update(&customer).await, Err(Error::Stale { .. })));
    assert!(matches!(site.update(&Customer::default()).await, Err(Error::NotRead("Customer"))));
}

#[tokio::test]
async fn a_policy_holds_for_programs_too() {
    let server = MockServer::start().await;
    let site = site(&server).await.with_policy(Policy::default());
    assert!(matches!(site.get::<Customer>("A").await, Err(Error::Denied(_))));
    assert!(server.received_requests().await.unwrap().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn h84_a_program_neither_reads_nor_asks_for_nor_writes_what_is_masked() {
    let server = MockServer::start().await;
    let site = Site::connect(&server.uri(), "key", "secret").unwrap().of_version(Version::V16);
    let metadata = json!({"docs": [{"name": "Customer", "masked_fields": ["tax_id"]}]});
    let metadata = ResponseTemplate::new(200).set_body_json(metadata);
    let asked = Mock::given(path("/api/method/frappe.desk.form.load.getdoctype")).respond_with(metadata);
    asked.expect(1).mount(&server).await;
    let row = json!({"name": "A", "modified": "m", "tax_id": "XXXXXXXX", "territory": "North"});
    Mock::given(path("/api/resource/Customer/A")).respond_with(data(row.clone())).mount(&server).await;
    Mock::given(path("/api/resource/Customer")).respond_with(data(json!([row]))).mount(&server).await;
    let mut customer: Customer = site.get("A").await.unwrap();
    assert_eq!((&customer.tax_id, customer.territory.get()), (&None, Some("North")));
    assert_eq!(site.list::<Customer>().fetch().await.unwrap()[0].tax_id, None);
    let by = site.list::<Customer>().filter(CustomerField::TaxId.eq("1"));
    assert_eq!(by.fetch().await.unwrap_err().to_string(), "tax_id: the site masks it for this user");
    customer.website = Some("zod.example".to_owned());
    let error = site.update(&customer).await.unwrap_err().to_string();
    assert!(error.contains("the site masks tax_id of Customer"), "{error}");
    let sent = server.received_requests().await.unwrap();
    assert!(sent.iter().all(|request| request.method.as_str() == "GET"), "nothing is written");
}
