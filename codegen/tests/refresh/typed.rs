//! The developer's way from `refresh` to a called tool: a server that is built with a DocType of an app has tools of its own for
//! it. The transcript is for a person to review; how long each step took is printed beside it.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use erpnext_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crate::developer::uncounted;
use crate::sandbox::run;
use crate::support::{Repo, finish, target};

/// The built server, spoken to over its standard input and output.
struct Server {
    process: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    asked: u64,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (stdin, stdout) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut server = Self { process, stdin, lines: BufReader::new(stdout).lines(), asked: 0 };
        let client = json!({"name": "tests", "version": "1"});
        server.ask("initialize", &json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}));
        server.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        server
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.stdin, "{message}").unwrap();
        self.stdin.flush().unwrap();
    }

    /// The result of a request.
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let line = self.lines.next().expect("the server ended").unwrap();
            let mut message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no protocol: {line}"));
            if message["id"] == id {
                return message["result"].take();
            }
        }
    }

    /// A call of a tool and what the model is answered, without the moment of it.
    fn call(&mut self, tool: &str, arguments: &Value) -> String {
        let result = self.ask("tools/call", &json!({"name": tool, "arguments": arguments}));
        let text = result["content"][0]["text"].as_str().unwrap();
        let text = match serde_json::from_str::<Value>(text) {
            Ok(mut answer) => {
                answer["modified"] = json!("WHEN");
                answer.to_string()
            }
            Err(_) => text.to_owned(),
        };
        format!("→ {tool} {arguments}\n← {text}\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Builds the program with the features that these tests have, for the least of the tests that need it.
const BUILD: [&str; 6] = ["test", "--no-run", "--workspace", "--all-features", "--test", "conformance"];

/// The built program in a folder that is all that it has of this machine.
fn program(folder: &Path, args: &[&str]) -> Command {
    let built = target().join("debug").join(format!("erpnext-mcp{}", std::env::consts::EXE_SUFFIX));
    let mut command = Command::new(built);
    for (name, _) in std::env::vars_os() {
        if ["ERPNEXT_", "MCP_", "XDG_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.env("HOME", folder).current_dir(folder).args(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The names of the DocType's tools in a text.
fn tools(text: &str) -> String {
    let names = text.split(|c: char| !c.is_ascii_lowercase() && c != '_').filter(|name| name.contains("_odd_thing_"));
    names.map(|name| format!("{name}\n")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "builds the server"]
async fn a_server_built_after_a_refresh_has_a_tool_for_a_doctype_of_an_app() {
    let site = Sandbox::start(Options { bench: true, ..Options::default() }).await.unwrap();
    let (repo, folder) = (Repo::to_compile(), tempfile::tempdir().unwrap());
    let rule = json!({"read": true, "create": true, "update": true, "submit": true});
    // Without the site's live metadata: only what was generated can give these tools.
    let config = json!({
        "erpnext": {"url": site.url(), "api_key": "administrator", "api_secret": "secret", "version": 15},
        "permissions": {"doctypes": {"Odd Thing": rule}},
        "schema": {"overlay": "off"},
    });
    std::fs::write(folder.path().join("c.json"), config.to_string()).unwrap();

    let mut said = String::new();
    for args in [&["diff", "--doctype", "Odd Thing"][..], &["refresh"], &["generate"]] {
        let started = Instant::now();
        let run = run(&site, &repo, args);
        eprintln!("codegen {}: {:?}", args.join(" "), started.elapsed());
        let (command, code) = (args.join(" "), run.code);
        said += &format!("$ codegen {command}\n{}{}exit code {code}\n\n", run.stdout, uncounted(&run.stderr));
    }
    let started = Instant::now();
    let run = finish(repo.cargo(&BUILD));
    eprintln!("cargo build: {:?}", started.elapsed());
    assert_eq!(run.code, 0, "{said}{}", run.stderr);
    said += "$ cargo build\nexit code 0\n\n";

    let run = finish(program(folder.path(), &["tools", "--config", "c.json"]));
    assert_eq!(run.code, 0, "{}", run.stderr);
    said += &format!("$ erpnext-mcp tools | grep odd_thing\n{}\n", tools(&run.stdout));

    let before = site.journal().len();
    let mut server = Server::start(program(folder.path(), &["--config", "c.json"]));
    let wrong = json!({"data": {"titel": "lathe", "status": "Closd", "n_int": -1}});
    let right = json!({"data": {"title": "lathe", "status": "Closed", "n_int": 1}});
    said += "$ erpnext-mcp --config c.json\n";
    for data in [wrong, right] {
        said += &server.call("create_odd_thing_document", &data);
    }
    insta::assert_snapshot!(said);

    let written = site.journal().into_iter().skip(before).map(|write| format!("{} {}", write.verb, write.doctype));
    assert_eq!(written.collect::<Vec<_>>(), ["insert Odd Thing"]);
}
