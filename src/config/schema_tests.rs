#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;

use super::reader::ANY;
use super::tests::full_env;
use super::{schema, sections};

fn reader_takes(file: &Value) -> bool {
    sections::read(Some(&file.to_string()), &full_env).is_ok()
}

static VALIDATOR: LazyLock<jsonschema::Validator> = LazyLock::new(|| jsonschema::validator_for(&schema()).unwrap());

fn schema_takes(file: &Value) -> bool {
    VALIDATOR.is_valid(file)
}

/// A file in which only this value stands, at this path; any name of a DocType is Customer.
fn file(path: &str, value: Value) -> Value {
    path.rsplit('.').fold(value, |value, key| json!({if key == ANY { "Customer" } else { key }: value}))
}

/// The leaves of the schema: their paths and what may stand there.
fn leaves(schema: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let any = schema.get("additionalProperties").filter(|any| any.is_object()).map(|any| (ANY, any));
    let properties = schema.get("properties").and_then(Value::as_object);
    let named = properties.into_iter().flatten().map(|(key, value)| (key.as_str(), value));
    for (key, value) in named.chain(any) {
        if value["type"] == "object" {
            leaves(value, &below(key), found);
        } else {
            found.push((below(key), value.clone()));
        }
    }
}

fn all_leaves() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    leaves(&schema(), "", &mut found);
    found
}

#[test]
fn every_key_that_the_reader_knows_is_in_the_schema_with_its_type_and_meaning() {
    let found = all_leaves();
    assert!(found.len() > 50, "{found:?}");
    for (path, value) in &found {
        if let Some(target) = value["$ref"].as_str().filter(|target| target.starts_with("#/properties/")) {
            assert!(schema().pointer(&target[1..]).is_some(), "{path}: {target}");
            continue;
        }
        let condition = value["$ref"] == "#/$defs/condition";
        assert!(condition || value["type"].is_string(), "{path} is listed by `only` and read by no method of Reader");
        let explained = condition || path == "$schema" || path.starts_with("permissions.default.");
        assert!(explained || value["description"].is_string(), "docs/configuration.md does not explain {path}");
    }
}

/// The files that keys may name.
struct Files {
    secret: NamedTempFile,
    key: NamedTempFile,
    redis: NamedTempFile,
}

impl Files {
    fn new() -> Self {
        let holding = |text: &str| {
            let file = NamedTempFile::new().unwrap();
            std::fs::write(file.path(), text).unwrap();
            file
        };
        Self { secret: holding("abc"), key: holding(&"0".repeat(64)), redis: holding("redis://localhost") }
    }
}

/// A value that the schema takes at this path.
fn good(path: &str, value: &Value, files: &Files) -> Value {
    // Where no variable wins, they are asked.
    let of_person = ["sign_in.tokens.*.", "sign_in.idp.users.*."].iter().find_map(|of| path.strip_prefix(of));
    let special = match (of_person, path.strip_prefix("sign_in.oauth."), path.strip_prefix("http.redis.")) {
        (Some("api_secret_file"), ..) | (_, Some("client_secret_file"), _) => Some(json!(files.secret.path())),
        (Some("api_secret_command"), ..) | (_, Some("client_secret_command"), _) => Some(json!(["printf", "abc"])),
        (_, Some("key_file"), _) | (.., Some("key_file")) => Some(json!(files.key.path())),
        (.., Some("url")) => Some(json!("redis://localhost")),
        (.., Some("url_file")) => Some(json!(files.redis.path())),
        (.., Some("url_command")) => Some(json!(["printf", "redis://localhost"])),
        _ if path == "publish.*.method" => Some(json!("my_app.api.credit")),
        // A key has no colon.
        _ if path.ends_with("api_key") || path.ends_with("api_secret") => Some(json!("abc")),
        _ => None,
    };
    special.unwrap_or_else(|| match (value["type"].as_str(), value.get("enum").or(value.get("examples"))) {
        (_, Some(choices)) => choices[0].clone(),
        (Some("boolean"), _) => json!(true),
        (Some("integer"), _) => json!(7),
        (Some("array"), _) => json!(["status"]),
        (None, _) => json!({"status": "Open"}),
        _ => json!("https://erp.example.com"),
    })
}

/// Adds what the key at this path does not go without.
type Completes = fn(&str, &mut Value, &Files);

const COMPLETES: [Completes; 10] =
    [redis, sign_in_oauth, idp, site_oauth, methods, published, tokens, tls, sites, audit];

/// No store goes without its address and a key.
fn redis(path: &str, right: &mut Value, files: &Files) {
    let Some(stated) = path.strip_prefix("http.redis.") else { return };
    let section = right["http"]["redis"].as_object_mut().unwrap();
    section.entry("key_file").or_insert(json!(files.key.path()));
    if ["key_file", "ca_file"].contains(&stated) {
        section.insert("url".to_owned(), json!("rediss://localhost"));
    }
}

/// Nobody signs in by OAuth without an address and a client of the site.
fn sign_in_oauth(path: &str, right: &mut Value, files: &Files) {
    if !path.starts_with("sign_in.oauth.") {
        return;
    }
    let oauth = right["sign_in"]["oauth"].as_object_mut().unwrap();
    oauth.entry("url").or_insert(json!("https://mcp.example.com/mcp"));
    oauth.entry("client_id").or_insert(json!("abc"));
    oauth.entry("key_file").or_insert(json!(files.key.path()));
    if !path.contains("client_secret") {
        oauth.insert("client_secret".to_owned(), json!("abc"));
    }
}

/// Nobody is known of whom no provider tells, and nobody goes without a key.
fn idp(path: &str, right: &mut Value, _: &Files) {
    let Some(stated) = path.strip_prefix("sign_in.idp.") else { return };
    let idp = right["sign_in"]["idp"].as_object_mut().unwrap();
    idp.entry("url").or_insert(json!("https://mcp.example.com/mcp"));
    idp.entry("issuer").or_insert(json!("https://login.example.com"));
    let person = &mut idp.entry("users").or_insert(json!({"Customer": {}}))["Customer"];
    let person = person.as_object_mut().unwrap();
    person.entry("api_key").or_insert(json!("abc"));
    if !stated.starts_with("users.*.api_secret") {
        person.insert("api_secret".to_owned(), json!("abc"));
    }
}

/// No token of the site is taken without an endpoint and a client that was made for it.
fn site_oauth(path: &str, right: &mut Value, _: &Files) {
    if path.starts_with("sign_in.site_oauth.") {
        let site = right["sign_in"]["site_oauth"].as_object_mut().unwrap();
        site.entry("url").or_insert(json!("https://mcp.example.com/mcp"));
        site.entry("clients").or_insert(json!(["abc"]));
    }
}

/// No method goes without a description.
fn methods(path: &str, right: &mut Value, _: &Files) {
    if path.starts_with("methods.") && path != "methods.*.description" {
        right["methods"]["Customer"]["description"] = json!("d");
    }
}

/// No published tool goes without what it says and what it gives.
fn published(path: &str, right: &mut Value, _: &Files) {
    if !path.starts_with("publish.") {
        return;
    }
    let published = right["publish"]["Customer"].as_object_mut().unwrap();
    published.entry("description").or_insert(json!("d"));
    if path == "publish.*.method" {
        right["methods"]["my_app.api.credit"]["description"] = json!("d");
    } else if path.ends_with("saved_filter") || path == "publish.*.doctype" {
        published.entry("doctype").or_insert(json!("Customer"));
        published.entry("saved_filter").or_insert(json!("Late"));
    } else {
        published.entry("report").or_insert(json!("Stock Ledger"));
        right["permissions"]["reports"] = json!(["*"]);
    }
    let kind = [("options", "Select"), ("link_to", "Link")].into_iter().find(|(key, _)| path.ends_with(key));
    if let Some((_, kind)) = kind {
        right["publish"]["Customer"]["filters"]["Customer"]["type"] = json!(kind);
    }
}

/// No token goes without its hash, and no key without its secret.
fn tokens(path: &str, right: &mut Value, _: &Files) {
    if !path.starts_with("sign_in.tokens.") {
        return;
    }
    let token = right["sign_in"]["tokens"]["Customer"].as_object_mut().unwrap();
    token.entry("sha256").or_insert(json!("0".repeat(64)));
    if path.contains(".api_") {
        token.entry("api_key").or_insert(json!("abc"));
    }
    if path.ends_with(".api_key") {
        token.insert("api_secret".to_owned(), json!("abc"));
    }
}

/// No certificate goes without its key, and no key without its certificate.
fn tls(path: &str, right: &mut Value, _: &Files) {
    if path.starts_with("http.tls.") {
        let tls = right["http"]["tls"].as_object_mut().unwrap();
        ["certificate", "key"].into_iter().for_each(|key| _ = tls.entry(key).or_insert(json!("server.pem")));
    }
}

/// No site goes without its address and its key.
fn sites(path: &str, right: &mut Value, _: &Files) {
    if path.starts_with("sites.") {
        let site = right["sites"]["Customer"].as_object_mut().unwrap();
        for (key, value) in [("url", "https://erp.example.com"), ("api_key", "abc"), ("api_secret", "abc")] {
            site.insert(key.to_owned(), json!(value));
        }
    }
}

/// Quotas are counted from the log, and its lines are what is sent.
fn audit(path: &str, right: &mut Value, _: &Files) {
    if path.starts_with("permissions.quota.") || path == "audit.ship" {
        right["audit"]["enabled"] = json!(true);
    }
}

#[test]
fn the_reader_takes_what_the_schema_takes_and_refuses_what_it_refuses() {
    let files = Files::new();
    let is_another = |value: &Value| value["$ref"].as_str().is_some_and(|target| target.starts_with("#/properties/"));
    for (path, value) in all_leaves().into_iter().filter(|(_, value)| !is_another(value)) {
        let mut right = file(&path, good(&path, &value, &files));
        COMPLETES.iter().for_each(|completes| completes(&path, &mut right, &files));
        assert!(schema_takes(&right) && reader_takes(&right), "{right}");
        for wrong in [json!(null), json!({"x": {"y": 1}}), json!([7]), json!(-1)] {
            let wrong = file(&path, wrong);
            assert_eq!(schema_takes(&wrong), reader_takes(&wrong), "{wrong}");
            assert!(!reader_takes(&wrong), "{wrong}");
        }
        if value.get("enum").is_some() {
            let wrong = file(&path, json!("nonsense"));
            assert!(!schema_takes(&wrong) && !reader_takes(&wrong), "{wrong}");
        }
        let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
        let unknown = file(format!("{parent}.no_such_key").trim_start_matches('.'), json!(true));
        assert!(!schema_takes(&unknown) && !reader_takes(&unknown), "{unknown}");
    }
}

#[test]
fn conditions_are_taken_by_both_or_by_neither() {
    let right = [
        json!({"a": 1, "b": ["x", true], "c": {"in": [1]}, "any_of": [{"d": {"gt": "$today", "like": "A%"}}]}),
        json!({"a": {"between": [1, 2]}, "b": {"is_set": false}, "c": {"eq": "$user"}}),
    ];
    let wrong = [
        json!({}),
        json!({"a": []}),
        json!({"a": null}),
        json!({"a": {}}),
        json!({"a": {"nott": 1}}),
        json!({"a": {"between": [1]}}),
        json!({"a": {"gt": true}}),
        json!({"a": {"like": ""}}),
        json!({"any_of": {}}),
        json!({"any_of": [{}]}),
        json!({"a": [[1]]}),
    ];
    for (conditions, taken) in right.iter().map(|c| (c, true)).chain(wrong.iter().map(|c| (c, false))) {
        let file = json!({"permissions": {"doctypes": {"Customer": {"conditions": {"update": conditions}}}}});
        assert_eq!((schema_takes(&file), reader_takes(&file)), (taken, taken), "{conditions}");
    }
}

#[test]
fn the_files_that_come_with_the_server_fit_the_schema() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let errors: Vec<String> = VALIDATOR.iter_errors(&file).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
    assert!(schema_takes(&Value::Object(Map::new())));
}
