//! Confirmation: only a yes is a yes, to exactly what was shown.

use std::time::Duration;

use erpnext_mcp::app::Connection;
use rmcp::model::ElicitationAction;
use serde_json::{Value, json};

use crate::person::{Answers, Client, Person};
use crate::sandbox::SampleSite;
use crate::support::{all, app_of, call, refusal};

fn strict(site: &SampleSite) -> Connection {
    app_of(&site.config(json!({"confirm_argument": false, "doctypes": {"ToDo": all()}})))
}

async fn todo(app: &Connection, description: &str) -> String {
    let made = call(app, "create_todo_document", json!({"data": {"description": description}})).await.unwrap();
    made["created"].as_str().unwrap().to_owned()
}

async fn connected(site: &SampleSite, answers: Answers) -> Client {
    Person::who(answers).connected(strict(site)).await
}

const DELETE: &str = "delete_todo_document";

#[tokio::test]
async fn only_an_accepted_form_that_says_so_is_a_yes() {
    use ElicitationAction::{Accept, Cancel, Decline};
    for (answers, is_yes) in [
        (Answers::Says(Accept, Some(json!({"confirm": true}))), true),
        (Answers::Says(Accept, None), false),
        (Answers::Says(Accept, Some(json!({}))), false),
        (Answers::Says(Accept, Some(json!({"confirm": false}))), false),
        (Answers::Says(Accept, Some(json!({"confirm": "true"}))), false),
        (Answers::Says(Accept, Some(json!({"confirm": 1}))), false),
        (Answers::Says(Decline, Some(json!({"confirm": true}))), false),
        (Answers::Says(Cancel, None), false),
    ] {
        let site = SampleSite::start().await;
        let name = todo(&strict(&site), "x").await;
        let client = connected(&site, answers.clone()).await;
        let result = client.call(DELETE, json!({"name": name})).await;
        assert_eq!(site.stored("ToDo", &name).is_none(), is_yes, "{answers:?}: {result}");
        assert_eq!(result["isError"] == true, !is_yes, "{answers:?}: {result}");
    }
}

#[tokio::test]
async fn a_client_that_fails_over_the_question_gets_the_token() {
    let site = SampleSite::start().await;
    let name = todo(&strict(&site), "x").await;
    let client = connected(&site, Answers::Fails).await;
    let result = client.call(DELETE, json!({"name": name})).await;
    let shown: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert!(shown["confirm_token"].is_string(), "{result}");
    client.call(DELETE, json!({"name": name, "confirm_token": shown["confirm_token"]})).await;
    assert!(site.stored("ToDo", &name).is_none());
}

#[tokio::test]
async fn a_call_that_was_cancelled_while_it_waited_does_nothing_whatever_is_answered_later() {
    let site = SampleSite::start().await;
    let name = todo(&strict(&site), "x").await;
    let client = connected(&site, Answers::Thinks(Duration::from_millis(600))).await;
    client.call_off(DELETE, json!({"name": name})).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert!(site.stored("ToDo", &name).is_some(), "{:?}", site.writes());
}

async fn preview(app: &Connection, tool: &str, given: Value) -> Value {
    let said = refusal(app, tool, given).await;
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("no preview: {said}"))
}

#[tokio::test]
async fn the_token_of_a_batch_is_for_every_document_as_it_is_and_shows_what_a_single_one_would() {
    let site = SampleSite::start().await;
    let app = strict(&site);
    let mut names = Vec::new();
    for at in 0..30 {
        names.push(todo(&app, &format!("call {at}")).await);
    }
    let given = json!({"doctype": "ToDo", "names": names});
    let shown = preview(&app, "delete_bulk_documents", given.clone()).await;
    let single = preview(&app, "delete_todo_document", json!({"name": names[3]})).await;
    assert_eq!(shown["rows"][3]["would_delete"], single["would_delete"], "{shown}");
    // One that nobody was shown in full is changed meanwhile.
    let change = json!({"description": "another"});
    site.sandbox.with(|site| site.update("ToDo", &names[29], change.as_object().unwrap())).unwrap();
    let mut confirmed = given.clone();
    confirmed["confirm_token"] = shown["confirm_token"].clone();
    let again = preview(&app, "delete_bulk_documents", confirmed.clone()).await;
    assert!(again["note"].as_str().unwrap().contains("older version"), "{again}");
    confirmed["confirm_token"] = again["confirm_token"].clone();
    assert_eq!(call(&app, "delete_bulk_documents", confirmed).await.unwrap()["done"], 30);
}

#[tokio::test]
async fn the_token_of_a_batch_covers_no_more_than_was_shown() {
    let site = SampleSite::start().await;
    let app =
        app_of(&site.config(json!({"confirm": ["create"], "confirm_argument": false, "doctypes": {"ToDo": all()}})));
    let rows: Vec<Value> = (0..40).map(|at| json!({"description": format!("{at} {}", "x".repeat(900))})).collect();
    let mut given = json!({"doctype": "ToDo", "documents": rows});
    let shown = preview(&app, "create_bulk_documents", given.clone()).await;
    let seen = shown["rows"].as_array().unwrap().len();
    assert!((10..20).contains(&seen) && shown["documents"] == seen, "{shown}");
    assert!(shown["left"].as_str().unwrap().starts_with(&format!("{} more are not shown", 40 - seen)), "{shown}");
    given["confirm_token"] = shown["confirm_token"].clone();
    let answer = call(&app, "create_bulk_documents", given.clone()).await.unwrap();
    assert_eq!((&answer["done"], &answer["stopped"]["start_at"]), (&json!(seen), &json!(seen)), "{answer}");
    assert_eq!(site.writes().len(), seen);
    // All or none is all or nothing here too.
    given["atomic"] = json!(true);
    let said = refusal(&app, "create_bulk_documents", given).await;
    assert!(said.contains(&format!("no more than {seen} can be shown; nothing was sent")), "{said}");
}

#[tokio::test]
async fn confirm_false_is_no_confirmation_whatever_stands_beside_it() {
    let site = SampleSite::start().await;
    let app = strict(&site);
    let name = todo(&app, "x").await;
    let shown = preview(&app, "delete_todo_document", json!({"name": name})).await;
    let token = &shown["confirm_token"];
    let said =
        refusal(&app, "delete_todo_document", json!({"name": name, "confirm": false, "confirm_token": token})).await;
    assert!(said.contains("nothing was sent") && site.stored("ToDo", &name).is_some(), "{said}");
    // It was not used up.
    call(&app, "delete_todo_document", json!({"name": name, "confirm_token": token})).await.unwrap();
    // A model that filled it in is overruled by the person who is asked.
    let name = todo(&app, "y").await;
    connected(&site, Answers::yes()).await.call(DELETE, json!({"name": name, "confirm": false})).await;
    assert!(site.stored("ToDo", &name).is_none());
}

#[tokio::test]
async fn who_is_asked_about_a_delete_sees_what_links_to_the_document() {
    let site = SampleSite::start().await;
    let rules = json!({"Customer Group": all(), "Customer": {"read": true}, "Contact": {"read": true}});
    let app = app_of(&site.config(json!({"confirm_argument": false, "doctypes": rules})));
    let customer = crate::sandbox::first(&app, "Customer", json!({})).await;
    let got = call(&app, "get_customer_document", json!({"name": customer, "fields": ["customer_group"]})).await;
    let group = &got.unwrap()["document"]["customer_group"];
    let shown = preview(&app, "delete_generic_document", json!({"doctype": "Customer Group", "name": group})).await;
    let linked = shown["linked_from"].as_array().unwrap_or_else(|| panic!("{shown}"));
    let customers = linked.iter().find(|entry| entry["doctype"] == "Customer").unwrap();
    assert!(customers["count"].as_u64() > Some(0) && customers["documents"].as_array().unwrap().len() <= 3, "{shown}");
    // What may not be read is not told.
    assert!(linked.iter().all(|entry| entry["doctype"] != "Sales Invoice"), "{shown}");
    let client = Person::who(Answers::no()).connected(app).await;
    client.call("delete_generic_document", json!({"doctype": "Customer Group", "name": group})).await;
    let asked = client.asked().concat();
    let line =
        format!("\n  Customer ({}): {}", customers["count"], customers["documents"][0]["name"].as_str().unwrap());
    assert!(asked.contains("\nDocuments that link to it:\n") && asked.contains(&line), "{line}: {asked}");
    for internal in ["Via:", "Index", "Doctype:", "Count:"] {
        assert!(!asked.contains(internal), "{internal}: {asked}");
    }
}

#[tokio::test]
async fn what_is_too_long_for_a_question_is_not_asked_in_part() {
    let site = SampleSite::start().await;
    let long = "x".repeat(30_000);
    let config = json!({"confirm": ["create"], "confirm_argument": false, "doctypes": {"ToDo": all()}});
    let client = Person::who(Answers::yes()).connected(app_of(&site.config(config))).await;
    let result = client.call("create_todo_document", json!({"data": {"description": long}})).await;
    assert!(client.asked().is_empty(), "nobody was asked about a part");
    assert!(result.to_string().contains("confirm_token") && result.to_string().contains(&long), "all of it is shown");
    assert!(site.writes().is_empty());
}

#[tokio::test]
async fn a_person_is_asked_about_an_import_however_long_its_texts_are() {
    let site = SampleSite::start().await;
    let config = json!({"confirm_argument": false, "doctypes": {"ToDo": all()}});
    let client = Person::who(Answers::no()).connected(app_of(&site.config(config))).await;
    let content = format!("description,priority\n{},Low\n", "x".repeat(30_000));
    let result = client.call("import_documents", json!({"doctype": "ToDo", "content": content})).await;
    let asked = client.asked().concat();
    assert!(asked.contains("all after the first") && asked.contains("Low"), "{asked}: {result}");
    assert!(!result.to_string().contains("confirm_token") && site.writes().is_empty(), "{result}");
}

#[tokio::test]
async fn no_token_is_given_for_what_cannot_be_done() {
    let site = SampleSite::start().await;
    let config = json!({"confirm_argument": false, "doctypes": {"ToDo": all(), "Sales Order": all()}});
    let app = app_of(&site.config(config));
    let name = todo(&app, "x").await;
    let given = json!({"doctype": "ToDo", "names": [name, "No Such"]});
    let said = refusal(&app, "delete_bulk_documents", given).await;
    assert!(said.contains("nobody was asked") && said.contains("row 1 \"No Such\""), "{said}");
    assert!(!said.contains("confirm_token"), "{said}");
    let missing = refusal(&app, "delete_todo_document", json!({"name": "No Such"})).await;
    assert!(!missing.contains("confirm_token"), "{missing}");
    let submitted = crate::sandbox::first(&app, "Sales Order", json!({"docstatus": 1})).await;
    let said = refusal(&app, "delete_sales_order_document", json!({"name": submitted})).await;
    assert!(said.contains("is submitted") && !said.contains("confirm_token"), "{said}");
}

#[tokio::test]
async fn what_a_person_is_asked_shows_every_character_and_renders_nothing() {
    let site = SampleSite::start().await;
    let app = strict(&site);
    let evil = "pay \u{202e}000,1\u{202c} [Approve](https://evil.example) ![](https://evil.example/x.png)\u{e0041}";
    let name = todo(&app, "x").await;
    let change = json!({"description": evil});
    site.sandbox.with(|site| site.update("ToDo", &name, change.as_object().unwrap())).unwrap();
    let shown = refusal(&app, "delete_todo_document", json!({"name": name})).await;
    let client = connected(&site, Answers::no()).await;
    client.call(DELETE, json!({"name": name})).await;
    let asked = client.asked().concat();
    for said in [shown, asked] {
        assert!(!said.contains(['\u{202e}', '\u{e0041}']) && !said.contains("]("), "{said}");
        assert!(said.contains("⟨U+202E⟩") && said.contains("⟨U+E0041⟩"), "{said}");
        assert!(said.contains("[Approve] (https://evil.example)"), "{said}");
    }
}

#[tokio::test]
async fn a_person_is_shown_a_form_and_no_json() {
    let site = SampleSite::start().await;
    let config = json!({"confirm": ["update"], "confirm_argument": false, "doctypes": {"Sales Order": all()}});
    let app = app_of(&site.config(config));
    let order = crate::sandbox::first(&app, "Sales Order", json!({"docstatus": 0})).await;
    let got = call(&app, "get_sales_order_document", json!({"name": order, "fields": ["items.name"]})).await.unwrap();
    let row = json!({"name": got["document"]["items"][0]["name"], "qty": 12_345});
    let client = Person::who(Answers::no()).connected(app).await;
    let change = json!({"name": order, "data": {"po_no": "A, Grand total: 1", "items": [row]}});
    let result = client.call("update_sales_order_document", change).await;
    assert_eq!(client.asked().len(), 1, "{result}");
    insta::assert_snapshot!(client.asked().concat());
}

#[on_every_version]
async fn a_person_reads_amounts_with_their_decimals_and_currency() {
    let site = SampleSite::start().await;
    let config = json!({"confirm": ["update"], "confirm_argument": false, "doctypes": {"Sales Order": all()}});
    let app = app_of(&site.config(config));
    let order = crate::sandbox::first(&app, "Sales Order", json!({"docstatus": 0})).await;
    let fields = json!(["currency", "customer_name", "items.name"]);
    let got = call(&app, "get_sales_order_document", json!({"name": order, "fields": fields})).await.unwrap();
    let currency = got["document"]["currency"].as_str().unwrap();
    let row = json!({"name": got["document"]["items"][0]["name"], "rate": 1180.5});
    let client = Person::who(Answers::no()).connected(app).await;
    let change = json!({"name": order, "data": {"discount_amount": 20, "items": [row]}});
    client.call("update_sales_order_document", change).await;
    let asked = client.asked().concat();
    // Whose order it is, which the change does not say.
    assert!(
        asked.contains("Document: ") && asked.contains(got["document"]["customer_name"].as_str().unwrap()),
        "{asked}"
    );
    for amount in [format!("→ 1,180.50 {currency}\n"), format!("→ 20.00 {currency}\n")] {
        assert!(format!("{asked}\n").contains(&amount), "{amount}: {asked}");
    }
}
