//! What those have who operate a server: how it is, its log, checking before starting, and reading anew while it runs.

use std::path::Path;
use std::time::Duration;

use erpnext_sandbox::{Fault, FaultKind};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::program::Program;
use super::sign_in::hash;
use super::sites::section;
use super::{data, http, message};
use crate::sandbox::SampleSite;
use crate::stdio::command;
use crate::support::{Site, all, config_json};

const KEY: &str = "token sales:secret";

/// A configuration by which everybody signs in on the sample site.
fn team(site: &SampleSite) -> Value {
    let mut config = site.config(json!({"doctypes": {"Lead": all()}}));
    config["sign_in"] = json!({"own_keys": true});
    config["http"] = json!({"status_listen": "127.0.0.1:0"});
    config
}

async fn call(program: &Program, credential: &str, tool: &str, arguments: Value) -> reqwest::Response {
    let call = message("tools/call", json!({"name": tool, "arguments": arguments})).to_string();
    let request = http().post(program.url("/mcp")).header("content-type", "application/json").body(call);
    request.header("authorization", credential).send().await.unwrap()
}

/// What is told at the address for operators.
async fn status(program: &Program, path: &str) -> (u16, String) {
    let address = program.logged("telling how the server is at http").await;
    let answer = http().get(format!("http{}{path}", address.lines().next().unwrap())).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn how_the_server_is_stands_at_its_own_address_and_names_nobody() {
    let site = SampleSite::start().await;
    let mut program = Program::start(&team(&site)).await;
    let made = call(&program, KEY, "create_lead_document", json!({"data": {"lead_name": "canary"}})).await;
    let made = data(&made.json().await.unwrap())["created"].as_str().unwrap().to_owned();
    assert_eq!(call(&program, "token sales:wrong", "list_lead_documents", json!({})).await.status(), 401);
    call(&program, KEY, "no_such_tool", json!({})).await;
    assert_eq!(status(&program, "/livez").await.0, 200);
    assert_eq!(status(&program, "/readyz").await, (200, "ready".to_owned()));
    assert_eq!(status(&program, "/mcp").await.0, 404);
    let (_, metrics) = status(&program, "/metrics").await;
    for line in [
        "erpnext_mcp_tool_calls_total{site=\"erpnext\",tool=\"create_lead_document\",outcome=\"done\"} 1",
        "erpnext_mcp_tool_calls_total{site=\"erpnext\",tool=\"other\",outcome=\"refused\"} 1",
        "erpnext_mcp_sign_ins_total{site=\"erpnext\",outcome=\"refused\"} 1",
        "erpnext_mcp_http_requests_total{status=\"401\"} 1",
        "erpnext_mcp_site_resting{site=\"erpnext\"} 0",
    ] {
        assert!(metrics.lines().any(|told| told == line), "{line}: {metrics}");
    }
    for secret in ["sales", "canary", &made, "secret", "example.com"] {
        assert!(!metrics.contains(secret), "{secret}: {metrics}");
    }
    // Nothing of MCP is there, and nothing of it at the address of MCP; nor for a page that took a name for this machine.
    assert_eq!(http().get(program.url("/metrics")).send().await.unwrap().status(), 404);
    let address = program.logged("telling how the server is at http").await;
    let ready = http().head(format!("http{}/readyz", address.lines().next().unwrap()));
    assert_eq!(ready.send().await.unwrap().status(), 200, "some probes ask for the head alone");
    let elsewhere = http().get(format!("http{}/metrics", address.lines().next().unwrap()));
    assert_eq!(elsewhere.header("host", "evil.example.com").send().await.unwrap().status(), 403);
    // While it ends it is alive, and not ready.
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(1_500)));
    let slow = call(&program, KEY, "list_lead_documents", json!({}));
    let ends = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        program.signal("TERM").await;
        program.logged("asked to end").await;
        (status(&program, "/livez").await.0, status(&program, "/readyz").await.0)
    };
    let (slow, ending) = tokio::join!(slow, ends);
    assert_eq!((slow.status().as_u16(), ending), (200, (200, 503)));
    assert!(program.child.wait().await.unwrap().success());
}

#[tokio::test]
async fn who_says_nothing_keeps_nobody_from_asking_how_the_server_is() {
    let mut config = config_json("http://127.0.0.1:9", json!({"doctypes": {"Customer": {"read": true}}}));
    config["http"] = json!({"status_listen": "127.0.0.1:0"});
    let program = Program::start(&config).await;
    let told = program.logged("telling how the server is at http://").await;
    let address = told.lines().next().unwrap();
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let asked = tokio::time::timeout(Duration::from_secs(5), status(&program, "/livez")).await;
    assert_eq!(asked.unwrap().0, 200);
}

#[tokio::test]
async fn health_is_that_of_the_server_at_the_address_of_the_configuration() {
    let site = SampleSite::start().await;
    let mut program = Program::start(&team(&site)).await;
    let told = program.logged("telling how the server is at http://").await;
    let address = told.lines().next().unwrap().to_owned();
    let health = async |http: Value| {
        let mut config = team(&site);
        config["http"] = http;
        let (mut command, _folder) = command(&config);
        let ended = command.arg("health").output().await.unwrap();
        (ended.status.code(), String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap())
    };
    assert_eq!(health(json!({"status_listen": address})).await, (Some(0), "alive\n".to_owned()));
    let (code, said) = health(json!({"status_listen": program.address})).await;
    assert!(code == Some(1) && said.contains("/livez answered \"HTTP/1.1 404"), "{said}");
    let (code, said) = health(json!({})).await;
    assert!(code == Some(1) && said.contains("http.status_listen is not set"), "{said}");
    program.signal("TERM").await;
    assert!(program.child.wait().await.unwrap().success());
    let (code, said) = health(json!({"status_listen": address})).await;
    assert!(code == Some(1) && said.contains("/livez does not answer"), "{said}");
}

#[tokio::test]
async fn one_name_finds_a_request_in_the_log_the_audit_log_and_at_the_site() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let mut config = team(&site);
    config["log_format"] = json!("json");
    config["log_level"] = json!("debug");
    config["audit"] = json!({"enabled": true, "log_file": folder.path().join("audit.log")});
    let program = Program::start(&config).await;
    let answer = call(&program, KEY, "create_lead_document", json!({"data": {"lead_name": "found"}})).await;
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    program.logged(&id).await;
    let lines: Vec<Value> = program.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["request"] == id.as_str() && line["status"] == 200), "{lines:?}");
    let audit = std::fs::read_to_string(folder.path().join("audit.log")).unwrap();
    assert!(audit.lines().any(|line| line.contains("ALLOWED") && line.contains(&id)), "{audit}");
    assert_eq!(site.sandbox.journal().last().unwrap().request_id.as_deref(), Some(&*id));
}

#[tokio::test]
async fn lines_of_the_audit_log_go_to_standard_output_too_where_that_is_not_the_protocols() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let log = folder.path().join("audit.log");
    let mut config = team(&site);
    config["audit"] = json!({"enabled": true, "log_file": log, "ship": "stdout"});
    let mut program = Program::start(&config).await;
    call(&program, KEY, "create_lead_document", json!({"data": {"lead_name": "canary"}})).await;
    let (_, metrics) = status(&program, "/metrics").await;
    assert!(metrics.contains("erpnext_mcp_audit_unshipped_total{site=\"erpnext\"} 0"), "{metrics}");
    program.signal("TERM").await;
    assert!(program.child.wait().await.unwrap().success());
    let written = std::fs::read_to_string(&log).unwrap();
    let named: String = written.lines().map(|line| format!("{{\"audit\":\"audit\",{}\n", &line[1..])).collect();
    assert!(named.contains("\"INTENT\"") && named.contains("\"ALLOWED\""), "{named}");
    let started = std::time::Instant::now();
    while program.out() != named {
        assert!(started.elapsed() < Duration::from_secs(20), "{}\n{named}", program.out());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The same over stdio is told before anything is served.
    let mut own = site.config(json!({}));
    own["audit"] = config["audit"].clone();
    let (mut command, _folder) = command(&own);
    let ended = command.arg("serve").output().await.unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && ended.stdout.is_empty(), "{said}");
    assert!(said.contains("audit.ship") && said.contains("stderr or syslog"), "{said}");
}

#[tokio::test]
async fn a_configuration_is_checked_without_serving_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config_json("http://127.0.0.1:9", json!({"doctypes": {"Customer": {"read": true}}}));
    config["audit"] = json!({"enabled": true, "log_file": folder.path().join("audit.log")});
    let tls = json!({"tls": {"certificate": certificate("old.pem"), "key": certificate("old.key")}});
    let mixed = json!({"tls": {"certificate": certificate("old.pem"), "key": certificate("new.key")}});
    let missing = json!({"tls": {"certificate": "/no/such.pem", "key": certificate("old.key")}});
    for (http, arguments, good, words) in [
        (json!({}), &["--check"][..], true, "over stdio"),
        (tls, &["--check", "--http", "127.0.0.1:0"], true, "127.0.0.1:0"),
        (mixed, &["--check", "--http", "127.0.0.1:0"], false, "new.key"),
        (missing, &["--check", "--http", "127.0.0.1:0"], false, "/no/such.pem"),
        (json!({}), &["--check", "--http", "0.0.0.0:0"], false, "nobody would have to sign in"),
    ] {
        config["http"] = http;
        let (mut command, _folder) = command(&config);
        let ended = command.arg("serve").args(arguments).output().await.unwrap();
        let told = [ended.stdout, ended.stderr].map(|told| String::from_utf8(told).unwrap()).concat();
        assert!(ended.status.success() == good && told.contains(words), "{arguments:?}: {told}");
    }
    assert!(!folder.path().join("audit.log").exists());
}

pub fn certificate(name: &str) -> String {
    crate::tidy::root().join("tests/it/http/certificates").join(name).to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_version_of_an_older_site_is_said_once_however_many_ask() {
    let (site, folder) = (Site::start().await, tempfile::tempdir().unwrap());
    let apps = json!({"message": {"frappe": {"version": "14.98.0"}, "erpnext": {"version": "14.90.1"}}});
    site.answer("GET", "/api/method/frappe.utils.change_log.get_versions", 200, apps).await;
    let mut config = config_json(&site.url(), json!({"doctypes": {"Lead": all()}}));
    config["erpnext"].as_object_mut().unwrap().remove("version");
    config["schema"] = json!({"overlay": "live", "cache_folder": folder.path().join("kept")});
    let mut program = Program::start(&config).await;
    let calls = ["/mcp", "/mcp/readonly", "/mcp/x/selling"].into_iter().cycle().take(9).map(async |path| {
        let call = message("tools/call", json!({"name": "list_doctypes", "arguments": {}})).to_string();
        let request = http().post(program.url(path)).header("content-type", "application/json").body(call);
        request.send().await.unwrap().status().as_u16()
    });
    assert_eq!(futures_util::future::join_all(calls).await, [200; 9]);
    program.logged("ERPNext 14.90.1").await;
    program.signal("TERM").await;
    assert!(program.child.wait().await.unwrap().success());
    let log = program.log();
    assert_eq!(log.matches("which is older than what this program knows").count(), 1, "{log}");
}

#[cfg(unix)]
#[tokio::test]
async fn tokens_are_taken_anew_while_it_runs_and_a_bad_configuration_changes_nothing() {
    let site = SampleSite::start().await;
    let mut config = team(&site);
    config["sign_in"] = json!({"tokens": {"first": {"sha256": hash("first")}}});
    let program = Program::start(&config).await;
    let whom = async |token: &str| {
        call(&program, &format!("Bearer {token}"), "test_connection", json!({})).await.status().as_u16()
    };
    assert_eq!((whom("first").await, whom("second").await), (200, 401));
    std::fs::write(program.config(), "{").unwrap();
    program.signal("HUP").await;
    program.logged("the one before goes on").await;
    assert_eq!(whom("first").await, 200);
    config["sign_in"] = json!({"tokens": {"second": {"sha256": hash("second")}}});
    std::fs::write(program.config(), config.to_string()).unwrap();
    program.signal("HUP").await;
    program.logged("were read anew").await;
    assert_eq!((whom("first").await, whom("second").await), (401, 200));
    // Who takes the last one back does not let everybody in by that.
    config["sign_in"] = json!({});
    std::fs::write(program.config(), config.to_string()).unwrap();
    program.signal("HUP").await;
    program.logged("nobody can sign in").await;
    let ping = http().post(program.url("/mcp")).header("content-type", "application/json");
    let ping = ping.body(message("ping", json!({})).to_string()).send().await.unwrap();
    assert_eq!((whom("second").await, ping.status().as_u16()), (401, 401));
}

#[cfg(unix)]
#[tokio::test]
async fn of_several_sites_all_are_taken_anew_or_none_is() {
    let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let rules = || json!({"doctypes": {"Lead": all()}});
    let (north, south) = (section(&site, "north", log.path(), rules()), section(&site, "south", log.path(), rules()));
    let mut config = json!({"sites": {"north": north, "south": south}});
    let tokens = |config: &mut Value, name: &str| {
        for of in ["north", "south"] {
            config["sites"][of]["sign_in"] = json!({"tokens": {name: {"sha256": hash(name)}}});
        }
    };
    tokens(&mut config, "first");
    let program = Program::start(&config).await;
    let whom = async |of: &str, token: &str| {
        let call = message("tools/call", json!({"name": "test_connection", "arguments": {}})).to_string();
        let request = http().post(program.url(&format!("/mcp/{of}"))).header("content-type", "application/json");
        let request = request.header("authorization", format!("Bearer {token}")).body(call);
        request.send().await.unwrap().status().as_u16()
    };
    // The last of the sites is the one that cannot be taken.
    tokens(&mut config, "second");
    let mut bad = config.clone();
    bad["sites"]["south"]["sign_in"]["idp"] = json!({
        "issuer": "https://login.example.com", "url": "https://mcp.example.com/mcp/south",
        "users": {"anna": {"api_key": "anna", "api_secret": "secret"}},
    });
    for (config, second) in [(bad, 401), (config.clone(), 200)] {
        std::fs::write(program.config(), config.to_string()).unwrap();
        program.signal("HUP").await;
        program.logged(if second == 401 { "the one before goes on: the site south" } else { "were read anew" }).await;
        for of in ["north", "south"] {
            let found = (whom(of, "first").await, whom(of, "second").await);
            assert_eq!(found, (601 - second, second), "{of}: {}", program.log());
        }
    }
    // One that was not there is not served yet, and the log says so.
    config["sites"]["east"] = section(&site, "east", log.path(), rules());
    config["sites"]["east"]["sign_in"] = config["sites"]["north"]["sign_in"].clone();
    std::fs::write(program.config(), config.to_string()).unwrap();
    program.signal("HUP").await;
    program.logged("the site east is new in the configuration, and served from the next start on").await;
    assert_eq!(whom("east", "second").await, 404);
}

/// A client that trusts this certificate alone.
fn trusting(name: &str) -> reqwest::Client {
    drop(http());
    let pem = std::fs::read(certificate(name)).unwrap();
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()]);
    builder.build().unwrap()
}

#[cfg(unix)]
#[tokio::test]
async fn connections_are_encrypted_by_the_certificate_that_stands_in_the_file_now() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str| {
        for (from, to) in [(format!("{name}.pem"), "now.pem"), (format!("{name}.key"), "now.key")] {
            std::fs::copy(certificate(&from), folder.path().join(to)).unwrap();
        }
    };
    put("old");
    let mut config = config_json("http://127.0.0.1:9", json!({"doctypes": {"Customer": {"read": true}}}));
    let file = |name: &str| Path::new(folder.path()).join(name);
    config["http"] = json!({"tls": {"certificate": file("now.pem"), "key": file("now.key")}});
    let program = Program::start(&config).await;
    let url = format!("https://localhost:{}/mcp", program.address.port());
    let ping = async |client: reqwest::Client| {
        let ping =
            client.post(&url).header("content-type", "application/json").body(message("ping", json!({})).to_string());
        ping.send().await.map(|answer| answer.status().as_u16())
    };
    assert_eq!(ping(trusting("old.pem")).await.unwrap(), 200);
    assert!(ping(trusting("new.pem")).await.is_err());
    // Who speaks plain HTTP is not answered, and others are.
    assert!(http().get(program.url("/mcp")).send().await.is_err());
    put("new");
    program.signal("HUP").await;
    program.logged("were read anew").await;
    assert_eq!(ping(trusting("new.pem")).await.unwrap(), 200);
    assert!(ping(trusting("old.pem")).await.is_err());
}
