//! Searches: wiremock, as the exact request counts, and that a withheld field has no part in it.

use erpnext_mcp::app::Connection;
use erpnext_schema::doctype_flag::{CHILD, SINGLE, VIRTUAL};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::sandbox::SampleSite;
use crate::support::{Site, all, call, refusal, tables};

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
async fn of_more_documents_with_one_word_than_are_looked_through_it_is_said_that_others_may_have_all() {
    for (with_the_word, says_so) in [(500, true), (499, false)] {
        let site = Site::start().await;
        let rows: Vec<Value> = (0..with_the_word).map(|at| json!({"name": format!("Acme {at}")})).collect();
        site.answer_once("GET", "/api/resource/Customer", 200, json!({"data": []})).await;
        site.data("GET", "/api/resource/Customer", json!(rows)).await;
        let app = site.app(json!({"Customer": {"read": true, "restricted_fields": ["customer_group"]}}));
        let answer = call(&app, "search_customer_documents", json!({"search_term": "ltd acme"})).await.unwrap();
        let note = answer["note"].as_str().unwrap();
        assert_eq!((&answer["count"], note.contains("show the others")), (&json!(0), says_so), "{answer}");
    }
}

#[on_every_version]
async fn words_in_any_order_are_found_without_their_accents() {
    let site = Site::start().await;
    site.answer_once("GET", "/api/resource/Customer", 200, json!({"data": []})).await;
    site.data("GET", "/api/resource/Customer", json!([{"name": "Café Rösti"}, {"name": "Café Anna"}])).await;
    let app = site.app(json!({"Customer": {"read": true, "restricted_fields": ["customer_group"]}}));
    let answer = call(&app, "search_customer_documents", json!({"search_term": "ROSTI Cafe"})).await.unwrap();
    assert_eq!((&answer["count"], &answer["documents"][0]["name"]), (&json!(1), &json!("Café Rösti")), "{answer}");
    let sent = site.sent().await;
    assert_eq!(
        sent[1].1["or_filters"][0],
        json!(["name", "like", "%ROSTI%"]),
        "the site compares as it does: {sent:?}"
    );
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

/// A server whose user may read two DocTypes, each of whose lists the site answers like this.
async fn searched(customers: (u16, Value), suppliers: (u16, Value)) -> (Site, Connection) {
    let site = Site::start().await;
    site.answer("GET", "/api/resource/Customer", customers.0, customers.1).await;
    site.answer("GET", "/api/resource/Supplier", suppliers.0, suppliers.1).await;
    let app = site.app(json!({"Customer": {"read": true}, "Supplier": {"read": true}}));
    (site, app)
}

#[on_every_version]
async fn a_search_never_takes_an_error_for_nothing_found() {
    for status in [401, 500] {
        let site = Site::start().await;
        let failed = ResponseTemplate::new(status).set_body_json(json!({"exc_type": "OperationalError"}));
        site.respond_anywhere("GET", failed).await;
        let app = site.app(json!({"Customer": {"read": true}, "Supplier": {"read": true}}));
        for (tool, arguments) in [
            ("global_search", json!({"text": "zod"})),
            ("global_search", json!({"text": "zod", "doctypes": ["Customer"]})),
            ("search_link", json!({"doctype": "Customer", "text": "zod"})),
        ] {
            let answer = call(&app, tool, arguments).await;
            assert!(answer.is_err(), "{tool} {status}: {answer:?}");
        }
    }
}

#[on_every_version]
async fn a_search_everywhere_names_what_it_could_not_search() {
    let found = (200, json!({"data": [{"name": "Zod Co", "supplier_name": "Zod"}]}));
    let failed = (500, json!({"exc_type": "OperationalError"}));
    let (_site, app) = searched(failed.clone(), found.clone()).await;
    let answer = call(&app, "global_search", json!({"text": "zod"})).await.unwrap();
    assert_eq!((&answer["doctypes_searched"], &answer["documents"][0]["name"]), (&json!(1), &json!("Zod Co")));
    assert_eq!(answer["not_searched"][0]["doctypes"][0], "Customer", "{answer}");
    assert!(answer["not_searched"][0]["why"].as_str().unwrap().contains("OperationalError"), "{answer}");
    let (_site, app) = searched(failed.clone(), failed).await;
    let text = refusal(&app, "global_search", json!({"text": "zod"})).await;
    assert!(text.contains("Nothing was searched") && text.contains("Supplier"), "{text}");

    // What the user has no right to is no part of the search, unless it was asked for by name.
    let denied = (403, json!({"exc_type": "PermissionError"}));
    let (_site, app) = searched(denied.clone(), found).await;
    let answer = call(&app, "global_search", json!({"text": "zod"})).await.unwrap();
    assert_eq!((&answer["doctypes_searched"], &answer["not_searched"]), (&json!(1), &Value::Null), "{answer}");
    let named = json!({"text": "zod", "doctypes": ["Customer", "Supplier"]});
    let answer = call(&app, "global_search", named).await.unwrap();
    assert_eq!(answer["not_searched"][0]["doctypes"][0], "Customer", "{answer}");
    let (_site, app) = searched(denied.clone(), denied).await;
    let text = refusal(&app, "global_search", json!({"text": "zod"})).await;
    assert!(text.contains("no right"), "{text}");
}

#[on_every_version]
async fn without_a_text_the_first_documents_are_the_names_for_a_link() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Customer": all()}));
    for text in [json!({}), json!({"text": ""})] {
        let mut asked = json!({"doctype": "Customer", "limit": 3});
        asked.as_object_mut().unwrap().extend(text.as_object().unwrap().clone());
        let found = call(&app, "search_link", asked).await.unwrap();
        let documents = found["documents"].as_array().unwrap();
        assert_eq!(documents.len(), 3, "{found}");
        assert!(documents.iter().all(|link| link.get("exact").is_none()), "{found}");
    }
}

#[on_every_version]
async fn a_search_names_the_doctypes_that_it_did_not_look_through() {
    let site = SampleSite::start().await;
    let has_list =
        |def: &&'static erpnext_schema::DocTypeDef| ![CHILD, SINGLE, VIRTUAL].iter().any(|flag| def.is(*flag));
    let rules = tables().filter(has_list).take(85).map(|def| (def.name.to_owned(), json!({"read": true})));
    let app = site.app(rules.collect());
    let told = call(&app, "global_search", json!({"text": "oak"})).await.unwrap();
    let (_, names) = told["note"].as_str().unwrap().split_once("not searched: ").unwrap();
    let names: Vec<&str> = names.split(';').next().unwrap().split(", ").collect();
    assert_eq!(names.len(), 5, "{told}");
    let rest = call(&app, "global_search", json!({"text": "oak", "doctypes": names})).await.unwrap();
    assert!(rest.get("note").is_none(), "{rest}");
}
