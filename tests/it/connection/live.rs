//! Connection, users, names and metadata on a site that answers as a real one does.

use std::process::Stdio;

use erpnext_mcp::app::Connection;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::sandbox::SampleSite;
use crate::support::{all, app_of, call, config_json, refusal};

/// A server for the user of a key, who is permitted everything.
fn open(site: &SampleSite, key: &str) -> Connection {
    app_of(&site.config_of(key, json!({"default": all()})))
}

#[tokio::test]
async fn the_connection_the_user_and_the_versions_are_told() {
    let site = SampleSite::start().await;
    let config = site.config_of("sales", json!({"default": {"read": true}}));
    let mut server = crate::stdio::Server::initialized(&config).await;
    assert_eq!(server.data("test_connection", json!({})).await["user"], "sales@example.com");
    let info = server.data("get_system_info", json!({})).await;
    assert!(info["site"]["apps"]["erpnext"].as_str().unwrap().starts_with("15."), "{info}");
    assert_eq!(info["site"]["user"], "sales@example.com");
}

#[tokio::test]
async fn a_search_finds_what_holds_the_words() {
    let site = SampleSite::start().await;
    let arguments = json!({"doctype": "Item", "search_term": "chair", "limit": 3});
    let answer = call(&open(&site, "administrator"), "search_generic_documents", arguments).await.unwrap();
    let found = answer["documents"].as_array().unwrap();
    assert!(!found.is_empty() && found.len() <= 3, "{answer}");
    for document in found {
        assert!(document.to_string().to_lowercase().contains("chair"), "{document}");
    }
}

#[tokio::test]
async fn a_name_with_every_awkward_character_is_made_found_and_deleted() {
    let site = SampleSite::start().await;
    let app = open(&site, "administrator");
    let name = "A/B%? #é2";
    let data = json!({"doctype": "UOM", "data": {"uom_name": name}});
    assert_eq!(call(&app, "create_generic_document", data).await.unwrap()["created"], name);
    let arguments = json!({"doctype": "UOM", "name": name});
    let answer = call(&app, "get_generic_document", arguments).await.unwrap();
    assert_eq!(answer["document"]["name"], name);
    let delete = json!({"doctype": "UOM", "name": name, "confirm": true});
    call(&app, "delete_generic_document", delete).await.unwrap();
    assert_eq!(site.stored("UOM", name), None);
}

#[tokio::test]
async fn a_wrong_key_and_a_missing_right_are_told_apart() {
    let site = SampleSite::start().await;
    let text = refusal(&open(&site, "wrong"), "test_connection", json!({})).await;
    assert!(text.contains("does not take the API key"), "{text}");
    let beyond =
        json!({"doctype": "Customer", "filters": {"territory": ["!=", "North"]}, "fields": ["name"], "limit": 1});
    let beyond = call(&open(&site, "administrator"), "list_generic_documents", beyond).await.unwrap();
    let south = beyond["documents"][0]["name"].clone();
    assert!(south.is_string(), "{beyond}");
    for (key, doctype, name) in
        [("sales", "Customer", &south), ("reader", "Sales Invoice", &json!("ACC-SINV-2026-00001"))]
    {
        let text = refusal(&open(&site, key), "get_generic_document", json!({"doctype": doctype, "name": name})).await;
        assert!(text.contains("exc_type: PermissionError") && text.contains("Do not retry"), "{text}");
    }
    let missing = json!({"doctype": "Customer", "name": "nope"});
    let text = refusal(&open(&site, "administrator"), "get_generic_document", missing).await;
    assert!(text.contains("exc_type: DoesNotExistError"), "{text}");
}

#[tokio::test]
async fn live_metadata_is_what_was_generated() {
    let site = SampleSite::start().await;
    let app = open(&site, "administrator");
    for doctype in ["Sales Order", "Customer", "System Settings", "Account"] {
        let schema = call(&app, "get_doctype_schema", json!({"doctype": doctype})).await.unwrap();
        let fields: Vec<_> =
            schema["fields"].as_array().unwrap().iter().map(|field| field["field"].as_str().unwrap()).collect();
        let def = crate::support::table(doctype).unwrap();
        assert!(fields.len() * 10 > def.fields.len() * 8, "{doctype}: {} of {}", fields.len(), def.fields.len());
        assert!(fields.iter().all(|name| def.field(name).is_some()), "{doctype}: {fields:?}");
        let tables = def.fields.iter().filter(|field| field.kind.is_table()).count();
        assert_eq!(schema["tables"].as_object().map_or(0, serde_json::Map::len), tables, "{doctype}");
    }
}

#[tokio::test]
async fn the_site_alone_says_its_keys_and_goes_on_answering() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_erpnext-mcp"));
    command.args(["demo", "--site-only"]).stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut process = command.spawn().unwrap();
    let mut said = BufReader::new(process.stderr.take().unwrap()).lines();
    let first = said.next_line().await.unwrap().unwrap();
    let url = first.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
    // The last of its keys is told: what it says is over.
    while !said.next_line().await.unwrap().unwrap().contains("disabled") {}
    let mut config = config_json(&url, json!({"default": all()}));
    config["erpnext"]["api_key"] = json!("sales");
    config["erpnext"]["api_secret"] = json!("secret");
    let answer = call(&app_of(&config), "test_connection", json!({})).await.unwrap();
    assert_eq!(answer["user"], "sales@example.com");
}
