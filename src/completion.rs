//! Completion: what the arguments of prompts and the variables of addresses can be. Each completion is the answer of a
//! tool, from which names are picked; so nothing is proposed that could not be read.

use serde_json::{Map, Value, json};

use crate::app::Connection;
use crate::policy::Operation;
use crate::tool::arguments::MOST_OF_A_TEXT;

/// The most that the protocol takes in one answer.
pub const MOST: usize = 100;

/// What there is to choose from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Values {
    /// DocTypes with which anything may be done.
    Doctypes,
    /// DocTypes that may be read.
    Readable,
    /// Documents of the DocType that was chosen before.
    Documents,
    /// Documents of this DocType.
    DocumentsOf(&'static str),
    /// Fields of the DocType that was chosen before, several with commas between them.
    Fields,
    /// Reports that may be run.
    Reports,
    /// Whatever the user writes.
    Anything,
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Found {
    /// The first of them: what begins with the text before what holds it.
    pub values: Vec<String>,
    /// Whether there are more.
    pub more: bool,
}

/// What the text may become; `doctype` is what was chosen before. Nothing where something stands in the way: a user who
/// writes is not to be stopped.
pub async fn complete(
    connection: &Connection,
    values: Values,
    text: &str,
    doctype: Option<&str>,
    client: Option<String>,
) -> Found {
    // No tool takes more, and each of several fields is given with what stands before it.
    if text.len() > MOST_OF_A_TEXT {
        return Found::default();
    }
    let doctype = doctype.unwrap_or_default();
    match values {
        Values::Doctypes => sorted(doctypes(connection, text, client, None).await, text),
        Values::Readable => sorted(doctypes(connection, text, client, Some(Operation::Read)).await, text),
        Values::Documents => sorted(documents(connection, doctype, text, client).await, text),
        Values::DocumentsOf(doctype) => sorted(documents(connection, doctype, text, client).await, text),
        Values::Reports => sorted(reports(connection, text, client).await, text),
        Values::Fields => {
            let (before, last) = text.rfind(',').map_or(("", text), |comma| text.split_at(comma + 1));
            let mut fields = fields(connection, doctype, client).await;
            let chosen: Vec<&str> = before.split(',').collect();
            fields.retain(|field| field.contains(last) && !chosen.contains(&field.as_str()));
            let mut found = sorted(fields, last);
            found.values.iter_mut().for_each(|field| field.insert_str(0, before));
            found
        }
        Values::Anything => Found::default(),
    }
}

fn sorted(mut names: Vec<String>, text: &str) -> Found {
    let text = text.to_lowercase();
    names.sort_by_key(|name| !name.to_lowercase().starts_with(&text));
    let more = names.len() > MOST;
    names.truncate(MOST);
    Found { values: names, more }
}

/// A tool's answer; nothing where it gives none.
async fn answer(connection: &Connection, tool: &str, arguments: Value, client: Option<String>) -> Map<String, Value> {
    let (Some(tool), Value::Object(arguments)) = (connection.registry().find(tool), arguments) else {
        return Map::new();
    };
    match connection.call(tool, arguments, client).await {
        Ok((Value::Object(answer), _)) => answer,
        Ok(_) => Map::new(),
        Err(why) => {
            tracing::info!("completion: {}", why.for_log());
            Map::new()
        }
    }
}

/// The entries under a key of a tool's answer.
async fn asked(
    connection: &Connection,
    tool: &str,
    arguments: Value,
    key: &str,
    client: Option<String>,
) -> Vec<Map<String, Value>> {
    let Some(Value::Array(entries)) = answer(connection, tool, arguments, client).await.remove(key) else {
        return Vec::new();
    };
    entries.into_iter().filter_map(|entry| if let Value::Object(entry) = entry { Some(entry) } else { None }).collect()
}

fn texts(entries: Vec<Map<String, Value>>, key: &str) -> Vec<String> {
    entries.iter().filter_map(|entry| entry.get(key)?.as_str().map(str::to_owned)).collect()
}

async fn doctypes(connection: &Connection, text: &str, client: Option<String>, only: Option<Operation>) -> Vec<String> {
    let mut entries = asked(connection, "list_doctypes", json!({ "search": text }), "doctypes", client).await;
    if let Some(operation) = only {
        let permits = |entry: &Map<String, Value>| {
            let operations = entry.get("operations").and_then(Value::as_array);
            operations.is_some_and(|operations| operations.iter().any(|known| known == operation.as_str()))
        };
        entries.retain(permits);
    }
    texts(entries, "name")
}

/// As the search tool finds them; the newest where nothing is written yet.
async fn documents(connection: &Connection, doctype: &str, text: &str, client: Option<String>) -> Vec<String> {
    let known = connection.session().catalog.known(doctype);
    if known.is_some_and(|def| def.is(erpnext_schema::doctype_flag::SINGLE)) {
        let readable = connection.session().policy.permits(Operation::Read, doctype);
        return if readable { vec![doctype.to_owned()] } else { Vec::new() };
    }
    let limit = MOST + 1;
    let (tool, arguments) = match text.trim() {
        "" => ("list_generic_documents", json!({"doctype": doctype, "fields": ["name"], "limit": limit})),
        text => ("search_generic_documents", json!({"doctype": doctype, "search_term": text, "limit": limit})),
    };
    let answer = answer(connection, tool, arguments, client).await;
    let list = |key: &str| answer.get(key).and_then(Value::as_array).into_iter().flatten();
    let Some(at) = list("columns").position(|column| column == "name") else { return Vec::new() };
    list("rows").filter_map(|row| row.get(at)?.as_str().map(str::to_owned)).collect()
}

async fn reports(connection: &Connection, text: &str, client: Option<String>) -> Vec<String> {
    texts(asked(connection, "list_reports", json!({ "search": text }), "reports", client).await, "name")
}

async fn fields(connection: &Connection, doctype: &str, client: Option<String>) -> Vec<String> {
    texts(asked(connection, "get_doctype_schema", json!({ "doctype": doctype }), "fields", client).await, "field")
}
