//! The answer to a request that cannot be one: of an unknown method, or with parameters that the method does not take.

use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequestParams, CompleteRequestParams, CustomRequest, ErrorCode, GetPromptRequestParams,
    InitializeRequestParams, PaginatedRequestParams, ReadResourceRequestParams,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The error for a request that is read as no request of the protocol, in the stateless era or that of the handshake.
pub fn refused(request: CustomRequest, is_stateless: bool) -> ErrorData {
    let params = request.params.unwrap_or_default();
    let why = match request.method.as_str() {
        "initialize" if !is_stateless => wrong::<InitializeRequestParams>(params),
        "tools/call" => wrong::<CallToolRequestParams>(params),
        "tools/list" | "prompts/list" | "resources/list" | "resources/templates/list" => {
            wrong::<PaginatedRequestParams>(params)
        }
        "prompts/get" => wrong::<GetPromptRequestParams>(params),
        "resources/read" => wrong::<ReadResourceRequestParams>(params),
        "completion/complete" => wrong::<CompleteRequestParams>(params),
        "ping" if !is_stateless => String::new(),
        "server/discover" | "subscriptions/listen" => String::new(),
        _ => return ErrorData::new(ErrorCode::METHOD_NOT_FOUND, request.method, None),
    };
    let words = format!("the parameters of {} cannot be read{why}", request.method);
    ErrorData::new(ErrorCode::INVALID_PARAMS, words, None)
}

/// The tool that such a request would call.
pub fn tool(request: &CustomRequest) -> Option<&str> {
    let params = request.params.as_ref().filter(|_| request.method == "tools/call")?;
    params.get("name")?.as_str()
}

/// That the one page there is was asked for.
///
/// # Errors
/// A cursor, which this server gives none of.
pub fn first_page(asked: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    match asked.and_then(|asked| asked.cursor) {
        None => Ok(()),
        Some(_) => Err(ErrorData::new(ErrorCode::INVALID_PARAMS, "no such cursor: the list has one page", None)),
    }
}

/// Why these are no such parameters; empty where they are, and something beside them is not.
fn wrong<P: DeserializeOwned>(params: Value) -> String {
    serde_json::from_value::<P>(params).err().map_or_else(String::new, |why| format!(": {why}"))
}
