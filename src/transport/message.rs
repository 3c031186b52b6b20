//! A message as a client sent it, and what is said of one that cannot be read.

use rmcp::model::{ClientJsonRpcMessage, ErrorCode, RequestId};
use serde_json::Value;

use super::skim::Skim;
use crate::limit::memory;

/// Why a message is not taken, and the id of its request.
#[derive(Debug)]
pub struct Refused(pub ErrorCode, pub String, pub Option<RequestId>);

/// The message that these bytes are, or what is to be said of them; neither, where nothing is to be done.
pub fn read(bytes: &[u8]) -> Result<Option<ClientJsonRpcMessage>, Refused> {
    let bytes = bytes.trim_ascii();
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.is_empty() {
        return Ok(None);
    }
    weigh(bytes)?;
    match serde_json::from_slice(bytes) {
        Ok(message) => Ok(Some(message)),
        Err(why) if !why.is_data() => {
            let words = format!("the message is no JSON that can be read: {why}");
            Err(Refused(ErrorCode::PARSE_ERROR, words, id(bytes)))
        }
        // Nobody waits for an answer to a notification, or to an answer.
        Err(why) if serde_json::from_slice(bytes).is_ok_and(|sent: Value| !asks(&sent)) => {
            tracing::debug!("a message that is no request cannot be read: {why}");
            Ok(None)
        }
        Err(why) => {
            let words = format!("the message is no request of JSON-RPC 2.0: {why}");
            Err(Refused(ErrorCode::INVALID_REQUEST, words, id(bytes)))
        }
    }
}

/// Refuses what would take too much memory when it is read.
pub fn weigh(bytes: &[u8]) -> Result<(), Refused> {
    if memory::weight(bytes) <= memory::MOST {
        return Ok(());
    }
    let words = "the message holds too many values; it was not read".to_owned();
    Err(Refused(ErrorCode::INVALID_REQUEST, words, id(bytes)))
}

fn id(bytes: &[u8]) -> Option<RequestId> {
    let mut skim = Skim::default();
    skim.add(bytes);
    skim.id()
}

/// Whether somebody waits for an answer to this: it has an id, or is neither a notification nor an answer.
fn asks(sent: &Value) -> bool {
    let has = |key| sent.get(key).is_some();
    if has("method") { has("id") } else { !has("result") && !has("error") }
}
