//! The protocol behind everything that is checked before: one message, answered by a handler of its caller.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::{Request, Response};
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

use super::direct::{self, Direct};
use super::refusal::Body;
use crate::server::Server;

/// Answers a request as the server of its caller.
type Answer = dyn Fn(Server, Request<Full<Bytes>>) -> BoxFuture<'static, Response<Body>> + Send + Sync;

/// What speaks MCP.
pub struct Protocol {
    config: StreamableHttpServerConfig,
    answer: Box<Answer>,
    /// None where another handler stands in the place of the server: it may have more to say than an answer.
    direct: Option<Direct>,
}

impl Protocol {
    /// Without sessions, for bodies of this size, in bytes.
    pub fn new(max_body_bytes: usize) -> Self {
        // What it would check is checked before, on every path.
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .disable_allowed_hosts()
            .with_max_request_body_bytes(max_body_bytes);
        Self { answer: answer(config.clone(), |server| server), config, direct: Some(Direct::default()) }
    }

    /// The same with another handler in the place of each server.
    pub fn with_handler<H: ServerHandler>(self, handler: fn(Server) -> H) -> Self {
        Self { answer: answer(self.config.clone(), handler), direct: None, ..self }
    }

    /// Answers a request, whatever it is.
    pub async fn answer(&self, server: Server, head: Parts, body: Bytes) -> Response<Body> {
        match self.direct.as_ref().and_then(|direct| direct.call(&head.headers, &body)) {
            Some((call, context)) => {
                direct::answer(server, call, context, self.config.cancellation_token.cancelled()).await
            }
            None => (self.answer)(server, Request::from_parts(head, Full::new(body))).await,
        }
    }

    /// Ends what is still under way.
    pub fn end(&self) {
        self.config.cancellation_token.cancel();
    }
}

fn answer<H: ServerHandler>(config: StreamableHttpServerConfig, handler: fn(Server) -> H) -> Box<Answer> {
    Box::new(move |server, request| {
        let handler = move || Ok(handler(server.clone()));
        let service = StreamableHttpService::new(handler, Arc::new(NeverSessionManager::default()), config.clone());
        Box::pin(async move { service.handle(request).await })
    })
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protocol").finish_non_exhaustive()
    }
}
