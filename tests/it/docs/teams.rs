//! That what `docs/teams.md` and the pages of clients have people paste works: its configuration, its addresses, its headers and its commands.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::process::Command;

use super::quoted;
use crate::http::{Served, answered, http, message};
use crate::sandbox::SampleSite;
use crate::stdio::command;
use crate::tidy::{files, read};

/// How the page and the clients write a key and a secret, and what stands for them here.
const FILLED: [(&str, &str); 10] = [
    ("${input:erpnext-key}", "sales"),
    ("${input:erpnext-secret}", "secret"),
    ("${env:ERPNEXT_API_KEY}", "sales"),
    ("${env:ERPNEXT_API_SECRET}", "secret"),
    ("${ERPNEXT_API_KEY}", "sales"),
    ("${ERPNEXT_API_SECRET}", "secret"),
    ("$ERPNEXT_API_KEY", "sales"),
    ("$ERPNEXT_API_SECRET", "secret"),
    ("KEY", "sales"),
    ("SECRET", "secret"),
];

/// The page's first configuration, on the sample site.
fn configuration(page: &str, site: &SampleSite) -> Value {
    let block = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let mut config: Value = serde_json::from_str(block).unwrap();
    config["erpnext"]["url"] = site.config(json!({}))["erpnext"]["url"].take();
    config["audit"]["enabled"] = json!(false);
    config["schema"] = json!({"overlay": "off"});
    config
}

/// The paths of the server's addresses.
fn paths(page: &str) -> BTreeSet<String> {
    let addresses = page.split("https://mcp.example.com").skip(1);
    addresses.map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || "/,".contains(*c)).collect()).collect()
}

/// The credentials, as a client sends them.
fn credentials(page: &str) -> BTreeSet<String> {
    let stated = page.split("Authorization").skip(1).map(|after| after.trim_start_matches(['"', ':', ' ']));
    let stated =
        stated.filter(|after| after.starts_with("token ")).map(|after| after.split(['"', '\'']).next().unwrap());
    stated.map(|text| FILLED.iter().fold(text.to_owned(), |text, (name, word)| text.replace(name, word))).collect()
}

#[tokio::test]
async fn whoever_pastes_what_the_pages_show_is_signed_in_as_themselves() {
    let page = read("docs/teams.md");
    let site = SampleSite::start().await;
    let served = Served::start(&configuration(&page, &site)).await;
    let page = files("docs/clients").iter().fold(page, |pages, file| pages + &read(file));
    let paths = paths(&page);
    assert_eq!(credentials(&page), BTreeSet::from(["token sales:secret".to_owned()]));
    let of_keys = ["/key/mcp", "/key/mcp/readonly", "/key/mcp/x/selling,stock"];
    let of_oauth = ["/mcp", "/oauth/callback"];
    let all = of_keys.into_iter().chain(of_oauth).map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(paths, all);
    for path in paths.into_iter().filter(|path| path.starts_with("/key")) {
        let call = message("tools/call", json!({"name": "test_connection", "arguments": {}}));
        let request = http().post(served.url(&path)).header("host", "mcp.example.com").body(call.to_string());
        let request = request.header("content-type", "application/json").header("authorization", "token sales:secret");
        let answer = answered(request).await;
        assert!(answer.to_string().contains("sales@example.com"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn the_commands_of_the_page_for_teams_are_the_programs() {
    let page = read("docs/teams.md") + &read("packaging/systemd/erpnext-mcp.service");
    let lines = page.lines().map(|line| line.trim_start_matches("ExecStart=/usr/local/bin/"));
    let lines = lines.filter(|line| line.starts_with("erpnext-mcp "));
    let commands: BTreeSet<&str> =
        lines.chain(quoted(&page).into_iter().filter(|text| text.starts_with("erpnext-mcp "))).collect();
    assert!(commands.len() > 3, "{commands:?}");
    for line in commands {
        let (mut program, _folder) = command(&json!({}));
        let words = line.split(' ').skip(1).filter(|word| !word.starts_with("/etc/") && *word != "--config");
        let ran = if line.contains(" token ") {
            // It takes no configuration and asks nobody, so it is done: help is given whatever stands before it.
            Command::new(env!("CARGO_BIN_EXE_erpnext-mcp")).args(words).output().await.unwrap()
        } else {
            program.args(words).arg("--help").output().await.unwrap()
        };
        assert!(ran.status.success(), "{line}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}
