//! What the tools on documents take, the typed ones and the generic ones alike; and what all that change something take.
//! A comment on a field is the description that clients see.
#![allow(missing_docs)]

use std::sync::LazyLock;

use erpnext_schema::Verb;
use schemars::JsonSchema;
use serde::Deserialize;

use super::input_schema::InputSchema;
use super::kinds::{Cursor, Data, DocTypeName, DocumentName, FieldNames, Filters, Limit, OrderBy};

#[derive(Deserialize, JsonSchema)]
pub struct DocTypeArgs {
    pub doctype: DocTypeName,
}

#[derive(Deserialize, JsonSchema)]
pub struct ListArgs {
    /// {"field": value} or {"field": [operator, value]}; operators: = != > < >= <= like not like in not in between is
    /// Timespan descendants of; items.item_code for a column of any row, customer.territory for a linked field
    pub filters: Option<Filters>,
    /// like filters, joined by OR
    pub or_filters: Option<Filters>,
    pub fields: Option<FieldNames>,
    pub order_by: Option<OrderBy>,
    #[serde(default)]
    pub limit: Limit,
    pub cursor: Option<Cursor>,
    #[serde(default)]
    pub count: bool,
    #[serde(default, rename = "fresh")]
    _fresh: bool,
}

#[derive(Deserialize, JsonSchema)]
pub struct GetArgs {
    pub name: DocumentName,
    pub fields: Option<FieldNames>,
    /// html: texts as they are stored, not as Markdown
    pub format: Option<TextFormat>,
    #[serde(default, rename = "fresh")]
    _fresh: bool,
}

/// How texts of editors are shown.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub enum TextFormat {
    #[serde(rename = "html")]
    Html,
}

#[derive(Deserialize, JsonSchema)]
pub struct SearchArgs {
    pub search_term: String,
    pub filters: Option<Filters>,
    #[serde(default)]
    pub limit: Limit,
    #[serde(default, rename = "fresh")]
    _fresh: bool,
}

#[derive(Deserialize, JsonSchema)]
pub struct CreateArgs {
    pub data: Data,
    /// any text of yours; a create that is repeated with it is done once
    pub idempotency_key: Option<String>,
    /// false leaves out what the desk's form would fill in: taxes
    pub form_defaults: Option<bool>,
    #[serde(default)]
    pub return_document: bool,
}

#[derive(Deserialize, JsonSchema)]
pub struct UpdateArgs {
    pub name: DocumentName,
    pub data: Data,
    /// as you read it; refused if what you change was changed since
    pub modified: Option<String>,
    /// true: over changes made since you read it
    #[serde(default)]
    pub overwrite: bool,
    /// false leaves out what the desk's form would fill in: taxes
    pub form_defaults: Option<bool>,
    #[serde(default)]
    pub return_document: bool,
}

#[derive(Deserialize, JsonSchema)]
pub struct NameArgs {
    pub name: DocumentName,
    /// true: over changes made since you read it
    #[serde(default)]
    pub overwrite: bool,
}

#[derive(Deserialize, JsonSchema)]
pub struct CancelArgs {
    pub name: DocumentName,
    /// first cancels the submitted documents that block it
    #[serde(default)]
    pub cascade: bool,
    /// true: over changes made since you read it
    #[serde(default)]
    pub overwrite: bool,
}

/// Of a tool for one document of any DocType.
#[derive(Deserialize, JsonSchema)]
pub struct DocumentArgs {
    pub doctype: DocTypeName,
    pub name: DocumentName,
}

/// Of every tool whose answer may come out of the cache; read for all of them by [`Arguments`](super::Arguments).
#[derive(Clone, Copy, Default, Deserialize)]
pub struct CacheArgs {
    #[serde(default)]
    pub fresh: bool,
}

/// Of every tool that changes something.
#[derive(Clone, Default, Debug, Deserialize, JsonSchema)]
pub struct WriteArgs {
    #[serde(default)]
    pub dry_run: bool,
    pub confirm_token: Option<String>,
    pub confirm: Option<bool>,
}

/// The DocType, which only the generic tools have to be told.
pub static DOCTYPE: LazyLock<InputSchema> = LazyLock::new(InputSchema::of::<DocTypeArgs>);
/// What comes with every change.
pub static WRITE: LazyLock<InputSchema> = LazyLock::new(InputSchema::of::<WriteArgs>);

/// What a tool of this verb takes.
pub fn of_verb(verb: Verb) -> &'static InputSchema {
    static LIST: LazyLock<InputSchema> = LazyLock::new(InputSchema::of::<ListArgs>);
    static GET: LazyLock<InputSchema> = LazyLock::new(InputSchema::of::<GetArgs>);
    static SEARCH: LazyLock<InputSchema> = LazyLock::new(InputSchema::of::<SearchArgs>);
    static CREATE: LazyLock<InputSchema> = LazyLock::new(InputSchema::of::<CreateArgs>);
    static UPDATE: LazyLock<InputSchema> = LazyLock::new(InputSchema::of::<UpdateArgs>);
    static NAME: LazyLock<InputSchema> = LazyLock::new(InputSchema::of::<NameArgs>);
    static CANCEL: LazyLock<InputSchema> = LazyLock::new(InputSchema::of::<CancelArgs>);
    match verb {
        Verb::List => &LIST,
        Verb::Get => &GET,
        Verb::Search => &SEARCH,
        Verb::Create => &CREATE,
        Verb::Update => &UPDATE,
        Verb::Delete | Verb::Submit | Verb::Amend => &NAME,
        Verb::Cancel => &CANCEL,
    }
}
