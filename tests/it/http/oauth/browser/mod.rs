//! Signing in with a real browser: Chromium without a window, driven by the script beside this file.

mod axe;
mod login;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use super::Scene;
use crate::http::script::Script;

/// A browser, and the place on its person's machine where a client waits for them to come back.
pub struct Browser {
    script: Script,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Browser {
    pub async fn start() -> Self {
        let script = crate::tidy::root().join("tests/it/http/oauth/browser/chromium.py");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(waits(listener, port));
        let folder = tempfile::tempdir().unwrap();
        let script = Script::start("chromium", Command::new("python3").arg(script).arg(folder.path()));
        Self { script, port, _folder: folder }
    }

    /// Where the client waits.
    pub fn redirect(&self) -> String {
        self.redirect_at("/callback")
    }

    fn redirect_at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Does one step, and gives what was looked at.
    async fn does(&mut self, step: Value) -> Value {
        let mut told = self.script.ask(&step).await;
        assert!(told.get("failed").is_none(), "{step}: {told}");
        told["value"].take()
    }

    /// Waits until the client has the person back; the address by which they came.
    async fn back(&mut self) -> String {
        self.does(json!({"until": "document.title === 'Back'"})).await;
        self.does(json!({"value": "location.href"})).await.as_str().unwrap().to_owned()
    }

    /// The person, sent to this address, lets the client in with the mouse; the address by which they come back.
    pub async fn visit(&mut self, address: &str, scope: &str, user: &str) -> String {
        self.lets_in(address, scope, user).await;
        self.back().await
    }

    /// The same with a client that waits at a place of its own.
    pub async fn lets_in(&mut self, address: &str, scope: &str, user: &str) {
        self.does(json!({"open": {"address": address}})).await;
        let scope = format!("input[value='{scope}']");
        for chosen in [scope.as_str(), "button[value=allow]", "input[name=usr]"] {
            self.does(json!({"click": chosen})).await;
        }
        self.does(json!({"press": [user]})).await;
        self.does(json!({"click": "input[name=pwd]"})).await;
        self.does(json!({"press": ["secret", "Enter"]})).await;
        self.does(json!({"click": "a[href*=approve]"})).await;
    }
}

/// Answers whoever comes back.
async fn waits(listener: TcpListener, port: u16) {
    while let Ok((stream, _)) = listener.accept().await {
        // A browser also opens connections on which it asks nothing.
        tokio::spawn(answers(stream, port));
    }
}

/// At `/hop` they are sent on to another host first, as some clients do; at `/stay` they stay on the page from which they come.
async fn answers(stream: TcpStream, port: u16) {
    let mut lines = BufReader::new(stream).lines();
    let Ok(Some(asked)) = lines.next_line().await else { return };
    while lines.next_line().await.is_ok_and(|line| line.is_some_and(|line| !line.is_empty())) {}
    let answer = match asked.split(['?', ' ']).nth(1) {
        Some("/hop") => format!("302 Found\r\nlocation: http://localhost:{port}/callback\r\nconnection: close\r\n\r\n"),
        Some("/stay") => "204 No Content\r\nconnection: close\r\n\r\n".to_owned(),
        _ => "200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<title>Back</title>".to_owned(),
    };
    let answer = format!("HTTP/1.1 {answer}");
    // The browser may have left.
    _ = lines.into_inner().write_all(answer.as_bytes()).await;
}

/// The address to which a client sends a person.
fn asked(scene: &Scene, client: &str, redirect: &str) -> String {
    let request = scene.authorize(client, &[("redirect_uri", redirect), ("resource", &scene.mcp())]);
    request.build().unwrap().url().to_string()
}
