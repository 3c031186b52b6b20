//! Conditions on writes.

use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{all, app_of, call, refusal};

fn rule(conditions: Value) -> Value {
    let mut rule = all();
    rule["conditions"] = conditions;
    rule
}

#[on_every_version]
async fn a_new_document_has_to_satisfy_the_condition_and_an_absent_field_does_not() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"ToDo": rule(json!({"create": {"priority": ["High"], "status": {"ne": "Closed"}}}))}));
    for data in [
        json!({"description": "x"}),
        json!({"description": "x", "priority": "Low", "status": "Open"}),
        json!({"description": "x", "priority": "High"}),
    ] {
        let text = refusal(&app, "create_todo_document", json!({"data": data})).await;
        assert!(text.contains("conditions") && text.contains("must be"), "{text}");
    }
    assert_eq!(site.writes(), Vec::<String>::new());
    let good = json!({"data": {"description": "x", "priority": "High", "status": "Open"}});
    call(&app, "create_todo_document", good.clone()).await.unwrap();
    let bulk = json!({"doctype": "ToDo", "documents": [good["data"], {"description": "y"}]});
    let answer = call(&app, "create_bulk_documents", bulk.clone()).await.unwrap();
    assert_eq!((&answer["done"], &answer["failed"][0]["rows"]), (&json!(1), &json!([1])), "{answer}");
    let mut atomic = bulk;
    atomic["atomic"] = json!(true);
    refusal(&app, "create_bulk_documents", atomic).await;
    assert_eq!(site.writes().len(), 2, "of all or none: none");
}

#[on_every_version]
async fn an_update_has_to_start_from_and_to_leave_what_satisfies_the_condition() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"ToDo": all()}));
    let make = async |status: &str| {
        let data = json!({"description": "x", "status": status});
        call(&open, "create_todo_document", json!({"data": data})).await.unwrap()["created"].clone()
    };
    let (mine, closed) = (make("Open").await, make("Closed").await);
    let app =
        site.app(json!({"ToDo": rule(json!({"update": {"status": ["Open"]}, "delete": {"status": ["Closed"]}}))}));
    let before = site.writes().len();
    let update = |name: &Value, data: Value| json!({"name": name, "data": data});
    let text = refusal(&app, "update_todo_document", update(&closed, json!({"description": "y"}))).await;
    assert!(text.contains("as stored does not"), "{text}");
    let text = refusal(&app, "update_todo_document", update(&mine, json!({"status": "Closed"}))).await;
    assert!(text.contains("as changed does not"), "{text}");
    for tool in ["add_comment", "tag_document"] {
        let given = json!({"doctype": "ToDo", "name": closed, "content": "c", "tag": "t"});
        let mut given = given.as_object().unwrap().clone();
        given.remove(if tool == "add_comment" { "tag" } else { "content" });
        let text = refusal(&app, tool, Value::Object(given)).await;
        assert!(text.contains("as stored does not"), "{tool}: {text}");
    }
    refusal(&app, "delete_todo_document", json!({"name": mine, "confirm": true})).await;
    assert_eq!(site.writes().len(), before);
    call(&app, "update_todo_document", update(&mine, json!({"description": "y"}))).await.unwrap();
    call(&app, "delete_todo_document", json!({"name": closed, "confirm": true})).await.unwrap();
    assert_eq!(site.writes().len(), before + 2);
}

#[on_every_version]
async fn submit_and_cancel_have_conditions_of_their_own() {
    let site = SampleSite::start().await;
    let limit = json!({"submit": {"grand_total": {"lte": 1}}, "cancel": {"grand_total": {"lte": 1}}});
    let app = site.app(json!({"Sales Order": rule(limit)}));
    let draft = first(&app, "Sales Order", json!({"docstatus": 0})).await;
    let text = refusal(&app, "submit_sales_order_document", json!({"name": draft})).await;
    assert!(text.contains("grand_total must be at most 1"), "{text}");
    let submitted = first(&app, "Sales Order", json!({"docstatus": 1, "per_billed": 0})).await;
    let cancel = json!({"name": submitted, "confirm": true, "cascade": true});
    refusal(&app, "cancel_sales_order_document", cancel).await;
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[on_every_version]
async fn user_and_today_stand_for_the_caller_and_the_site_s_date() {
    let site = SampleSite::start().await;
    let conditions = json!({"create": {"allocated_to": "$user", "date": {"gte": "$today"}}});
    let app = app_of(&site.config_of("sales", json!({"doctypes": {"ToDo": rule(conditions)}})));
    let create = |user: &str, date: &str| json!({"data": {"description": "x", "allocated_to": user, "date": date}});
    refusal(&app, "create_todo_document", create("reader@example.com", "2099-01-01")).await;
    refusal(&app, "create_todo_document", create("sales@example.com", "2020-01-01")).await;
    call(&app, "create_todo_document", create("sales@example.com", "2099-01-01")).await.unwrap();
    assert_eq!(site.writes().len(), 1);
    let told = call(&app, "get_doctype_permissions", json!({"doctype": "ToDo"})).await.unwrap();
    let words = told["conditions"]["create"].as_str().unwrap();
    assert!(words.contains("$user") && words.contains("$today"), "{words}");
}

#[on_every_version]
async fn a_condition_on_a_field_that_the_site_does_not_show_is_not_judged() {
    let site = SampleSite::start().await;
    let order = first(&site.app(json!({"Sales Order": all()})), "Sales Order", json!({"docstatus": 0})).await;
    // The site shows the field as 0 to a user whose roles do not reach its level: the condition would seem satisfied.
    let conditions = json!({"update": {"ignore_pricing_rule": {"ne": 1}}});
    let permissions = json!({"doctypes": {"Sales Order": rule(conditions)}});
    let update = json!({"name": order, "data": {"po_no": "P-1"}});
    let app = app_of(&site.config_of("sales", permissions.clone()));
    let text = refusal(&app, "update_sales_order_document", update.clone()).await;
    assert!(text.contains("ignore_pricing_rule, which the site does not show to this user"), "{text}");
    assert_eq!(site.writes(), Vec::<String>::new());
    let app = app_of(&site.config(permissions));
    call(&app, "update_sales_order_document", update).await.unwrap();
}

#[on_every_version]
async fn a_condition_on_a_link_judges_the_name_that_the_site_stores_and_not_the_spelling_that_was_sent() {
    let site = SampleSite::start().await;
    for test in [json!({"ne": "South"}), json!({"not_in": ["South"]}), json!({"regex": "^(North|East)$"})] {
        let app =
            site.app(json!({"Customer": rule(json!({"create": {"territory": test}, "update": {"territory": test}}))}));
        let north = first(&app, "Customer", json!({"territory": "North"})).await;
        let before = site.writes().len();
        for spelling in ["South", "SOUTH", "Söuth", "Ｓｏｕｔｈ", "So\u{200B}uth", "South ", "Sou\u{AD}th"] {
            let new = json!({"customer_name": "Spelt", "customer_type": "Company", "territory": spelling});
            let text = refusal(&app, "create_customer_document", json!({"data": new})).await;
            assert!(text.contains("territory must be"), "{test} {spelling:?}: {text}");
            let change = json!({"name": north, "data": {"territory": spelling}});
            let text = refusal(&app, "update_customer_document", change).await;
            assert!(text.contains("territory must be"), "{test} {spelling:?}: {text}");
        }
        assert_eq!(site.writes().len(), before, "{test}");
        // Another spelling of a name that the condition admits is that name.
        let change = json!({"name": north, "data": {"territory": "nôrth"}});
        call(&app, "update_customer_document", change).await.unwrap();
    }
}

#[on_every_version]
async fn a_condition_on_a_dynamic_link_judges_the_name_that_the_site_stores() {
    let site = SampleSite::start().await;
    let only = rule(json!({"create": {"reference_name": {"regex": "^Umber Gallery$"}}}));
    let app = site.app(json!({"ToDo": only, "Customer": {"read": true}}));
    let about = |name: &str| {
        let data = json!({"description": "call", "reference_type": "Customer", "reference_name": name});
        json!({"data": data})
    };
    for spelling in ["Umber Gallery", "UMBER GALLERY", "Ümber Gallery "] {
        call(&app, "create_todo_document", about(spelling)).await.unwrap_or_else(|error| panic!("{error:?}"));
    }
    let other = first(&site.app(json!({"Customer": all()})), "Customer", json!({"territory": "South"})).await;
    let text = refusal(&app, "create_todo_document", about(&other)).await;
    assert!(text.contains("reference_name must"), "{text}");
}
