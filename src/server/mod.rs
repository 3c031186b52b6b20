//! The MCP server: protocol in, protocol out, for both the handshake era and the stateless one. Knows no ERPNext.

mod call;
mod calls;
mod client_traits;
mod completions;
mod elicit;
mod elsewhere;
mod ended;
mod instructions;
mod listed;
mod malformed;
mod prompts;
mod questions;
mod repeats;
mod resources;
mod told;
mod traced;
mod turns;
mod views;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
    ContentBlock, CustomRequest, CustomResult, DiscoverResult, ErrorCode, GetPromptRequestParams, GetPromptResponse,
    Implementation, InitializeRequestParams, InitializeResult, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
    Resource, ResourceContents, ServerCapabilities, ServerConfig, SubscriptionFilter, Tool as WireTool,
    ToolAnnotations,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Map, Value};

use crate::answer::Given;
use crate::app::Connection;
use crate::config::Results;
use crate::limit::User;
use crate::metrics::SiteMetrics;
use crate::tool::Effect;
use crate::tool::definition::Definition;
use crate::tool::progress::{Attachment, CallObserver};
use crate::tools;

pub use client_traits::ClientTraits;
pub use ended::{EndedSessions, SESSION_LIFETIME};
pub use listed::List;
pub use questions::question_id;
pub use turns::Turns;

/// How long a client may take a list for fresh, in milliseconds: a list changes only with the configuration.
const LIST_TTL: u64 = 300_000;

/// Serves the tools of a [`Connection`].
#[derive(Clone, Debug)]
pub struct Server {
    connection: Arc<Connection>,
    list: List,
    turns: Turns,
    metrics: Option<SiteMetrics>,
    /// What the client said at the beginning of its session over HTTP, where it has one.
    in_session: Option<ClientTraits>,
}

impl Server {
    /// A server of its own.
    pub fn new(connection: Arc<Connection>) -> Self {
        Self::sharing(connection, List::default(), Turns::default())
    }

    /// One that shares its list with the servers of others who have the same tools, and its turns with all.
    pub fn sharing(connection: Arc<Connection>, list: List, turns: Turns) -> Self {
        Self { connection, list, turns, metrics: None, in_session: None }
    }

    /// The same, whose calls are counted.
    #[must_use]
    pub fn counted(self, metrics: SiteMetrics) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// The same for a client that said this at the beginning of its session over HTTP, where it has one.
    #[must_use]
    pub fn in_session(self, said: Option<ClientTraits>) -> Self {
        Self { in_session: said, ..self }
    }

    /// Who calls, as limits know them.
    fn user(&self) -> User {
        *self.connection.session().caller.identity().as_bytes()
    }

    /// Whose turn it is, and the end of it.
    pub fn turns(&self) -> &Turns {
        &self.turns
    }

    /// Calls off the call of this caller that is named in a body, if it is a message that does so.
    pub fn call_off(&self, body: &[u8]) {
        if let Some(id) = calls::called_off(body) {
            self.turns.calls.call_off(self.connection.session().caller, id);
        }
    }

    /// Takes a body that answers a question of this server, or of another one: whether somebody waits for it. None for any
    /// other body.
    pub async fn take_reply(&self, body: &[u8]) -> Option<bool> {
        let (session, reply) = (self.connection.session(), questions::reply(body)?);
        Some(self.turns.questions.take(session.caller, reply, session.shared).await)
    }

    /// Name and version of the client, as it says itself; else as its transport says.
    fn client_of(&self, context: &RequestContext<RoleServer>) -> Option<String> {
        let stated = self.connection.session().caller.client.clone();
        // Without a session, a client of the handshake era is known by its transport only.
        let said = context.meta.client_info().or_else(|| context.client_info().filter(|_| stated.is_none()));
        said.map(|client| format!("{} {}", client.name, client.version)).or(stated)
    }

    /// The data goes out once, where the client is known to read it.
    fn success(&self, given: Given) -> CallToolResult {
        let tools = self.connection.session().tools;
        let structured = tools.gives_values();
        let (data, text) = if structured { given.into_parts() } else { (Value::Null, given.text) };
        let content = if tools.results == Results::Structured { Vec::new() } else { vec![ContentBlock::text(text)] };
        let mut answer = CallToolResult::success(content);
        answer.structured_content = structured.then_some(data);
        answer
    }

    /// Does something that only reads: in its turn, and until the client calls it off.
    async fn read<T>(
        &self,
        context: &RequestContext<RoleServer>,
        work: impl Future<Output = T>,
    ) -> Result<T, ErrorData> {
        let _turn = self.turns.take(&self.user()).await;
        // What panics would never be answered.
        let work = AssertUnwindSafe(work).catch_unwind();
        tokio::select! {
            biased;
            // Before what gives it up: what has never run is not recorded.
            done = work => done.map_err(|_| {
                tracing::error!("panicked");
                ErrorData::new(ErrorCode::INTERNAL_ERROR, "the server failed on this request", None)
            }),
            () = context.ct.cancelled() => Err(cancelled()),
        }
    }
}

/// Whether a body asks for nothing: it answers a question, or calls a call off.
pub fn asks_nothing(body: &[u8]) -> bool {
    questions::reply(body).is_some() || calls::called_off(body).is_some()
}

/// What this server does under this policy, and nothing else.
fn capabilities(connection: &Connection) -> ServerCapabilities {
    let mut capabilities = ServerCapabilities::builder().enable_tools().build();
    capabilities.tools = capabilities.tools.map(|mut tools| {
        tools.list_changed = connection.session().list_changes.then_some(true);
        tools
    });
    let has_templates = crate::resources::templates(connection).next().is_some();
    let has_prompts = crate::prompts::offered(connection).next().is_some();
    capabilities.extensions = connection.session().tools.views.then(views::extensions);
    capabilities.resources = (has_templates || connection.session().tools.views).then(Default::default);
    capabilities.prompts = has_prompts.then(Default::default);
    capabilities.completions = (has_templates || has_prompts).then(Default::default);
    capabilities
}

/// What a request is answered that its client has called off.
fn cancelled() -> ErrorData {
    ErrorData::new(ErrorCode::INTERNAL_ERROR, "cancelled by the client", None)
}

fn content(beside: Attachment) -> ContentBlock {
    match beside {
        Attachment::Image { kind, base64 } => ContentBlock::image(base64, kind),
        Attachment::File { uri, kind, base64 } => {
            ContentBlock::resource(ResourceContents::blob(base64, uri).with_mime_type(kind))
        }
        Attachment::Link { uri, name, facts } => {
            let mut file = Resource::new(uri, name);
            (file.mime_type, file.size) = facts.map(|(kind, bytes)| (kind.to_owned(), bytes)).unzip();
            ContentBlock::resource_link(file)
        }
    }
}

fn on_the_wire(tool: Definition) -> WireTool {
    let mut wire = WireTool::new(tool.name, tool.description, Arc::new(tool.input_schema));
    wire.title = Some(tool.title).filter(|title| !title.is_empty());
    wire.output_schema = tool.output_schema.map(Arc::new);
    let hints = ToolAnnotations::new().read_only(tool.read_only).open_world(false);
    // The other hints mean something only for tools that write.
    wire.annotations = Some(match tool.read_only {
        true => hints,
        false => hints.destructive(tool.destructive).idempotent(tool.idempotent),
    });
    wire
}

impl ServerHandler for Server {
    /// Asked for at every request: the instructions are told to those who ask who this is.
    fn get_info(&self) -> ServerConfig {
        let mut implementation = Implementation::new("erpnext-mcp", env!("CARGO_PKG_VERSION"));
        implementation.title = Some("ERPNext".to_owned());
        let mut info = ServerConfig::new(self.capabilities());
        info.server_info = implementation;
        info
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        let mut told = self.negotiate_initialize(&request)?;
        told.instructions = Some(instructions::known_soon(&self.connection).await);
        Ok(told)
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let mut told = self.get_info();
        told.instructions = Some(instructions::known_soon(&self.connection).await);
        Ok(DiscoverResult::from_server_info(self.supported_protocol_versions().into_owned(), told))
    }

    async fn list_tools(
        &self,
        asked: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let list = async {
            malformed::first_page(asked)?;
            let mut tools = self.tools().to_vec();
            if views::are_shown(self, &context) {
                views::point(&self.connection, &mut tools);
            }
            // One page: several clients read only the first.
            let tools = ListToolsResult::with_all_items(tools);
            Ok(tools.with_ttl_ms(LIST_TTL).with_cache_scope(CacheScope::Private))
        };
        self.traced("tools/list", None, &context, |_| false, list).await
    }

    /// Clients of the handshake are told without asking.
    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        if self.connection.session().list_changes {
            let mut changes = self.changes();
            tokio::spawn(async move {
                while changes.next().await && context.peer.notify_tool_list_changed().await.is_ok() {}
            });
        }
    }

    fn accepted_subscription_filter(&self, _: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        self.connection.session().list_changes.then(|| SubscriptionFilter::builder().tools_list_changed().build())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.changes();
        loop {
            tokio::select! {
                () = context.cancelled() => return Ok(()),
                () = self.turns.stopped() => return Ok(()),
                more = changes.next() => if !more || context.sink().notify_tool_list_changed().await.is_err() {
                    return Ok(());
                }
            }
        }
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let meant = tools::find::named(self.connection.registry(), &request.name, request.arguments.as_ref());
        let tool = meant.map(|tool| ("gen_ai.tool.name", tool.name()));
        let failed = |answer: &CallToolResponse| matches!(answer, CallToolResponse::Complete(result) if result.is_error == Some(true));
        let writes = meant.is_some_and(|tool| tool.effect() != Effect::Reads);
        // On the heap: the protocol's library copies the future of each request, which has room for the largest.
        let called = Box::pin(self.called(request, &context, writes));
        self.traced("tools/call", tool, &context, failed, called).await
    }

    /// What is named like a request of the protocol and has not its parameters comes here too.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        if let Some(name) = malformed::tool(&request) {
            let client = self.client_of(&context);
            let watch = CallObserver::default();
            match (self.connection.registry().find(name), tools::known(name)) {
                (Some(tool), _) => Box::pin(self.connection.misread(tool, client, &watch)).await,
                (None, Some(refused)) => Box::pin(self.connection.refuse(refused, &Map::new(), client, &watch)).await,
                (None, None) => {}
            }
        }
        Err(malformed::refused(request, elicit::is_stateless(&context)))
    }

    async fn list_resources(
        &self,
        asked: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let mut listed = resources::list(&self.connection, asked)?;
        listed.resources.extend(views::are_shown(self, &context).then(views::list).into_iter().flatten());
        Ok(listed)
    }

    async fn list_resource_templates(
        &self,
        asked: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        resources::templates(&self.connection, asked)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let read = async {
            if request.uri.starts_with(crate::views::SCHEME) {
                return views::content(&self.connection, request.uri).map(ReadResourceResponse::from);
            }
            let (watch, client) = (CallObserver::default(), self.client_of(&context));
            let _waits = crate::resources::waits(&self.connection, &request.uri, client.clone(), &watch);
            let read = crate::resources::read(&self.connection, &request.uri, client, &watch);
            let read = self.read(&context, read).await?;
            resources::content(request.uri, read).map(ReadResourceResponse::from)
        };
        // Its address names a document.
        self.traced("resources/read", None, &context, |_| false, Box::pin(read)).await
    }

    async fn list_prompts(
        &self,
        asked: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        prompts::list(&self.connection, asked)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let prompt = crate::prompts::find(&self.connection, &request.name).ok();
        let prompt = prompt.map(|prompt| ("gen_ai.prompt.name", prompt.name));
        let got = async { prompts::get(&self.connection, request).map(GetPromptResponse::from) };
        self.traced("prompts/get", prompt, &context, |_| false, got).await
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let asked = completions::asked(&self.connection, &request)?;
        let complete = completions::complete(&self.connection, asked, &request, self.client_of(&context));
        self.read(&context, Box::pin(complete)).await
    }
}
