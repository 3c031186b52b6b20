//! What a question for a tool asks for and the policy forbids: that is said, and no neighbour is shown in its place.

use erpnext_schema::doctype_flag;

use crate::context::Session;
use crate::policy::{Operation, Reason};
use crate::tool::search::{self, Change};
use crate::tool::{Effect, Registry, Tool, VERBS, operation};

/// What a call asks tools for.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// As it was put.
    pub query: Option<&'a str>,
    /// The words of that.
    pub words: &'a [String],
    /// The DocType that is named beside them.
    pub doctype: Option<&'a str>,
    /// The operation that is named beside them.
    pub wanted: Option<Operation>,
}

/// What is forbidden.
pub struct Forbidden<'a> {
    change: Option<Change<'a>>,
    /// That it is, and what permits it.
    pub note: String,
}

impl<'a> Forbidden<'a> {
    /// What the words, or the operation and DocType given beside them, ask for in vain. None where a tool that was found does
    /// just that by another operation, such as taking a tag off.
    pub fn of(
        session: &Session<'_>,
        registry: &Registry,
        Question { query, words, doctype, wanted }: Question<'a>,
        found: &[Tool],
    ) -> Option<Self> {
        let change = search::change_said(words);
        let forbidden = wanted.or(change.as_ref().map(|change| operation(change.verb)))?;
        // Which reports run is said by their names, not by DocTypes.
        if forbidden == Operation::Report {
            return None;
        }
        let does_that = |tool: &Tool| change.as_ref().is_some_and(|change| search::does_that(words, change, tool));
        if found.iter().any(|tool| tool.operation() != forbidden && does_that(tool)) {
            return None;
        }
        let doctypes = match doctype {
            Some(doctype) => {
                vec![session.catalog.generated_names().find(|name| name.eq_ignore_ascii_case(doctype))?]
            }
            None => named(session, words, change.as_ref().map(|change| change.word)),
        };
        let is_plain = wanted.is_some() || change.as_ref().is_some_and(|change| change.is_plain);
        let note = if let Some(first) = doctypes.first() {
            if doctypes.iter().any(|doctype| session.policy.permits(forbidden, doctype)) {
                return None;
            }
            let denial = session.policy.permit(forbidden, first).err()?;
            match denial.reason {
                Reason::NotPermitted(_) | Reason::NotConfigured => {
                    format!("{denial}. An administrator permits it with permissions.doctypes.{first}.{forbidden}: true")
                }
                _ => denial.to_string(),
            }
        } else if is_plain && !session.policy.permits_somewhere(forbidden) {
            format!(
                "{forbidden} is permitted on no DocType by this server's configuration. An administrator permits it with \
                 permissions.doctypes.DOCTYPE.{forbidden}: true"
            )
        } else {
            let query = query.filter(|_| wanted.is_none() && doctype.is_none())?;
            let verb = change.as_ref().map(|change| change.word);
            let of_what: Vec<&String> = words.iter().filter(|word| Some(*word) != verb).collect();
            let tool = closed(session, registry, query, &of_what, found)?;
            format!(
                "{} is for this, and is not permitted by this server's configuration ({}); an administrator permits it",
                tool.name(),
                tool.operation()
            )
        };
        Some(Self { change, note })
    }

    /// Whether a tool may be shown beside the note: one that takes nothing away, and is not called by what is forbidden.
    pub fn leaves(&self, tool: &Tool) -> bool {
        let is_called_so = || self.change.as_ref().is_some_and(|change| search::is_called(change.word, tool));
        match tool.effect() {
            Effect::Reads => true,
            Effect::Destroys => false,
            Effect::Adds | Effect::Sets => !is_called_so(),
        }
    }
}

/// Of all tools that write, the one that fits the query best and has a word of `of_what` in its name, where the policy does
/// not permit it. None where a tool that was found is such a one, nor of tools that the configuration leaves out: no
/// permission brings these back.
fn closed(
    session: &Session<'_>,
    registry: &Registry,
    query: &str,
    of_what: &[&String],
    found: &[Tool],
) -> Option<Tool> {
    let writes = |tool: &Tool| tool.effect() != Effect::Reads;
    let is_named = |tool: &Tool| search::words(tool.name()).iter().any(|word| of_what.contains(&word));
    if found.iter().any(|tool| writes(tool) && is_named(tool)) {
        return None;
    }
    let own = super::ALL.iter().copied().map(Tool::Named);
    let generic = VERBS.iter().map(|(verb, _)| Tool::Generic(*verb));
    let typed = session.catalog.all_generated();
    let typed = typed.flat_map(|def| def.tools.iter().map(move |tool| Tool::Typed(tool.verb, def)));
    let writing = own.chain(generic).chain(typed).filter(writes);
    let best = search::by_words(query, writing).into_iter().find(is_named)?;
    let is_permitted = match best {
        Tool::Typed(_, def) => session.policy.permits(best.operation(), def.name),
        _ => session.policy.permits_somewhere(best.operation()),
    };
    (!is_permitted && registry.find(best.name()).is_none()).then_some(best)
}

/// The DocTypes whose whole names are among the words, those with the longest names. What says the change names none by
/// itself: who deletes something does not mean Deleted Document.
fn named<'s>(session: &'s Session<'_>, words: &[String], verb: Option<&String>) -> Vec<&'s str> {
    let configured = session.policy.doctypes().map(|(name, _)| name);
    // Nothing is done to a child table by itself.
    let whole = session.catalog.all_generated().filter(|def| !def.is(doctype_flag::CHILD));
    let all = configured.chain(whole.map(|def| def.name));
    let sized = all.filter_map(|name| {
        let own = search::words(name);
        let says_what = own.iter().any(|word| Some(word) != verb);
        (says_what && own.iter().all(|word| words.contains(word))).then_some((own.len(), name))
    });
    let mut sized: Vec<(usize, &str)> = sized.collect();
    let longest = sized.iter().map(|(size, _)| *size).max();
    sized.retain(|(size, _)| Some(*size) == longest);
    sized.sort_unstable();
    sized.dedup();
    sized.into_iter().map(|(_, name)| name).collect()
}
