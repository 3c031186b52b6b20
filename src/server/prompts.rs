//! Prompts on the wire.

use rmcp::ErrorData;
use rmcp::model::{
    CacheScope, GetPromptRequestParams, GetPromptResult, ListPromptsResult, PaginatedRequestParams,
    Prompt as WirePrompt, PromptArgument, PromptMessage, Role,
};
use serde_json::Value;

use super::LIST_TTL;
use super::malformed::first_page;
use crate::app::Connection;
use crate::prompts::{self, Given, Prompt};
use crate::shape::visible;

pub(super) fn list(
    connection: &Connection,
    asked: Option<PaginatedRequestParams>,
) -> Result<ListPromptsResult, ErrorData> {
    first_page(asked)?;
    let prompts = prompts::offered(connection).map(on_the_wire).collect();
    Ok(ListPromptsResult::with_all_items(prompts).with_ttl_ms(LIST_TTL).with_cache_scope(CacheScope::Private))
}

fn on_the_wire(prompt: &Prompt) -> WirePrompt {
    let argument = |argument: &prompts::Argument| {
        PromptArgument::new(argument.name).with_description(argument.about).with_required(argument.required)
    };
    let arguments: Vec<PromptArgument> = prompt.arguments.iter().map(argument).collect();
    let arguments = (!arguments.is_empty()).then_some(arguments);
    WirePrompt::new(prompt.name, Some(prompt.description), arguments).with_title(prompt.title)
}

pub(super) fn get(connection: &Connection, request: GetPromptRequestParams) -> Result<GetPromptResult, ErrorData> {
    let refused = |why: String| ErrorData::invalid_params(visible(&why).unwrap_or(why), None);
    let prompt = prompts::find(connection, &request.name).map_err(refused)?;
    let given: Given = request.arguments.into_iter().flatten().map(|(name, value)| (name, text(value))).collect();
    let (_, text) = prompts::render(connection, prompt, &given, connection.session().today()).map_err(refused)?;
    let message = PromptMessage::new_text(Role::User, text);
    Ok(GetPromptResult::new(vec![message]).with_description(prompt.description))
}

/// The protocol has texts only; some clients send what a user wrote as the number that it looks like.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
