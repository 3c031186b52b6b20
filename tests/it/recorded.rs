//! Against a recorded real site, where it stands beside the repository.

use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use erpnext_schema::doctype_flag;
use serde_json::{Value, json};

use crate::support::{all, app_of, call, config_json, refusal, skip};

/// The recorded site; it ends with the test.
struct Recorded {
    process: Child,
    url: String,
    folder: PathBuf,
}

impl Drop for Recorded {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Recorded {
    fn start() -> Option<Self> {
        let folder = shared::folder()?.join("site");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("python3");
        command.arg(folder.join("serve.py")).args(["--port", &port.to_string()]);
        let process =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("python3 runs the recorded site");
        let site = Self { process, url: format!("http://127.0.0.1:{port}"), folder };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "the recorded site does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(site)
    }

    fn config(&self, user: &str, permissions: Value) -> Value {
        let mut config = config_json(&self.url, permissions);
        config["erpnext"]["api_key"] = json!(user);
        config["erpnext"]["api_secret"] = json!("secret");
        config
    }

    fn app(&self, user: &str) -> erpnext_mcp::call::App {
        app_of(&self.config(user, json!({"default": all()})))
    }

    /// The documents that were got whole, as `DocType`, name and data.
    fn documents(&self) -> Vec<(String, String, Value)> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        for file in ["crud_and_errors", "quirks", "quirks2", "toggles", "verbs"] {
            let text = std::fs::read_to_string(self.folder.join(format!("recordings/{file}.jsonl"))).unwrap();
            for exchange in text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
                let path = exchange["path"].as_str().unwrap_or_default();
                let administrator = exchange["user"] == "Administrator" && exchange["method"] == "GET";
                let Some((doctype, name)) = path.strip_prefix("/api/resource/").and_then(|rest| rest.split_once('/'))
                else {
                    continue;
                };
                let plain = |text: &str| !text.is_empty() && !text.contains(['?', '/', '%']);
                let name = name.replace("%20", " ");
                let doctype = doctype.replace("%20", " ");
                if administrator
                    && exchange["status"] == 200
                    && plain(&name)
                    && plain(&doctype)
                    && seen.insert(path.to_owned())
                {
                    found.push((doctype, name, exchange["body"]["data"].clone()));
                }
            }
        }
        found
    }
}

#[tokio::test]
async fn the_connection_the_user_and_the_versions_are_told() {
    let Some(site) = Recorded::start() else { return };
    let mut server = crate::stdio::Server::initialized(&site.config("sales", json!({"default": {"read": true}}))).await;
    assert_eq!(server.data("test_connection", json!({})).await["user"], "sales@example.com");
    let info = server.data("get_system_info", json!({})).await;
    assert!(info["site"]["apps"]["erpnext"].as_str().unwrap().starts_with("15."), "{info}");
    assert_eq!(info["site"]["user"], "sales@example.com");
}

#[tokio::test]
async fn recorded_documents_come_through_without_a_loss() {
    let Some(site) = Recorded::start() else { return };
    let app = site.app("administrator");
    let documents = site.documents();
    assert!(documents.len() >= 5, "only {}", documents.len());
    for (doctype, name, recorded) in documents {
        let def = erpnext_doctypes::get(&doctype).unwrap();
        let got = call(&app, "get_generic_document", json!({"doctype": doctype, "name": name})).await;
        // The site gives a Single for any name; this server asks for its own. Rows come with their documents.
        if def.is(doctype_flag::SINGLE) && name != doctype || def.is(doctype_flag::CHILD) {
            continue;
        }
        let got = got.unwrap_or_else(|error| panic!("{doctype} {name}: {}", error.for_model()));
        let (document, withheld) = (&got["document"], &got["withheld"]);
        for (key, value) in recorded.as_object().unwrap() {
            let secret = withheld.as_array().is_some_and(|withheld| withheld.contains(&json!(key)));
            if value.is_null()
                || key == "doctype"
                || secret
                || def.field(key).is_some_and(|field| field.kind.is_table())
            {
                continue;
            }
            let shown = &document[key];
            let same = shown == value || shown.as_bool().is_some_and(|on| value == &json!(u8::from(on)));
            assert!(same, "{doctype} {name}.{key}: {value} became {shown}");
        }
    }
}

#[tokio::test]
async fn a_password_of_a_recorded_document_is_withheld_and_a_big_number_is_exact() {
    let Some(site) = Recorded::start() else { return };
    let arguments = json!({"doctype": "Odd Thing", "name": "ODD-00001"});
    let answer = call(&site.app("administrator"), "get_generic_document", arguments).await.unwrap();
    assert!(answer["withheld"].as_array().unwrap().contains(&json!("pwd")), "{answer}");
    assert!(answer["document"].get("pwd").is_none());
    assert_eq!(answer["document"]["big"], 9_007_199_254_740_993_u64);
}

#[tokio::test]
async fn a_search_gives_what_the_desk_would() {
    let Some(site) = Recorded::start() else { return };
    let arguments = json!({"doctype": "Customer", "search_term": "bulk customer 000", "limit": 3});
    let answer = call(&site.app("administrator"), "search_generic_documents", arguments).await.unwrap();
    assert_eq!(answer["count"], 3);
    for document in answer["documents"].as_array().unwrap() {
        assert!(document["name"].as_str().unwrap().starts_with("Bulk Customer 000"), "{document}");
    }
}

#[tokio::test]
async fn a_name_with_every_awkward_character_is_found() {
    let Some(site) = Recorded::start() else { return };
    let arguments = json!({"doctype": "UOM", "name": "A/B%? #é2"});
    let answer = call(&site.app("administrator"), "get_generic_document", arguments).await.unwrap();
    assert_eq!(answer["document"]["name"], "A/B%? #é2");
}

#[tokio::test]
async fn a_wrong_key_and_a_missing_right_are_told_apart() {
    let Some(site) = Recorded::start() else { return };
    let text = refusal(&site.app("wrong"), "test_connection", json!({})).await;
    assert!(text.contains("does not take the API key"), "{text}");
    for (user, doctype, name) in
        [("sales", "Customer", "Bulk Customer 00001"), ("reader", "Sales Invoice", "ACC-SINV-2026-00001")]
    {
        let text = refusal(&site.app(user), "get_generic_document", json!({"doctype": doctype, "name": name})).await;
        assert!(text.contains("exc_type: PermissionError") && text.contains("Do not retry"), "{text}");
    }
    let missing = json!({"doctype": "Customer", "name": "nope"});
    let text = refusal(&site.app("administrator"), "get_generic_document", missing).await;
    assert!(text.contains("exc_type: DoesNotExistError"), "{text}");
}

#[tokio::test]
async fn a_doctype_that_does_not_exist_is_the_same_no_for_everyone() {
    let Some(site) = Recorded::start() else { return };
    for user in ["administrator", "reader"] {
        let text = refusal(&site.app(user), "list_generic_documents", json!({"doctype": "Nope Thing"})).await;
        assert!(text.contains("The site has no DocType \"Nope Thing\""), "{user}: {text}");
    }
}

#[tokio::test]
async fn live_metadata_is_what_was_generated() {
    let Some(site) = Recorded::start() else { return };
    let app = site.app("administrator");
    for doctype in ["Sales Order", "Customer", "Odd Thing", "System Settings", "Account"] {
        let schema = call(&app, "get_doctype_schema", json!({"doctype": doctype})).await.unwrap();
        let fields: Vec<_> =
            schema["fields"].as_array().unwrap().iter().map(|field| field["field"].as_str().unwrap()).collect();
        let def = erpnext_doctypes::get(doctype).unwrap();
        assert!(fields.len() * 10 > def.fields.len() * 8, "{doctype}: {} of {}", fields.len(), def.fields.len());
        assert!(fields.iter().all(|name| def.field(name).is_some()), "{doctype}: {fields:?}");
        let tables = def.fields.iter().filter(|field| field.kind.is_table()).count();
        assert_eq!(schema["tables"].as_object().map_or(0, serde_json::Map::len), tables, "{doctype}");
    }
}
