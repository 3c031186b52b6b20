//! `duplicate_document`: the desk's copy of a document.

use std::ops::ControlFlow;

use erpnext_schema::{Children, DocTypeDef, FieldDef, Purpose, Rule, Shape, Verb, Violation, flag};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::make::{Then, Wanted, make};
use crate::answer::ToolAnswer;
use crate::audit::Attempt;
use crate::document::draft::{Draft, copied, unset, writable};
use crate::documents::names::named_exactly;
use crate::documents::{DocTypeCall, rich_text};
use crate::error::ToolError;
use crate::policy::Operation;
use crate::tool::kinds::{Data, DocTypeName, DocumentName};
use crate::tool::spec::{handler, reads};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::writes::fixed_fields;

/// Copies a document.
pub static DUPLICATE: ToolSpec = ToolSpec {
    name: "duplicate_document",
    title: "Duplicate a document",
    description: "Copies a document with its rows as a new draft, without what belongs to the old one alone: shows it, or \
                  creates it with save: true. What is to be different, such as dates or a name, goes into data.",
    toolset: Toolset::Data,
    operation: Operation::Create,
    effect: Effect::Adds,
    offered: |policy| policy.permits_somewhere(Operation::Create) && reads(policy),
    special: Special { subject, ..Special::NONE },
    handler: handler!(DuplicateArgs, duplicate),
};

#[derive(Deserialize, JsonSchema)]
struct DuplicateArgs {
    doctype: DocTypeName,
    name: DocumentName,
    /// fields that the copy has otherwise; its rows by number: {"items": {"patch": [{"idx": 1, "qty": …}]}}
    #[serde(default)]
    data: Data,
    #[serde(default)]
    save: bool,
    /// repeated with it: made once
    idempotency_key: Option<String>,
}

/// It is about the copy; without `save` it only shows it.
fn subject(attempt: &mut Attempt, arguments: &Map<String, Value>) {
    if arguments.get("save") != Some(&Value::Bool(true)) {
        attempt.operation = Operation::Read.as_str().to_uppercase();
        return;
    }
    let name = attempt.document.take().unwrap_or_default();
    attempt.source = Some(format!("{} {name}", attempt.doctype.as_deref().unwrap_or_default()));
}

async fn duplicate(call: Call<'_>, args: DuplicateArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let read = session.permit(Operation::Read, &args.doctype).await?;
    let create = session.permit(Operation::Create, &args.doctype).await?;
    let source_on = DocTypeCall::of(&call, &read).await?;
    source_on.fits(Verb::Create)?;
    // A mask would be copied for a value.
    source_on.keeps_values().await?;
    let name = &*args.name;
    let new = DocTypeCall { permit: &create, ..source_on };
    let then = match Then::of(&source_on, &new, name, args.save, args.idempotency_key.as_deref()).await? {
        ControlFlow::Continue(then) => then,
        ControlFlow::Break(answer) => return Ok(answer),
    };
    let mut stored = session.site.get(&read, name).await?.data;
    named_exactly(&source_on, name, &stored)?;
    let source_on = source_on.with_live_metadata(&mut stored).await;
    let on = DocTypeCall { permit: &create, ..source_on };
    let mut data = args.data.0;
    let named = named(&on, &mut data)?;
    let (on, mut data) =
        if data.is_empty() { (on, data) } else { on.document_with_links(Purpose::Update, &data, None).await? };
    rich_text::to_stored(&on, &mut data, None)?;
    fixed_fields::check_new(&on, &data).await?;
    let children = |child: &str| session.catalog.known(child);
    let withheld = read.fields().cut(Some(on.def), children, &mut stored);
    let mut doc = writable(on.def, create.fields(), &children, copied(on.def, &children, &stored, fields)).doc;
    let mut left_out = unset(on.def, create.fields(), &children, &doc);
    let unseen: Vec<String> = withheld.into_iter().filter(|name| !left_out.contains(name)).collect();
    left_out.extend(unseen);
    left_out.retain(|name| is_copied(on.def, &children, name));
    doc.extend(named);
    let wanted = Wanted { data, then, fills: true, is_part: false };
    make(&source_on, &on, name, Draft { doc, left_out }, wanted).await
}

/// The name of the copy, where documents of this kind are named by who makes them: it is taken out of `data`.
///
/// # Errors
/// That the copy needs a name of its own, and none was given.
fn named(on: &DocTypeCall<'_>, data: &mut Map<String, Value>) -> Result<Option<(String, Value)>, ToolError> {
    let by = match on.def.autoname.and_then(|rule| rule.strip_prefix("field:")) {
        Some(field) => field,
        None if on.def.is_named_by_creator() => "name",
        None => return Ok(None),
    };
    let given = data.get(by).and_then(Value::as_str).map(str::trim).filter(|name| !name.is_empty());
    let why = match given.map(crate::site::unreachable) {
        Some(None) => None,
        Some(Some(rule)) => Some(format!("names the copy, and {rule}")),
        None => Some("names the copy, which needs a name of its own".to_owned()),
    };
    if let Some(message) = why {
        let rule = if given.is_some() { Rule::Value } else { Rule::Mandatory };
        let found = Violation::new(format!("data.{by}"), rule, message);
        return Err(ToolError::arguments(on.tool.name(), vec![found]));
    }
    Ok(if by == "name" { data.remove(by).map(|name| (by.to_owned(), name)) } else { None })
}

/// Whether the desk copies the field, or the column of rows (`items.rate`).
fn is_copied(def: &DocTypeDef, children: Children<'_>, name: &str) -> bool {
    let (name, column) = name.split_once('.').map_or((name, None), |(table, column)| (table, Some(column)));
    let Some(field) = def.field(name).filter(|field| !is_the_old_ones(field)) else { return false };
    let Some(column) = column else { return true };
    let child = field.rows_of().and_then(children);
    child.and_then(|child| child.field(column)).is_some_and(|column| !is_the_old_ones(column))
}

/// What the desk copies of a document, or of a row.
fn fields(def: &DocTypeDef, stored: &Map<String, Value>) -> Map<String, Value> {
    let keep = |key: &str| def.field(key).is_some_and(|field| !is_the_old_ones(field));
    stored.iter().filter(|(key, _)| keep(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Whether a field belongs to the old document alone; what has to be unique can be in no copy.
fn is_the_old_ones(field: &FieldDef) -> bool {
    field.is(flag::NO_COPY)
        || field.is(flag::UNIQUE)
        || field.is(flag::STANDARD)
        || field.kind.shape() == Shape::Secret
        || matches!(field.fieldname, "amended_from" | "amendment_date" | "cancel_reason")
}
