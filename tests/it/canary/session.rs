//! A server in this process and its client: every byte that it writes to the client and to the log is kept.

use std::io::Write;
use std::sync::{Arc, Mutex};

use erpnext_mcp::app::Connection;
use erpnext_mcp::server::Server;
use rmcp::ServiceExt;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

use crate::stdio::STATELESS;

/// What was written so far.
#[derive(Clone, Default)]
pub struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    /// The log of this thread goes here, at its most talkative, as the program filters it.
    pub fn take_log(&self) -> tracing::subscriber::DefaultGuard {
        let sink = self.clone();
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || sink.clone());
        let ours = Targets::new().with_target("erpnext_mcp", LevelFilter::TRACE);
        tracing::subscriber::set_default(tracing_subscriber::registry().with(lines.with_filter(ours)))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// One client's session.
pub struct Session {
    to: WriteHalf<DuplexStream>,
    from: Lines<BufReader<ReadHalf<DuplexStream>>>,
    next_id: u64,
    /// Whether it is the revision of the protocol without a handshake that is spoken, and with what the client can do.
    stateless: Option<Value>,
    /// Whether questions to the user are answered with yes.
    agrees: bool,
    /// What the client sent.
    pub sent: String,
    /// What the server sent.
    pub heard: String,
}

impl Session {
    /// A session, after its handshake where there is one; with `asks`, of a client that can ask its user.
    pub async fn begin(app: Arc<Connection>, stateless: bool, asks: bool, agrees: bool) -> Self {
        let (near, far) = tokio::io::duplex(1 << 20);
        tokio::spawn(async move {
            if let Ok(running) = Server::new(app).serve(tokio::io::split(far)).await {
                let _ = running.waiting().await;
            }
        });
        let (from, to) = tokio::io::split(near);
        let from = BufReader::new(from).lines();
        let capabilities = if asks { json!({"elicitation": {}}) } else { json!({}) };
        let stateless = stateless.then_some(capabilities.clone());
        let mut session = Self { to, from, next_id: 0, stateless, agrees, sent: String::new(), heard: String::new() };
        if session.stateless.is_none() {
            let client = json!({"name": "tests", "version": "1"});
            let params = json!({"protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": client});
            session.request("initialize", params).await;
            session.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        }
        session
    }

    async fn send(&mut self, message: &Value) {
        let line = format!("{message}\n");
        self.sent.push_str(&line);
        self.to.write_all(line.as_bytes()).await.unwrap();
    }

    /// The answer to a request, as it came.
    pub async fn request(&mut self, method: &str, mut params: Value) -> Value {
        if let Some(capabilities) = &self.stateless {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": STATELESS,
                "io.modelcontextprotocol/clientCapabilities": capabilities,
                "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
            });
        }
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await;
        loop {
            let line = self.from.next_line().await.unwrap().expect("the server left");
            self.heard.push_str(&line);
            self.heard.push('\n');
            let message: Value = serde_json::from_str(&line).unwrap();
            if message["method"] == "elicitation/create" {
                let action = if self.agrees {
                    json!({"action": "accept", "content": {"confirm": true}})
                } else {
                    json!({"action": "decline"})
                };
                let asked = message["id"].clone();
                // What the user says is no canary, whatever it was asked about.
                let answer = format!("{}\n", json!({"jsonrpc": "2.0", "id": asked, "result": action}));
                self.to.write_all(answer.as_bytes()).await.unwrap();
            } else if message["id"] == id {
                return message;
            }
        }
    }
}
