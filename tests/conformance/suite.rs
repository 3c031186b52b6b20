//! The suite: run against an address, held to the list of what is expected to fail.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

/// How long a scenario may take, in milliseconds: the first ones wait for a cold disk, and what is expected to hang takes it all.
const PATIENCE: &str = "12000";

/// Runs what a revision requires. What fails has to be in the list, and what is in the list has to fail.
pub async fn conforms(address: SocketAddr, revision: &str, list: &str) {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(list);
    every_failure_has_a_reason(&list);
    let folder = std::env::var_os("CONFORMANCE").expect("run by .ci/conformance, which installs the suite");
    let folder = PathBuf::from(folder);
    let results = tempfile::tempdir().unwrap();
    let ran = Command::new(folder.join("node"))
        .arg(folder.join("node_modules/@modelcontextprotocol/conformance/dist/index.js"))
        .args(["server", "--url", &format!("http://{address}/mcp"), "--requirements", revision])
        .args(["--timeout", PATIENCE, "--expected-failures"])
        .arg(&list)
        .arg("--output-dir")
        .arg(results.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ran = ran.await.unwrap();
    if !ran.status.success() {
        let said = String::from_utf8_lossy(&ran.stdout);
        let summary = said.split_once("=== SUMMARY ===").map_or(said.as_ref(), |(_, summary)| summary);
        let wrong = String::from_utf8_lossy(&ran.stderr);
        // What counts comes last, as the end of a long log is what is kept.
        panic!("{revision}:\n{}\n{wrong}\n{}:\n{summary}", failures(results.path()), list.display());
    }
}

/// What failed, and why.
fn failures(results: &Path) -> String {
    let mut told = String::new();
    for folder in std::fs::read_dir(results).unwrap() {
        let folder = folder.unwrap();
        let Ok(checks) = std::fs::read(folder.path().join("checks.json")) else { continue };
        let checks: Vec<Value> = serde_json::from_slice(&checks).unwrap();
        for check in checks.iter().filter(|check| check["status"] != "SUCCESS" && check["status"] != "INFO") {
            let scenario = folder.file_name();
            writeln!(told, "{}: {}: {}", scenario.display(), check["status"], check["errorMessage"]).unwrap();
        }
    }
    told
}

fn every_failure_has_a_reason(list: &Path) {
    let text = std::fs::read_to_string(list).unwrap();
    for line in text.lines().filter(|line| line.trim_start().starts_with("- ")) {
        let reason = line.split_once(" # ").map_or("", |(_, reason)| reason);
        assert!(reason.len() > 20, "{}: {line}: no reason", list.display());
    }
}
