//! The official conformance suite, against the transport with the suite's own fixtures behind it, and against the server on
//! the sample site.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod fixtures;
#[path = "../any_request.rs"]
mod requests;
#[path = "../it/sandbox.rs"]
#[allow(dead_code)]
mod sandbox;
mod suite;
#[path = "../it/support.rs"]
#[allow(dead_code)]
mod support;

use std::net::SocketAddr;
use std::sync::Arc;

use erpnext_mcp::app::App;
use erpnext_mcp::audit::Audit;
use erpnext_mcp::context::client_options;
use erpnext_mcp::site::Client;
use erpnext_mcp::transport::{Endpoint, serve_http};
use serde_json::{Value, json};

use suite::conforms;

/// Serves until the test is over.
async fn serve(config: &Value, change: impl FnOnce(Endpoint) -> Endpoint) -> SocketAddr {
    let config = support::load(config);
    let app = App::open(&config, Client::new(client_options(&config)).unwrap(), Audit::default()).unwrap();
    let mut endpoint = change(Endpoint::new(&config).unwrap());
    endpoint.add(("", &[]), &config, app, None).unwrap();
    let listener = endpoint.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve_http(listener, Arc::new(endpoint)));
    address
}

async fn the_transport_conforms(revision: &str) {
    let config = support::config_json("http://127.0.0.1:9", json!({"default": {"read": true}}));
    let address = serve(&config, |endpoint| endpoint.with_handler(fixtures::fixtures)).await;
    conforms(address, revision, &format!("transport-{revision}.yaml")).await;
}

async fn the_server_conforms(revision: &str) {
    let site = sandbox::SampleSite::start().await;
    let address = serve(&site.config(json!({"default": support::all()})), |endpoint| endpoint).await;
    conforms(address, revision, &format!("server-{revision}.yaml")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transport_conforms_to_2025_11_25() {
    the_transport_conforms("2025-11-25").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transport_conforms_to_2026_07_28() {
    the_transport_conforms("2026-07-28").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_conforms_to_2025_11_25() {
    the_server_conforms("2025-11-25").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_conforms_to_2026_07_28() {
    the_server_conforms("2026-07-28").await;
}
