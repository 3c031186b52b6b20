use serde_json::json;

use crate::support::{Site, all, call, refusal};

#[tokio::test]
async fn nothing_is_deleted_without_confirmation() {
    let site = Site::start().await;
    site.data("GET", "/api/resource/ToDo/t%201", json!({"name": "t 1"})).await;
    let app = site.app(json!({"ToDo": all()}));
    for arguments in
        [json!({"name": "t 1"}), json!({"name": "t 1", "confirm": false}), json!({"name": "t 1", "confirm": null})]
    {
        let text = refusal(&app, "delete_todo_document", arguments).await;
        assert!(text.contains("Nothing was sent") && text.contains("confirm_token"), "{text}");
    }
    let text = refusal(&app, "delete_todo_document", json!({"name": "t 1", "confirm": "true"})).await;
    assert!(text.contains("confirm: expected true or false; did you mean true?"), "{text}");
    assert_eq!(site.writes().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_confirmed_deletion_looks_first_which_document_the_name_reaches() {
    let site = Site::start().await;
    site.data("GET", "/api/resource/ToDo/t%201", json!({"name": "t 1"})).await;
    site.answer("DELETE", "/api/resource/ToDo/t%201", 202, json!({"data": "ok"})).await;
    let app = site.app(json!({"ToDo": all()}));
    let answer = call(&app, "delete_todo_document", json!({"name": "t 1", "confirm": true})).await.unwrap();
    assert_eq!(answer, json!({"deleted": "t 1"}));
    assert_eq!(site.lines().await, ["GET /api/resource/ToDo/t%201", "DELETE /api/resource/ToDo/t%201"]);
}

#[tokio::test]
async fn a_name_that_is_only_nearly_the_document_s_deletes_nothing() {
    let site = Site::start().await;
    site.data("GET", "/api/resource/Customer/zod%20co", json!({"name": "Zod Co"})).await;
    let app = site.app(json!({"Customer": all()}));
    let text = refusal(&app, "delete_customer_document", json!({"name": "zod co", "confirm": true})).await;
    assert!(text.contains("did you mean \"Zod Co\"?"), "{text}");
    assert_eq!(site.writes().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_document_that_others_link_to_stays() {
    let site = Site::start().await;
    site.data("GET", "/api/resource/Customer/Zod", json!({"name": "Zod"})).await;
    let message = json!([json!({"message": "Cannot delete: linked with <a href=\"/app/x\">SO-1</a>"}).to_string()]);
    let body = json!({"exc_type": "LinkExistsError", "_server_messages": message.to_string()});
    site.answer("DELETE", "/api/resource/Customer/Zod", 417, body).await;
    let app = site.app(json!({"Customer": all()}));
    let text = refusal(&app, "delete_customer_document", json!({"name": "Zod", "confirm": true})).await;
    assert!(text.contains("Cannot delete: linked with SO-1") && text.contains("exc_type: LinkExistsError"), "{text}");
}
