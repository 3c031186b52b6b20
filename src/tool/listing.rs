//! Which tools `tools/list` shows, and how much of each, so that the list costs no more than its budget. What it does not
//! show is found with `find_tools` and called by name.

use std::cmp::Reverse;

use erpnext_schema::{DocTypeDef, Verb, nearest};

use super::definition::{Definition, definition_at};
use super::detail::Detail;
use super::{Registry, Tool, Toolset};
use crate::config::{Mode, Tools, toolset};
use crate::context::Session;

/// What a text of that many bytes costs a model, roughly: four bytes make a token.
pub const fn tokens(bytes: usize) -> usize {
    bytes.div_ceil(4)
}

/// How many that do not fit into the rest of the budget are tried in a round.
const MOST_MISSED: usize = 8;
/// How many DocTypes that are only read are listed: the generic tools read them as well.
const MOST_READ: usize = 12;

/// The list.
#[derive(Debug)]
pub struct Listing {
    /// Its tools, in order.
    pub tools: Vec<Listed>,
    /// Its size as JSON.
    pub bytes: usize,
}

/// A tool of the list.
#[derive(Debug)]
pub struct Listed {
    /// The tool.
    pub tool: Tool,
    /// How much of it is shown.
    pub level: Detail,
    /// As it is shown.
    pub definition: Definition,
    /// Its size as JSON.
    pub bytes: usize,
}

/// Tools that are raised together.
struct Group {
    tools: Vec<Tool>,
    shown: Vec<Listed>,
    purpose: Purpose,
    /// How much the DocType holds: orders and invoices more than what they are about, and that more than a group of it.
    weight: usize,
}

/// What a configuration opens a DocType for, what matters most first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Purpose {
    /// To make and submit: orders, invoices.
    Transactions,
    /// To make or change: customers, items.
    Masters,
    /// To look up. The generic tools do that as well.
    Reading,
}

impl Group {
    fn of(tools: Vec<Tool>, weight: usize) -> Option<Self> {
        let has = |verb| tools.iter().any(|tool| tool.verb() == Some(verb));
        let purpose = match (has(Verb::Submit), has(Verb::Create) || has(Verb::Update)) {
            (true, true) => Purpose::Transactions,
            (false, true) => Purpose::Masters,
            (_, false) => Purpose::Reading,
        };
        (!tools.is_empty()).then_some(Self { tools, shown: Vec::new(), purpose, weight })
    }

    fn bytes(&self) -> usize {
        size(&self.shown)
    }
}

/// With the comma after each.
fn size(shown: &[Listed]) -> usize {
    shown.iter().map(|listed| listed.bytes + 1).sum()
}

/// The list of a session: the core, then what fits of all else, what nothing listed does first. No two DocTypes are more than
/// one level apart.
pub fn listing(session: &Session<'_>, registry: &Registry) -> Listing {
    let tools = session.tools;
    let included = |tool: &Tool| tools.include.iter().any(|pattern| pattern.matches(tool.name()));
    let (core, others): (Vec<Tool>, Vec<Tool>) =
        registry.general().iter().copied().partition(|tool| is_core(tool) || included(tool));
    let mut general = show(session, &core, Detail::Full);
    let mut fixed = Vec::new();
    if !tools.include.is_empty() {
        let typed = registry.tools().iter().copied().filter(|tool| matches!(tool, Tool::Typed(..)) && included(tool));
        fixed = show(session, &typed.collect::<Vec<_>>(), Detail::Compact);
    }
    let mut groups: Vec<Group> = candidates(session, registry)
        .filter_map(|def| Group::of(registry.typed(def).filter(|tool| !included(tool)).collect(), weight(def)))
        .collect();
    groups.sort_by_key(|group| (group.purpose, Reverse(group.weight)));
    let writing = groups.partition_point(|group| group.purpose < Purpose::Reading);
    let mut others: Vec<Tool> = others.into_iter().filter(|tool| is_asked_for(tools, tool)).collect();
    let is_beside = |tool: &Tool| tools.toolsets.is_empty() && is_beside_the_work(tool);
    others.sort_by_key(|tool| (is_beside(tool), !is_published(tool), !is_of_trade(tool)));
    let near = others.partition_point(|tool| !is_beside(tool));
    let mut others: Vec<Group> = others.into_iter().filter_map(|tool| Group::of(vec![tool], 0)).collect();
    // The brackets, less the last comma.
    let mut bytes = 1 + size(&general) + size(&fixed);
    let budget = usize::try_from(tools.budget_tokens).unwrap_or(usize::MAX).saturating_mul(4);
    let mut raise =
        |groups: &mut [Group], levels: &[Detail], budget| raise(session, groups, levels, &mut bytes, budget);
    match tools.mode {
        Mode::Full => {
            raise(&mut others, &[Detail::Full], usize::MAX);
            raise(&mut groups, &[Detail::Full], usize::MAX);
        }
        Mode::Lean => {
            raise(&mut groups, &[Detail::Lean], budget);
            raise(&mut others, &[Detail::Full], budget);
        }
        // Where no DocType is named, nobody said what the work is: its tools are found.
        Mode::Auto => {
            let (near, beside) = others.split_at_mut(near);
            raise(near, &[Detail::Full], budget);
            let is_whole =
                !groups.is_empty() && raise(&mut groups[..writing], &[Detail::Compact, Detail::Lean], budget);
            if is_whole {
                let listed = groups.len().min(writing + MOST_READ);
                raise(beside, &[Detail::Full], budget);
                let is_read = raise(&mut groups[writing..listed], &[Detail::Compact], budget);
                if is_read && listed == groups.len() {
                    raise(&mut groups, &[Detail::Full], budget);
                }
            }
        }
    }
    let order = |listed: &Listed| registry.general().iter().position(|tool| *tool == listed.tool);
    general.extend(others.into_iter().flat_map(|group| group.shown));
    general.sort_by_key(order);
    let mut typed: Vec<Listed> = groups.into_iter().flat_map(|group| group.shown).chain(fixed).collect();
    typed.sort_by_key(place);
    general.extend(typed);
    Listing { tools: general, bytes }
}

/// Raises the groups in their order, each to the first of the levels that there is room for; where there is for none, it
/// stays as it is. Whether all came to the first.
fn raise(session: &Session<'_>, groups: &mut [Group], levels: &[Detail], bytes: &mut usize, budget: usize) -> bool {
    let mut missed = 0;
    for group in groups {
        // To know what a group costs is to make its definitions: after so many the others are not tried.
        if missed == MOST_MISSED {
            break;
        }
        let others = *bytes - group.bytes();
        let fitting = levels.iter().enumerate().find_map(|(at, level)| {
            let raised = show(session, &group.tools, *level);
            let after = others + size(&raised);
            (after <= budget).then_some((at, raised, after))
        });
        missed += usize::from(!matches!(fitting, Some((0, ..))));
        if let Some((_, raised, after)) = fitting {
            *bytes = after;
            group.shown = raised;
        }
    }
    missed == 0
}

fn show(session: &Session<'_>, tools: &[Tool], level: Detail) -> Vec<Listed> {
    let listed = tools.iter().map(|tool| {
        let definition = definition_at(session, *tool, level);
        let bytes = definition.bytes();
        let level = if matches!(tool, Tool::Typed(..)) { level } else { Detail::Full };
        Listed { tool: *tool, level, definition, bytes }
    });
    listed.collect()
}

/// The DocTypes whose tools may be listed: those of the toolsets, else those the configuration names, in full mode all.
fn candidates<'a>(session: &'a Session<'_>, registry: &'a Registry) -> impl Iterator<Item = &'static DocTypeDef> {
    let tools = session.tools;
    let asked = !tools.toolsets.is_empty();
    let named = asked || tools.mode != Mode::Lean;
    let open = asked || tools.mode == Mode::Full;
    let configured = registry.configured().filter(move |_| named);
    let open = registry.open_by_default().take_while(move |_| open);
    configured.chain(open).filter(move |def| !asked || is_in(tools, &toolset(def.module)))
}

fn is_asked_for(tools: &Tools, tool: &Tool) -> bool {
    match tool {
        Tool::Named(spec) if !tools.toolsets.is_empty() => spec.is_of(|set| is_in(tools, set)),
        Tool::Named(spec) if spec.toolset == Toolset::Data => tools.mode == Mode::Full,
        // Who publishes a tool asks for it.
        Tool::Published(_) => true,
        _ => tools.mode != Mode::Lean,
    }
}

fn is_published(tool: &Tool) -> bool {
    matches!(tool, Tool::Published(_))
}

/// Whether the tool is a step of trade by itself: a payment, the end of an order, other items of it.
fn is_of_trade(tool: &Tool) -> bool {
    matches!(tool, Tool::Named(spec) if spec.toolset == Toolset::Trade)
}

/// Whether the tool is about documents as things to share and to label, or does with many what others do with one.
fn is_beside_the_work(tool: &Tool) -> bool {
    matches!(tool, Tool::Named(spec) if matches!(spec.toolset, Toolset::Bulk | Toolset::Collaboration))
}

fn is_core(tool: &Tool) -> bool {
    !is_published(tool) && !matches!(tool, Tool::Named(spec) if spec.toolset != Toolset::Core)
}

fn is_in(tools: &Tools, set: &str) -> bool {
    tools.toolsets.iter().any(|asked| toolset(asked) == set)
}

/// The names of all toolsets that can be asked for.
pub fn known_toolsets() -> Vec<String> {
    let mut known: Vec<String> = erpnext_doctypes::ALL.iter().map(|table| toolset(table.module())).collect();
    known.extend(Toolset::NAMED.map(|set| set.name().to_owned()));
    known.sort_unstable();
    known.dedup();
    known
}

/// What is wrong with the toolsets that are asked for, a line each.
pub fn unknown_toolsets<'a>(asked: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let mut asked = asked.into_iter().peekable();
    // To list the known ones goes through all DocTypes: not at the start of a server that names none.
    if asked.peek().is_none() {
        return Vec::new();
    }
    let known = known_toolsets();
    let unknown = asked.filter(|asked| !known.contains(&toolset(asked)));
    let line = |asked: &String| match nearest(asked, known.iter().map(String::as_str)) {
        Some(near) => format!("{asked}: unknown toolset; did you mean {near}?"),
        None => format!("{asked}: unknown toolset; there are {}", known.join(", ")),
    };
    unknown.map(line).collect()
}

/// Fields to be written, of the document and of its rows.
fn weight(def: &DocTypeDef) -> usize {
    def.fields_and_columns(&erpnext_doctypes::any).count()
}

/// Where a typed tool stands: by DocType, then as its DocType names its tools.
fn place(listed: &Listed) -> Option<(&'static str, usize)> {
    let Tool::Typed(verb, def) = listed.tool else { return None };
    Some((def.name, def.tools.iter().position(|tool| tool.verb == verb)?))
}
