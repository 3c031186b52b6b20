//! Confirmation by asking the person behind the client, in both eras of the protocol.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::person::{Answers, Client, Person};
use crate::sandbox::SampleSite;
use crate::support::{all, app_of, call};

async fn connected(site: &SampleSite, person: Person) -> Client {
    let permissions = json!({"confirm_argument": false, "doctypes": {"ToDo": all()}});
    person.connected(app_of(&site.config(permissions))).await
}

#[on_every_version]
async fn the_person_is_asked_and_the_answer_holds() {
    for yes in [true, false] {
        let site = SampleSite::start().await;
        let app = site.app(json!({"ToDo": all()}));
        let made = call(&app, "create_todo_document", json!({"data": {"description": "x"}})).await.unwrap();
        let client = connected(&site, Person::who(if yes { Answers::yes() } else { Answers::no() })).await;
        let result = client.call("delete_todo_document", json!({"name": made["created"]})).await;
        assert!(matches!(&*client.asked(), [asked] if asked.starts_with("delete ToDo")), "{:?}", client.asked());
        assert_eq!(result["isError"] == true, !yes, "{result}");
        let is_gone = site.stored("ToDo", made["created"].as_str().unwrap()).is_none();
        assert_eq!(is_gone, yes, "{result}");
    }
}

#[on_every_version]
async fn who_is_asked_about_what_changes_meanwhile_is_asked_about_what_it_has_become() {
    for (changes, asked_for, done) in [(1, 2, true), (usize::MAX, 4, false)] {
        let site = Arc::new(SampleSite::start().await);
        let app = site.app(json!({"ToDo": all()}));
        let made = call(&app, "create_todo_document", json!({"data": {"description": "x"}})).await.unwrap();
        let name = made["created"].as_str().unwrap().to_owned();
        let (there, todo) = (Arc::clone(&site), name.clone());
        let meddle = move |time: usize| {
            let change = json!({"description": format!("x {time}")});
            if time <= changes {
                there.sandbox.with(|site| site.update("ToDo", &todo, change.as_object().unwrap())).unwrap();
            }
        };
        let client = connected(&site, Person::who(Answers::yes()).while_thinking(meddle)).await;
        let result = client.call("delete_todo_document", json!({"name": name})).await;
        assert_eq!(client.asked().len(), asked_for, "{result}");
        assert_eq!(site.stored("ToDo", &name).is_none(), done, "{result}");
        assert!(!result.to_string().contains("confirm_token"), "{result}");
    }
}

#[on_every_version]
async fn in_the_stateless_era_the_call_is_repeated_with_the_answer() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"ToDo": all()}));
    let made = call(&app, "create_todo_document", json!({"data": {"description": "x"}})).await.unwrap();
    let mut config = site.config(json!({"confirm_argument": false, "doctypes": {"ToDo": all()}}));
    let log = tempfile::tempdir().unwrap();
    config["audit"] = json!({"enabled": true, "log_file": log.path().join("audit.log")});
    let mut server = crate::stdio::Server::start(&config);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
    });
    let call = |more: Value| {
        let mut params = json!({"name": "delete_todo_document", "arguments": {"name": made["created"]}, "_meta": meta});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    };
    let first = server.request("tools/call", call(json!({}))).await;
    let result = &first["result"];
    assert_eq!(result["resultType"], "input_required", "{first}");
    let question = &result["inputRequests"]["confirm"];
    assert_eq!(question["method"], "elicitation/create", "{first}");
    assert!(site.stored("ToDo", made["created"].as_str().unwrap()).is_some());
    let no = json!({"requestState": result["requestState"], "inputResponses": {"confirm": {"action": "decline"}}});
    let declined = server.request("tools/call", call(no)).await;
    assert_eq!(declined["result"]["isError"], true, "{declined}");
    assert!(site.stored("ToDo", made["created"].as_str().unwrap()).is_some());
    let yes = json!({"requestState": result["requestState"], "inputResponses": {"confirm": {"action": "accept", "content": {"confirm": true}}}});
    let done = server.request("tools/call", call(yes)).await;
    assert!(done["result"]["content"][0]["text"].as_str().unwrap().contains("deleted"), "{done}");
    assert!(site.stored("ToDo", made["created"].as_str().unwrap()).is_none());
    let log = std::fs::read_to_string(log.path().join("audit.log")).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told: Vec<Value> = lines.map(|line| line["result"].clone()).collect();
    assert_eq!(told, ["PREVIEW", "FAILED", "INTENT", "ALLOWED"], "{log}");
    assert!(log.contains("the user did not confirm it"), "{log}");
}
