//! A message as a client sent it, and what is said of one that cannot be read.

use rmcp::model::{ClientJsonRpcMessage, ErrorCode, ErrorData, RequestId};
use serde_json::{Value, json};

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
    match serde_json::from_slice(bytes) {
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
