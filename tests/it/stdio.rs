//! The compiled server as a child process, spoken to line by line; everything it writes is kept.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use crate::support::{by_name, write_config};

/// The revision of MCP without a handshake.
pub const STATELESS: &str = "2026-07-28";
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server.
pub struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    stderr: JoinHandle<String>,
    stdout: String,
    next_id: u64,
    stateless: bool,
    /// What the client says that it can.
    pub capabilities: Value,
    _config: tempfile::TempDir,
}

/// What a server left behind.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// The command that serves with this configuration, without this process's own variables for it.
pub fn command(config: &Value) -> (Command, tempfile::TempDir) {
    let (folder, file) = write_config(config);
    let mut command = program(&folder);
    command.arg("--config").arg(file);
    (command, folder)
}

/// The program, in a folder that is all that it has of this machine.
fn program(folder: &tempfile::TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_erpnext-mcp"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ERPNEXT_") || name.to_string_lossy().starts_with("MCP_") {
            command.env_remove(name);
        }
    }
    // What is kept of the site is gone with the folder too.
    command
        .env("XDG_CACHE_HOME", folder.path())
        .env("XDG_STATE_HOME", folder.path())
        .env("LOCALAPPDATA", folder.path());
    command.current_dir(folder.path()).kill_on_drop(true);
    command
}

impl Server {
    pub fn start(config: &Value) -> Self {
        let (command, folder) = command(config);
        Self::spawn(command, folder)
    }

    /// A server whose files may not grow over so many blocks of half a kilobyte, as on a disk that is full: a write ends in
    /// part and with an error, and the server goes on.
    #[cfg(unix)]
    pub fn on_a_small_disk(config: &Value, blocks: u32) -> Self {
        let (command, folder) = command(config);
        let command = command.as_std();
        let mut small = Command::new("/bin/sh");
        small.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""));
        small.arg(command.get_program()).args(command.get_args()).current_dir(folder.path()).kill_on_drop(true);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => small.env(name, value),
                None => small.env_remove(name),
            };
        }
        Self::spawn(small, folder)
    }

    /// A server that these arguments start, and that has taken the handshake.
    pub async fn of(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = program(&folder);
        command.args(arguments);
        let mut server = Self::spawn(command, folder);
        server.initialize().await;
        server
    }

    fn spawn(mut command: Command, folder: tempfile::TempDir) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let stderr = tokio::spawn(async move {
            let mut text = String::new();
            stderr.read_to_string(&mut text).await.unwrap();
            text
        });
        Self {
            stdin: child.stdin.take(),
            lines: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
            stderr,
            stdout: String::new(),
            next_id: 0,
            stateless: false,
            capabilities: json!({}),
            _config: folder,
        }
    }

    /// A server that has taken the 2025-11-25 handshake.
    pub async fn initialized(config: &Value) -> Self {
        let mut server = Self::start(config);
        server.initialize().await;
        server
    }

    /// A server that is spoken to in the stateless revision.
    pub fn stateless(config: &Value) -> Self {
        Self { stateless: true, ..Self::start(config) }
    }

    /// The most memory that the server has had so far, in bytes.
    #[cfg(target_os = "linux")]
    pub fn peak(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
    }

    pub async fn initialize(&mut self) -> Value {
        let client = json!({"name": "tests", "version": "1"});
        let capabilities = &self.capabilities;
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": client});
        let answer = self.request("initialize", params).await;
        self.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string()).await;
        answer
    }

    /// Writes one line, whatever it is.
    pub async fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\n").as_bytes()).await;
    }

    /// Writes bytes that need be no text.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(bytes).await.unwrap();
        stdin.flush().await.unwrap();
    }

    /// Sends it a signal: TERM, INT, HUP.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Writes a request and gives its id.
    pub async fn post(&mut self, method: &str, mut params: Value) -> u64 {
        self.next_id += 1;
        if self.stateless {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": STATELESS,
                "io.modelcontextprotocol/clientCapabilities": self.capabilities,
                "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
            });
        }
        let request = json!({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params});
        self.send(&request.to_string()).await;
        self.next_id
    }

    /// The next line, as it stands there.
    pub async fn line(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.expect("no answer in time");
        let line = line.unwrap().expect("the server closed its output");
        self.stdout.push_str(&line);
        self.stdout.push('\n');
        line
    }

    /// The next message; a line that is none fails the test.
    pub async fn message(&mut self) -> Value {
        let line = self.line().await;
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no protocol: {line}"));
        assert_eq!(message["jsonrpc"], "2.0", "{message}");
        message
    }

    /// The answer to a request, whole.
    pub async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.post(method, params).await;
        loop {
            let message = self.message().await;
            if message["id"] == id {
                return message;
            }
        }
    }

    /// The result of a tool call.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.request("tools/call", json!({"name": tool, "arguments": arguments})).await;
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }

    /// The data of a tool call that must succeed.
    pub async fn data(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await;
        assert_ne!(result["isError"], true, "{result}");
        by_name(serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap())
    }

    /// The text of a tool call that must fail.
    pub async fn error(&mut self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments).await;
        assert_eq!(result["isError"], true, "{result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    /// `tools/list`, which is one page.
    pub async fn tools(&mut self) -> Vec<Value> {
        let answer = self.request("tools/list", json!({})).await;
        assert!(answer["result"]["nextCursor"].is_null());
        answer["result"]["tools"].as_array().unwrap().clone()
    }

    /// Closes the input and waits for the end.
    pub async fn end(mut self) -> Ended {
        drop(self.stdin.take());
        self.ended().await
    }

    /// Waits for the end, with the input open.
    pub async fn ended(mut self) -> Ended {
        while let Some(line) = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.unwrap().unwrap() {
            self.stdout.push_str(&line);
            self.stdout.push('\n');
        }
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("the server goes on").unwrap();
        Ended { status, stdout: self.stdout, stderr: self.stderr.await.unwrap() }
    }
}
