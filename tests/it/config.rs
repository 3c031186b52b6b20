//! Configuration files as people bring them.

use std::path::{Path, PathBuf};

use erpnext_mcp::config::{Config, VERSION, schema};
use serde_json::{Map, Value, json};

use crate::stdio::Server;
use crate::support::{KEY, META, SECRET, Site, app_of, call, refusal};

/// A file that asks for more than this version does.
fn sample(url: &str) -> Value {
    json!({
        "erpnext": {"url": url, "api_key": KEY, "api_secret": SECRET, "timeout": 60, "version": 15},
        "permissions": {"doctypes": {"Customer": {
            "read": true, "create": true, "update": true, "delete": false,
            "allowed_fields": ["customer_name", "email_id"], "restricted_fields": ["credit_limit"],
            "conditions": {
                "create": {"customer_type": ["Company", "Individual"]},
                "update": {"status": {"not_in": ["Disabled"]}},
            },
        }}},
        "audit": {"enabled": true, "log_file": "logs/audit.log", "log_level": "INFO", "retention_days": 30},
        "rate_limiting": {"enabled": true, "requests_per_minute": 60, "requests_per_hour": 1000},
        "cache": {"enabled": true, "ttl": 300, "max_size": 1000},
    })
}

#[tokio::test]
async fn the_sample_starts_and_opens_exactly_what_it_permits() {
    let mut server = Server::initialized(&sample("http://127.0.0.1:9")).await;
    let tools = server.tools().await;
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    let typed: Vec<_> = names.iter().filter(|name| name.contains("customer")).copied().collect();
    let expected = [
        "list_customer_documents",
        "get_customer_document",
        "search_customer_documents",
        "create_customer_document",
        "update_customer_document",
    ];
    assert_eq!(typed, expected);
    let denied = ["delete_", "submit_", "cancel_", "amend_"];
    // Of a document that may be updated, files may be deleted.
    let of_documents = names.iter().filter(|name| name.contains("document"));
    assert!(!of_documents.into_iter().any(|name| denied.iter().any(|verb| name.starts_with(verb))), "{names:?}");
    let ended = server.end().await;
    assert!(ended.status.success());
    assert!(ended.stdout.lines().count() == 2);
}

#[tokio::test]
async fn names_that_the_tables_do_not_know_are_said_on_stderr() {
    let ended = Server::start(&sample("http://127.0.0.1:9")).end().await;
    for wanted in
        ["restricted_fields: no field credit_limit; did you mean credit_limits?", "conditions.update: no field status"]
    {
        assert!(ended.stderr.contains(wanted), "{wanted}: {}", ended.stderr);
    }
}

#[tokio::test]
async fn a_condition_on_a_field_that_does_not_exist_refuses_its_operation_only() {
    let site = Site::start().await;
    let field = |name: &str| json!({"fieldname": name, "fieldtype": "Data", "label": name});
    let customer = json!({"doctype": "DocType", "name": "Customer", "module": "Selling", "fields": [field("customer_name"), field("customer_type")]});
    site.metadata(json!([customer])).await;
    site.data("GET", "/api/resource/Customer/Zod", json!({"name": "Zod", "customer_name": "Zod"})).await;
    let app = app_of(&sample(&site.url()));
    let update = json!({"name": "Zod", "data": {"customer_name": "Zed"}});
    let text = refusal(&app, "update_customer_document", update).await;
    assert!(text.contains("update is refused") && text.contains("no field status"), "{text}");
    let answer = call(&app, "get_customer_document", json!({"name": "Zod"})).await.unwrap();
    assert_eq!(answer["document"]["customer_name"], "Zod");
    assert_eq!(site.writes().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_condition_that_cannot_be_looked_up_refuses_too() {
    let site = Site::start().await;
    site.answer("GET", META, 503, json!({})).await;
    let app = app_of(&sample(&site.url()));
    let update = json!({"name": "Zod", "data": {"customer_name": "Zed"}});
    refusal(&app, "update_customer_document", update).await;
    let lines = site.lines().await;
    assert!(lines.iter().all(|line| *line == format!("GET {META}") || line.ends_with(".get_versions")), "{lines:?}");
}

#[tokio::test]
async fn results_stand_where_the_configuration_says() {
    let site = Site::start().await;
    site.answer("GET", "/api/method/frappe.auth.get_logged_user", 200, json!({"message": "a@x"})).await;
    for (results, text, structured) in [("text", true, false), ("structured", false, true), ("both", true, true)] {
        let mut config = sample(&site.url());
        config["tools"] = json!({"results": results});
        let mut server = Server::initialized(&config).await;
        let result = server.call("test_connection", json!({})).await;
        assert_eq!(
            result["content"].as_array().is_some_and(|content| !content.is_empty()),
            text,
            "{results}: {result}"
        );
        assert_eq!(result["structuredContent"].is_object(), structured, "{results}: {result}");
    }
}

#[tokio::test]
async fn typed_tools_declare_their_output_where_that_is_asked_for() {
    let mut config = sample("http://127.0.0.1:9");
    config["tools"] = json!({"output_schemas": true});
    let tools = Server::initialized(&config).await.tools().await;
    for tool in tools {
        let typed = tool["name"].as_str().unwrap().contains("customer");
        assert_eq!(tool["outputSchema"].is_object(), typed, "{tool}");
    }
}

fn env(name: &str) -> Option<String> {
    match name {
        "ERPNEXT_URL" => Some("https://erp.example.com".to_owned()),
        "ERPNEXT_API_KEY" => Some(KEY.to_owned()),
        "ERPNEXT_API_SECRET" => Some(SECRET.to_owned()),
        _ => None,
    }
}

/// A configuration that states every key of that version.
fn configuration_of(version: u64) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/configurations/{version}.json"))
}

/// Whoever renames a key writes the step.
#[test]
fn a_file_of_every_version_there_was_is_read_once_it_is_migrated() {
    let folder = tempfile::tempdir().unwrap();
    for version in 1..=VERSION {
        let old = configuration_of(version);
        let migrated = Config::migrated(&old).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(migrated.is_some(), version < VERSION, "{version}");
        let text = migrated.map_or_else(|| std::fs::read_to_string(&old).unwrap(), |migrated| migrated.text);
        let file = folder.path().join("config.json");
        std::fs::write(&file, text).unwrap();
        Config::load(Some(&file), &env).unwrap_or_else(|error| panic!("version {version}: {error}"));
    }
}

/// What a file does not state beside what it states instead: the store's address, and who has signed in, are kept once.
const STATED_OTHERWISE: [&str; 3] = ["http.redis.url_command", "http.redis.url_file", "sign_in.oauth.state_file"];

#[test]
fn the_file_of_this_version_states_every_key() {
    let file: Value = serde_json::from_str(&std::fs::read_to_string(configuration_of(VERSION)).unwrap()).unwrap();
    // A site has its own of the whole file's sections, and the keys of `erpnext` in itself.
    let sites: Vec<&Value> = file["sites"].as_object().unwrap().values().collect();
    let as_erpnext: Vec<Value> = sites.iter().map(|site| json!({"erpnext": site})).collect();
    let stated: Vec<&Value> = [&file].into_iter().chain(sites).chain(&as_erpnext).collect();
    let mut found = unstated(&schema(), &stated, "");
    found.sort();
    assert_eq!(found, STATED_OTHERWISE);
}

/// The keys of a schema that none of the values states; what may have any name is stated by one.
fn unstated(schema: &Value, stated: &[&Value], path: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (key, below) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let values: Vec<&Value> = stated.iter().filter_map(|value| value.get(key)).collect();
        if values.is_empty() { found.push(path) } else { found.extend(unstated(below, &values, &path)) }
    }
    if let Some(any) = schema.get("additionalProperties").filter(|any| any.is_object()) {
        let values: Vec<&Value> = stated.iter().filter_map(|value| value.as_object()).flat_map(Map::values).collect();
        found.extend(unstated(any, &values, &format!("{path}.*")));
    }
    found
}

#[test]
fn the_files_that_come_with_the_server_are_good() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let doctypes: Vec<_> = erpnext_doctypes::ALL.iter().map(|table| table.name()).collect();
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 5);
    for file in files {
        let config = Config::load(Some(&file), &env).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let unknown = config.unknown_names(&erpnext_doctypes::any, &doctypes);
        assert!(unknown.is_empty(), "{}: {unknown:?}", file.display());
    }
}
