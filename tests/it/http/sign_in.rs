//! Who signs in is themselves, who does not is nobody, and nobody tries keys through the server.

use std::time::Duration;

use erpnext_sandbox::{Fault, FaultKind};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::{Served, data, http, message, refused};
use crate::sandbox::SampleSite;
use crate::support::{all, config_json, load};

/// A server on a sample site whose users sign in with their own keys, and its log.
pub struct Team {
    pub site: SampleSite,
    pub served: Served,
    log: tempfile::TempDir,
}

pub fn hash(token: &str) -> String {
    digest(&SHA256, token.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Team {
    pub async fn start(change: impl FnOnce(&mut Value)) -> Self {
        let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
        let mut config = site.config(json!({"doctypes": {"Customer": all(), "Lead": all()}}));
        config["permissions"]["confirm_argument"] = json!(false);
        config["audit"] = json!({"enabled": true, "log_file": log.path().join("audit.log")});
        config["sign_in"] = json!({"own_keys": true});
        change(&mut config);
        let served = Served::start(&config).await;
        Self { site, served, log }
    }

    /// The result of a call with this credential.
    pub async fn call(&self, credential: &str, tool: &str, arguments: Value) -> Value {
        let call = message("tools/call", json!({"name": tool, "arguments": arguments}));
        let request = self.served.post("/key/mcp", &call).header("authorization", credential);
        super::answered(request).await
    }

    /// The user that the site takes this credential for.
    pub async fn whom(&self, credential: &str) -> Value {
        data(&self.call(credential, "test_connection", json!({})).await)["user"].clone()
    }

    /// The refusal of a ping with this credential.
    pub async fn refusal(&self, credential: &str) -> (u16, String) {
        let ping = self.served.post("/mcp", &message("ping", json!({})));
        refused(ping.header("authorization", credential)).await
    }

    pub fn lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.log.path().join("audit.log")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Counts the requests by which the site is asked who somebody is.
const COUNTED: FaultKind = FaultKind::Latency(0);

fn count(site: &SampleSite) {
    site.sandbox.faults().add(Fault::new(COUNTED).path("get_logged_user"));
}

fn counted(site: &SampleSite) -> u32 {
    site.sandbox.faults().hits().get(&COUNTED).copied().unwrap_or_default()
}

#[tokio::test]
async fn everybody_is_themselves_in_every_form_and_the_site_is_asked_once() {
    let team = Team::start(|_| {}).await;
    count(&team.site);
    for (credential, user) in [
        ("token sales:secret", "sales@example.com"),
        ("Bearer sales:secret", "sales@example.com"),
        ("Basic c2FsZXM6c2VjcmV0", "sales@example.com"),
        ("token administrator:secret", "Administrator"),
    ] {
        assert_eq!(team.whom(credential).await, user, "{credential}");
    }
    // Each call of the tool asks by itself.
    assert_eq!(counted(&team.site), 2 + 4);
    let lines = team.lines();
    assert!(lines.iter().all(|line| line["via"] == "key" && line["address"] == "127.0.0.1"), "{lines:?}");
    assert_eq!(lines[0]["user"], "sales@example.com");
    assert_eq!(lines[3]["user"], "Administrator");
    let text = std::fs::read_to_string(team.log.path().join("audit.log")).unwrap();
    assert!(!text.contains("secret"));
}

#[tokio::test]
async fn who_is_not_known_gets_401_and_is_told_how_to_sign_in() {
    let team = Team::start(|_| {}).await;
    for (credential, words) in [
        ("token sales:wrong", "does not take this key"),
        ("token disabled:secret", "does not take this key"),
        ("Bearer none", "the token is none that is known"),
        ("Digest sales:secret", "token KEY:SECRET"),
        ("token sales", "token KEY:SECRET"),
    ] {
        let (status, said) = team.refusal(credential).await;
        assert!(status == 401 && said.contains(words), "{credential}: {status} {said}");
    }
    let nobody = team.served.post("/mcp", &message("ping", json!({}))).send().await.unwrap();
    assert_eq!(nobody.status(), 401);
    assert!(nobody.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer "));
    let two = team.served.post("/mcp", &message("ping", json!({}))).header("authorization", "token sales:secret");
    let (status, said) = refused(two.header("authorization", "token other:secret")).await;
    assert!(status == 400 && said.contains("two Authorization"), "{status} {said}");
    assert!(team.lines().is_empty());
}

#[tokio::test]
async fn a_key_that_is_taken_back_is_refused_from_the_call_on_that_meets_it() {
    let team = Team::start(|_| {}).await;
    assert_eq!(team.whom("token sales:secret").await, "sales@example.com");
    team.site.sandbox.faults().expire("sales");
    // The site says so in the midst of the call.
    let list = team.call("token sales:secret", "list_lead_documents", json!({"limit": 1})).await;
    assert_eq!(list["result"]["isError"], true, "{list}");
    assert_eq!(team.refusal("token sales:secret").await.0, 401);
    assert_eq!(team.whom("token other:secret").await, "other@example.com");
}

#[tokio::test]
async fn who_tries_keys_is_stopped_and_who_is_known_goes_on() {
    let team = Team::start(|_| {}).await;
    assert_eq!(team.whom("token sales:secret").await, "sales@example.com");
    count(&team.site);
    for at in 0..10 {
        assert_eq!(team.refusal(&format!("token sales:try{at}")).await.0, 401);
    }
    let (status, said) = team.refusal("token other:secret").await;
    assert!(status == 429 && said.contains("wait a minute"), "{status} {said}");
    assert_eq!(team.refusal("Bearer guess").await.0, 429);
    assert_eq!(counted(&team.site), 10);
    assert_eq!(team.whom("token sales:secret").await, "sales@example.com");
}

#[tokio::test]
async fn who_tries_many_keys_at_once_is_stopped_as_soon() {
    let team = Team::start(|_| {}).await;
    assert_eq!(team.whom("token sales:secret").await, "sales@example.com");
    team.site.sandbox.faults().add(Fault::new(FaultKind::Latency(100)).path("get_logged_user"));
    let tries = (0..60).map(async |at| team.refusal(&format!("token sales:try{at}")).await.0);
    let statuses = futures_util::future::join_all(tries).await;
    let asked = statuses.iter().filter(|status| **status == 401).count();
    // Those under way at once have begun before the tenth failed.
    assert!((10..26).contains(&asked) && statuses.iter().all(|status| [401, 429].contains(status)), "{statuses:?}");
    assert_eq!(team.whom("token sales:secret").await, "sales@example.com");
}

#[tokio::test]
async fn a_site_that_is_away_is_no_wrong_key() {
    let team = Team::start(|config| config["erpnext"]["timeout"] = json!(1)).await;
    team.site.sandbox.faults().add(Fault::new(FaultKind::StallBefore).path("get_logged_user").times(1));
    let ping = team.served.post("/mcp", &message("ping", json!({}))).header("authorization", "token sales:secret");
    let answer = ping.send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(team.whom("token sales:secret").await, "sales@example.com");
}

#[tokio::test]
async fn a_token_stands_for_a_key_and_the_log_says_whose_it_is() {
    let team = Team::start(|config| {
        config["sign_in"] = json!({"tokens": {
            "bot": {"sha256": hash("for the bot")},
            "Anna": {"sha256": hash("for Anna"), "api_key": "sales", "api_secret": "secret"},
        }});
    })
    .await;
    assert_eq!(team.whom("Bearer for the bot").await, "Administrator");
    assert_eq!(team.whom("Bearer for Anna").await, "sales@example.com");
    let via: Vec<_> = team.lines().iter().map(|line| line["via"].clone()).collect();
    assert_eq!(via, ["token bot", "token Anna"]);
    let (status, said) = team.refusal("token sales:secret").await;
    assert!(status == 401 && said.contains("API keys are not taken here"), "{said}");
    assert_eq!(team.refusal("Bearer for nobody").await.0, 401);
}

#[tokio::test]
async fn a_confirmation_is_its_users_alone() {
    let team = Team::start(|config| {
        let token = json!({"sha256": hash("of the administrator")});
        config["sign_in"]["tokens"] = json!({"deputy": token});
    })
    .await;
    let lead = json!({"data": {"lead_name": "to be deleted"}});
    let made = data(&team.call("token administrator:secret", "create_lead_document", lead).await)["created"].clone();
    let preview = data(&team.call("token administrator:secret", "delete_lead_document", json!({"name": made})).await);
    let delete = json!({"name": made, "confirm_token": preview["confirm_token"]});
    let stolen = team.call("token sales:secret", "delete_lead_document", delete.clone()).await;
    assert!(stolen["result"]["isError"] == true || data(&stolen)["not_done_yet"].is_string(), "{stolen}");
    assert!(team.site.stored("Lead", made.as_str().unwrap()).is_some());
    // The same user by another credential is the same user.
    data(&team.call("Bearer of the administrator", "delete_lead_document", delete).await);
    assert!(team.site.stored("Lead", made.as_str().unwrap()).is_none());
}

#[tokio::test]
async fn the_address_is_the_clients_where_a_trusted_proxy_says_it() {
    for (proxies, address) in [(json!(["127.0.0.0/8"]), "192.0.2.7"), (json!([]), "127.0.0.1")] {
        let team = Team::start(|config| config["http"] = json!({"proxies": proxies})).await;
        let call = message("tools/call", json!({"name": "list_lead_documents", "arguments": {"limit": 1}}));
        let request = team.served.post("/mcp", &call).header("authorization", "token sales:secret");
        request.header("x-forwarded-for", "192.0.2.7").send().await.unwrap();
        assert_eq!(team.lines()[0]["address"], address);
    }
}

#[tokio::test]
async fn where_nobody_signs_in_nobody_comes_through_a_proxy_and_no_key_is_taken_for_another() {
    let team = Team::start(|config| config["sign_in"] = json!({})).await;
    let call = |name: &'static str, value: &'static str| {
        refused(team.served.post("/mcp", &message("ping", json!({}))).header(name, value))
    };
    for name in ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via"] {
        let (status, said) = call(name, "192.0.2.7").await;
        assert!(status == 403 && said.contains("sign_in"), "{name}: {said}");
    }
    // As nginx asks where it is told nothing.
    let ping = message("ping", json!({})).to_string();
    let kind = "Content-Type: application/json";
    let asked =
        format!("POST /mcp HTTP/1.0\r\nHost: localhost\r\n{kind}\r\nContent-Length: {}\r\n\r\n{ping}", ping.len());
    let told = team.served.raw(asked.as_bytes()).await;
    assert!(told.starts_with("HTTP/1.0 403 ") && told.contains("sign_in"), "{told}");
    assert_eq!(call("authorization", "token sales:secret").await.0, 401);
}

#[tokio::test]
async fn with_signing_in_any_address_may_be_listened_on_and_no_key_need_be_there() {
    let site = SampleSite::start().await;
    let mut config = config_json(&site.sandbox.url(), json!({"doctypes": {"Lead": all()}}));
    config["erpnext"].as_object_mut().unwrap().retain(|key, _| !key.starts_with("api_"));
    config["sign_in"] = json!({"own_keys": true});
    let served = Served::start_on(&config, "0.0.0.0:0").await;
    let ping = http().post(format!("http://127.0.0.1:{}/mcp", served.address.port()));
    let ping = ping.header("content-type", "application/json").header("authorization", "token sales:secret");
    let answer = ping.body(message("ping", json!({})).to_string()).timeout(Duration::from_secs(20)).send().await;
    assert_eq!(answer.unwrap().status(), 200);
    assert!(load(&config).sign_in.is_asked());
}

#[tokio::test]
async fn a_token_is_made_with_what_the_configuration_needs_of_it() {
    let program = || tokio::process::Command::new(env!("CARGO_BIN_EXE_erpnext-mcp"));
    let made = program().args(["token", "new", "Anna"]).output().await.unwrap();
    let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    let told = String::from_utf8(made.stderr).unwrap();
    assert!(token.starts_with("emcp_") && token.len() > 40, "{token}");
    let entry: Value = serde_json::from_str(&told[told.find('{').unwrap()..]).unwrap();
    assert_eq!(entry["sign_in"]["tokens"]["Anna"]["sha256"], json!(hash(&token)));
    assert!(!told.contains(&token));
    let again = program().args(["token", "new", "Anna"]).output().await.unwrap();
    assert_ne!(String::from_utf8(again.stdout).unwrap().trim(), token);
}
