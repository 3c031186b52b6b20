//! What the official conformance suite asks of an authorization server, with a person who signs in meanwhile.

use std::path::PathBuf;
use std::process::Stdio;

use erpnext_schema::Version;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::Scene;
use crate::shared::free_port;
use crate::support::run_on;

#[test]
#[ignore = "needs the conformance suite"]
fn the_authorization_server_conforms() {
    for version in Version::ALL {
        run_on(*version, conforms());
    }
}

async fn conforms() {
    let (scene, port) = (Scene::where_it_says().await, free_port().to_string());
    let client = scene.register(&format!("http://127.0.0.1:{port}/callback")).await;
    let folder = std::env::var_os("CONFORMANCE").expect("run by .ci/conformance, which installs the suite");
    let (folder, resource) = (PathBuf::from(folder), scene.mcp());
    let mut command = Command::new(folder.join("node"));
    command.arg(folder.join("node_modules/@modelcontextprotocol/conformance/dist/index.js"));
    command.args(["authorization", "--url", &scene.origin, "--client-id", &client]);
    command.args(["--resource", &resource, "--port", &port]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (page, mut said) = (format!("{}/oauth/authorize?", scene.origin), String::new());
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.starts_with(&page) {
            let back = scene.visit(&line, "erpnext:read", "sales@example.com").await;
            // The suite waits there.
            scene.http.get(back).send().await.unwrap();
        }
        said.push_str(&line);
        said.push('\n');
    }
    assert!(child.wait().await.unwrap().success() && said.contains("Total: 3 passed, 0 failed"), "{said}");
}
