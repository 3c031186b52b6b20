//! MCP Apps on the wire (`io.modelcontextprotocol/ui`, 2026-01-26): tools point to the views that show their results,
//! for clients that say that they render such pages.

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options};
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, ClientCapabilities, ExtensionCapabilities, JsonObject,
    MetaObject, ReadResourceResult, Resource, ResourceContents, Tool as WireTool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};

use super::{LIST_TTL, Server};
use crate::app::Connection;
use crate::tool::Tool;
use crate::tools::convert::{CONVERT, becomes};
use crate::tools::find::corrected;
use crate::views::{self, MIME_TYPE, View};

const EXTENSION: &str = "io.modelcontextprotocol/ui";
/// What a result has in `_meta` for its view; clients keep that from the model.
const BESIDE: &str = "erpnext-mcp/view";

/// That the server has views.
pub(super) fn extensions() -> ExtensionCapabilities {
    ExtensionCapabilities::from([(EXTENSION.to_owned(), JsonObject::new())])
}

/// Whether a client with these capabilities renders the views.
pub(super) fn are_taken(capabilities: &ClientCapabilities) -> bool {
    let types = || capabilities.extensions.as_ref()?.get(EXTENSION)?.get("mimeTypes")?.as_array();
    types().is_some_and(|types| types.contains(&json!(MIME_TYPE)))
}

/// Whether this client renders the views, and is to have them.
pub(super) fn are_shown(server: &Server, context: &RequestContext<RoleServer>) -> bool {
    let takes = || match server.in_session {
        Some(said) => said.views,
        None => context.client_capabilities().is_some_and(|capabilities| are_taken(&capabilities)),
    };
    server.connection.session().tools.views && takes()
}

/// Says of each tool which view shows its result.
pub(super) fn point(connection: &Connection, tools: &mut [WireTool]) {
    for wire in tools {
        wire.meta = connection.registry().find(&wire.name).and_then(views::meta).map(MetaObject);
    }
}

/// The DocType that a call is about, as far as its arguments tell, where a view shows its result. A conversion is about what
/// it makes; a call of `call_tool` is one of the tool that it names.
pub(super) fn doctype(connection: &Connection, request: &CallToolRequestParams) -> Option<String> {
    let tool = connection.registry().find(&request.name)?;
    let (tool, arguments) = corrected(connection.registry(), tool, request.arguments.clone().unwrap_or_default());
    views::of(tool)?;
    let argument = |key: &str| arguments.get(key)?.as_str();
    match tool {
        Tool::Typed(_, def) => Some(def.name.to_owned()),
        _ if tool.name() == CONVERT.name => becomes(argument("doctype")?, argument("to")?).map(str::to_owned),
        _ => argument("doctype").map(str::to_owned),
    }
}

/// Gives a result what its view shows and no model needs: how the site labels the fields that the result names, of what
/// type they are, and where the desk shows documents of the DocType.
pub(super) fn furnish(connection: &Connection, doctype: &str, response: &mut CallToolResponse) {
    let CallToolResponse::Complete(result) = response else { return };
    let session = connection.session();
    let known = session.catalog.known(doctype).filter(|_| result.is_error != Some(true));
    let (Some(def), Ok(text)) = (known, serde_json::to_string(&*result)) else { return };
    let told = |def: &DocTypeDef| -> JsonObject {
        let named = def.all_fields().filter(|field| !field.label.is_empty() && text.contains(field.fieldname));
        named.map(|field| (field.fieldname.to_owned(), about(field))).collect()
    };
    let rows = |field: &FieldDef| {
        let child = session.catalog.known(field.target()?)?;
        Some((field.fieldname.to_owned(), Value::Object(told(child))))
    };
    let tables = def.fields.iter().filter(|field| field.kind.is_table() && text.contains(field.fieldname));
    let tables: JsonObject = tables.filter_map(rows).collect();
    let desk = session.caller.site.desk(def.name);
    let view = json!({"doctype": def.name, "fields": told(def), "tables": tables, "desk": desk});
    result.meta.get_or_insert_with(|| MetaObject(JsonObject::new())).0.insert(BESIDE.to_owned(), view);
}

/// A field as people know it; of an amount also the field that names its currency.
fn about(field: &FieldDef) -> Value {
    let mut about = json!({"label": field.label, "type": field.kind.as_str()});
    if let (FieldKind::Currency, Options::Format(currency)) = (field.kind, field.options) {
        about["currency"] = json!(currency);
    }
    about
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
    let page = ResourceContents::text(view.html(), uri).with_mime_type(MIME_TYPE);
    let page = page.with_meta(meta(json!({"prefersBorder": true})));
    Ok(ReadResourceResult::new(vec![page]).with_ttl_ms(LIST_TTL).with_cache_scope(CacheScope::Public))
}

fn meta(ui: Value) -> MetaObject {
    MetaObject(JsonObject::from_iter([("ui".to_owned(), ui)]))
}
