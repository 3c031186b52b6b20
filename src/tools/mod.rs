//! The families of tools, one file or folder each: what each takes, and what it does.

mod about;
mod aggregate;
mod attachments;
mod bank;
mod bulk;
mod changes;
mod collaborate;
pub(crate) mod convert;
mod duplicates;
mod erp;
mod export;
pub mod find;
mod forbidden;
mod found;
mod history;
mod lifecycle;
mod linked;
mod list;
mod lookup;
pub(crate) mod method;
mod orders;
mod other_apps;
mod own_doctypes;
mod payment;
mod permissions;
mod print;
pub mod published;
mod read;
mod reports;
mod saved;
mod send;
mod virtual_list;
mod workflow;
mod write;

use erpnext_schema::Verb;
use erpnext_schema::doctype_flag::{SINGLE, VIRTUAL};

use crate::answer::ToolAnswer;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::tool::document_args::DocTypeArgs;
use crate::tool::{Call, Tool, ToolSpec, VERBS, operation, typed_tool};

pub use export::{File, read_back, withdraw as withdraw_exports};
pub use reports::{Trial, may_run, try_report};

/// Every tool with a name of its own, in the order of the list.
pub static ALL: &[&ToolSpec] = &[
    &about::TEST_CONNECTION,
    &about::SYSTEM_INFO,
    &about::LIST_DOCTYPES,
    &permissions::DOCTYPE_PERMISSIONS,
    &about::DOCTYPE_SCHEMA,
    &find::FIND,
    &find::CALL,
    &aggregate::AGGREGATE,
    &aggregate::TREE,
    &lookup::SEARCH_LINK,
    &lookup::GLOBAL_SEARCH,
    &history::HISTORY,
    &linked::LINKED,
    &changes::CHANGES,
    &erp::STOCK,
    &erp::LEVELS,
    &erp::ITEM,
    &erp::PRICE_OF,
    &erp::PARTY,
    &reports::LIST,
    &reports::DESCRIBE,
    &reports::RUN,
    &convert::LIST,
    &convert::CONVERT,
    &payment::RECORD,
    &orders::STATUS,
    &orders::UPDATE,
    &workflow::ACTIONS,
    &workflow::APPLY,
    &workflow::PENDING,
    &bulk::CREATE,
    &bulk::UPDATE,
    &bulk::DELETE,
    &bulk::ACT,
    &collaborate::COMMENT,
    &collaborate::ASSIGN,
    &collaborate::UNASSIGN,
    &collaborate::TAG,
    &collaborate::UNTAG,
    &collaborate::SHARE,
    &collaborate::FOLLOW,
    &collaborate::RENAME,
    &attachments::LIST,
    &attachments::GET,
    &attachments::ATTACH,
    &attachments::DELETE,
    &print::PRINT,
    &send::SEND,
    &payment::RECONCILE,
    &bank::CLEAR,
    &duplicates::FIND,
    &saved::GET,
    &convert::DUPLICATE,
    &bulk::UPSERT,
    &export::DOCUMENTS,
    &export::REPORT,
    &bulk::IMPORT,
    &method::CALL,
];

/// Whether a tool of this program has this name, whatever a configuration publishes.
pub fn is_known(name: &str) -> bool {
    known(name).is_some()
}

/// The names of the tools of this program, whatever a configuration permits; one may come more than once.
pub fn names() -> impl Iterator<Item = &'static str> {
    let typed = erpnext_doctypes::ALL.iter().flat_map(|table| table.tools().map(|tool| tool.name));
    ALL.iter().map(|spec| spec.name).chain(VERBS.into_iter().map(|(_, name)| name)).chain(typed)
}

/// The tool of this name under some configuration or other.
pub fn known(name: &str) -> Option<Tool> {
    let named = ALL.iter().find(|spec| spec.name == name).map(|spec| Tool::Named(spec));
    let generic = || VERBS.iter().find(|(_, known)| *known == name).map(|(verb, _)| Tool::Generic(*verb));
    named.or_else(generic).or_else(|| typed_tool(name))
}

/// Does what the tool is for.
///
/// # Errors
/// Whatever stopped it, with a message that says what to do next.
pub async fn run(call: Call<'_>) -> Result<ToolAnswer, ToolError> {
    match call.tool {
        Tool::Typed(verb, def) => with_documents(call, verb, def.name).await,
        Tool::Generic(verb) => {
            let DocTypeArgs { doctype } = call.args()?;
            with_documents(call, verb, &doctype).await
        }
        Tool::Named(spec) => (spec.handler.run)(call).await,
        Tool::Published(published) => Box::pin(published::run(call, published)).await,
    }
}

async fn with_documents(call: Call<'_>, verb: Verb, doctype: &str) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(operation(verb), doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    if verb == Verb::List && on.def.is(VIRTUAL) && !on.def.is(SINGLE) {
        return virtual_list::list(&on, call.args()?).await;
    }
    on.fits(verb)?;
    match verb {
        Verb::List => Box::pin(list::list(&on, call.args()?)).await,
        Verb::Get => Box::pin(read::get(&on, call.args()?)).await,
        Verb::Search => Box::pin(read::search(&on, call.args()?)).await,
        Verb::Create => Box::pin(write::create(&on, &call.args()?)).await,
        Verb::Update => Box::pin(write::update(&on, &call.args()?)).await,
        Verb::Delete => Box::pin(write::delete(&on, &call.args()?)).await,
        Verb::Submit => Box::pin(lifecycle::submit(&on, call.args()?)).await,
        Verb::Cancel => Box::pin(lifecycle::cancel(&on, call.args()?)).await,
        Verb::Amend => Box::pin(lifecycle::amend(&on, call.args()?)).await,
    }
}
