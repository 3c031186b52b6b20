//! The plain call of a tool, as most requests are one, answered without the library's transport: no second reading, no tasks
//! and channels between. What may not be answered as it would be there is left to it.

use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use rmcp::model::{
    ClientCapabilities, ClientRequest, GetExtensions, Implementation, InitializeRequestParams, JsonRpcMessage,
    JsonRpcRequest, ProtocolVersion, RequestId, RequestMetaObject, ServerJsonRpcMessage,
};
use rmcp::service::{RequestContext, serve_directly};
use rmcp::{Peer, RoleServer, ServerHandler, Service};
use tokio::runtime::Handle;

use super::refusal::Body;
use super::session::{SESSION, VERSION};
use crate::transport::message;

const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");
/// What the library says of a call that the end has cut.
const CUT: &str = "Encounter an error when empty response: no response message received from handler";

/// A call that is plain, and the revision by which it is made.
struct Plain {
    id: RequestId,
    request: ClientRequest,
    meta: RequestMetaObject,
    version: ProtocolVersion,
}

/// The call that a request is, if it is surely taken, and answered by one body: the library reads everything else.
fn plain(headers: &HeaderMap, body: &[u8]) -> Option<Plain> {
    // Weights and other parameters of what is accepted are not read here.
    let is_bare = |kinds: &HeaderValue| !kinds.as_bytes().iter().any(|byte| b";\"".contains(byte));
    if headers.contains_key(SESSION) || !headers.get_all(ACCEPT).iter().all(is_bare) {
        return None;
    }
    let JsonRpcMessage::Request(JsonRpcRequest { id, mut request, .. }) = message::call(body)? else { return None };
    let meta: RequestMetaObject = request.extensions_mut().remove().unwrap_or_default();
    let version = match headers.get(VERSION) {
        Some(stated) => ProtocolVersion::KNOWN_VERSIONS.iter().find(|known| stated == known.as_str())?.clone(),
        // As the protocol has it.
        None => ProtocolVersion::V_2025_03_26,
    };
    // Progress is told on a stream, as is a question of the handshake era.
    let is_plain = meta.get_progress_token().is_none()
        && match meta.protocol_version() {
            None => version.has_initialize() && meta.client_capabilities().is_none(),
            Some(stated) => {
                stated == version
                    && !version.has_initialize()
                    && meta.client_capabilities().is_some()
                    && is_named(headers, &request)
            }
        };
    is_plain.then_some(Plain { id, request, meta, version })
}

/// Whether the headers name what is called, letter by letter, as the stateless era has it.
fn is_named(headers: &HeaderMap, request: &ClientRequest) -> bool {
    let only = |name: HeaderName| {
        let mut stated = headers.get_all(name).iter();
        let first = stated.next()?;
        first.to_str().ok().filter(|_| stated.next().is_none())
    };
    let ClientRequest::CallToolRequest(call) = request else { return false };
    // A name may come in base64, too.
    let is_its_own = |name: &str| call.params.name == name && !name.starts_with("=?");
    only(METHOD) == Some("tools/call") && only(NAME).is_some_and(is_its_own)
}

/// What stands for the clients of each revision. Nothing reaches them: they get their answers, and no word before.
#[derive(Default)]
pub struct Direct(OnceLock<Vec<(ProtocolVersion, Peer<RoleServer>)>>);

impl Direct {
    /// The call that a request is, if it is plain.
    pub fn call(&self, headers: &HeaderMap, body: &[u8]) -> Option<(ClientRequest, RequestContext<RoleServer>)> {
        let Plain { id, request, meta, version } = plain(headers, body)?;
        let of_each = || ProtocolVersion::KNOWN_VERSIONS.iter().map(|known| (known.clone(), deaf(known))).collect();
        let (_, peer) = self.0.get_or_init(of_each).iter().find(|(known, _)| *known == version)?;
        let mut context = RequestContext::new(id, peer.clone());
        context.meta = meta;
        Some((request, context))
    }
}

/// A client of this revision whose connection is closed; it has said as much of itself as one without a session.
fn deaf(version: &ProtocolVersion) -> Peer<RoleServer> {
    struct Nobody;
    impl ServerHandler for Nobody {}
    let said = InitializeRequestParams::new(ClientCapabilities::default(), Implementation::default());
    let said = said.with_protocol_version(version.clone());
    let closed = (tokio::io::empty(), tokio::io::sink());
    serve_directly::<RoleServer, _, _, _, _>(Nobody, closed, Some(said)).peer().clone()
}

/// Answers a call, unless it is `cut`. Where its client leaves it is called off: a write that has begun is finished.
pub async fn answer(
    service: impl Service<RoleServer>,
    request: ClientRequest,
    context: RequestContext<RoleServer>,
    cut: impl Future<Output = ()>,
) -> Response<Body> {
    let called_off = Some(context.ct.clone().drop_guard());
    let id = context.id.clone();
    let call: BoxFuture<'static, ServerJsonRpcMessage> = Box::pin(async move {
        match service.handle_request(request, context).await {
            Ok(result) => ServerJsonRpcMessage::response(result, id),
            Err(error) => ServerJsonRpcMessage::error(error, Some(id)),
        }
    });
    let call = Finished { call: Some(call), called_off };
    tokio::select! {
        biased;
        message = call => json(&message),
        () = cut => failed(CUT.to_owned()),
    }
}

fn json(message: &ServerJsonRpcMessage) -> Response<Body> {
    match serde_json::to_vec(message) {
        Ok(body) => {
            let mut answer = Response::new(Full::from(body).boxed());
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            answer
        }
        Err(error) => failed(format!("Encounter an error when serialize json response: {error}")),
    }
}

fn failed(words: String) -> Response<Body> {
    let mut answer = Response::new(Full::from(words).boxed());
    *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    answer
}

/// A call that goes on by itself where nobody waits for it any more; what is dropped as `called_off` tells it so.
struct Finished<G> {
    call: Option<BoxFuture<'static, ServerJsonRpcMessage>>,
    called_off: Option<G>,
}

impl<G: Unpin> Future for Finished<G> {
    type Output = ServerJsonRpcMessage;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Out of its place meanwhile: what panics does not go on.
        let Some(mut call) = self.call.take() else { return Poll::Pending };
        let polled = call.as_mut().poll(cx);
        if polled.is_pending() {
            self.call = Some(call);
        }
        polled
    }
}

impl<G> Drop for Finished<G> {
    fn drop(&mut self) {
        // Before it goes on: whether a write's answer is kept for who asks again hangs on whether its client left.
        drop(self.called_off.take());
        if let (Some(call), Ok(runtime)) = (self.call.take(), Handle::try_current()) {
            runtime.spawn(call);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use futures_util::FutureExt;
    use rmcp::ErrorData;
    use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult};
    use serde_json::{Value, json};
    use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

    use super::*;

    fn is_plain(headers: &[(&'static str, &str)], params: &Value) -> bool {
        let mut map = HeaderMap::new();
        for &(name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let call = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params});
        plain(&map, call.to_string().as_bytes()).is_some()
    }

    fn stateless(name: &str) -> Value {
        json!({"name": name, "arguments": {}, "_meta": {REVISION: "2026-07-28", CAPABILITIES: {"elicitation": {}}}})
    }

    const REVISION: &str = "io.modelcontextprotocol/protocolVersion";
    const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
    const ACCEPTS: (&str, &str) = ("accept", "application/json, text/event-stream");
    const OLD: (&str, &str) = ("mcp-protocol-version", "2025-11-25");
    const NEW: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
    const CALLS: (&str, &str) = ("mcp-method", "tools/call");

    #[test]
    fn a_call_of_either_era_is_plain() {
        let call = json!({"name": "get", "arguments": {"name": "x"}, "_meta": {"traceparent": "00-0a-0b-01"}});
        assert!(is_plain(&[ACCEPTS], &call) && is_plain(&[ACCEPTS, OLD], &call));
        assert!(is_plain(&[ACCEPTS, NEW, CALLS, ("mcp-name", "get")], &stateless("get")));
    }

    #[test]
    fn what_may_be_refused_or_streamed_is_left_to_the_library() {
        let call = json!({"name": "get"});
        let with = |key: &str, value: Value| json!({"name": "get", "_meta": {key: value}});
        for (headers, params) in [
            (&[("accept", "application/json;q=0, text/event-stream")][..], &call),
            (&[ACCEPTS, ("mcp-session-id", "x")], &call),
            (&[ACCEPTS, NEW], &call),
            (&[ACCEPTS, ("mcp-protocol-version", "1999-01-01")], &call),
            (&[ACCEPTS], &with("progressToken", json!(1))),
            (&[ACCEPTS], &with(CAPABILITIES, json!({"elicitation": {}}))),
            (&[ACCEPTS, OLD], &stateless("get")),
            (&[ACCEPTS, CALLS, ("mcp-name", "get")], &stateless("get")),
            (&[ACCEPTS, NEW, CALLS], &stateless("get")),
            (&[ACCEPTS, NEW, CALLS, ("mcp-name", "list")], &stateless("get")),
            (&[ACCEPTS, NEW, CALLS, CALLS, ("mcp-name", "get")], &stateless("get")),
            (&[ACCEPTS, NEW, CALLS, ("mcp-name", "gét")], &stateless("gét")),
            (&[ACCEPTS, NEW, CALLS, ("mcp-name", "=?base64?Z2V0?=")], &stateless("=?base64?Z2V0?=")),
            (&[ACCEPTS, NEW, CALLS, ("mcp-name", "get")], &with(REVISION, json!("2026-07-28"))),
        ] {
            assert!(!is_plain(headers, params), "{headers:?} {params}");
        }
    }

    /// A tool that goes on until it is called off, and says so.
    struct Slow(UnboundedSender<()>);

    impl ServerHandler for Slow {
        async fn call_tool(
            &self,
            _: CallToolRequestParams,
            context: RequestContext<RoleServer>,
        ) -> Result<CallToolResponse, ErrorData> {
            context.ct.cancelled().await;
            self.0.send(()).unwrap();
            Ok(CallToolResult::success(Vec::new()).into())
        }
    }

    #[tokio::test]
    async fn a_call_that_is_cut_or_left_is_called_off_and_comes_to_its_end() {
        let (direct, (tell, mut told)) = (Direct::default(), unbounded_channel());
        let call = || {
            let body = br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"slow"}}"#;
            direct.call(&HeaderMap::new(), body).unwrap()
        };
        let (request, context) = call();
        let cut = answer(Slow(tell.clone()), request, context, std::future::ready(())).await;
        assert_eq!(cut.status(), StatusCode::INTERNAL_SERVER_ERROR);
        told.recv().await.unwrap();
        let (request, context) = call();
        let mut left = Box::pin(answer(Slow(tell), request, context, std::future::pending()));
        assert!(left.as_mut().now_or_never().is_none());
        drop(left);
        told.recv().await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_call_that_is_left_is_called_off_before_it_goes_on() {
        struct CalledOff(Arc<AtomicBool>);
        impl Drop for CalledOff {
            fn drop(&mut self) {
                std::thread::sleep(Duration::from_millis(50));
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let (is_off, (tell, mut told)) = (Arc::new(AtomicBool::new(false)), unbounded_channel());
        let seen = Arc::clone(&is_off);
        let call: BoxFuture<'static, ServerJsonRpcMessage> = Box::pin(async move {
            tell.send(seen.load(Ordering::SeqCst)).unwrap();
            ServerJsonRpcMessage::error(ErrorData::internal_error("left", None), None)
        });
        drop(Finished { call: Some(call), called_off: Some(CalledOff(is_off)) });
        assert_eq!(told.recv().await, Some(true));
    }
}
