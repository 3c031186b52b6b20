//! MCP Apps on the wire (`io.modelcontextprotocol/ui`, 2026-01-26): tools point to the views that show their results,
//! for clients that say that they render such pages.

use rmcp::model::{
    CacheScope, ExtensionCapabilities, JsonObject, MetaObject, ReadResourceResult, Resource, ResourceContents,
    Tool as WireTool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};

use super::LIST_TTL;
use crate::app::Connection;
use crate::views::{self, MIME_TYPE, View};

const EXTENSION: &str = "io.modelcontextprotocol/ui";

/// That the server has views.
pub(super) fn extensions() -> ExtensionCapabilities {
    ExtensionCapabilities::from([(EXTENSION.to_owned(), JsonObject::new())])
}

/// Whether this client renders the views, and is to have them.
pub(super) fn are_shown(connection: &Connection, context: &RequestContext<RoleServer>) -> bool {
    let takes = || {
        let extensions = context.client_capabilities()?.extensions?;
        Some(extensions.get(EXTENSION)?.get("mimeTypes")?.as_array()?.contains(&json!(MIME_TYPE)))
    };
    connection.session().tools.views && takes().unwrap_or_default()
}

/// Says of each tool which view shows its result.
pub(super) fn point(connection: &Connection, tools: &mut [WireTool]) {
    for wire in tools {
        let view = connection.registry().find(&wire.name).and_then(views::of);
        wire.meta = view.map(|view| meta(json!({"resourceUri": view.uri})));
    }
}

pub(super) fn list() -> impl Iterator<Item = Resource> {
    views::ALL
        .into_iter()
        .map(|View { uri, name, title, .. }| Resource::new(*uri, *name).with_title(*title).with_mime_type(MIME_TYPE))
}

/// A page, which is the same for everyone.
pub(super) fn content(connection: &Connection, uri: String) -> Result<ReadResourceResult, ErrorData> {
    let Some(view) = views::find(&uri).filter(|_| connection.session().tools.views) else {
        let there = views::ALL.map(|view| view.uri).join(", ");
        let why = if connection.session().tools.views {
            format!("there are: {there}")
        } else {
            "tools.views is off".to_owned()
        };
        return Err(ErrorData::resource_not_found(format!("there is no view {uri:?}; {why}"), None));
    };
    let page = ResourceContents::text(view.html, uri).with_mime_type(MIME_TYPE);
    let page = page.with_meta(meta(json!({"prefersBorder": true})));
    Ok(ReadResourceResult::new(vec![page]).with_ttl_ms(LIST_TTL).with_cache_scope(CacheScope::Public))
}

fn meta(ui: Value) -> MetaObject {
    MetaObject(JsonObject::from_iter([("ui".to_owned(), ui)]))
}
