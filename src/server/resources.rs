//! Resources on the wire.

use rmcp::ErrorData;
use rmcp::model::{
    CacheScope, ListResourceTemplatesResult, ListResourcesResult, PaginatedRequestParams, ReadResourceResult, Resource,
    ResourceContents, ResourceTemplate,
};
use serde_json::json;

use super::LIST_TTL;
use super::malformed::first_page;
use crate::app::Connection;
use crate::resources::{self, Body, Content, Listed, Unread};

const JSON: &str = "application/json";

pub(super) fn list(
    connection: &Connection,
    asked: Option<PaginatedRequestParams>,
) -> Result<ListResourcesResult, ErrorData> {
    first_page(asked)?;
    let on_the_wire = |Listed { uri, name }| Resource::new(uri, name).with_mime_type(JSON);
    let listed = resources::list(connection).into_iter().map(on_the_wire).collect();
    Ok(ListResourcesResult::with_all_items(listed).with_ttl_ms(LIST_TTL).with_cache_scope(CacheScope::Private))
}

pub(super) fn templates(
    connection: &Connection,
    asked: Option<PaginatedRequestParams>,
) -> Result<ListResourceTemplatesResult, ErrorData> {
    first_page(asked)?;
    let on_the_wire = |template: &resources::Template| {
        let wire = ResourceTemplate::new(template.uri, template.name).with_title(template.title);
        wire.with_description(template.description).with_mime_type(JSON)
    };
    let templates = resources::templates(connection).map(on_the_wire).collect();
    let listed = ListResourceTemplatesResult::with_all_items(templates);
    Ok(listed.with_ttl_ms(LIST_TTL).with_cache_scope(CacheScope::Private))
}

pub(super) fn content(uri: String, read: Result<Content, Unread>) -> Result<ReadResourceResult, ErrorData> {
    let data = || Some(json!({"uri": uri}));
    match read {
        Ok(Content { body, ttl_ms }) => {
            let content = match body {
                Body::Json(text) => ResourceContents::text(text, uri).with_mime_type(JSON),
                Body::File { kind, base64 } => ResourceContents::blob(base64, uri).with_mime_type(kind),
            };
            Ok(ReadResourceResult::new(vec![content]).with_ttl_ms(ttl_ms).with_cache_scope(CacheScope::Private))
        }
        Err(Unread::Address(why)) => Err(ErrorData::invalid_params(why, data())),
        Err(Unread::Missing(why)) => Err(ErrorData::resource_not_found(why, data())),
        Err(Unread::Failed(why)) => Err(ErrorData::internal_error(why, None)),
    }
}
