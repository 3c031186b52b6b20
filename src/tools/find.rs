//! `find_tools` and `call_tool`: the way to every permitted tool that the list does not show.

use erpnext_schema::{Rule, Violation, nearest};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::forbidden::{Forbidden, Question};
use super::{found, other_apps, own_doctypes};
use crate::answer::ToolAnswer;
use crate::catalog::other_apps::NEXT;
use crate::catalog::said_names;
use crate::context::Session;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::site::SiteError;
use crate::tool::arguments;
use crate::tool::kinds::{Object, choices};
use crate::tool::spec::{always, handler};
use crate::tool::{Arguments, Call, Effect, Registry, Special, Tool, ToolSpec, Toolset, desk_tools, search};

/// How many more tools are named than are told of.
const NAMED: usize = 10;

/// Tools by what they are for.
pub static FIND: ToolSpec = ToolSpec {
    name: "find_tools",
    title: "Find tools",
    description: "Finds tools, unlisted ones too, by words, DocType or operation; the best come with their \
                  arguments. Use it if no listed tool fits; call_tool calls what it finds.",
    toolset: Toolset::Core,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: always,
    special: Special::NONE,
    handler: handler!(FindArgs, find),
};

#[derive(Deserialize, JsonSchema)]
struct FindArgs {
    /// words or a tool's name, such as: new quotation
    query: Option<String>,
    /// exact name
    doctype: Option<String>,
    operation: Option<Does>,
}

choices!(Does {
    Read = "read",
    Create = "create",
    Update = "update",
    Delete = "delete",
    Submit = "submit",
    Cancel = "cancel",
    Amend = "amend",
    Report = "report",
    Print = "print",
});

/// The name of the tool that calls others.
pub const CALL_TOOL: &str = "call_tool";

/// Any tool by its name.
pub static CALL: ToolSpec = ToolSpec {
    name: CALL_TOOL,
    title: "Call a tool",
    description: "Calls a tool by its name, listed or not, as find_tools gives it. It is checked, permitted and \
                  recorded like a direct call. The tool's own arguments go into arguments.",
    toolset: Toolset::Core,
    operation: Operation::Read,
    effect: Effect::Destroys,
    offered: always,
    special: Special { is_proxy: true, ..Special::NONE },
    handler: handler!(CallArgs, call_none),
};

#[derive(Deserialize, JsonSchema)]
struct CallArgs {
    /// the tool's name
    tool: String,
    #[serde(default)]
    arguments: Object,
}

/// The tool that a call is for, with its arguments: the one that `call_tool` names, where it names one; else itself.
pub fn corrected(registry: &Registry, tool: Tool, given: Map<String, Value>) -> (Tool, Map<String, Value>) {
    // The site's version, and so the table of the tool's DocType, may have become known since the tool was looked up.
    let tool = registry.find(tool.name()).unwrap_or(tool);
    proxied(registry, tool, &given).unwrap_or((tool, given))
}

/// The tool of that name; for `call_tool`, the one that its arguments name, where they are such as it takes.
pub fn named(registry: &Registry, name: &str, given: Option<&Map<String, Value>>) -> Option<Tool> {
    let tool = registry.find(name)?;
    let called = given.and_then(|given| proxied(registry, tool, given));
    Some(called.map_or(tool, |(called, _)| called))
}

/// The tool that a call of `call_tool` names, with the arguments for it; what is wrong with them is told by `call_tool`.
fn proxied(registry: &Registry, tool: Tool, given: &Map<String, Value>) -> Option<(Tool, Map<String, Value>)> {
    if !tool.is_proxy() {
        return None;
    }
    let mut given = given.clone();
    arguments::check(&arguments::of(&tool), &mut given).ok()?;
    let CallArgs { tool, arguments } = Arguments::new(given).ok()?.read().ok()?;
    let called = registry.find(tool.trim()).filter(|called| !called.is_proxy())?;
    Some((called, arguments.0))
}

/// The tool that `call_tool` names where it is not permitted, with its arguments: nothing is done, and the refusal is
/// recorded as if the tool had been called by its name.
pub fn refused(registry: &Registry, tool: Tool, given: &Map<String, Value>) -> Option<(Tool, Map<String, Value>)> {
    if !tool.is_proxy() {
        return None;
    }
    let mut given = given.clone();
    // What else is wrong with them is told by `call_tool`.
    let _ = arguments::check(&arguments::of(&tool), &mut given);
    let name = given.get("tool")?.as_str()?.trim();
    let refused = super::known(name).filter(|refused| !refused.is_proxy() && registry.find(name).is_none())?;
    let arguments = given.get("arguments").and_then(Value::as_object).cloned();
    Some((refused, arguments.unwrap_or_default()))
}

/// The tool that a call of `call_tool` is recorded as, permitted or not, with the arguments for it; none of any other call.
pub fn recorded(registry: &Registry, tool: Tool, given: &Map<String, Value>) -> Option<(Tool, Map<String, Value>)> {
    let mut given = given;
    // One within another calls nothing; what it was to call is what was tried.
    while let Some(Value::Object(within)) = given.get("arguments")
        && given.get("tool").and_then(Value::as_str).map(str::trim) == Some(CALL_TOOL)
    {
        given = within;
    }
    refused(registry, tool, given).or_else(|| proxied(registry, tool, given))
}

/// Why `call_tool` calls nothing.
async fn call_none(call: Call<'_>, args: CallArgs) -> Result<ToolAnswer, ToolError> {
    let name = args.tool.trim();
    if let Some(absent) = other_apps::absent(call.session, &name.replace('_', " ")).await
        && absent.is_all
    {
        return Err(ToolError::refused(absent.message, NEXT));
    }
    let (message, nearest) = if name == CALL.name {
        ("call_tool does not call itself: name another tool".to_owned(), None)
    } else {
        let names = call.registry.tools().iter().map(Tool::name);
        // One that is not permitted was not misspelt: its neighbour does something else.
        let near = nearest(name, names).filter(|_| super::known(name).is_none());
        (format!("there is no tool {name:?} under this configuration; find_tools finds those there are"), near)
    };
    let nearest = nearest.map(str::to_owned);
    let violation = Violation { path: "tool".to_owned(), rule: Rule::Value, message, nearest };
    Err(ToolError::arguments(call.tool.name(), vec![violation]))
}

/// Said to a model that looks for a way to send mail.
const NOTHING_SENDS: &str = "no tool sends e-mail here: send_document needs print on the DocType and create on Communication, and a \
                             Communication that is created is only a record. print_document gives a document's text or PDF to send by other means";

/// DocTypes beyond the generated tables: those of the configuration that the words name; else the one that is named exactly,
/// where the site has it; else those that the site finds by the words, and whether it may have more.
///
/// # Errors
/// The site's where it is asked for others than one of exactly that name.
async fn other_doctypes(
    session: &Session<'_>,
    doctype: Option<&str>,
    query: Option<&str>,
    none_found: bool,
) -> Result<(Vec<String>, bool), SiteError> {
    let is_own = |name: &str| session.catalog.generated(name).is_none() && !session.policy.operations(name).is_empty();
    let words = doctype.or(query).map(search::words).unwrap_or_default();
    let named = session.policy.doctypes().map(|(name, _)| name).filter(|name| is_own(name));
    let holds = |name: &&str| !words.is_empty() && search::words(name).iter().any(|word| words.contains(word));
    let mut found: Vec<String> = named.filter(holds).map(str::to_owned).collect();
    let exact = doctype.or(query).map(str::trim).filter(|name| none_found && found.is_empty() && is_own(name));
    if let Some(name) = exact
        && let Ok(def) = session.catalog.shown(session.asker(), name).await
    {
        found.push(def.name.to_owned());
    }
    match doctype.or(query).map(str::trim).filter(|_| none_found && found.is_empty()) {
        Some(text) => {
            let meant = own_doctypes::meant(session, text, &words).await?;
            Ok((meant.doctypes.into_iter().map(|(name, _)| name).collect(), meant.is_cut))
        }
        None => Ok((found, false)),
    }
}

/// DocTypes of the site that are called as the words say, where the best of the tools found is called otherwise: who asks
/// for a leave application does not mean installed applications. Beside them, whether the site may have more.
///
/// # Errors
/// The site's.
async fn called_so(session: &Session<'_>, query: &str, best: &Tool) -> Result<(Vec<String>, bool), SiteError> {
    let thing = search::thing(query);
    if search::is_called_so(&thing, best) {
        return Ok((Vec::new(), false));
    }
    let rest = thing.split_once(' ').map(|(_, rest)| rest);
    for part in std::iter::once(thing.as_str()).chain(rest).filter(|part| part.len() > 3) {
        let found = own_doctypes::opened(session, Some(part), None).await?;
        if !found.doctypes.is_empty() {
            return Ok((found.doctypes.into_iter().map(|(name, _)| name).collect(), found.is_cut));
        }
    }
    Ok((Vec::new(), false))
}

/// The available DocType that was meant by a name which none has.
fn other_doctype(session: &Session<'_>, doctype: &str) -> Option<String> {
    let named = session.policy.doctypes().map(|(name, _)| name);
    let generated: Vec<&str> = session.catalog.generated_names().collect();
    let all = named.chain(generated);
    let available: Vec<&str> = all.filter(|name| !session.policy.operations(name).is_empty()).collect();
    let known = available.iter().any(|name| name.eq_ignore_ascii_case(doctype));
    if known { None } else { said_names::near(doctype, &available) }
}

async fn find(call: Call<'_>, args: FindArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let (query, doctype) = (args.query.as_deref(), args.doctype.as_deref());
    if query.is_none() && doctype.is_none() && args.operation.is_none() {
        let message = "give words, a doctype or an operation".to_owned();
        let violation = Violation { path: "query".to_owned(), rule: Rule::Mandatory, message, nearest: None };
        return Err(ToolError::arguments(call.tool.name(), vec![violation]));
    }
    let exact = query.and_then(|query| call.registry.find(query.trim()));
    let absent = match doctype.or(query).filter(|_| exact.is_none()) {
        Some(text) => other_apps::absent(session, text).await,
        None => None,
    };
    if let Some(absent) = absent.as_ref().filter(|absent| absent.is_all) {
        return Ok(json!({"found": 0, "tools": [], "note": absent.message, "next": NEXT}).into());
    }
    let mut found = fitting(call.registry, &args, exact);
    let asked = query.map(search::words).unwrap_or_default();
    let wanted = args.operation.and_then(|wanted| Operation::from_name(wanted.as_str()));
    let forbidden = match exact {
        Some(_) => None,
        None => {
            let question = Question { query, words: &asked, doctype: doctype.map(str::trim), wanted };
            Forbidden::of(session, call.registry, question, &found)
        }
    };
    if let Some(forbidden) = &forbidden {
        found.retain(|tool| forbidden.leaves(tool));
    }
    let best = found::told(&call, &found, exact.is_some());
    let more: Vec<&str> = found.iter().skip(best.len()).take(NAMED).map(Tool::name).collect();
    let is_whole = best.len() + more.len() >= found.len();
    let mut result = Map::new();
    result.insert("found".to_owned(), json!(found.len()));
    result.insert("tools".to_owned(), Value::Array(best));
    if !more.is_empty() {
        result.insert("more".to_owned(), json!(more));
    }
    let first = found.first().filter(|_| exact.is_none() && doctype.is_none() && forbidden.is_none());
    let own = match other_doctypes(session, doctype, query, found.is_empty() && forbidden.is_none()).await {
        Ok((none, false)) if none.is_empty() => match query.zip(first) {
            Some((query, first)) => called_so(session, query, first).await,
            None => Ok((none, false)),
        },
        own => own,
    };
    let mut notes: Vec<String> = absent.into_iter().map(|absent| absent.message).collect();
    if let Err(error) = &own {
        let why = error.told();
        notes.push(format!("whether the site has a DocType of its own of that name, it did not tell: {why}"));
    }
    let (own, is_cut) = own.unwrap_or_default();
    notes.extend(is_cut.then(|| own_doctypes::CUT.to_owned()));
    if !own.is_empty() {
        result.insert("doctypes".to_owned(), with_operations(session, &own));
    }
    if let Some(forbidden) = &forbidden {
        notes.push(forbidden.note.clone());
    } else if query.is_some_and(search::is_about_sending) && call.registry.find(super::send::SEND.name).is_none() {
        notes.push(NOTHING_SENDS.to_owned());
    }
    if !notes.is_empty() {
        result.insert("note".to_owned(), json!(notes.join("\n")));
    }
    let what = Outcome {
        is_empty: found.is_empty(),
        is_whole,
        is_forbidden: forbidden.is_some(),
        has_own_doctypes: !own.is_empty(),
    };
    result.insert("next".to_owned(), json!(what.next(session, doctype, query)));
    Ok(result.into())
}

/// The permitted tools that fit what is asked for, best first; one that is named leads, with those of its DocType.
fn fitting(registry: &Registry, args: &FindArgs, exact: Option<Tool>) -> Vec<Tool> {
    let (wanted, doctype) = (args.operation, args.doctype.as_deref().map(str::trim));
    let does = |tool: &Tool| wanted.is_none_or(|wanted| wanted.as_str() == tool.operation().as_str());
    let about = |tool: &Tool| match (tool, doctype) {
        (Tool::Typed(_, def), Some(doctype)) => def.name.eq_ignore_ascii_case(doctype),
        (Tool::Published(published), Some(doctype)) => {
            published.doctype().is_some_and(|of| of.eq_ignore_ascii_case(doctype))
        }
        (_, Some(_)) => false,
        (_, None) => true,
    };
    let siblings = |tool: &Tool| match (exact, tool) {
        (Some(Tool::Typed(_, exact)), Tool::Typed(_, def)) => def.name == exact.name,
        (Some(exact), tool) => exact == *tool,
        (None, _) => true,
    };
    // Who writes to a tool of the desk does nothing by it, and who reads it learns nothing.
    let acts = |tool: &Tool| match tool {
        Tool::Typed(_, def) => exact == Some(*tool) || desk_tools::instead(def.name).is_none(),
        _ => true,
    };
    let fits = |tool: &Tool| does(tool) && about(tool) && siblings(tool) && acts(tool);
    let candidates = registry.tools().iter().copied().filter(fits);
    let mut found = match (exact, args.query.as_deref()) {
        (None, Some(query)) => {
            let is_unknown = |word: &str| search::by_words(word, candidates.clone()).is_empty();
            search::by_words(&said_names::renamed(query, is_unknown), candidates.clone())
        }
        _ => candidates.collect(),
    };
    found.sort_by_key(|tool| exact != Some(*tool));
    found
}

/// DocTypes with what is permitted on each.
fn with_operations(session: &Session<'_>, doctypes: &[String]) -> Value {
    let entries = doctypes.iter().map(|name| {
        let operations = session.policy.operations(name).iter().map(Operation::as_str).collect::<Vec<_>>();
        json!({"name": name, "operations": operations})
    });
    entries.collect()
}

/// What a search came to.
struct Outcome {
    is_empty: bool,
    /// Whether all that was found is named.
    is_whole: bool,
    is_forbidden: bool,
    has_own_doctypes: bool,
}

impl Outcome {
    /// What to do with it.
    fn next(&self, session: &Session<'_>, doctype: Option<&str>, query: Option<&str>) -> String {
        if let Some((name, instead)) = doctype.or(query).and_then(desk_tools::asked_for) {
            let found = if self.is_empty { "" } else { " call_tool calls what was found." };
            return format!("{name} is a tool of the desk: writing to it does nothing; {instead}.{found}");
        }
        let next = match (self.is_empty, doctype) {
            (true, _) if self.is_forbidden => "No tool does this here: tell the user.",
            _ if self.is_forbidden => {
                "No tool does this here: tell the user. The tools found do something else; call_tool calls them."
            }
            _ if self.has_own_doctypes => {
                "The site's own DocTypes have no tools of their own: the generic tools take them by their exact name."
            }
            (true, Some(doctype)) => match other_doctype(session, doctype.trim()) {
                Some(near) => {
                    return format!("No DocType {doctype:?} is available here; did you mean {near}?");
                }
                None => "No tool of its own: the generic tools take any permitted DocType; list_doctypes names those.",
            },
            (true, None) => {
                "Try other words, or list_doctypes for the DocTypes and the generic tools for operations on them."
            }
            (false, _) if !self.is_whole => {
                "call_tool calls them. More were found: add words or a doctype to see them."
            }
            _ => "call_tool calls them; find_tools with a name as query gives its whole definition.",
        };
        next.to_owned()
    }
}
