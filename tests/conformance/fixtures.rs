//! A handler that knows nothing but the fixtures that the suite asks for: `fixtures.json` says what they are.

use std::sync::LazyLock;
use std::time::Duration;

use erpnext_mcp::server::Server;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult, ContentBlock,
    GetPromptRequestParams, GetPromptResponse, GetPromptResult, InputRequiredResult, InputResponses, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ProgressNotificationParam, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, ServerCapabilities,
    ServerConfig, SubscribeRequestParams, SubscriptionFilter, UnsubscribeRequestParams,
};
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::sync::broadcast;

static FIXTURES: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(include_str!("fixtures.json")).unwrap());
/// The lists that change: `tools` or `prompts`.
static CHANGES: LazyLock<broadcast::Sender<String>> = LazyLock::new(|| broadcast::channel(16).0);

/// What stands in for the server of a caller.
pub fn fixtures(_: Server) -> Fixtures {
    Fixtures
}

/// The handler.
pub struct Fixtures;

/// The fixtures of a kind.
fn all(kind: &str) -> &'static Map<String, Value> {
    FIXTURES[kind].as_object().unwrap()
}

fn fixture(kind: &str, name: &str) -> Result<&'static Value, ErrorData> {
    all(kind).get(name).ok_or_else(|| ErrorData::invalid_params(format!("no {name} in {kind}"), None))
}

/// A value with `{name}` in its texts replaced.
fn filled(value: &Value, words: &Map<String, Value>) -> Value {
    match value {
        Value::String(text) => words
            .iter()
            .fold(text.clone(), |text, (name, word)| {
                text.replace(&format!("{{{name}}}"), word.as_str().unwrap_or_default())
            })
            .into(),
        Value::Array(items) => items.iter().map(|item| filled(item, words)).collect(),
        Value::Object(object) => object.iter().map(|(key, item)| (key.clone(), filled(item, words))).collect(),
        other => other.clone(),
    }
}

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// A result that is whole.
fn complete<T: DeserializeOwned>(mut result: Value) -> T {
    result["resultType"] = json!("complete");
    read(result)
}

/// What the client of a request says that it can, by name.
fn capabilities(context: &RequestContext<RoleServer>) -> Value {
    json!(context.client_capabilities().unwrap_or_default())
}

/// The input that a fixture still needs: its rounds are asked one after the other, and each again until it is answered.
fn needed(
    fixture: &Value,
    context: &RequestContext<RoleServer>,
    answers: Option<&InputResponses>,
    state: Option<&str>,
) -> Result<Option<InputRequiredResult>, ErrorData> {
    let rounds: Vec<Vec<String>> = read(fixture.get("rounds").cloned().unwrap_or_else(|| json!([])));
    let state_of = |round: usize| fixture["state"].as_str().map(|state| format!("{state} {round}"));
    let told = match state {
        None => 0,
        Some(state) => (0..rounds.len())
            .find(|round| state_of(*round).as_deref() == Some(state))
            .ok_or_else(|| ErrorData::invalid_params("the state is not one that was given", None))?,
    };
    let client = capabilities(context);
    let can = |key: &&String| {
        let method = FIXTURES["inputs"][key.as_str()]["method"].as_str().unwrap();
        client.get(method.split('/').next().unwrap()).is_some()
    };
    let asked = |round: usize| rounds.get(round).map(|keys| keys.iter().filter(can).collect::<Vec<_>>());
    let is_answered = |key: &&String| answers.and_then(|answers| answers.get(*key)).is_some_and(Value::is_object);
    let Some(keys) = asked(told) else { return Ok(None) };
    let round = if keys.iter().all(is_answered) { told + 1 } else { told };
    let Some(keys) = asked(round) else { return Ok(None) };
    let questions = keys.into_iter().map(|key| (key.clone(), read(FIXTURES["inputs"][key].clone())));
    Ok(Some(InputRequiredResult::new(Some(questions.collect()), state_of(round))))
}

impl ServerHandler for Fixtures {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_completions().enable_prompts().enable_resources();
        let capabilities = capabilities.enable_prompts_list_changed().enable_resources_subscribe();
        ServerConfig::new(capabilities.enable_tools().enable_tool_list_changed().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tool = |name| json!({"name": name, "description": "A fixture", "inputSchema": {"type": "object"}});
        Ok(ListToolsResult::with_all_items(all("tools").keys().map(|name| read(tool(name))).collect()))
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let tool = fixture("tools", &call.name)?;
        if let Some(needs) = tool.get("needs") {
            let client = capabilities(&context);
            if needs.as_object().unwrap().keys().any(|need| client.get(need).is_none()) {
                return Err(ErrorData::missing_required_client_capability(read(needs.clone())));
            }
        }
        if let Some(input) = needed(tool, &context, call.input_responses.as_ref(), call.request_state.as_deref())? {
            return Ok(input.into());
        }
        for progress in tool["progress"].as_array().into_iter().flatten() {
            if let Some(token) = context.meta.get_progress_token() {
                let told = ProgressNotificationParam::new(token, progress.as_f64().unwrap()).with_total(100.0);
                let _ = context.peer.notify_progress(told).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if let Some(list) = tool["changes"].as_str() {
            let _ = CHANGES.send(list.to_owned());
        }
        if let Some(question) = tool.get("elicits") {
            let answer = context.peer.create_elicitation(read(question.clone())).await;
            return Ok(match answer {
                Ok(answer) => CallToolResult::success(vec![ContentBlock::text(json!(answer).to_string())]),
                Err(error) => CallToolResult::error(vec![ContentBlock::text(error.to_string())]),
            }
            .into());
        }
        // What one of the scenarios looks for.
        let done = || json!({"content": [{"type": "text", "text": "state-ok"}]});
        let result = tool.get("result").cloned().unwrap_or_else(done);
        Ok(complete::<CallToolResult>(filled(&result, all("words"))).into())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let argument = |name: &Value| json!({"name": name, "required": true});
        let prompt = |(name, prompt): (&String, &Value)| {
            let arguments: Vec<_> = prompt["arguments"].as_array().into_iter().flatten().map(argument).collect();
            read(json!({"name": name, "description": "A fixture", "arguments": arguments}))
        };
        Ok(ListPromptsResult::with_all_items(all("prompts").iter().map(prompt).collect()))
    }

    async fn get_prompt(
        &self,
        call: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let prompt = fixture("prompts", &call.name)?;
        if let Some(input) = needed(prompt, &context, call.input_responses.as_ref(), call.request_state.as_deref())? {
            return Ok(GetPromptResponse::InputRequired(input));
        }
        let mut words = all("words").clone();
        words.extend(call.arguments.unwrap_or_default());
        let messages = json!({"messages": filled(&prompt["messages"], &words)});
        Ok(complete::<GetPromptResult>(messages).into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let resource = |(uri, resource): (&String, &Value)| {
            read(json!({"uri": uri, "name": uri, "description": "A fixture", "mimeType": resource["mimeType"]}))
        };
        Ok(ListResourcesResult::with_all_items(all("resources").iter().map(resource).collect()))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let template = &FIXTURES["template"];
        let template = json!({"uriTemplate": template["uri"], "name": "template", "mimeType": template["mimeType"]});
        Ok(ListResourceTemplatesResult::with_all_items(vec![read(template)]))
    }

    async fn read_resource(
        &self,
        call: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let unknown = || ErrorData::invalid_params("no such resource", Some(json!({"uri": call.uri})));
        let mut words = all("words").clone();
        let template = &FIXTURES["template"];
        let resource = all("resources").get(&call.uri).or_else(|| {
            let (before, after) = template["uri"].as_str().unwrap().split_once("{id}").unwrap();
            let id = call.uri.strip_prefix(before)?.strip_suffix(after)?;
            words.insert("id".to_owned(), json!(id));
            Some(template)
        });
        let mut contents = filled(resource.ok_or_else(unknown)?, &words);
        contents["uri"] = json!(call.uri);
        Ok(ReadResourceResult::new(vec![read(contents)]).into())
    }

    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Ok(complete(json!({"completion": {"values": ["paris", "park", "party"], "total": 3, "hasMore": false}})))
    }

    #[allow(deprecated, reason = "clients of the handshake era call it")]
    async fn subscribe(&self, _: SubscribeRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        Ok(())
    }

    #[allow(deprecated, reason = "clients of the handshake era call it")]
    async fn unsubscribe(&self, _: UnsubscribeRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        Ok(())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = CHANGES.subscribe();
        loop {
            tokio::select! {
                () = context.cancelled() => return Ok(()),
                Ok(list) = changes.recv() => {
                    // An error where the client did not ask for it.
                    let _ = match list.as_str() {
                        "tools" => context.sink().notify_tool_list_changed().await,
                        _ => context.sink().notify_prompt_list_changed().await,
                    };
                }
            }
        }
    }
}
