//! What is measured: a call of the server, and the call of the ceiling that asks the site the same.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::process::{Calls, Process, Program};
use crate::stub::Stub;

/// The configurations that are measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    Default,
    /// Answers of any size.
    Whole,
    Cached,
}

/// A call, as the server takes it, and how the ceiling does the same.
pub struct Case {
    pub name: &'static str,
    pub setting: Setting,
    pub calls: Calls,
    pub ceiling: Calls,
    /// How many calls are a fair sample.
    pub count: usize,
}

/// A site, and the configurations of servers for it.
pub struct Bench {
    stub: Stub,
    folder: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let bench = Self { stub: Stub::start(), folder: tempfile::tempdir().unwrap() };
        for setting in [Setting::Default, Setting::Whole, Setting::Cached] {
            fs::write(bench.file(setting), bench.config(setting).to_string()).unwrap();
        }
        bench
    }

    fn file(&self, setting: Setting) -> PathBuf {
        self.folder.path().join(format!("{}.json", setting as u8))
    }

    fn config(&self, setting: Setting) -> Value {
        json!({
            "erpnext": {"url": self.stub.url(), "api_key": "k", "api_secret": "s", "concurrent_requests": 32},
            "permissions": {"default": {"read": true}, "doctypes": {"Sales Invoice": {"read": true, "restricted_fields": ["remarks"]}}},
            "schema": {"overlay": "off"},
            "tools": {"max_result_tokens": if setting == Setting::Whole { 1_000_000 } else { 8_000 }},
            "cache": {"enabled": setting == Setting::Cached, "ttl": 3_600, "max_size": 100_000},
        })
    }

    /// The server, over stdio.
    pub fn program(&self, setting: Setting) -> Program {
        let program = std::env::var("ERPNEXT_MCP_PROGRAM").unwrap_or(env!("CARGO_BIN_EXE_erpnext-mcp").to_owned());
        let line = [program, "--config".to_owned(), self.file(setting).display().to_string()];
        Program { line: line.to_vec(), over_http: false }
    }

    /// The server, over HTTP.
    pub fn over_http(&self, setting: Setting) -> Program {
        let mut program = self.program(setting);
        program.line.extend(["serve", "--http", "127.0.0.1:0"].map(str::to_owned));
        Program { over_http: true, ..program }
    }

    pub fn ceiling(&self) -> Program {
        let own = std::env::current_exe().unwrap().display().to_string();
        Program { line: vec![own, "serve".to_owned(), self.stub.url()], over_http: false }
    }

    /// The cases; what each asks of the site is taken from what the server does.
    pub fn cases(&self) -> Vec<Case> {
        let get = |doctype: &str, name: &str| json!({"doctype": doctype, "name": name});
        let all = json!({"doctype": "Sales Invoice", "name": "SINV-2", "fields": ["*"]});
        let case = |name, setting, tool: &str, arguments, count| {
            let calls = Calls { tool: tool.to_owned(), arguments };
            let mut process = Process::start(&self.program(setting));
            self.stub.seen();
            process.first(&calls);
            let (_, asked) = self.stub.seen();
            process.first(&calls);
            let (requests, _) = self.stub.seen();
            assert_eq!(
                requests,
                usize::from(setting != Setting::Cached),
                "{name}: the ceiling sends one request a call"
            );
            let arguments =
                json!({"method": asked.method, "target": asked.target, "body": String::from_utf8(asked.body).unwrap()});
            Case { name, setting, calls, ceiling: Calls { tool: "get".to_owned(), arguments }, count }
        };
        let mut cases = vec![
            case("get of 2 kB", Setting::Default, "get_generic_document", get("Customer", "A"), 4_000),
            case("list of 20 rows", Setting::Default, "list_generic_documents", json!({"doctype": "Customer"}), 4_000),
            case(
                "invoice of 200 rows, cut",
                Setting::Default,
                "get_generic_document",
                get("Sales Invoice", "SINV-1"),
                120,
            ),
            case("the same, whole", Setting::Whole, "get_generic_document", all, 60),
        ];
        let fixed = Calls { tool: "fixed".to_owned(), arguments: json!({}) };
        let cached = case("cache hit of 2 kB", Setting::Cached, "get_generic_document", get("Customer", "B"), 4_000);
        cases.push(Case { ceiling: fixed, ..cached });
        cases
    }
}
