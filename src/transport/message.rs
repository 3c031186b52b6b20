//! A message as a client sent it, and what is said of one that cannot be read.

use rmcp::model::{
    CallToolRequest, CallToolRequestMethod, CallToolRequestParams, ClientJsonRpcMessage, ClientRequest, ErrorCode,
    ErrorData, JsonRpcMessage, JsonRpcRequest, JsonRpcVersion2_0, RequestId, RequestMetaObject,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::skim::Skim;
use crate::config::names_twice;
use crate::limit::memory;

/// Why a message is not taken, and the id of its request as it stands there.
#[derive(Debug)]
pub struct Refused(pub ErrorCode, pub String, pub Option<String>);

impl Refused {
    /// The answer on the wire, to exactly that id.
    pub fn answer(&self) -> String {
        let Self(code, words, id) = self;
        let error = json!(ErrorData::new(*code, words.clone(), None));
        format!(r#"{{"jsonrpc":"2.0","id":{},"error":{error}}}"#, id.as_deref().unwrap_or("null"))
    }
}

/// The message that these bytes are, or what is to be said of them; neither, where nothing is to be done.
pub fn read(bytes: &[u8]) -> Result<Option<ClientJsonRpcMessage>, Refused> {
    let bytes = bytes.trim_ascii();
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.is_empty() {
        return Ok(None);
    }
    weigh(bytes)?;
    match call(bytes).map_or_else(|| serde_json::from_slice(bytes), Ok) {
        Ok(message) => names_once(bytes).map(|()| Some(message)),
        Err(why) if !why.is_data() => {
            let words = format!("the message is no JSON that can be read: {why}");
            Err(Refused(ErrorCode::PARSE_ERROR, words, id(bytes)))
        }
        Err(why) => {
            let sent: Value = serde_json::from_slice(bytes).unwrap_or_default();
            // Nobody waits for an answer to a notification, or to an answer.
            if sent.is_object() && !asks(&sent) {
                tracing::debug!("a message that is no request cannot be read: {why}");
                return Ok(None);
            }
            let id = id(bytes);
            let (code, words) = if id.as_ref().is_some_and(|id| serde_json::from_str::<RequestId>(id).is_err()) {
                (ErrorCode::INVALID_REQUEST, "the id of a request is a text, or a whole number of 64 bits".to_owned())
            } else if sent["method"].is_string() && sent.get("params").is_some_and(|params| !params.is_object()) {
                (ErrorCode::INVALID_PARAMS, "the parameters of a request are an object".to_owned())
            } else {
                (ErrorCode::INVALID_REQUEST, format!("the message is no request of JSON-RPC 2.0: {why}"))
            };
            Err(Refused(code, words, id))
        }
    }
}

/// The call of a tool, as most messages are one: the library tries to read every other request before. None of what it has to
/// look at.
pub fn call(bytes: &[u8]) -> Option<ClientJsonRpcMessage> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Call {
        jsonrpc: JsonRpcVersion2_0,
        id: RequestId,
        method: CallToolRequestMethod,
        params: Map<String, Value>,
    }
    // A list could be read as the values of the fields.
    let read = || serde_json::from_slice::<Call>(bytes).ok();
    let Call { jsonrpc, id, method, mut params } = bytes.starts_with(b"{").then(read)??;
    let Some(Value::String(name)) = params.remove("name") else { return None };
    let mut object = |key: &str| match params.remove(key) {
        None => Some(None),
        Some(Value::Object(object)) => Some(Some(object)),
        Some(_) => None,
    };
    let (arguments, meta) = (object("arguments")?, object("_meta")?);
    let mut called = CallToolRequestParams::new(name);
    called.arguments = arguments;
    let mut request = CallToolRequest::new(called);
    request.method = method;
    if let Some(meta) = meta {
        request.extensions.insert(RequestMetaObject::from(meta));
    }
    let request = ClientRequest::CallToolRequest(request);
    params.is_empty().then_some(JsonRpcMessage::Request(JsonRpcRequest { jsonrpc, id, request }))
}

/// Refuses what would take too much memory when it is read.
pub fn weigh(bytes: &[u8]) -> Result<(), Refused> {
    if memory::weight(bytes, memory::MOST) <= memory::MOST {
        return Ok(());
    }
    let words = "the message holds too many values; it was not read".to_owned();
    Err(Refused(ErrorCode::INVALID_REQUEST, words, id(bytes)))
}

/// Refuses what names a key twice in one object: which of the two is meant, nobody knows.
pub fn names_once(bytes: &[u8]) -> Result<(), Refused> {
    let Some(place) = names_twice(bytes) else { return Ok(()) };
    let words = format!("{place} is named twice in one object, and only one can be meant; nothing was done");
    Err(Refused(ErrorCode::INVALID_PARAMS, words, id(bytes)))
}

fn id(bytes: &[u8]) -> Option<String> {
    let mut skim = Skim::default();
    skim.add(bytes);
    skim.id()
}

/// Whether somebody waits for an answer to this: it has an id, or is neither a notification nor an answer.
fn asks(sent: &Value) -> bool {
    let has = |key| sent.get(key).is_some();
    if has("method") { has("id") } else { !has("result") && !has("error") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn as_library(line: &str) -> ClientJsonRpcMessage {
        serde_json::from_str(line).unwrap()
    }

    #[test]
    fn a_call_is_read_as_the_library_reads_it() {
        for (id, params) in [
            ("7", r#"{"name": "get"}"#),
            (r#""a""#, r#"{"arguments": {}, "name": "g\u00e9t"}"#),
            (
                "-1",
                r#"{"_meta": {"progressToken": 3, "x": null}, "name": "get", "arguments": {"b": [1.50, -0, 1e3], "a": {}}}"#,
            ),
        ] {
            let line = format!(r#"{{"method": "tools/call", "id": {id}, "params": {params}, "jsonrpc": "2.0"}}"#);
            let (own, other) = (call(line.as_bytes()).unwrap(), as_library(&line));
            assert_eq!(json!(own).to_string(), json!(other).to_string());
            assert_eq!(format!("{own:?}"), format!("{other:?}"));
        }
    }

    #[test]
    fn what_is_no_plain_call_is_left_to_the_library() {
        for line in [
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"name":"get"}}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"get"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get"},"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"tools/call","params":{"name":"get"}}"#,
            r#"{"jsonrpc":"1.0","id":1,"method":"tools/call","params":{"name":"get"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get","arguments":null}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get","requestState":"x"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}"#,
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/call","params":{"name":"get"}}"#,
            r#"["2.0",1,"tools/call",{"name":"get"}]"#,
        ] {
            assert!(call(line.as_bytes()).is_none(), "{line}");
        }
    }
}
