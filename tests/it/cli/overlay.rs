//! The site's own fields in the tools: when they come, how clients hear of it, and that a start needs no site.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use erpnext_sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use super::add_custom_field;
use crate::sandbox::SampleSite;
use crate::stdio::Server;
use crate::support::change_kept;

const CHANGED: &str = "notifications/tools/list_changed";

/// What `create_customer_document` takes for the custom field.
async fn listed(server: &mut Server) -> Value {
    let tools = server.tools().await;
    let tool = tools.iter().find(|tool| tool["name"] == "create_customer_document").unwrap();
    tool["inputSchema"]["properties"]["data"]["properties"]["custom_tier"].clone()
}

fn with_overlay(mut config: Value, folder: &Path) -> Value {
    config["schema"] = json!({"overlay": "live", "cache_folder": folder.join("kept")});
    config
}

fn customers(rule: Value) -> Value {
    json!({"doctypes": {"Customer": rule}})
}

/// A site that takes its time to tell its metadata.
async fn slow_site() -> SampleSite {
    let site = SampleSite::start().await;
    add_custom_field(&site, "Customer", "custom_tier", "Gold\nTin");
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(3_000)).path("getdoctype"));
    site
}

/// Waits for the site's metadata: the list has the field, or the client is told that it changed.
async fn wait_for(server: &mut Server, choices: Value) {
    while listed(server).await["enum"] != choices {
        while server.message().await["method"] != CHANGED {}
    }
}

#[tokio::test]
async fn clients_of_both_revisions_are_told_when_the_list_changes() {
    let folder = tempfile::tempdir().unwrap();
    let site = slow_site().await;
    let config = site.config(customers(json!({"read": true, "create": true})));
    let mut server = Server::start(&with_overlay(config.clone(), &folder.path().join("a")));
    let answer = server.initialize().await;
    assert_eq!(answer["result"]["capabilities"]["tools"]["listChanged"], true);
    assert!(listed(&mut server).await.is_null(), "the start does not wait for the site");
    assert_eq!(server.message().await["method"], CHANGED);
    assert_eq!(listed(&mut server).await["enum"], json!(["Gold", "Tin"]));

    let mut server = Server::stateless(&with_overlay(config.clone(), &folder.path().join("b")));
    assert!(listed(&mut server).await.is_null());
    let id = server.post("subscriptions/listen", json!({"notifications": {"toolsListChanged": true}})).await;
    let acknowledged = server.message().await;
    assert_eq!(acknowledged["params"]["notifications"]["toolsListChanged"], true, "{acknowledged}");
    let told = server.message().await;
    assert_eq!(told["method"], CHANGED, "{told}");
    assert_eq!(told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], id, "{told}");
    assert_eq!(listed(&mut server).await["enum"], json!(["Gold", "Tin"]));

    // Where nothing is laid over, nobody is promised anything.
    let mut server = Server::start(&config);
    let answer = server.initialize().await;
    assert!(answer["result"]["capabilities"]["tools"]["listChanged"].is_null(), "{answer}");
}

#[tokio::test]
async fn custom_fields_are_checked_allowed_and_withheld_like_others() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    add_custom_field(&site, "Customer", "custom_tier", "Gold\nTin");
    let config = site.config(customers(json!({"read": true, "create": true})));
    let mut server = Server::initialized(&with_overlay(config, folder.path())).await;
    wait_for(&mut server, json!(["Gold", "Tin"])).await;
    let data = json!({"customer_name": "Zod", "customer_type": "Company", "custom_tier": "Tinn"});
    let error = server.error("create_customer_document", json!({"data": data})).await;
    assert!(error.contains("custom_tier") && error.contains("Gold"), "{error}");
    assert_eq!(site.writes(), Vec::<String>::new());

    let withheld = json!({"read": true, "create": true, "restricted_fields": ["custom_tier"]});
    let mut server = Server::initialized(&with_overlay(site.config(customers(withheld)), folder.path())).await;
    assert!(listed(&mut server).await.is_null());
    let data = json!({"customer_name": "Zod", "customer_type": "Company", "custom_tier": "Tin"});
    let error = server.error("create_customer_document", json!({"data": data})).await;
    assert!(error.contains("custom_tier"), "{error}");
    assert_eq!(site.writes(), Vec::<String>::new());
}

/// Makes what is kept a day old, from before the site says that something changed.
fn make_old(kept: &Path) {
    change_kept(kept, |kept| {
        kept["looked"]["at"] = json!(0);
        kept["looked"]["stamp"] = Value::Null;
        kept["asked"].as_object_mut().unwrap().values_mut().for_each(|at| *at = json!(0));
    });
}

#[tokio::test]
async fn what_was_laid_last_serves_without_the_site_and_is_read_anew_when_it_is_old() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    add_custom_field(&site, "Customer", "custom_tier", "Gold\nTin");
    let config = with_overlay(site.config(customers(json!({"read": true, "create": true}))), folder.path());
    let mut server = Server::initialized(&config).await;
    wait_for(&mut server, json!(["Gold", "Tin"])).await;
    server.end().await;
    let kept: Vec<_> = std::fs::read_dir(folder.path().join("kept")).unwrap().map(|e| e.unwrap().path()).collect();
    let [kept] = &kept[..] else { panic!("{kept:?}") };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(kept).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Another choice on the site; what was read a moment ago is not read again.
    add_custom_field(&site, "Customer", "custom_tier", "Gold\nTin\nIron");
    let mut server = Server::initialized(&config).await;
    assert_eq!(listed(&mut server).await["enum"], json!(["Gold", "Tin"]));
    server.end().await;
    make_old(kept);
    let mut server = Server::initialized(&config).await;
    wait_for(&mut server, json!(["Gold", "Tin", "Iron"])).await;
    server.end().await;
    make_old(kept);
    site.sandbox.stop().await;
    let mut server = Server::initialized(&config).await;
    assert_eq!(listed(&mut server).await["enum"], json!(["Gold", "Tin", "Iron"]));
    std::fs::write(kept, "{\"site\": broken").unwrap();
    let mut server = Server::initialized(&config).await;
    assert!(listed(&mut server).await.is_null());
}

/// Serves until what is kept of the site is another.
async fn serve_until_kept(config: &Value, kept: &Path) {
    let read = || {
        let files = std::fs::read_dir(kept).ok()?.map(|file| file.unwrap().path());
        // One that is being written begins with a dot.
        let whole = |file: &PathBuf| !file.file_name().unwrap().as_encoded_bytes().starts_with(b".");
        files.filter(whole).find_map(|file| std::fs::read_to_string(file).ok())
    };
    let before = read();
    let _server = Server::initialized(config).await;
    while read().is_none_or(|now| Some(now) == before) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_first_instructions_wait_a_moment_for_what_a_near_site_tells() {
    let site = SampleSite::start().await;
    let told = async |config: &Value| {
        let answer = Server::start(config).initialize().await;
        answer["result"]["instructions"].as_str().unwrap().to_owned()
    };
    let mut near = false;
    // A busy machine is not near: one of many starts is enough.
    for _ in 0..50 {
        let folder = tempfile::tempdir().unwrap();
        let config = with_overlay(site.config(json!({"doctypes": {"Company": {"read": true}}})), folder.path());
        near = near || told(&config).await.contains("as Administrator. Companies: \"Alderway Furniture\" (EUR). ");
        if near {
            break;
        }
    }
    assert!(near);
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(20_000)).path("get_logged_user"));
    let folder = tempfile::tempdir().unwrap();
    let config = with_overlay(site.config(json!({"doctypes": {"Company": {"read": true}}})), folder.path());
    let begun = Instant::now();
    assert!(told(&config).await.contains("; test_connection returns the user. "));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn the_instructions_of_a_later_start_tell_the_user_the_zone_and_the_companies() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    let instructions = async |rules: Value| {
        let config = with_overlay(site.config(json!({"doctypes": rules})), folder.path());
        serve_until_kept(&config, &folder.path().join("kept")).await;
        let answer = Server::start(&config).initialize().await;
        answer["result"]["instructions"].as_str().unwrap().to_owned()
    };
    let told = instructions(json!({"Company": {"read": true}})).await;
    assert!(told.contains("as Administrator. Companies: \"Alderway Furniture\" (EUR). "), "{told}");
    assert!(told.contains("the site's zone, UTC."), "{told}");
    // What was kept for one rule is not told under another.
    let told = instructions(json!({"Company": {"read": true, "restricted_fields": ["default_currency"]}})).await;
    assert!(told.contains(" Companies: \"Alderway Furniture\". "), "{told}");
    let told = instructions(json!({"Customer": {"read": true}})).await;
    assert!(told.contains("as Administrator. Permitted") && !told.contains("Companies"), "{told}");
}
