//! Resources: what a client can read under an address. Reading one is calling the tool that gives the same, so that
//! policy, limits and audit hold as they do there.

pub mod address;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::app::{Connection, Waits};
use crate::completion::Values;
use crate::error::ToolError;
use crate::limit::aside;
use crate::policy::Operation;
use crate::shape::visible;
use crate::site::SiteErrorKind;
use crate::tool::progress::CallObserver;
use crate::tools;

/// The most schemas that the list names; the others are found by completion.
const MOST_LISTED: usize = 100;
/// How long a client may take a schema for fresh, in milliseconds.
const SCHEMA_TTL: u64 = 60_000;
/// The tool that gives one, and the one that gives a document.
const SCHEMA_TOOL: &str = "get_doctype_schema";
const DOCUMENT_TOOL: &str = "get_generic_document";

/// A kind of resource.
#[derive(Debug)]
pub struct Template {
    /// RFC 6570.
    pub uri: &'static str,
    /// For programs.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// For the model.
    pub description: &'static str,
    /// What the variables of the address can be.
    pub variables: &'static [(&'static str, Values)],
    offered: fn(&Connection) -> bool,
}

/// Every kind, in the order of the list.
const TEMPLATES: [Template; 3] = [
    Template {
        uri: "erpnext://schema/{doctype}{?fields}",
        name: "schema",
        title: "Fields of a DocType",
        description: "The fields of a DocType and its child tables, as get_doctype_schema gives them.",
        variables: &[("doctype", Values::Doctypes), ("fields", Values::Fields)],
        offered: |connection| {
            let policy = connection.session().policy;
            has(connection, SCHEMA_TOOL) && Operation::ALL.iter().any(|one| policy.permits_somewhere(*one))
        },
    },
    Template {
        uri: "erpnext://{doctype}/{name}{?fields}",
        name: "document",
        title: "Document",
        description: "One document with its child rows, as the get tools give it.",
        variables: &[("doctype", Values::Readable), ("name", Values::Documents), ("fields", Values::Fields)],
        offered: |connection| has(connection, DOCUMENT_TOOL),
    },
    Template {
        uri: "erpnext://report/{name}{?company}",
        name: "report",
        title: "Report",
        description: "The first rows of a report, as run_report gives them. Its other filters are given like company.",
        variables: &[("name", Values::Reports), ("company", Values::DocumentsOf("Company"))],
        offered: |connection| has(connection, "run_report"),
    },
];

/// One resource of the list.
#[derive(Debug)]
pub struct Listed {
    /// Its address.
    pub uri: String,
    /// For programs and people.
    pub name: String,
}

/// What is in a resource.
#[derive(Debug)]
pub enum Body {
    /// JSON.
    Json(String),
    /// A file.
    File {
        /// Its MIME type.
        kind: &'static str,
        /// Its bytes.
        base64: String,
    },
}

/// What reading gave.
#[derive(Debug)]
pub struct Content {
    /// What is in it.
    pub body: Body,
    /// How long a client may take it for fresh, in milliseconds.
    pub ttl_ms: u64,
}

/// Why reading gave nothing; each with what to do next.
#[derive(Debug)]
pub enum Unread {
    /// It is no address.
    Address(String),
    /// There is nothing under it, or nothing for this caller.
    Missing(String),
    /// Something stood in the way.
    Failed(String),
}

/// The kinds of resources that the policy leaves something of.
pub fn templates(connection: &Connection) -> impl Iterator<Item = &'static Template> {
    TEMPLATES.iter().filter(|template| (template.offered)(connection))
}

/// The kind with this template, which may be given without what follows the name.
pub fn template(connection: &Connection, uri: &str) -> Option<&'static Template> {
    templates(connection).find(|template| template.uri == uri || template.uri.split("{?").next() == Some(uri))
}

/// The schemas of the configured DocTypes: a function of the configuration only.
pub fn list(connection: &Connection) -> Vec<Listed> {
    let policy = connection.session().policy;
    let permitted = policy.doctypes().filter(|(name, _)| !policy.operations(name).is_empty());
    let listed = permitted
        .filter(|_| has(connection, SCHEMA_TOOL))
        .map(|(name, _)| Listed { uri: address::of_schema(name), name: format!("Fields of {name}") })
        .take(MOST_LISTED);
    listed.collect()
}

/// Whether the tool may be called that gives what is read.
fn has(connection: &Connection, tool: &str) -> bool {
    connection.registry().find(tool).is_some()
}

/// The reading of a resource as a call that has not begun; none of what is no address.
pub fn waits<'a>(
    connection: &'a Connection,
    uri: &str,
    client: Option<String>,
    observer: &'a CallObserver,
) -> Option<Waits<'a>> {
    let reading = address::parse(uri).ok()?;
    let tool = tools::known(reading.tool)?;
    Some(connection.waits(tool, &reading.arguments, || client, observer))
}

/// Reads a resource.
///
/// # Errors
/// See [`Unread`].
pub async fn read(
    connection: &Connection,
    uri: &str,
    client: Option<String>,
    observer: &CallObserver,
) -> Result<Content, Unread> {
    let reading = match address::parse(uri) {
        Ok(reading) => reading,
        Err(why) => {
            if let Some(tool) = tools::known(DOCUMENT_TOOL) {
                connection.misread(tool, client, observer).await;
            }
            return Err(Unread::Address(why));
        }
    };
    let (is_export, registry) = (address::EXPORTERS.contains(&reading.tool), connection.registry());
    let found = if is_export {
        // An address does not tell which of them made the file.
        address::EXPORTERS.iter().find_map(|name| registry.find(name))
    } else {
        registry.find(reading.tool)
    };
    let Some(tool) = found else {
        if let Some(refused) = tools::known(reading.tool) {
            connection.refuse(refused, &reading.arguments, client, observer).await;
        }
        let message = format!("{uri:?}: nothing of this kind can be read under this server's configuration");
        return Err(Unread::Missing(message));
    };
    if is_export {
        let file = connection.read_back(tool, reading.arguments, client, observer).await;
        let file = file.map_err(|error| unread(&error))?;
        let base64 = aside(file.bytes.len(), move || BASE64_STANDARD.encode(file.bytes)).await;
        return Ok(Content { body: Body::File { kind: file.kind, base64 }, ttl_ms: 0 });
    }
    let ttl_ms = if reading.tool == SCHEMA_TOOL { SCHEMA_TTL } else { 0 };
    match connection.observed_call(tool, reading.arguments, client, observer).await {
        Ok((_, text)) => Ok(Content { body: Body::Json(text), ttl_ms }),
        Err(error) => Err(unread(&error)),
    }
}

fn unread(error: &ToolError) -> Unread {
    let message = error.for_model();
    let message = visible(&message).unwrap_or(message);
    match error {
        ToolError::Arguments { .. } => Unread::Address(message),
        ToolError::Denied(_) | ToolError::Refused { .. } => Unread::Missing(message),
        ToolError::Site(site) => match site.kind() {
            // What is hidden is told as what is missing.
            SiteErrorKind::Missing | SiteErrorKind::OutOfSight | SiteErrorKind::Denied => Unread::Missing(message),
            SiteErrorKind::BadName => Unread::Address(message),
            _ => Unread::Failed(message),
        },
        _ => Unread::Failed(message),
    }
}
