//! Several sites in one server: each has its own users, rules, tools and log.

use std::path::Path;

use erpnext_mcp::config::Config;
use serde_json::{Value, json};

use super::{Served, answered, data, message, refused};
use crate::sandbox::SampleSite;
use crate::support::{all, load};

/// What a configuration says of this site under `sites`: everybody signs in, and the log is in that folder.
pub fn section(site: &SampleSite, name: &str, log: &Path, permissions: Value) -> Value {
    let mut config = site.config(permissions);
    let mut section = config["erpnext"].take();
    config.as_object_mut().unwrap().remove("erpnext");
    section.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    section["audit"] = json!({"enabled": true, "log_file": log.join(format!("{name}.log"))});
    section["sign_in"] = json!({"own_keys": true});
    section["hosts"] = json!([format!("{name}.example.com")]);
    section
}

/// Two sites: north opens leads, south customers, for reading.
async fn two() -> ([SampleSite; 2], Served, tempfile::TempDir) {
    let sites = [SampleSite::start().await, SampleSite::start().await];
    let log = tempfile::tempdir().unwrap();
    let rules = |doctypes: Value| json!({"doctypes": doctypes});
    let config = json!({"sites": {
        "north": section(&sites[0], "north", log.path(), rules(json!({"Lead": all()}))),
        "south": section(&sites[1], "south", log.path(), rules(json!({"Customer": {"read": true}}))),
    }});
    let served = Served::start(&config).await;
    (sites, served, log)
}

const KEY: (&str, &str) = ("authorization", "token administrator:secret");

async fn call(served: &Served, path: &str, tool: &str, arguments: Value) -> Value {
    let call = message("tools/call", json!({"name": tool, "arguments": arguments}));
    answered(served.post(path, &call).header(KEY.0, KEY.1)).await
}

#[tokio::test]
async fn each_site_has_its_own_rules_documents_and_log() {
    let (sites, served, log) = two().await;
    let made = json!({"data": {"lead_name": "of the north"}});
    let made = data(&call(&served, "/mcp/north", "create_lead_document", made).await)["created"].clone();
    assert!(sites[0].stored("Lead", made.as_str().unwrap()).is_some());
    assert!(!sites[1].writes().iter().any(|write| write.contains("Lead")));
    data(&call(&served, "/key/mcp/south/readonly", "list_customer_documents", json!({"limit": 1})).await);
    for (path, tool) in [("/mcp/south", "list_lead_documents"), ("/mcp/north", "list_customer_documents")] {
        let refused = call(&served, path, tool, json!({"limit": 1})).await;
        assert!(refused["error"].is_object(), "{path}: {refused}");
    }
    let lines = |name: &str| std::fs::read_to_string(log.path().join(format!("{name}.log"))).unwrap();
    assert!(lines("north").contains("create_lead_document") && !lines("south").contains("create_lead_document"));
    assert!(lines("south").contains("list_customer_documents"));
}

#[tokio::test]
async fn a_site_is_found_by_its_name_or_its_host_and_no_other_way() {
    let (_sites, served, _log) = two().await;
    let ask = |path: &str, host: &str| {
        let ping = served.post(path, &message("ping", json!({}))).header(KEY.0, KEY.1);
        ping.header("host", host.to_owned())
    };
    for (path, host) in
        [("/mcp/north", "localhost"), ("/mcp", "NORTH.example.com"), ("/mcp/south", "south.example.com")]
    {
        assert_eq!(ask(path, host).send().await.unwrap().status(), 200, "{path} {host}");
    }
    for (path, host, status) in [
        ("/mcp", "localhost", 404),
        ("/mcp/east", "localhost", 404),
        ("/mcp/south", "north.example.com", 404),
        ("/mcp", "east.example.com", 403),
    ] {
        assert_eq!(refused(ask(path, host)).await.0, status, "{path} {host}");
    }
}

#[test]
fn what_two_sites_cannot_share_is_said() {
    let site = json!({"url": "https://a.example.com", "api_key": "k", "api_secret": "s"});
    let with = |mut more: Value| {
        more.as_object_mut().unwrap().extend(site.as_object().unwrap().clone());
        more
    };
    let log = json!({"audit": {"enabled": true, "log_file": "x.log"}, "hosts": ["a.example.com"]});
    let config = json!({"sites": {"a": with(log.clone()), "b": with(log), "x": site, "c": {"urls": 1}}});
    let errors = Config::from_text(&config.to_string()).unwrap_err().to_string();
    for words in [
        "sites.b.audit.log_file: it is the log of a too",
        "sites.b.hosts: a.example.com is a host of a too",
        "sites.x: expected a name",
        "sites.c.urls: unknown key; did you mean url?",
        "sites.c.url: missing; set it here, such as",
        "sites.c.api_key: missing",
    ] {
        assert!(errors.contains(words), "{words}: {errors}");
    }
    let kept = |path: &str, state: &str| {
        let url = format!("https://mcp.example.com/mcp{path}");
        let oauth = json!({"url": url, "client_id": "c", "client_secret": "s", "state_file": state});
        with(json!({"sign_in": {"oauth": oauth}}))
    };
    let (mut config, own) = (json!({"sites": {"a": kept("/a", "x.state"), "b": kept("/b", "y.state")}}), site.clone());
    // That there is no key is told in each case.
    let told = |config: &Value| Config::from_text(&config.to_string()).unwrap_err().to_string();
    assert!(!told(&config).contains("is the state file of"), "{}", told(&config));
    config["sites"]["b"]["sign_in"]["oauth"]["state_file"] = json!("./x.state");
    let words = "sites.b.sign_in.oauth.state_file: it is the state file of a too; a and b each need one of their own";
    assert!(told(&config).contains(words), "{}", told(&config));
    config["sites"]["b"]["sign_in"]["oauth"]["state_file"] = json!("y.state");
    (config["erpnext"], config["sign_in"]) = (own, kept("", "y.state")["sign_in"].clone());
    let words = "sites.b.sign_in.oauth.state_file: it is the state file of erpnext too";
    assert!(told(&config).contains(words), "{}", told(&config));
    let audited = with(json!({"audit": {"enabled": true}}));
    let config = load(&json!({"sites": {"a": audited.clone(), "b": audited}}));
    assert_eq!(config.sites["a"].config.audit.log_file.to_str(), Some("logs/audit-a.log"));
}
