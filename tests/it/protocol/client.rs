//! A client of the server in this process, and the configurations of `config/` to serve it under.

use std::path::Path;
use std::sync::Arc;

use erpnext_mcp::server::Server;
use erpnext_sandbox::Sandbox;
use rmcp::model::{ArgumentInfo, CompleteRequestParams, CompletionContext, ReadResourceRequestParams, Reference};
use rmcp::service::RunningService;
use rmcp::{ErrorData, RoleClient, ServiceError, ServiceExt};
use serde_json::Value;

use crate::sandbox::config;
use crate::support::app_of;

/// The permissions of a file in `config/`.
pub fn preset(name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name);
    let config: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    config["permissions"].clone()
}

/// The files in `config/`.
pub fn presets() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> = files.filter(|name| name.ends_with(".json")).collect();
    files.sort();
    files
}

/// A client of a server under these permissions.
pub struct Client(pub RunningService<RoleClient, ()>);

impl Client {
    pub async fn open(site: &Sandbox, permissions: Value) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let server = Server::new(Arc::new(app_of(&config(site, "administrator", permissions))));
        tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
        Self(().serve(ours).await.unwrap())
    }

    /// The JSON under an address.
    pub async fn read(&self, uri: &str) -> Result<Value, ErrorData> {
        match self.0.read_resource(ReadResourceRequestParams::new(uri)).await {
            Ok(read) => {
                let read = serde_json::to_value(read).unwrap();
                assert_eq!(read["contents"][0]["uri"], uri);
                assert_eq!(read["contents"][0]["mimeType"], "application/json");
                Ok(serde_json::from_str(read["contents"][0]["text"].as_str().unwrap()).unwrap())
            }
            Err(ServiceError::McpError(error)) => Err(error),
            Err(error) => panic!("{error}"),
        }
    }

    /// What an argument can become, where these were chosen before.
    pub async fn complete(&self, of: Reference, argument: &str, text: &str, before: &[(&str, &str)]) -> Vec<String> {
        let argument = ArgumentInfo::new(argument, text);
        let before = before.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let asked = CompleteRequestParams::new(of, argument).with_context(CompletionContext::with_arguments(before));
        self.0.complete(asked).await.unwrap().completion.values
    }
}
