//! Deletions on the sandbox; wiremock only where the order of the requests is what counts.

use serde_json::json;

use crate::sandbox::{SampleSite, first};
use crate::support::{Site, all, call, refusal};

#[on_every_version]
async fn nothing_is_deleted_without_confirmation() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"ToDo": all()}));
    let made = call(&app, "create_todo_document", json!({"data": {"description": "call back"}})).await.unwrap();
    let name = made["created"].as_str().unwrap();
    for arguments in
        [json!({"name": name}), json!({"name": name, "confirm": false}), json!({"name": name, "confirm": null})]
    {
        let text = refusal(&app, "delete_todo_document", arguments).await;
        assert!(text.contains("Nothing was sent") && text.contains("confirm_token"), "{text}");
    }
    let text = refusal(&app, "delete_todo_document", json!({"name": name, "confirm": "yes"})).await;
    assert!(text.contains("confirm: expected true or false"), "{text}");
    assert_eq!(site.writes(), [format!("insert ToDo {name}")]);
}

#[on_every_version]
async fn a_confirmed_deletion_looks_first_which_document_the_name_reaches() {
    let site = Site::start().await;
    site.data("GET", "/api/resource/ToDo/t%201", json!({"name": "t 1"})).await;
    site.answer("DELETE", "/api/resource/ToDo/t%201", 202, json!({"data": "ok"})).await;
    let app = site.app(json!({"ToDo": all()}));
    let answer = call(&app, "delete_todo_document", json!({"name": "t 1", "confirm": true})).await.unwrap();
    assert_eq!(answer, json!({"deleted": "t 1"}));
    assert_eq!(site.lines().await, ["GET /api/resource/ToDo/t%201", "DELETE /api/resource/ToDo/t%201"]);
}

#[on_every_version]
async fn a_name_that_is_only_nearly_the_document_s_deletes_nothing() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Customer": all()}));
    let name = first(&app, "Customer", json!({})).await;
    let arguments = json!({"name": name.to_lowercase(), "confirm": true});
    let text = refusal(&app, "delete_customer_document", arguments).await;
    assert!(text.contains(&format!("did you mean \"{name}\"?")), "{text}");
    assert!(site.writes().is_empty() && site.stored("Customer", &name).is_some());
}

#[on_every_version]
async fn a_document_that_others_link_to_stays() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Customer": all(), "Sales Order": {"read": true}}));
    let order = first(&app, "Sales Order", json!({"docstatus": 1})).await;
    let customer = site.stored("Sales Order", &order).unwrap()["customer"].as_str().unwrap().to_owned();
    let text = refusal(&app, "delete_customer_document", json!({"name": customer, "confirm": true})).await;
    assert!(text.contains("linked with") && text.contains("exc_type: LinkExistsError"), "{text}");
    assert!(!text.contains('<'), "{text}");
    assert!(site.writes().is_empty() && site.stored("Customer", &customer).is_some());
}

#[on_every_version]
async fn nobody_is_asked_to_delete_a_customer_with_orders() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Customer": all(), "Sales Order": all()}));
    let order = first(&app, "Sales Order", json!({"docstatus": 1})).await;
    let customer = site.stored("Sales Order", &order).unwrap()["customer"].as_str().unwrap().to_owned();
    for asked in [json!({"name": customer}), json!({"name": customer, "dry_run": true})] {
        let text = refusal(&app, "delete_customer_document", asked).await;
        assert!(text.contains("cannot be deleted while Sales Order") && text.contains("disabled"), "{text}");
        assert!(!text.contains("confirm_token"), "{text}");
    }
    let data = json!({"customer_name": "Nobody Ltd", "customer_type": "Company"});
    let made = call(&app, "create_customer_document", json!({"data": data})).await.unwrap();
    let text = refusal(&app, "delete_customer_document", json!({"name": made["created"]})).await;
    assert!(text.contains("confirm_token"), "{text}");
}
