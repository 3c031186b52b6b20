//! Key and secret are canaries, and no situation makes the program write either: not to the client, not to the log at
//! its most talkative, not into the audit log or what is kept of the site, not in an error or in `Debug`. By wiremock,
//! as the site has to say what none says: the secret itself.

use std::path::Path;

use erpnext_mcp::audit::Audit;
use erpnext_mcp::config::Config;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::cli::run;
use crate::stdio::Server;
use crate::support::{KEY, META, SECRET, Site, all, app_with, call, config_json};

/// What both have in common, and whatever else is to be kept.
const CANARY: &str = "canary";

/// Fails where a text holds a canary.
fn silent(situation: &str, texts: &[&str]) {
    for text in texts {
        assert!(!text.contains(CANARY), "{situation}: {text}");
    }
}

/// Everything that was written below a folder, but for the configuration itself.
fn written(folder: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.push_str(&written(&path));
        } else if !["c.json", "c.json.bak", "secret"].iter().any(|own| path.ends_with(own)) {
            all.push_str(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()));
        }
    }
    all
}

/// A configuration that writes as much as it can, its audit log in this folder.
fn talkative(url: &str, folder: &Path, format: &str) -> Value {
    let mut config = config_json(url, json!({"default": all()}));
    config["erpnext"]["timeout"] = json!(1);
    config["log_level"] = json!("trace");
    config["schema"] = json!({"overlay": "live"});
    config["cache"] = json!({"enabled": true});
    config["audit"] = json!({"enabled": true, "log_file": folder.join("audit.log"), "format": format});
    config
}

/// Sites that are not well, or that say what they should not: each is asked in all ways.
async fn sites() -> Vec<(&'static str, String, Option<Site>)> {
    let token = format!("token {KEY}:{SECRET}");
    let said = |text: &str| json!([json!({"message": text}).to_string()]).to_string();
    let echo = json!({"exc_type": "ValidationError", "_server_messages": said(&format!("<b>{token}</b> is bad")),
        "exception": format!("frappe.exceptions.ValidationError: {SECRET}"), "exc": json!([token]).to_string(),
        "_error_message": token});
    let page = format!("<html><title>Bad header {token}</title>{token}</html>");
    let leads = format!("https://{KEY}:{SECRET}@other.example/login?token={SECRET}#{KEY}");
    let answers = [
        ("a refusal that quotes the header", ResponseTemplate::new(417).set_body_json(&echo)),
        ("401", ResponseTemplate::new(401).set_body_json(&echo)),
        ("403", ResponseTemplate::new(403).set_body_json(&echo)),
        ("500", ResponseTemplate::new(500).set_body_json(&echo)),
        ("a proxy's page", ResponseTemplate::new(502).set_body_string(page)),
        ("a redirect", ResponseTemplate::new(302).insert_header("location", leads)),
        ("an answer that is no JSON", ResponseTemplate::new(200).set_body_string(token.clone())),
        ("too many requests", ResponseTemplate::new(429).set_body_json(&echo).insert_header("retry-after", "1")),
        ("no answer in time", ResponseTemplate::new(200).set_delay(std::time::Duration::from_secs(9))),
    ];
    let mut sites = vec![("nobody there", "http://127.0.0.1:9".to_owned(), None)];
    for (situation, answer) in answers {
        let site = Site::start().await;
        for verb in ["GET", "POST", "PUT", "DELETE"] {
            site.respond_anywhere(verb, answer.clone()).await;
        }
        sites.push((situation, site.url(), Some(site)));
    }
    let plain = Site::start().await;
    sites.push(("no TLS there", plain.url().replace("http://", "https://"), Some(plain)));
    sites
}

#[tokio::test]
async fn a_server_writes_neither_key_nor_secret_whatever_its_site_does() {
    let asked = futures_util::future::join_all(sites().await.into_iter().enumerate().map(
        async |(n, (situation, url, _site))| {
            let folder = tempfile::tempdir().unwrap();
            let config = talkative(&url, folder.path(), if n % 2 == 0 { "json" } else { "text" });
            let mut server = Server::initialized(&config).await;
            for (tool, given) in [
                ("test_connection", json!({})),
                ("get_customer_document", json!({"name": "Zod"})),
                ("create_todo_document", json!({"data": {"description": "x"}})),
                // What a model sends by mistake is its own.
                ("get_generic_document", json!({"doctype": "User", "name": "Administrator", "fields": ["nope"]})),
            ] {
                server.call(tool, given).await;
            }
            let ended = server.end().await;
            assert!(ended.stderr.contains("erpnext_mcp"), "{situation}: the log says nothing: {}", ended.stderr);
            let audit = std::fs::read_to_string(folder.path().join("audit.log")).unwrap();
            assert!(audit.contains("Customer"), "{situation}: {audit}");
            silent(situation, &[&ended.stdout, &ended.stderr, &written(folder.path())]);
        },
    ));
    asked.await;
}

/// What a person may run, and what with.
const COMMANDS: &[&[&str]] = &[
    &["doctor"],
    &["doctor", "--json"],
    &["check"],
    &["check", "--live"],
    &["check", "--explain", "read Customer X"],
    &["tools"],
    &["config", "schema"],
    &["config", "example"],
    &["config", "migrate"],
    &["audit", "tail"],
    &["--api-secret=canary-flag", "check"],
    &["serve"],
];

#[tokio::test]
async fn commands_write_neither_whatever_their_site_does() {
    let sites = sites().await;
    let ran = sites.iter().filter(|(situation, ..)| !situation.contains("in time")).map(async |(situation, url, _)| {
        let folder = tempfile::tempdir().unwrap();
        let config = talkative(url, folder.path(), "json");
        std::fs::write(folder.path().join("c.json"), config.to_string()).unwrap();
        for arguments in [&["doctor"][..], &["doctor", "--json"], &["check", "--live"], &["publish"]] {
            let done = run(folder.path(), &[], &[&["--config", "c.json"], arguments].concat()).await;
            silent(&format!("{situation}: {arguments:?}"), &[&done.stdout, &done.stderr]);
        }
        let env = [("ERPNEXT_API_SECRET", SECRET)];
        let init = ["init", "--yes", "--url", url, "--api-key", KEY, "--config", "new.json"];
        let done = run(folder.path(), &env, &init).await;
        assert!(done.code == Some(1) && !done.stderr.is_empty(), "{situation}: {}", done.stderr);
        silent(&format!("{situation}: init"), &[&done.stdout, &done.stderr, &written(folder.path())]);
    });
    futures_util::future::join_all(ran).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_configuration_that_is_wrong_is_told_without_what_is_secret_in_it() {
    let with = |erpnext: Value| json!({"erpnext": erpnext, "permissions": {"default": {"read": true}}}).to_string();
    let right = json!({"url": "http://127.0.0.1:9", "api_key": KEY, "api_secret": SECRET, "timeout": 1});
    let but = |key: &str, value: Value| {
        let mut erpnext = right.clone();
        erpnext[key] = value;
        with(erpnext)
    };
    let without = |more: Value| {
        let mut erpnext = right.clone();
        erpnext.as_object_mut().unwrap().remove("api_secret");
        erpnext.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        with(erpnext)
    };
    let shell = |script: &str| without(json!({"api_secret_command": ["sh", "-c", script]}));
    let texts = [
        ("all is right", with(right.clone())),
        ("a user in the address", but("url", json!("https://canary-user:canary-password@erp.example.com"))),
        ("a user in what is no address", but("url", json!("erp.example.com:canary@x"))),
        ("no address, and a user", but("url", json!("htps://canary-user:canary@[::1"))),
        ("a secret with a space", but("api_secret", json!("canary secret"))),
        ("a secret of another type", but("api_secret", json!(["canary"]))),
        ("a secret that is an object", but("api_secret", json!({"canary": "canary"}))),
        ("a key that is a number and a secret", but("api_key", json!({"a": [SECRET]}))),
        ("two secrets", but("api_secret_file", json!("secret"))),
        ("no JSON", with(right.clone()).replace("\"timeout\"", "timeout")),
        ("JSON that ends in the secret", format!("{{\"erpnext\": {{\"api_secret\": \"{SECRET}")),
        (
            "the secret named twice",
            with(right.clone()).replace("\"api_key\"", &format!("\"api_secret\":\"{SECRET}\",\"api_key\"")),
        ),
        ("a text in the place of the section", format!("{{\"erpnext\": \"{SECRET}\"}}")),
        ("a file", without(json!({"api_secret_file": "secret"}))),
        ("a command that complains", shell("echo canary-said >&2; echo canary-printed")),
        ("a command that fails", shell("echo canary-said >&2; echo canary-printed; exit 3")),
        ("a command that prints too much", shell("echo canary one; echo canary two")),
        ("a command that prints no text", shell("printf 'canary\\377'")),
    ];
    let ran = texts.iter().map(async |(situation, text)| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("c.json"), text).unwrap();
        std::fs::write(folder.path().join("secret"), b"canary\xff in a file").unwrap();
        for arguments in COMMANDS {
            let env = [("MCP_LOG_LEVEL", "trace"), ("RUST_BACKTRACE", "1")];
            let done = run(folder.path(), &env, &[&["--config", "c.json"], *arguments].concat()).await;
            silent(&format!("{situation}: {arguments:?}"), &[&done.stdout, &done.stderr, &written(folder.path())]);
        }
        for (name, value) in [("ERPNEXT_API_SECRET", "canary secret"), ("ERPNEXT_URL", "https://a:canary@x")] {
            let done = run(folder.path(), &[(name, value)], &["--config", "c.json", "check"]).await;
            silent(&format!("{situation}: {name}"), &[&done.stdout, &done.stderr]);
        }
    });
    futures_util::future::join_all(ran).await;
}

#[tokio::test]
async fn whatever_is_shown_by_debug_or_panics_shows_neither() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let config = talkative(&site.url(), folder.path(), "json");
    let text = config.to_string();
    let read = Config::from_text(&text).unwrap();
    let app = app_with(&config, Audit::open(&read.audit).unwrap());
    site.metadata(json!([])).await;
    let error = call(&app, "get_generic_document", json!({"doctype": "Customer", "name": "x"})).await.unwrap_err();
    let wrong = Config::from_text(&text.replace(SECRET, "canary secret")).unwrap_err();
    let shown = format!(
        "{read:?} {app:?} {:?} {:?} {error:?} {wrong:?} {wrong} {} {}",
        app.session().caller,
        app.session().site,
        error.for_model(),
        error.for_log()
    );
    assert!(shown.contains("REDACTED") && META.len() < shown.len(), "{shown}");
    let panicked = std::panic::catch_unwind(|| std::panic::panic_any(shown.clone())).unwrap_err();
    silent("Debug", &[&shown, panicked.downcast_ref::<String>().unwrap()]);
}
