//! The program itself, serving over HTTP.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use crate::stdio::command;

/// A program that serves; what it logs is kept.
pub struct Program {
    pub address: SocketAddr,
    folder: tempfile::TempDir,
    pub child: Child,
    log: Arc<Mutex<String>>,
    out: Arc<Mutex<String>>,
}

/// All lines that come, as far as they have come.
fn kept(from: impl AsyncRead + Unpin + Send + 'static) -> Arc<Mutex<String>> {
    let all = Arc::<Mutex<String>>::default();
    let (kept, mut lines) = (Arc::clone(&all), BufReader::new(from).lines());
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            let mut kept = kept.lock().unwrap();
            kept.push_str(&line);
            kept.push('\n');
        }
    });
    all
}

impl Program {
    /// Started, and ready for connections.
    pub async fn start(config: &Value) -> Self {
        Self::start_with(config, &[]).await
    }

    /// The same with these variables.
    pub async fn start_with(config: &Value, variables: &[(&str, &str)]) -> Self {
        let (mut command, folder) = command(config);
        command.envs(variables.iter().copied());
        let command = command.args(["serve", "--http", "127.0.0.1:0"]).stderr(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (log, out) = (kept(child.stderr.take().unwrap()), kept(child.stdout.take().unwrap()));
        let mut program = Self { address: ([127, 0, 0, 1], 0).into(), folder, child, log, out };
        program.address = program.logged("serving MCP at http").await.split("//").nth(1).unwrap().parse().unwrap();
        program
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The file of its configuration.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("config.json")
    }

    /// Sends it a signal.
    pub async fn signal(&self, name: &str) {
        let process = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-s", name, &process]).status().await.unwrap().success());
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// What it wrote to standard output.
    pub fn out(&self) -> String {
        self.out.lock().unwrap().clone()
    }

    /// What the log has behind these words, up to a path of MCP, once they are there.
    pub async fn logged(&self, words: &str) -> String {
        let started = Instant::now();
        loop {
            if let Some((_, rest)) = self.log().rsplit_once(words) {
                return rest.split("/mcp").next().unwrap_or_default().to_owned();
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{words}: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How much memory it takes, in bytes, where the system tells.
    pub fn memory(&self) -> Option<usize> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? * 1024)
    }
}
