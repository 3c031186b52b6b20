//! A client with a person behind it, who is asked about writes and answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use erpnext_mcp::app::Connection;
use erpnext_mcp::server::Server;
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationCapability, ErrorCode, Implementation,
};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RequestContext, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::{ClientHandler, ErrorData, RoleClient, RoleServer, ServiceExt};
use serde_json::{Value, json};

/// How a person answers, whatever they are asked.
#[derive(Clone, Debug)]
pub enum Answers {
    /// This way, with this content.
    Says(ElicitationAction, Option<Value>),
    /// The client has no screen.
    Fails,
    /// Yes, after so long.
    Thinks(Duration),
}

impl Answers {
    pub fn yes() -> Self {
        Self::Says(ElicitationAction::Accept, Some(json!({"confirm": true})))
    }

    pub fn no() -> Self {
        Self::Says(ElicitationAction::Decline, None)
    }
}

/// What happens while a person thinks for the so-manyth time.
type Meanwhile = Arc<dyn Fn(usize) + Send + Sync>;

/// The person.
#[derive(Clone)]
pub struct Person {
    answers: Answers,
    meanwhile: Meanwhile,
    asked: Arc<Mutex<Vec<String>>>,
}

/// A client that is connected to a server of its own.
pub struct Client(RunningService<RoleClient, Person>);

impl Person {
    pub fn who(answers: Answers) -> Self {
        Self { answers, meanwhile: Arc::new(|_| ()), asked: Arc::default() }
    }

    #[must_use]
    pub fn while_thinking(self, meanwhile: impl Fn(usize) + Send + Sync + 'static) -> Self {
        Self { meanwhile: Arc::new(meanwhile), ..self }
    }

    pub async fn connected(self, app: Connection) -> Client {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let server = Server::new(Arc::new(app));
        tokio::spawn(async move { ServiceExt::<RoleServer>::serve(server, theirs).await.unwrap().waiting().await });
        Client(self.serve(ours).await.unwrap())
    }

    pub async fn over_http(self, url: String) -> Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let transport = StreamableHttpClientTransport::from_uri(url);
        Client(self.serve_with_lifecycle(transport, ClientLifecycleMode::Initialize).await.unwrap())
    }
}

impl Client {
    /// What the person was asked, in order.
    pub fn asked(&self) -> Vec<String> {
        self.0.service().asked.lock().unwrap().clone()
    }

    /// Calls a tool.
    pub async fn call(&self, tool: &'static str, arguments: Value) -> Value {
        serde_json::to_value(self.0.call_tool(call_of(tool, arguments)).await.unwrap()).unwrap()
    }

    /// Calls a tool, and calls the call off when the person was asked.
    pub async fn call_off(&self, tool: &'static str, arguments: Value) {
        use rmcp::model::{ClientRequest, Request};
        let request = ClientRequest::CallToolRequest(Request::new(call_of(tool, arguments)));
        let handle = self.0.send_cancellable_request(request, Default::default()).await.unwrap();
        while self.asked().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        handle.cancel(None).await.unwrap();
    }
}

fn call_of(tool: &'static str, arguments: Value) -> CallToolRequestParams {
    CallToolRequestParams::new(tool).with_arguments(arguments.as_object().unwrap().clone())
}

impl ClientHandler for Person {
    fn get_info(&self) -> ClientConfig {
        let mut capabilities = ClientCapabilities::default();
        capabilities.elicitation = Some(ElicitationCapability::default());
        ClientConfig::new(capabilities, Implementation::new("person", "1"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams { message, .. } = request else { panic!("no form") };
        let times = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(message);
            asked.len()
        };
        (self.meanwhile)(times);
        match self.answers.clone() {
            Answers::Says(action, content) => {
                let answer = ElicitResult::new(action);
                Ok(match content {
                    Some(content) => answer.with_content(content),
                    None => answer,
                })
            }
            Answers::Fails => Err(ErrorData::new(ErrorCode::INTERNAL_ERROR, "no screen", None)),
            Answers::Thinks(time) => {
                tokio::time::sleep(time).await;
                Ok(ElicitResult::new(ElicitationAction::Accept).with_content(json!({"confirm": true})))
            }
        }
    }
}
