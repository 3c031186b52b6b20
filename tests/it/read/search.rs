//! Searches: wiremock, as the exact request counts, and that a withheld field has no part in it.

use serde_json::json;

use crate::support::{Site, all, call, refusal};

const LINK: &str = "frappe.desk.search.search_link";

#[on_every_version]
async fn a_search_asks_as_the_desk_does() {
    let site = Site::start().await;
    let found = json!([
        {"value": "Zod Co", "label": "Zod &amp; Sons", "description": "<b>Commercial</b>, North"},
        {"value": "Zod 2", "description": ""},
    ]);
    site.method(LINK, found).await;
    let app = site.app(json!({"Customer": all()}));
    let arguments =
        json!({"search_term": "zod", "limit": 5, "filters": {"territory": "North", "creation": [">=", "2026-01-01"]}});
    let answer = call(&app, "search_customer_documents", arguments).await.unwrap();
    let documents =
        json!([{"name": "Zod Co", "title": "Zod & Sons", "description": "Commercial, North"}, {"name": "Zod 2"}]);
    assert_eq!(answer, json!({"count": 2, "documents": documents}));
    let filters = json!({"territory": "North", "creation": [">=", "2026-01-01"]});
    let body = json!({"doctype": "Customer", "txt": "zod", "page_length": 5, "filters": filters});
    assert_eq!(site.sent().await, [(format!("POST /api/method/{LINK}"), body)]);
}

#[on_every_version]
async fn a_withheld_search_field_is_neither_searched_nor_shown() {
    let site = Site::start().await;
    let row = json!({"name": "Zod Co", "customer_name": "Zod", "customer_group": "Secret Group", "mobile_no": "1"});
    site.data("GET", "/api/resource/Customer", json!([row])).await;
    let rule = json!({"read": true, "restricted_fields": ["customer_group"]});
    let app = site.app(json!({"Customer": rule}));
    let answer = call(&app, "search_customer_documents", json!({"search_term": "50%_\\"})).await.unwrap();
    assert!(!answer.to_string().contains("Secret Group"), "{answer}");
    assert!(answer["note"].as_str().unwrap().contains("permitted fields"));
    let sent = site.sent().await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].0, "GET /api/resource/Customer");
    assert!(!sent[0].1.to_string().contains("customer_group"), "{}", sent[0].1);
    assert_eq!(sent[0].1["or_filters"][0], json!(["name", "like", "%50\\%\\_\\\\%"]));
    assert_eq!(sent[0].1["order_by"], "`tabCustomer`.`modified` desc, `tabCustomer`.`name` asc");
}

#[on_every_version]
async fn a_search_by_a_withheld_filter_is_refused() {
    let site = Site::start().await;
    let app = site.app(json!({"Customer": {"read": true, "restricted_fields": ["tax_id"]}}));
    let arguments = json!({"search_term": "x", "filters": {"tax_id": ["like", "1%"]}});
    let text = refusal(&app, "search_customer_documents", arguments).await;
    assert!(text.contains("tax_id"), "{text}");
    assert!(refusal(&app, "search_customer_documents", json!({"search_term": "  "})).await.contains("search_term"));
    assert_eq!(site.lines().await, Vec::<String>::new());
}
