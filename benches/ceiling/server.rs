//! The ceiling: the least that an MCP server over the same libraries does that passes a site's answer on.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult, PaginatedRequestParams,
    ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};

#[derive(Clone)]
struct Ceiling {
    http: reqwest::Client,
    base: Arc<str>,
    fixed: Arc<str>,
}

/// Serves over stdio until the client leaves.
pub fn serve(base: &str) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let accept = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
    let http = reqwest::Client::builder().user_agent("ceiling").default_headers(accept).gzip(true).no_proxy();
    let http = http.tls_certs_only([]).timeout(Duration::from_secs(60)).tcp_nodelay(true).build().unwrap();
    let ceiling = Ceiling { http, base: base.into(), fixed: "x\\\"abcdefgh ".repeat(160).into() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { ceiling.serve(rmcp::transport::stdio_pipes()).await.unwrap().waiting().await.unwrap() });
}

impl Ceiling {
    async fn fetch(&self, request: &CallToolRequestParams) -> reqwest::Result<String> {
        let given =
            |key: &str| request.arguments.as_ref().and_then(|given| given.get(key)?.as_str()).unwrap_or_default();
        let method = Method::from_bytes(given("method").as_bytes()).unwrap();
        let asked = self.http.request(method, format!("{}{}", self.base, given("target")));
        let mut asked = asked.header(AUTHORIZATION, "token k:s");
        if !given("body").is_empty() {
            asked = asked.header(CONTENT_TYPE, "application/json").body(given("body").to_owned());
        }
        asked.send().await?.text().await
    }
}

impl ServerHandler for Ceiling {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = Arc::new(serde_json::Map::from_iter([("type".to_owned(), "object".into())]));
        Ok(ListToolsResult::with_all_items(
            ["get", "fixed"].map(|name| Tool::new(name, "x", Arc::clone(&schema))).into(),
        ))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let text = match &*request.name {
            "fixed" => self.fixed.to_string(),
            _ => self.fetch(&request).await.unwrap(),
        };
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}
