//! The record: every call is in it, and what the commands that read it say; and flags hold in every command.

use std::path::{Path, PathBuf};

use erpnext_mcp::audit::Audit;
use erpnext_sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::cli::run;
use crate::sandbox::SampleSite;
use crate::stdio::Server;
use crate::support::{app_with, call, load, refusal};

/// A configuration with a log in that folder.
fn logged(site: &SampleSite, folder: &Path, permissions: Value) -> Value {
    let mut config = site.config(permissions);
    config["audit"] = json!({"enabled": true, "log_file": folder.join("audit.log")});
    config
}

fn lines(folder: &Path) -> Vec<Value> {
    let log = std::fs::read_to_string(folder.join("audit.log")).unwrap_or_default();
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_call_of_a_tool_that_is_not_permitted_is_recorded_with_what_was_tried() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let config = logged(&site, folder.path(), json!({"doctypes": {"ToDo": {"read": true}}}));
    let mut server = Server::initialized(&config).await;
    let tried = json!({"name": "T-1", "data": {"status": "Closed"}});
    let answer = server.request("tools/call", json!({"name": "update_todo_document", "arguments": tried})).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    server.error("call_tool", json!({"tool": "update_todo_document", "arguments": tried})).await;
    server.error("call_tool", json!({"tool": "delete_bulk_documents", "arguments": {"doctype": "Customer"}})).await;
    let within = json!({"tool": "update_todo_document", "arguments": tried});
    server.error("call_tool", json!({"tool": "call_tool", "arguments": within})).await;
    server.request("tools/call", json!({"name": "no_such_tool", "arguments": {}})).await;
    assert!(server.end().await.status.success());
    let told = lines(folder.path());
    let told: Vec<_> = told
        .iter()
        .map(|line| {
            json!([line["tool"], line["operation"], line["doctype"], line["document"], line["fields"], line["result"]])
        })
        .collect();
    let update = json!(["update_todo_document", "UPDATE", "ToDo", "T-1", ["status"], "DENIED"]);
    let mut within = update.clone();
    within[5] = json!("FAILED");
    let delete = json!(["delete_bulk_documents", "DELETE", "Customer", null, null, "DENIED"]);
    assert_eq!(told, [update.clone(), update, delete, within]);
    assert_eq!(lines(folder.path())[0]["user"], "Administrator");
}

#[tokio::test]
async fn a_call_without_arguments_has_a_line_and_a_denied_batch_names_its_documents() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let rules = json!({"doctypes": {"ToDo": {"read": true}, "Customer": {"read": true, "update": true}}});
    let mut server = Server::initialized(&logged(&site, folder.path(), rules)).await;
    let broken = json!({"name": "list_todo_documents", "arguments": [1]});
    let answer = server.request("tools/call", broken).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    let broken = json!({"name": "update_todo_document", "arguments": [1]});
    let answer = server.request("tools/call", broken).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    let names = json!({"doctype": "ToDo", "names": ["T-1", "T-2"]});
    server.error("call_tool", json!({"tool": "delete_bulk_documents", "arguments": names})).await;
    let mut step = names.clone();
    (step["action"], step["value"]) = (json!("tag"), json!("x"));
    server.error("act_on_bulk_documents", step).await;
    assert!(server.end().await.status.success());
    let told = lines(folder.path());
    let told: Vec<_> =
        told.iter().map(|line| json!([line["tool"], line["doctype"], line["document"], line["result"]])).collect();
    assert_eq!(
        told,
        [
            json!(["list_todo_documents", "ToDo", null, "FAILED"]),
            json!(["update_todo_document", "ToDo", null, "DENIED"]),
            json!(["delete_bulk_documents", "ToDo", "T-1, T-2", "DENIED"]),
            json!(["act_on_bulk_documents", "ToDo", "T-1, T-2", "DENIED"]),
        ]
    );
}

#[tokio::test]
async fn a_read_that_was_called_off_is_in_the_log() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let late = FaultKind::StallBefore;
    site.sandbox.faults().add(Fault::new(late).path("/api/resource/ToDo/"));
    let config = logged(&site, folder.path(), json!({"doctypes": {"ToDo": {"read": true}}}));
    let mut server = Server::initialized(&config).await;
    let read = json!({"name": "get_todo_document", "arguments": {"name": "T-1"}});
    let id = server.post("tools/call", read).await;
    while !site.sandbox.faults().hits().contains_key(&late) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
    server.send(&cancel.to_string()).await;
    server.data("test_connection", json!({})).await;
    assert!(server.end().await.status.success());
    let told = lines(folder.path());
    let read = told.iter().find(|line| line["tool"] == "get_todo_document").unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!((&read["result"], &read["document"]), (&json!("FAILED"), &json!("T-1")), "{read}");
    assert_eq!((&read["reason"], &read["user"]), (&json!("it was called off"), &json!("Administrator")), "{read}");
}

#[tokio::test]
async fn reads_that_were_called_off_while_they_waited_for_their_turn_are_in_the_log() {
    // More than are under way at once.
    const MANY: usize = 70;
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    site.sandbox.faults().add(Fault::new(FaultKind::StallBefore).path("/api/resource/ToDo/"));
    let config = logged(&site, folder.path(), json!({"doctypes": {"ToDo": {"read": true}}}));
    let mut server = Server::initialized(&config).await;
    let mut ids = Vec::new();
    for n in 0..MANY {
        let read = json!({"name": "get_todo_document", "arguments": {"name": format!("T-{n}")}});
        ids.push(server.post("tools/call", read).await);
    }
    // The last first: it has no turn.
    for id in ids.iter().rev() {
        let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
        server.send(&cancel.to_string()).await;
    }
    server.data("test_connection", json!({})).await;
    assert!(server.end().await.status.success());
    let told = lines(folder.path());
    let reads = told.iter().filter(|line| line["tool"] == "get_todo_document");
    assert_eq!(reads.filter(|line| line["reason"] == "it was called off").count(), MANY, "{told:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_stops_writes_and_breaks_no_chain() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let config = logged(&site, folder.path(), json!({"doctypes": {"ToDo": {"read": true, "create": true}}}));
    let create = || json!({"data": {"description": "x"}});
    let mut server = Server::on_a_small_disk(&config, 12);
    server.initialize().await;
    let mut done = 0;
    let said = loop {
        let result = server.call("create_todo_document", create()).await;
        if result["isError"] == true {
            break result["content"][0]["text"].as_str().unwrap().to_owned();
        }
        done += 1;
        assert!(done < 200, "the log has no end");
    };
    assert!(said.contains("audit log") && done > 2, "{done}: {said}");
    // And again: each finds what the one before could not write whole.
    server.error("create_todo_document", create()).await;
    server.error("create_todo_document", create()).await;
    server.end().await;
    assert_eq!(site.writes().len(), done, "nothing is sent that is not recorded");
    // Room again.
    let mut server = Server::initialized(&config).await;
    server.data("create_todo_document", create()).await;
    server.end().await;
    let audit = ["--config", "config.json", "audit", "verify"];
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let said = run(folder.path(), &[], &audit).await;
    assert!(said.stdout.contains("the chain is whole"), "{} {}", said.stdout, said.stderr);
}

#[tokio::test]
async fn a_preview_is_no_denial() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let rule = json!({"confirm_argument": false, "doctypes": {"ToDo": {"read": true, "create": true, "delete": true}}});
    let config = logged(&site, folder.path(), rule);
    let app = app_with(&config, Audit::open(&load(&config).audit).unwrap());
    let made = call(&app, "create_todo_document", json!({"data": {"description": "x"}})).await.unwrap();
    refusal(&app, "delete_todo_document", json!({"name": made["created"]})).await;
    assert_eq!(lines(folder.path()).last().unwrap()["result"], "PREVIEW");
}

/// A folder with a configuration and a log of some calls.
async fn kept() -> (tempfile::TempDir, PathBuf) {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let rule = json!({"doctypes": {"ToDo": {"read": true, "create": true}}});
    let config = logged(&site, folder.path(), rule);
    let app = app_with(&config, Audit::open(&load(&config).audit).unwrap());
    let made = call(&app, "create_todo_document", json!({"data": {"description": "x"}})).await.unwrap();
    call(&app, "get_todo_document", json!({"name": made["created"]})).await.unwrap();
    refusal(&app, "get_todo_document", json!({"name": "evil\u{1b}[2J\u{202e}name"})).await;
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let log = folder.path().join("audit.log");
    (folder, log)
}

#[tokio::test]
async fn the_log_can_be_asked_and_says_when_there_is_nothing() {
    let (folder, log) = kept().await;
    let audit = async |arguments: &[&str]| {
        let arguments = [&["--config", "config.json", "audit"], arguments].concat();
        run(folder.path(), &[], &arguments).await
    };
    let table = audit(&["tail"]).await.stdout;
    assert!(table.starts_with("time ") && table.lines().count() == 5, "{table}");
    assert!(!table.contains(['\u{1b}', '\u{202e}']), "{table}");
    for (only, count) in [
        (&["--result", "failed"][..], 1),
        (&["--doctype", "todo", "--user", "Administrator"], 4),
        (&["--user", "nobody@example.com"], 0),
        (&["--since", "2020-01-01", "--until", "2020-12-31"], 0),
        (&["--since", "2020-01-01T00:00:00Z", "-n", "2"], 2),
    ] {
        let json = audit(&[&["tail", "--json"], only].concat()).await;
        assert_eq!(json.stdout.lines().count(), count, "{only:?}: {} {}", json.stdout, json.stderr);
    }
    assert!(audit(&["tail", "--user", "x"]).await.stdout.contains("no line of"), "it says so");
    assert!(audit(&["tail", "--since", "yesterday"]).await.stderr.contains("expected a day"));
    assert!(audit(&["open"]).await.stdout.contains("no write is open"));
    let head = audit(&["head"]).await.stdout;
    assert!(head.starts_with("4:"), "{head}");
    assert!(audit(&["verify", "--head", head.trim()]).await.stdout.contains("4 lines, the chain is whole"));
    std::fs::write(&log, "").unwrap();
    for arguments in [&["verify"][..], &["verify", "--head", head.trim()]] {
        let said = audit(arguments).await;
        assert_eq!(said.code, Some(1));
        assert!(said.stderr.contains("lines 1 to 4 of the chain are missing"), "{}", said.stderr);
    }
    assert!(audit(&["stats"]).await.stdout.contains("has no line"));
    assert!(audit(&["tail"]).await.stdout.contains("has no lines yet"));
    std::fs::remove_file(folder.path().join("audit.log.head")).unwrap();
    assert!(audit(&["verify"]).await.stderr.contains("audit.log.head is missing"));
}

#[tokio::test]
async fn a_log_without_lines_is_whole_and_one_line_is_one() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let config = logged(&site, folder.path(), json!({"doctypes": {"ToDo": {"read": true}}}));
    let app = app_with(&config, Audit::open(&load(&config).audit).unwrap());
    let log = folder.path().join("audit.log").to_str().unwrap().to_owned();
    let audit = async |question: &[&str]| {
        let question = [&["audit"], question, &["--file", &log]].concat();
        run(folder.path(), &[], &question).await
    };
    for question in ["verify", "head"] {
        let said = audit(&[question]).await;
        assert!(said.code == Some(0) && said.stdout.contains("has no lines yet"), "{} {}", said.stdout, said.stderr);
    }
    let kept = format!("1:{}", "a".repeat(64));
    assert_eq!(audit(&["verify", "--head", &kept]).await.code, Some(1), "a line was there");
    std::fs::rename(format!("{log}.head"), format!("{log}.kept")).unwrap();
    assert_eq!(audit(&["verify"]).await.code, Some(1), "a head that is gone says nothing");
    std::fs::rename(format!("{log}.kept"), format!("{log}.head")).unwrap();
    call(&app, "list_todo_documents", json!({})).await.unwrap();
    let said = audit(&["verify"]).await.stdout;
    assert!(said.contains(": 1 line, the chain is whole"), "{said}");
}

#[tokio::test]
async fn the_logs_of_several_servers_are_verified_one_by_one_and_read_as_one() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let mut config = logged(&site, folder.path(), json!({"doctypes": {"ToDo": {"read": true, "create": true}}}));
    for (n, name) in ["one", "other", "one"].into_iter().enumerate() {
        config["audit"]["replica"] = json!(name);
        let app = app_with(&config, Audit::open(&load(&config).audit).unwrap());
        call(&app, "create_todo_document", json!({"data": {"description": format!("{n}")}})).await.unwrap();
    }
    let place = folder.path().to_str().unwrap().to_owned();
    let audit = async |arguments: &[&str]| {
        let arguments = [&["audit"], arguments, &["--file", &place]].concat();
        run(folder.path(), &[], &arguments).await
    };
    let whole = audit(&["verify"]).await;
    assert_eq!(whole.stdout.matches("the chain is whole").count(), 2, "{} {}", whole.stdout, whole.stderr);
    assert!(whole.stdout.contains("audit-one.log: 4 lines") && whole.stdout.contains("audit-other.log: 2 lines"));
    let told = audit(&["tail", "--json", "--result", "allowed"]).await.stdout;
    let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.iter().map(|line| &line["replica"]).collect::<Vec<_>>(), ["one", "other", "one"]);
    assert!(audit(&["stats"]).await.stdout.contains("3  CREATE   ALLOWED"));
    assert!(audit(&["head"]).await.stderr.contains("name its file"));
    // One that was cut is named, and the other is whole all the same.
    std::fs::write(folder.path().join("audit-other.log"), "").unwrap();
    let cut = audit(&["verify"]).await;
    assert_eq!(cut.code, Some(1));
    assert!(cut.stdout.contains("audit-one.log: 4 lines") && cut.stderr.contains("audit-other.log"), "{}", cut.stderr);
}

/// Every command, as short as it runs; none of them asks a site.
const COMMANDS: [&[&str]; 17] = [
    &["tools"],
    &["check"],
    &["check", "create ToDo"],
    &["doctor"],
    &["publish"],
    &["init", "--yes", "--url", "http://127.0.0.1:9", "--api-key", "k"],
    &["demo", "--site-only"],
    &["config", "example"],
    &["config", "schema"],
    &["config", "migrate"],
    &["health"],
    &["audit", "verify"],
    &["audit", "head"],
    &["audit", "tail"],
    &["audit", "open"],
    &["completions", "bash"],
    &["man"],
];

#[tokio::test]
async fn every_command_holds_to_every_global_flag_or_refuses_it() {
    let (folder, _) = kept().await;
    for command in COMMANDS {
        for (flag, values) in [("--read-only", &["--read-only"][..]), ("--toolsets", &["--toolsets", "no-such-set"])] {
            let env = [("ERPNEXT_API_SECRET", "s")];
            let config: &[&str] = match command[0] {
                "config" | "completions" | "man" | "demo" => &[],
                "init" => &["--config", "new.json"],
                _ => &["--config", "config.json"],
            };
            let done = run(folder.path(), &env, &[config, values, command].concat()).await;
            let said = format!("{}{}", done.stdout, done.stderr);
            let refuses = said.contains(&format!("takes no {flag}"));
            match (command, flag) {
                // What lists, checks or serves tools holds to both.
                (["tools" | "check" | "doctor" | "init", ..], "--toolsets") => {
                    assert!(
                        done.code == Some(1) && said.contains("no-such-set") || command[0] == "init",
                        "{command:?}: {said}"
                    );
                }
                (["check", "create ToDo"], _) => assert!(done.code == Some(1) && said.contains("denied"), "{said}"),
                (["tools"], _) => assert!(!said.contains("create_") && said.contains("get_todo"), "{said}"),
                (["check" | "doctor" | "init", ..], _) => assert!(!refuses, "{command:?}: {said}"),
                _ => assert!(refuses && done.code == Some(1), "{command:?} {flag}: {said}"),
            }
        }
    }
    for command in [&["completions", "bash"][..], &["man"], &["config", "example"], &["demo", "--site-only"]] {
        let done = run(folder.path(), &[], &[&["--config", "config.json"], command].concat()).await;
        assert!(done.stderr.contains("takes no --config"), "{command:?}: {}", done.stderr);
    }
}

#[tokio::test]
async fn a_set_up_that_permits_no_writes_writes_a_configuration_that_permits_none() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let url = site.sandbox.url();
    let init = [
        "--config",
        "new.json",
        "--read-only",
        "--toolsets",
        "selling",
        "init",
        "--yes",
        "--url",
        &url,
        "--api-key",
        "administrator",
        "--preset",
        "full-access",
    ];
    let done = run(folder.path(), &[("ERPNEXT_API_SECRET", "secret")], &init).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let denied = run(folder.path(), &[], &["--config", "new.json", "check", "create ToDo"]).await;
    assert!(denied.code == Some(1) && denied.stdout.contains("denied"), "{}{}", denied.stdout, denied.stderr);
    let written: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("new.json")).unwrap()).unwrap();
    assert_eq!(written["tools"], json!({"toolsets": ["selling"], "read_only": true}));
}

#[tokio::test]
async fn a_demo_that_permits_no_writes_offers_none() {
    let mut server = Server::of(&["demo", "--read-only"]).await;
    let listed = server.tools().await;
    assert!(listed.iter().all(|tool| tool["annotations"]["readOnlyHint"] == true), "{listed:?}");
    assert!(!listed.is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn a_demo_takes_its_log_along_whatever_signal_ends_it() {
    for signal in ["TERM", "INT", "QUIT", "HUP"] {
        let server = Server::of(&["demo"]).await;
        server.signal(signal);
        let ended = server.ended().await;
        let log = ended.stderr.split("audit log ").nth(1).and_then(|said| said.split_whitespace().next()).unwrap();
        let folder = std::path::Path::new(log).parent().unwrap();
        assert!(ended.status.success() && !folder.exists(), "{signal}: {log}: {}", ended.stderr);
    }
}
