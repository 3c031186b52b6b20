//! Which tools there are under a policy, by name: those with a name of their own, the generic ones, and the typed ones of
//! every generated DocType that the policy opens, whether `tools/list` shows them or not.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use erpnext_schema::{DocTypeDef, Verb, Version, Versioned, doctype_flag};

use super::{Effect, Published, Tool, ToolSpec, Toolset, VERBS, operation};
use crate::catalog::SiteVersion;
use crate::config::{Pattern, Tools};
use crate::policy::Policy;

/// Names that no tool has, each with the tool that does what is meant: rows are listed with their documents, as that tool
/// says of a child table.
const MEANT: &[(&str, &str)] = &[("list_rows", "list_generic_documents")];

/// The tools that may be called: a function of the configuration and of the site's version.
#[derive(Debug)]
pub struct Registry {
    policy: Arc<Policy>,
    version: SiteVersion,
    exclude: Vec<Pattern>,
    /// Those that are not typed, in the order of the list.
    general: Vec<Tool>,
    /// All of them by version, made when first asked for: most calls need only one.
    all: [OnceLock<Vec<Tool>>; Version::COUNT],
}

impl Registry {
    /// The tools for one policy, but for those that are excluded; `specs` are those with a name of their own, `published`
    /// those that the configuration names.
    pub fn new(
        policy: Arc<Policy>,
        version: SiteVersion,
        tools: &Tools,
        specs: &[&'static ToolSpec],
        published: &[&'static Published],
    ) -> Self {
        let named = specs.iter().filter(|spec| (spec.offered)(&policy)).map(|spec| Tool::Named(spec));
        let generic = VERBS.iter().filter(|(verb, _)| policy.permits_somewhere(operation(*verb)));
        let published = published.iter().copied().filter(|published| published.is_offered(&policy));
        let general = named.chain(generic.map(|(verb, _)| Tool::Generic(*verb))).chain(published.map(Tool::Published));
        // What calls another tool does what that one does.
        let reads = |tool: &Tool| tool.effect() == Effect::Reads || tool.is_proxy();
        let mut general: Vec<Tool> = general.filter(|tool| !tools.read_only || reads(tool)).collect();
        general.retain(|tool| !is_excluded(&tools.exclude, tool.name()) && is_within(tools, tool));
        Self { policy, version, exclude: tools.exclude.clone(), general, all: Default::default() }
    }

    /// Every tool: the general ones, then those of each configured DocType, then those of the DocTypes open by default.
    pub fn tools(&self) -> &[Tool] {
        self.all[self.version.get() as usize].get_or_init(|| {
            let configured = self.configured().flat_map(|def| self.typed(def));
            let open = self.open_by_default().flat_map(|def| self.typed(def));
            self.general.iter().copied().chain(configured).chain(open).collect()
        })
    }

    /// Those that are not for one DocType alone.
    pub fn general(&self) -> &[Tool] {
        &self.general
    }

    /// The generated DocTypes that the configuration names.
    pub fn configured(&self) -> impl Iterator<Item = &'static DocTypeDef> {
        let version = self.version.get();
        self.policy.doctypes().filter_map(move |(name, _)| erpnext_doctypes::get(version, name))
    }

    /// The generated DocTypes that it opens without naming them.
    pub fn open_by_default(&self) -> impl Iterator<Item = &'static DocTypeDef> {
        let (opens, version) = (!self.policy.default_operations().is_empty(), self.version.get());
        let unnamed = |def: &&DocTypeDef| !def.is(doctype_flag::CHILD) && !self.policy.names(def.name);
        opens.then(|| erpnext_doctypes::all(version)).into_iter().flatten().filter(unnamed)
    }

    /// The tools of one DocType.
    pub fn typed(&self, def: &'static DocTypeDef) -> impl Iterator<Item = Tool> + use<> {
        let operations = self.policy.operations(def.name);
        let there = |name: &str| !is_excluded(&self.exclude, name);
        let tools = def.tools.iter().filter(|tool| operations.contains(operation(tool.verb)) && there(tool.name));
        tools.map(|tool| Tool::Typed(tool.verb, def)).collect::<Vec<_>>().into_iter()
    }

    /// The tool for a verb on documents of the DocType: its own, else the generic one.
    pub fn for_documents(&self, verb: Verb, doctype: &str) -> Option<Tool> {
        let def = erpnext_doctypes::get(self.version.get(), doctype);
        let own = def.and_then(|def| self.typed(def).find(|tool| tool.verb() == Some(verb)));
        own.or_else(|| self.general.iter().copied().find(|tool| *tool == Tool::Generic(verb)))
    }

    /// The tool for a verb as the model calls it for this DocType: `submit_sales_order_document`, else the generic one.
    pub fn tool_for(&self, def: &DocTypeDef, verb: Verb) -> &'static str {
        let typed = def.tools.iter().find(|tool| tool.verb == verb).map(|tool| tool.name);
        let typed = typed.filter(|name| self.policy.names(def.name) && self.find(name).is_some());
        typed.unwrap_or_else(|| Tool::Generic(verb).name())
    }

    /// The tool of that name, or of the one that is meant by it.
    pub fn find(&self, name: &str) -> Option<Tool> {
        let meant = || MEANT.iter().find(|(said, _)| *said == name);
        self.named(name).or_else(|| meant().and_then(|(_, name)| self.named(name)))
    }

    fn named(&self, name: &str) -> Option<Tool> {
        if let Some(tool) = self.general.iter().find(|tool| tool.name() == name) {
            return Some(*tool);
        }
        let (verb, table) = generated().get(name).copied()?;
        // Another version may have a DocType of that name, and other tools of it.
        let def = table.of(self.version.get()).filter(|def| def.tools.iter().any(|tool| tool.name == name))?;
        let permitted = self.policy.permits(operation(verb), def.name);
        (permitted && !is_excluded(&self.exclude, name)).then_some(Tool::Typed(verb, def))
    }
}

/// The tool of that name for one DocType, in any version, whether it is permitted or not.
pub fn typed_tool(name: &str) -> Option<Tool> {
    let (verb, table) = generated().get(name).copied()?;
    Version::ALL.iter().find_map(|version| table.of(*version)).map(|def| Tool::Typed(verb, def))
}

/// Whether a tool with a name of its own is of the core, or of the toolsets that are left. What became of documents is told
/// wherever these may be read.
fn is_within(tools: &Tools, tool: &Tool) -> bool {
    let Tool::Named(spec) = tool else { return true };
    let of_all = matches!(spec.toolset, Toolset::Core | Toolset::History);
    let of_it = |left: &BTreeSet<String>| of_all || spec.is_of(|set| left.contains(set));
    tools.within.as_ref().is_none_or(of_it)
}

fn is_excluded(exclude: &[Pattern], name: &str) -> bool {
    exclude.iter().any(|pattern| pattern.matches(name))
}

/// Every typed tool of any version.
fn generated() -> &'static HashMap<&'static str, (Verb, &'static Versioned)> {
    static BY_NAME: OnceLock<HashMap<&str, (Verb, &Versioned)>> = OnceLock::new();
    BY_NAME.get_or_init(|| {
        let of = |table: &'static Versioned| table.tools().map(move |tool| (tool.name, (tool.verb, table)));
        erpnext_doctypes::ALL.iter().copied().flat_map(of).collect()
    })
}
