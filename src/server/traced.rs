//! What a client asks for, as a span by the conventions of OpenTelemetry for MCP; without that feature, as it is.

use std::future::Future;

use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};

use super::Server;

/// What a request is about: an attribute, and the name of a tool or prompt that there is. Any other name is the caller's own.
pub(super) type Subject = Option<(&'static str, &'static str)>;

impl Server {
    /// Does what a request asks for; `has_failed` tells a failure that is no error of the protocol.
    #[cfg(feature = "otel")]
    pub(super) async fn traced<T>(
        &self,
        method: &'static str,
        subject: Subject,
        context: &RequestContext<RoleServer>,
        has_failed: fn(&T) -> bool,
        work: impl Future<Output = Result<T, ErrorData>>,
    ) -> Result<T, ErrorData> {
        use opentelemetry::KeyValue;
        use rmcp::model::RequestId;

        let is_over_http = self.connection.session().caller.request.is_some();
        let mut attributes = vec![
            KeyValue::new("mcp.method.name", method),
            KeyValue::new("network.transport", if is_over_http { "tcp" } else { "pipe" }),
        ];
        // A text is the client's own, and may say anything.
        if let RequestId::Number(id) = &context.id {
            attributes.push(KeyValue::new("jsonrpc.request.id", id.to_string()));
        }
        let version = context.protocol_version();
        attributes.extend(version.map(|version| KeyValue::new("mcp.protocol.version", version.to_string())));
        if method == "tools/call" {
            attributes.push(KeyValue::new("gen_ai.operation.name", "execute_tool"));
        }
        let name = subject.map_or(method.to_owned(), |(_, name)| format!("{method} {name}"));
        attributes.extend(subject.map(|(attribute, name)| KeyValue::new(attribute, name)));
        let sent = (context.meta.get_traceparent(), context.meta.get_tracestate());
        let span = crate::traces::Span::of_request(name, attributes, sent);
        let answer = span.holding(work).await;
        let code = answer.as_ref().err().map(|error| error.code.0.to_string());
        if let Some(code) = &code {
            span.note("rpc.response.status_code", code.clone());
        }
        let failed = answer.as_ref().is_ok_and(has_failed).then(|| "tool_error".to_owned());
        span.end(failed.or(code));
        answer
    }

    /// Does what a request asks for.
    #[cfg(not(feature = "otel"))]
    pub(super) async fn traced<T>(
        &self,
        _: &'static str,
        _: Subject,
        _: &RequestContext<RoleServer>,
        _: fn(&T) -> bool,
        work: impl Future<Output = Result<T, ErrorData>>,
    ) -> Result<T, ErrorData> {
        work.await
    }
}
