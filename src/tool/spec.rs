//! The spec of a tool with a name of its own, and one call of it.

use crate::cleared::Confirmed;
use crate::config::{CORE, MORE};
use std::fmt;
use std::sync::LazyLock;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::input_schema::InputSchema;
use super::progress::CallObserver;
use super::{Arguments, Registry, Tool};
use crate::answer::ToolAnswer;
use crate::audit::Attempt;
use crate::context::Session;
use crate::error::ToolError;
use crate::policy::{Operation, Policy};
/// By what a tool is asked for in a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Toolset {
    /// Always listed, as the generic tools are.
    Core,
    /// About the site and its user.
    Site,
    /// What became of documents, and what hangs on them.
    History,
    /// Many documents at once.
    Bulk,
    /// What people hang on a document.
    Collaboration,
    /// Steps of trade that are more than a document's own: payments, the state of orders.
    Trade,
    /// Copies of documents, what is there twice, files of many, payments matched and cleared: listed only where it is
    /// named.
    Data,
    /// Those of no other.
    More,
}

impl Toolset {
    /// Those that can be named: the core is there unasked.
    pub const NAMED: [Self; 7] =
        [Self::Site, Self::History, Self::Bulk, Self::Collaboration, Self::Trade, Self::Data, Self::More];

    /// The name that a configuration gives it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Core => CORE,
            Self::Site => "site",
            Self::History => "history",
            Self::Bulk => "bulk",
            Self::Collaboration => "collaboration",
            Self::Trade => "trade",
            Self::Data => "data",
            Self::More => MORE,
        }
    }
}

/// A tool with a name of its own.
pub struct ToolSpec {
    /// The name on the wire.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// For the model: what it does, when to use it, one trap.
    pub description: &'static str,
    /// By what it is asked for in a list.
    pub toolset: Toolset,
    /// What it does to documents, as the audit log names it.
    pub operation: Operation,
    /// What a client may expect of it.
    pub effect: Effect,
    /// Whether a policy leaves anything for it to do; else it is not listed and not there.
    pub offered: fn(&Policy) -> bool,
    /// What no other tool needs.
    pub special: Special,
    /// What it takes, and what does it.
    pub handler: Handler,
}

impl ToolSpec {
    /// Whether it is of one of the toolsets that are meant.
    pub fn is_of(&self, is_meant: impl Fn(&str) -> bool) -> bool {
        is_meant(self.toolset.name()) || self.special.modules.iter().any(|module| is_meant(module))
    }
}

/// What a tool takes, and the function that takes it: made by `handler!`, so that they fit.
pub struct Handler {
    /// Its own arguments.
    pub input: LazyLock<InputSchema>,
    /// Does it.
    pub run: for<'a> fn(Call<'a>) -> BoxFuture<'a, Result<ToolAnswer, ToolError>>,
}

/// The [`Handler`] of an `async fn(Call<'_>, Args) -> Result<ToolAnswer, ToolError>`.
macro_rules! handler {
    ($args:ty, $run:path) => {
        $crate::tool::spec::Handler {
            input: std::sync::LazyLock::new($crate::tool::input_schema::InputSchema::of::<$args>),
            run: |call| Box::pin(async move { $run(call, call.args::<$args>()?).await }),
        }
    };
}
pub(crate) use handler;

/// The arguments of a tool that takes none.
#[derive(Deserialize, schemars::JsonSchema)]
pub struct NoArgs {}

/// What is special about a tool.
#[derive(Clone, Copy)]
pub struct Special {
    /// The operations that it is confirmed as; where none is stated, its own. Taking a file away is an update of its document,
    /// and takes it away for good.
    pub confirm_as: &'static [Operation],
    /// The toolsets of modules that it belongs to beside its own: whoever has these has it.
    pub modules: &'static [&'static str],
    /// It calls the tool that its arguments name: it is checked, permitted, recorded and confirmed as that one.
    pub is_proxy: bool,
    /// Tells what a call is about, if the arguments `doctype` and `name` do not.
    pub subject: fn(&mut Attempt, &Map<String, Value>),
}

impl Special {
    /// Nothing.
    pub const NONE: Self = Self { confirm_as: &[], modules: &[], is_proxy: false, subject: |_, _| {} };
}

/// What a tool does to what is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing.
    Reads,
    /// Adds, and adds again when it is repeated.
    Adds,
    /// Sets what repeating sets again, and takes nothing away.
    Sets,
    /// Changes or takes away what was there.
    Destroys,
}

/// One call of such a tool, its arguments checked against its table.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// On whose behalf, on which site.
    pub session: &'a Session<'a>,
    /// The tools that there are.
    pub registry: &'a Registry,
    /// The tool that was called.
    pub tool: Tool,
    /// Its arguments, as they were checked.
    pub given: &'a Arguments,
    /// The record of it.
    pub attempt: &'a Attempt,
    /// Who waits for it.
    pub observer: &'a CallObserver,
    /// The confirmation of the batch that it is part of.
    pub confirmed: Option<Confirmed>,
}

impl<'a> Call<'a> {
    /// Its arguments as the type that their schema comes from.
    pub(crate) fn args<T: Deserialize<'a>>(&self) -> Result<T, ToolError> {
        self.given.read()
    }
}

/// For [`ToolSpec::offered`]: always.
pub fn always(_: &Policy) -> bool {
    true
}

/// For [`ToolSpec::offered`]: where something may be changed.
pub fn updates(policy: &Policy) -> bool {
    policy.permits_somewhere(Operation::Update)
}

/// For [`ToolSpec::offered`]: where something may be read.
pub fn reads(policy: &Policy) -> bool {
    policy.permits_somewhere(Operation::Read)
}

impl PartialEq for ToolSpec {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ToolSpec {}

impl fmt::Debug for ToolSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ToolSpec").field(&self.name).finish()
    }
}
