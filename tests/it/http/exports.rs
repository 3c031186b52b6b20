//! Exports over HTTP: a file is read back as a resource by whoever had it made, and by nobody else.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Served, answered, data, message};
use crate::sandbox::SampleSite;

const EXPORT: &str = "export_documents";

/// A server over HTTP that exports customers, to whom everybody signs in with their own key.
struct Desk {
    _site: SampleSite,
    served: Served,
    folder: TempDir,
}

impl Desk {
    async fn open() -> Self {
        let site = SampleSite::start().await;
        let folder = tempfile::tempdir().unwrap();
        let mut config = site.config(json!({"doctypes": {"Customer": {"read": true, "export": true}}}));
        config["export"] = json!({"directory": folder.path()});
        config["audit"] = json!({"enabled": true, "log_file": folder.path().join("audit.log")});
        config["rate_limiting"] = json!({"enabled": false});
        config["sign_in"] = json!({"own_keys": true});
        Self { served: Served::start(&config).await, _site: site, folder }
    }

    async fn ask(&self, who: &str, path: &str, method: &str, params: Value) -> Value {
        let request = self.served.post(path, &message(method, params));
        answered(request.header("authorization", format!("token {who}:secret"))).await
    }

    /// The answer to an export, and the link beside it.
    async fn export(&self, arguments: Value) -> (Value, Value) {
        let params = json!({"name": EXPORT, "arguments": arguments});
        let answer = self.ask("administrator", "/mcp", "tools/call", params).await;
        (data(&answer), answer["result"]["content"][1].clone())
    }

    async fn read(&self, who: &str, path: &str, uri: &Value) -> Value {
        self.ask(who, path, "resources/read", json!({"uri": uri})).await
    }

    fn held(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.folder.path().join("over-http")).unwrap();
        files.map(|file| file.unwrap().path()).collect()
    }

    fn log(&self) -> Vec<Value> {
        let log = fs::read_to_string(self.folder.path().join("audit.log")).unwrap();
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_file_is_read_back_as_a_resource_and_the_log_tells_both() {
    let desk = Desk::open().await;
    for (name, kind) in [
        ("customers.csv", "text/csv"),
        ("customers.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ] {
        let (answer, link) = desk.export(json!({"doctype": "Customer", "file_name": name})).await;
        assert_eq!(answer.get("file"), None, "nothing of the server's machine is told: {answer}");
        assert_eq!(
            (&link["type"], &link["uri"], &link["name"], &link["mimeType"], &link["size"]),
            (&json!("resource_link"), &answer["resource"], &json!(name), &json!(kind), &answer["bytes"])
        );
        let told = format!("read back, sha256 {}", answer["sha256"].as_str().unwrap());
        // Twice, and where less is left as well.
        for path in ["/mcp", "/mcp/readonly"] {
            let read = desk.read("administrator", path, &answer["resource"]).await;
            let content = &read["result"]["contents"][0];
            assert_eq!((&content["uri"], &content["mimeType"]), (&answer["resource"], &json!(kind)), "{read}");
            let bytes = BASE64_STANDARD.decode(content["blob"].as_str().unwrap()).unwrap();
            assert_eq!((&answer["bytes"], &answer["sha256"]), (&json!(bytes.len()), &json!(sha256(&bytes))));
        }
        assert_eq!(desk.log().iter().filter(|line| line["reason"] == told.as_str()).count(), 2);
    }
    let lines = desk.log();
    let told: Vec<Value> = lines
        .iter()
        .filter(|line| line["tool"] == EXPORT)
        .map(|line| json!([line["operation"], line["result"], line["doctype"]]))
        .collect();
    let wanted =
        ["INTENT", "ALLOWED", "ALLOWED", "ALLOWED"].map(|result| json!(["EXPORT", result, "Customer"])).to_vec();
    assert_eq!(told, [wanted.clone(), wanted].concat());
}

#[tokio::test]
async fn nobody_else_reads_it_back_nor_the_same_one_where_exports_are_closed() {
    let desk = Desk::open().await;
    let (answer, _) = desk.export(json!({"doctype": "Customer", "fields": ["territory"]})).await;
    let uri = answer["resource"].as_str().unwrap();
    for (who, path, uri) in [
        ("sales", "/mcp", uri.to_owned()),
        ("reader", "/mcp", uri.to_owned()),
        // Its toolset is not among these.
        ("administrator", "/mcp/x/selling", uri.to_owned()),
        ("administrator", "/mcp", uri.replace("=Customer", "=Item")),
        ("administrator", "/mcp", uri.replace(".csv", ".xlsx")),
        ("administrator", "/mcp", format!("erpnext://export/{}.csv?doctype=Customer", "0".repeat(32))),
        ("administrator", "/mcp", "erpnext://export/..%2F..%2Faudit.log?doctype=Customer".to_owned()),
    ] {
        let read = desk.read(who, path, &json!(uri)).await;
        assert!(matches!(read["error"]["code"].as_i64(), Some(-32_002 | -32_602)), "{who} {path} {uri}: {read}");
    }
    assert!(desk.read("administrator", "/mcp", &json!(uri)).await["result"].is_object());
}

#[tokio::test]
async fn it_is_withdrawn_after_an_hour_and_the_last_five_are_held() {
    let desk = Desk::open().await;
    let (first, _) = desk.export(json!({"doctype": "Customer"})).await;
    let [file]: [PathBuf; 1] = desk.held().try_into().unwrap();
    let aged = |file: &Path, minutes: u64| {
        let file = fs::File::options().write(true).open(file).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(minutes * 60)).unwrap();
    };
    aged(&file, 59);
    assert!(desk.read("administrator", "/mcp", &first["resource"]).await["result"].is_object());
    aged(&file, 60);
    let read = desk.read("administrator", "/mcp", &first["resource"]).await;
    assert!(read["error"]["message"].as_str().unwrap().contains("the tool that made it again"), "{read}");
    for _ in 0..7 {
        // Under one name as well: each has an address of its own.
        desk.export(json!({"doctype": "Customer", "file_name": "customers.csv"})).await;
    }
    assert!(!file.exists());
    assert_eq!(desk.held().len(), 5);
}
