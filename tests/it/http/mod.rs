//! MCP over HTTP: what clients of both eras get, and what anybody gets who is none.

mod bad_input;
mod clients;
mod exports;
mod identities;
mod idp;
mod many;
mod narrowing;
mod oauth;
mod operations;
mod plain_calls;
mod program;
mod redis;
mod replicas;
mod script;
mod sdks;
mod sessions;
mod sign_in;
mod signer;
mod sites;
#[cfg(feature = "otel")]
mod traces;
mod writes;

use std::net::SocketAddr;
use std::sync::Arc;

use erpnext_mcp::app::App;
use erpnext_mcp::audit::Audit;
use erpnext_mcp::context::client_options;
use erpnext_mcp::server::Turns;
use erpnext_mcp::shared::{Shared, Store};
use erpnext_mcp::site::Client;
use erpnext_mcp::transport::{Endpoint, Patience, serve_http};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stdio::STATELESS;
use crate::support::load;

/// A server in this process; it ends where it is dropped.
pub struct Served {
    pub address: SocketAddr,
    pub turns: Turns,
    client: reqwest::Client,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Served {
    pub async fn start(config: &Value) -> Self {
        Self::start_on(config, "127.0.0.1:0").await
    }

    pub async fn start_on(config: &Value, address: &str) -> Self {
        Self::begin(config, |endpoint| endpoint, address).await
    }

    pub async fn with_patience(config: &Value, patience: Patience) -> Self {
        Self::begin(config, |endpoint| endpoint.with_patience(patience), "127.0.0.1:0").await
    }

    /// One that has every call answered by the protocol's library, as none is plain where another handler may stand.
    pub async fn by_library(config: &Value) -> Self {
        Self::begin(config, |endpoint| endpoint.with_handler(|server| server), "127.0.0.1:0").await
    }

    /// One of several servers that share this.
    pub async fn over(config: &Value, store: &Arc<dyn Store>) -> Self {
        Self::begin_over(config, |endpoint| endpoint, "127.0.0.1:0", Some(store)).await
    }

    async fn begin(config: &Value, change: impl FnOnce(Endpoint) -> Endpoint, address: &str) -> Self {
        Self::begin_over(config, change, address, None).await
    }

    async fn begin_over(
        config: &Value,
        change: impl FnOnce(Endpoint) -> Endpoint,
        address: &str,
        store: Option<&Arc<dyn Store>>,
    ) -> Self {
        let config = load(config);
        let mut endpoint = change(Endpoint::new(&config).unwrap());
        for (name, hosts, config) in config.served() {
            let audit = Audit::open(&config.audit).unwrap();
            let shared = store.map(|store| Shared::new(Arc::clone(store), [7; 32], &config.erpnext.url).unwrap());
            let client = Client::new(client_options(config)).unwrap().over(shared);
            let app = App::open(config, client, audit).unwrap();
            endpoint.add((name, hosts), config, app, None).unwrap();
        }
        let turns = endpoint.turns().clone();
        let listener = endpoint.listen(address.parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(serve_http(listener, Arc::new(endpoint)));
        Self { address, turns, client: http(), task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) {
        (&mut self.task).await.unwrap();
    }

    /// A request of the handshake era.
    pub fn post(&self, path: &str, message: &Value) -> RequestBuilder {
        let request = self.client.post(self.url(path)).header("accept", "application/json, text/event-stream");
        request.header("content-type", "application/json").body(message.to_string())
    }

    /// A request of the stateless era.
    pub fn stateless(&self, path: &str, method: &str, mut params: Value) -> RequestBuilder {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": STATELESS,
            "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let name = params["name"].as_str().map(str::to_owned);
        let request = self.post(path, &message(method, params));
        let request = request.header("mcp-protocol-version", STATELESS).header("mcp-method", method);
        name.into_iter().fold(request, |request, name| request.header("mcp-name", name))
    }

    /// Calls a tool, and gives its data.
    pub async fn call(&self, path: &str, tool: &str, arguments: Value) -> Value {
        let params = json!({"name": tool, "arguments": arguments});
        let answer = answered(self.post(path, &message("tools/call", params))).await;
        data(&answer)
    }

    /// What comes back on a connection on which this was sent, until the server closes it.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

/// A client that takes no proxy between.
pub fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub fn message(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
}

/// The JSON of an answer.
pub async fn answered(request: RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: {text}"))
}

/// The status, and what its body says to do.
pub async fn refused(request: RequestBuilder) -> (u16, String) {
    told(request.send().await.unwrap()).await
}

pub async fn told(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert!(!answer.headers()["x-request-id"].is_empty());
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["jsonrpc"], "2.0", "{body}");
    (status, body["error"]["message"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned())
}

/// The data of a tool's result.
pub fn data(answer: &Value) -> Value {
    let text = answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert_ne!(answer["result"]["isError"], true, "{text}");
    serde_json::from_str(text).unwrap()
}
