//! Exports over HTTP: a file is read back as a resource by whoever had it made, and by nobody else.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use erpnext_sandbox::perms::roles;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::program::Program;
use super::{Served, answered, data, message};
use crate::sandbox::{COMPANY, SampleSite, first};

const EXPORT: &str = "export_documents";

/// A server over HTTP that exports customers and items, to whom everybody signs in with their own key.
struct Desk {
    site: SampleSite,
    served: Served,
    folder: TempDir,
}

impl Desk {
    async fn open() -> Self {
        let open = json!({"read": true, "export": true});
        Self::with(json!({"permissions": {"doctypes": {"Customer": open, "Item": open}}})).await
    }

    async fn with(sections: Value) -> Self {
        let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
        let served = Self::serve(&site, &folder, "audit.log", sections).await;
        Self { site, served, folder }
    }

    async fn serve(site: &SampleSite, folder: &TempDir, log: &str, sections: Value) -> Served {
        let mut config = site.config(json!({}));
        config["export"] = json!({"directory": folder.path()});
        config["audit"] = json!({"enabled": true, "log_file": folder.path().join(log)});
        config["rate_limiting"] = json!({"enabled": false});
        config["sign_in"] = json!({"own_keys": true});
        config.as_object_mut().unwrap().extend(sections.as_object().unwrap().clone());
        Served::start(&config).await
    }

    /// A server under another configuration in its place.
    async fn served_anew(&mut self, log: &str, sections: Value) {
        self.served = Self::serve(&self.site, &self.folder, log, sections).await;
    }

    async fn ask(&self, who: &str, path: &str, method: &str, params: Value) -> Value {
        let request = self.served.post(path, &message(method, params));
        answered(request.header("authorization", format!("token {who}:secret"))).await
    }

    /// The answer to an export, and the link beside it.
    async fn export(&self, arguments: Value) -> (Value, Value) {
        self.export_by(EXPORT, arguments).await
    }

    async fn export_by(&self, tool: &str, arguments: Value) -> (Value, Value) {
        self.export_as("administrator", tool, arguments).await
    }

    async fn export_as(&self, who: &str, tool: &str, arguments: Value) -> (Value, Value) {
        let params = json!({"name": tool, "arguments": arguments});
        let answer = self.ask(who, "/mcp", "tools/call", params).await;
        (data(&answer), answer["result"]["content"][1].clone())
    }

    /// Gives a DocType these rights on the site.
    fn permit(&self, doctype: &str, rights: &'static str) {
        let permit = |site: &erpnext_sandbox::site::Site<'_>| {
            site.meta.permit(doctype, roles::parse(rights));
            Ok(())
        };
        self.site.sandbox.with(permit).unwrap();
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

/// Has a file be so many minutes old.
fn aged(file: &Path, minutes: u64) {
    let file = fs::File::options().write(true).open(file).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(minutes * 60)).unwrap();
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
        // Its toolset is not among these; where it is, less may be seen than when the file was made.
        ("administrator", "/mcp/x/selling", uri.to_owned()),
        ("administrator", "/mcp/x/data,selling", uri.to_owned()),
        // That may be exported as well.
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

#[tokio::test]
async fn a_file_is_not_read_back_where_less_may_be_seen_than_when_it_was_made() {
    let mut desk = Desk::open().await;
    let (answer, _) = desk.export(json!({"doctype": "Customer"})).await;
    let open = json!({"read": true, "export": true});
    for (turn, (rule, is_read)) in [
        (json!({"read": true, "export": true, "restricted_fields": ["tax_id"]}), false),
        (json!({"read": true, "export": true, "conditions": {"read": {"territory": "Germany"}}}), false),
        (json!({"read": true}), false),
        (open.clone(), true),
    ]
    .into_iter()
    .enumerate()
    {
        let sections = json!({"permissions": {"doctypes": {"Customer": rule, "Item": open}}});
        desk.served_anew(&format!("audit-{turn}.log"), sections).await;
        let read = desk.read("administrator", "/mcp", &answer["resource"]).await;
        assert_eq!(read["result"].is_object(), is_read, "{rule}: {read}");
    }
}

#[tokio::test]
async fn the_file_of_a_report_is_read_back_where_documents_are_not_exported() {
    let rule = json!({"read": true, "report": true, "export": true});
    let permissions = json!({"default": rule, "reports": ["General Ledger"]});
    let desk = Desk::with(json!({"permissions": permissions, "tools": {"exclude": [EXPORT]}})).await;
    let filters = json!({"company": COMPANY, "from_date": "2026-01-01", "to_date": "2026-12-31"});
    let (answer, _) = desk.export_by("export_report", json!({"name": "General Ledger", "filters": filters})).await;
    let read = desk.read("administrator", "/mcp", &answer["resource"]).await;
    let bytes = BASE64_STANDARD.decode(read["result"]["contents"][0]["blob"].as_str().unwrap()).unwrap();
    assert_eq!(answer["sha256"], sha256(&bytes));
    let lines = desk.log();
    let told: Vec<Value> = lines.iter().map(|line| json!([line["tool"], line["result"]])).collect();
    assert_eq!(told[told.len() - 2..], [json!(["export_report", "ALLOWED"]), json!(["export_report", "ALLOWED"])]);
}

#[on_every_version]
async fn a_file_is_not_read_back_once_the_site_shows_its_user_less_of_what_is_in_it() {
    const CLERK: &str = "Sales User 0 rx; Sales User 1 r";
    let order = json!({"read": true, "export": true, "extra_fields": ["ignore_pricing_rule"]});
    let doctypes = json!({"Sales Order": order, "Customer": {"read": true, "export": true}});
    let desk = Desk::with(json!({"permissions": {"doctypes": doctypes}})).await;
    ["Sales Order", "Customer"].iter().for_each(|doctype| desk.permit(doctype, CLERK));
    let fields = ["customer", "ignore_pricing_rule", "items.qty", "customer.customer_group"];
    let (answer, _) = desk.export_as("other", EXPORT, json!({"doctype": "Sales Order", "fields": fields})).await;
    let read = async || desk.read("other", "/mcp", &answer["resource"]).await;
    let told = read().await;
    assert!(told["result"].is_object(), "{answer} {told}");
    for (doctype, less) in [
        ("Sales Order", "Sales User 0 r; Sales User 1 r"),
        ("Sales Order", "Sales User 0 rx"),
        ("Customer", "Sales User 0 r; Sales User 1 r"),
        ("Customer", "Stock User 0 rx; Stock User 1 r"),
    ] {
        desk.permit(doctype, less);
        let told = read().await;
        assert!(told["error"].is_object(), "{doctype}: {less}: {told}");
        desk.permit(doctype, CLERK);
        assert!(read().await["result"].is_object(), "{doctype}: {less}");
    }
    let customer = first(&desk.site.app(doctypes), "Customer", json!({})).await;
    let only =
        json!({"doctype": "User Permission", "user": "other@example.com", "allow": "Customer", "for_value": customer});
    desk.site.sandbox.with(|site| site.insert(only.as_object().unwrap().clone())).unwrap();
    let told = read().await;
    assert!(told["error"]["message"].as_str().unwrap().contains("no such file of this user"), "{told}");
}

#[on_every_version]
async fn a_file_is_not_read_back_once_its_user_has_another_user_permission_whatever_that_hides() {
    let desk = Desk::with(json!({"permissions": {"doctypes": {"Customer": {"read": true, "export": true}}}})).await;
    desk.permit("Customer", "Sales User 0 rx; Sales User 1 r");
    let (answer, _) = desk.export_as("other", EXPORT, json!({"doctype": "Customer"})).await;
    let read = async || desk.read("other", "/mcp", &answer["resource"]).await;
    let told = read().await;
    assert!(told["result"].is_object(), "{answer} {told}");
    // It hides none of the documents that are asked about.
    let more = json!({"doctype": "User Permission", "user": "other@example.com", "allow": "Territory",
        "for_value": "North", "applicable_for": "Quotation"});
    desk.site.sandbox.with(|site| site.insert(more.as_object().unwrap().clone())).unwrap();
    let told = read().await;
    assert!(told["error"]["message"].as_str().unwrap().contains("no such file of this user"), "{told}");
}

#[on_every_version]
async fn the_file_of_a_report_is_not_read_back_once_its_user_may_not_run_it() {
    let rule = json!({"read": true, "report": true, "export": true});
    let desk = Desk::with(json!({"permissions": {"default": rule, "reports": ["General Ledger"]}})).await;
    desk.permit("GL Entry", "Sales User 0 rRx");
    let filters = json!({"company": COMPANY, "from_date": "2026-01-01", "to_date": "2026-12-31"});
    let asked = json!({"name": "General Ledger", "filters": filters});
    let (answer, _) = desk.export_as("other", "export_report", asked).await;
    let told = desk.read("other", "/mcp", &answer["resource"]).await;
    assert!(told["result"].is_object(), "{answer} {told}");
    desk.permit("GL Entry", "Sales User 0 rx");
    let told = desk.read("other", "/mcp", &answer["resource"]).await;
    assert!(told["error"]["message"].as_str().unwrap().contains("no such file of this user"), "{told}");
}

#[tokio::test]
async fn a_server_removes_what_is_over_and_what_a_killed_one_left() {
    let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
    let held = folder.path().join("over-http");
    fs::create_dir(&held).unwrap();
    let over = held.join(format!("{}-{}.csv", "0".repeat(32), "a".repeat(32)));
    let (left, young) = (folder.path().join(".export-a1B2c3"), folder.path().join(".export-a1B2c4"));
    for (file, hours) in [(&over, 1), (&left, 24), (&young, 1)] {
        fs::write(file, "x").unwrap();
        aged(file, 60 * hours);
    }
    let mut config = site.config(json!({"doctypes": {"Customer": {"read": true, "export": true}}}));
    config["export"] = json!({"directory": folder.path()});
    let _program = Program::start(&config).await;
    let started = Instant::now();
    while over.exists() || left.exists() {
        assert!(started.elapsed() < Duration::from_secs(20), "{over:?} {left:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(young.exists(), "somebody may still write it");
}
