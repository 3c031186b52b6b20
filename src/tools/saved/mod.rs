//! `get_saved_filters`: the filters that people keep in the desk's lists, in the form that our lists take.

mod stored;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::ToolAnswer;
use crate::config::LIST_FILTER;
use crate::documents::{DocTypeCall, nested};
use crate::error::ToolError;
use crate::policy::Operation;
use crate::query::reader::Reader;
use crate::site::SiteErrorKind;
use crate::tool::kinds::DocTypeName;
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use stored::filters_of;

pub use stored::{Saved, all};

/// Filters that were saved.
pub static GET: ToolSpec = ToolSpec {
    name: "get_saved_filters",
    title: "Get saved filters",
    description: "Returns the filters that this user saved for lists of a DocType in ERPNext, those saved for everybody, and \
                  the list as the user last left it, each as filters for a list.",
    toolset: Toolset::Data,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: |policy| policy.permits(Operation::Read, LIST_FILTER),
    special: Special::NONE,
    handler: handler!(SavedArgs, get),
};

#[derive(Deserialize, JsonSchema)]
struct SavedArgs {
    doctype: DocTypeName,
    #[serde(default, rename = "fresh")]
    _fresh: bool,
}

async fn get(call: Call<'_>, args: SavedArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let permit = session.permit(Operation::Read, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    let mut told = Vec::new();
    for saved in all(session, Some(on.def.name), None).await? {
        let mut entry = json!({"name": saved.name, "for": saved.whose()});
        match read(&on, saved.filters.as_deref()).await? {
            Ok(filters) => entry["filters"] = filters,
            Err(why) => entry["unusable"] = json!(why),
        }
        told.push(entry);
    }
    let mut result =
        Map::from_iter([("doctype".to_owned(), json!(on.def.name)), ("saved_filters".to_owned(), Value::Array(told))]);
    result.extend(last_left(&on).await?.map(|list| ("last_list".to_owned(), list)));
    result.insert("next".to_owned(), json!("give filters, and order_by, to a list of the DocType as they are"));
    Ok(result.into())
}

/// The list as the user last left it in the desk: its filters and order; nothing where there is none that means
/// something here.
async fn last_left(on: &DocTypeCall<'_>) -> Result<Option<Value>, ToolError> {
    let settings = match on.session.site.user_settings(on.permit).await {
        Ok(settings) => settings,
        Err(error)
            if matches!(
                error.kind(),
                SiteErrorKind::Missing | SiteErrorKind::Denied | SiteErrorKind::Rejected | SiteErrorKind::WrongForm
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let Some(list) = settings.get("List").and_then(Value::as_object) else { return Ok(None) };
    let mut told = Map::new();
    if let Some(filters) = list.get("filters").and_then(Value::as_array).filter(|filters| !filters.is_empty()) {
        match read(on, Some(filters.as_slice())).await? {
            Ok(filters) => told.extend([("filters".to_owned(), filters)]),
            Err(why) => told.extend([("unusable".to_owned(), json!(why))]),
        }
    }
    if let Some(field) = list.get("sort_by").and_then(Value::as_str) {
        let direction = list.get("sort_order").and_then(Value::as_str).unwrap_or("desc");
        let order = format!("{field} {}", direction.to_lowercase());
        let mut reader = Reader::new(on.def, on.permit.fields());
        reader.order_by(Some(&order));
        if reader.is_right() {
            told.insert("order_by".to_owned(), json!(order));
        }
    }
    Ok((!told.is_empty()).then_some(Value::Object(told)))
}

/// Filters that were saved, as our lists take them, once one would take these of this user; else why not. What is
/// withheld is not told (H5).
///
/// # Errors
/// The site's.
pub async fn read(on: &DocTypeCall<'_>, saved: Option<&[Value]>) -> Result<Result<Value, String>, ToolError> {
    let Some(saved) = saved else { return Ok(Err("it is kept in a form that is not known here".to_owned())) };
    let filters = filters_of(on.def, saved);
    let children = |child: &str| on.session.catalog.known(child);
    let masked = on.hidden().await?;
    let resolved = match nested::resolve(on, "filters", on.meant_filters(Some(&filters)).await?).await {
        Ok(resolved) => resolved,
        Err(error @ (ToolError::Arguments { .. } | ToolError::Denied(_))) => return Ok(Err(error.what().into_owned())),
        Err(error) => return Err(error),
    };
    let check = |on: &DocTypeCall<'_>| {
        let reader = Reader::new(on.def, on.permit.fields()).with_rows(&children).with_trees(on.session.policy);
        let mut reader = reader.with_masked(&masked);
        reader.filters("filters", resolved.filters.as_ref());
        reader.done(())
    };
    match on.checked(check).await {
        Ok(_) => Ok(Ok(filters)),
        Err(error) => Ok(Err(error.what().into_owned())),
    }
}
