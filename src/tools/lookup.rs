//! `search_link` and `global_search`: from what people call a document to its name.

use erpnext_schema::{DocTypeDef, doctype_flag};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::ToolAnswer;
use crate::context::Session;
use crate::documents::DocTypeCall;
use crate::documents::found::Found;
use crate::documents::refusals::{self, Refused};
use crate::documents::titles::{self, Question, Words};
use crate::error::ToolError;
use crate::policy::{Operation, Policy};
use crate::shape::page;
use crate::site::SiteErrorKind;
use crate::tool::kinds::{DocTypeName, Filters, Limit, Names};
use crate::tool::spec::{handler, reads};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};

/// How many DocTypes are searched at once.
const AT_ONCE: usize = 6;
/// The most DocTypes that one search looks through.
const MOST: usize = 80;
/// How many that could not be searched an error names.
const NAMED: usize = 5;
/// Documents of a DocType in one answer, where nobody says.
const EACH: u64 = 5;
/// The modules whose documents people look for, where no DocType is configured by name.
const MODULES: &[&str] = &[
    "Accounts",
    "Assets",
    "Buying",
    "CRM",
    "Contacts",
    "Maintenance",
    "Manufacturing",
    "Projects",
    "Quality Management",
    "Selling",
    "Setup",
    "Stock",
    "Support",
];

/// The name that a link takes.
pub static SEARCH_LINK: ToolSpec = ToolSpec {
    name: "search_link",
    title: "Find the name for a link",
    description: "Finds a document's name by its title: \"ACME\" gives CUST-00042. Use it before setting a Link. \
                  Exact matches come first and are marked.",
    toolset: Toolset::Core,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: reads,
    special: Special::NONE,
    handler: handler!(LinkArgs, search_link),
};

#[derive(Deserialize, JsonSchema)]
struct LinkArgs {
    doctype: DocTypeName,
    /// part of a name or title; empty for the first
    #[serde(default)]
    text: String,
    filters: Option<Filters>,
    #[serde(default)]
    limit: Limit,
}

/// Documents of any DocType.
pub static GLOBAL_SEARCH: ToolSpec = ToolSpec {
    name: "global_search",
    title: "Search everywhere",
    description: "Finds documents of any permitted DocType by a text in their name or title. Use it if the DocType \
                  is not known; search_generic_documents searches more fields of one.",
    toolset: Toolset::Core,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: reads,
    special: Special::NONE,
    handler: handler!(SearchArgs, global_search),
};

#[derive(Deserialize, JsonSchema)]
struct SearchArgs {
    text: String,
    /// only these DocTypes
    doctypes: Option<Names>,
    /// documents of each DocType
    #[serde(default)]
    limit: Limit<EACH>,
}

async fn search_link(call: Call<'_>, args: LinkArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let permit = call.session.permit(Operation::Read, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(erpnext_schema::Verb::Search)?;
    let text = args.text.as_str();
    let masked = on.hidden().await?;
    let given = on.meant_filters(args.filters.as_deref()).await?;
    let filters = on.checked(|on| {
        let reader = crate::query::reader::Reader::new(on.def, permit.fields()).with_trees(session.policy);
        let mut reader = reader.with_masked(&masked);
        let filters = reader.filters("filters", given.as_ref());
        reader.done(filters)
    });
    let (on, filters) = filters.await?;
    let limit = args.limit.rows();
    let question = Question { permit: &permit, def: on.def, words: Words::Part(text), filters: &filters, limit };
    let mut found = titles::find(session, question).await?;
    let full = found.len() as u64 >= u64::from(limit);
    // Where there may be more, the one that is called so may be among those.
    if full && !text.trim().is_empty() && !found.iter().any(|found| found.is_called(text)) {
        let called = titles::find(session, Question { words: Words::Whole(text), ..question }).await?;
        found.retain(|found| called.iter().all(|called| called.name != found.name));
        found.splice(0..0, called);
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    found.sort_by_key(|found| !found.is_called(text));
    let links = found.iter().map(|found| {
        let mut link = found.shown();
        if found.is_called(text) {
            link["exact"] = json!(true);
        }
        link
    });
    let links: Vec<Value> = links.collect();
    let here = links.len() as u64;
    let shown = if full { format!("{here}, there may be more") } else { page::shown(0, here, None, false) };
    Ok(json!({"shown": shown, "documents": links}).into())
}

async fn global_search(call: Call<'_>, args: SearchArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let text = args.text.as_str();
    let mut searched = match args.doctypes.as_deref() {
        Some(only) => {
            let mut defs = Vec::new();
            for doctype in only {
                let permit = session.permit(Operation::Read, doctype).await?;
                let on = DocTypeCall::of(&call, &permit).await?;
                on.fits(erpnext_schema::Verb::Search)?;
                defs.push(on.def);
            }
            defs
        }
        None => searchable(session),
    };
    let left_out: Vec<&str> = searched.iter().skip(MOST).map(|def| def.name).collect();
    searched.truncate(MOST);
    let each = args.limit.rows();
    let mut found = Vec::new();
    let mut refused = Refused::new();
    let mut denied = None;
    for some in searched.chunks(AT_ONCE) {
        let asked = some.iter().map(|def| found_in(session, def, text, each));
        for (def, answer) in some.iter().zip(futures_util::future::join_all(asked).await) {
            match answer {
                Ok(documents) => found.push((def.name, documents)),
                // Whoever named none asked for what may be read.
                Err(error) if args.doctypes.is_none() && is_denied(&error) => denied = Some(error),
                Err(error) => drop(refused.insert(def.name.to_owned(), refusals::of_one(error)?)),
            }
        }
    }
    let looked = found.len();
    match denied {
        _ if looked > 0 => {}
        _ if !refused.is_empty() => return Err(nothing_searched(&refused)),
        Some(error) => return Err(error),
        None => {}
    }
    let mut documents: Vec<(bool, Value)> = Vec::new();
    for (doctype, found) in found {
        documents.extend(found.iter().map(|found| {
            let mut shown = found.shown();
            shown["doctype"] = json!(doctype);
            (!found.is_called(text), shown)
        }));
    }
    documents.sort_by_key(|(inexact, _)| *inexact);
    let documents: Vec<Value> = documents.into_iter().map(|(_, document)| document).collect();
    let here = documents.len();
    let mut result = json!({"shown": format!("{here}, at most {each} of each DocType"), "doctypes_searched": looked, "documents": documents});
    if !refused.is_empty() {
        result["not_searched"] = refusals::told(&refused);
    }
    if !left_out.is_empty() {
        result["note"] = json!(format!("not searched: {}; name some of them in doctypes", left_out.join(", ")));
    }
    Ok(result.into())
}

/// What one DocType has.
async fn found_in(
    session: &Session<'_>,
    def: &'static DocTypeDef,
    text: &str,
    limit: u32,
) -> Result<Vec<Found>, ToolError> {
    let permit = session.permit(Operation::Read, def.name).await?;
    titles::find(session, Question { permit: &permit, def, words: Words::Part(text), filters: &[], limit }).await
}

/// Whether the policy or the site does not let the user look.
fn is_denied(error: &ToolError) -> bool {
    match error {
        ToolError::Denied(_) => true,
        ToolError::Site(error) => error.kind() == SiteErrorKind::Denied,
        _ => false,
    }
}

/// That no DocType could be searched: that nothing was found would be untrue.
fn nothing_searched(refused: &Refused) -> ToolError {
    let named = refused.iter().take(NAMED).map(|(doctype, why)| format!("\n- {doctype}: {why}"));
    let what = format!("Nothing was searched, so that nothing is known of this text:{}", named.collect::<String>());
    ToolError::refused(
        what,
        "Do not conclude that it is missing. Name another DocType in doctypes, or try again later.",
    )
}

/// The DocTypes that a search without a DocType looks through: the configured ones, and of those open by default the ones
/// of business whose documents have titles.
fn searchable(session: &Session<'_>) -> Vec<&'static DocTypeDef> {
    let policy: &Policy = session.policy;
    let reads = |name: &str| policy.operations(name).contains(Operation::Read);
    let mut defs: Vec<&DocTypeDef> = policy.doctypes().filter_map(|(name, _)| session.catalog.known(name)).collect();
    if policy.default_operations().contains(Operation::Read) {
        let titled = |def: &&DocTypeDef| def.title_field.is_some() && MODULES.contains(&def.module);
        let others: Vec<&DocTypeDef> = session.catalog.all_generated().filter(titled).collect();
        for def in others {
            if !defs.iter().any(|known| known.name == def.name) {
                defs.push(def);
            }
        }
    }
    let lists = |def: &DocTypeDef| {
        !def.is(doctype_flag::CHILD) && !def.is(doctype_flag::SINGLE) && !def.is(doctype_flag::VIRTUAL)
    };
    defs.retain(|def| lists(def) && reads(def.name));
    defs
}
