//! Prompts: work that people run a company with, each as steps that name the tools to call. What the policy denies is not
//! in them: a prompt whose needed steps are denied is not there, other denied steps are left out.

mod render;
mod table;

use std::collections::BTreeMap;

use erpnext_schema::Verb;
use jiff::civil::Date;

use crate::app::Connection;
use crate::completion::Values;

pub use render::{Call, render};

/// One of the prompts.
#[derive(Debug)]
pub struct Prompt {
    /// For programs.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// What it finds out or does: for people, and the first line of what the model is told.
    pub description: &'static str,
    /// What it takes.
    pub arguments: &'static [Argument],
    /// What the model does, in order.
    pub steps: &'static [Step],
    /// What the model makes of it.
    pub result: &'static str,
}

/// What a prompt takes.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Its name, which stands in braces where a step uses it.
    pub name: &'static str,
    /// For people.
    pub about: &'static str,
    /// What it holds.
    pub kind: PromptArgumentKind,
    /// Whether it must be given.
    pub required: bool,
}

/// What an argument holds.
#[derive(Clone, Copy, Debug)]
pub enum PromptArgumentKind {
    /// The name of a document of this DocType.
    Link(&'static str),
    /// A date; where none is given, the one that follows from today's.
    Date(fn(Date) -> Date),
    /// Any text.
    Text,
}

impl Argument {
    /// What it can be.
    pub fn values(&self) -> Values {
        match self.kind {
            PromptArgumentKind::Link(doctype) => Values::DocumentsOf(doctype),
            PromptArgumentKind::Date(_) | PromptArgumentKind::Text => Values::Anything,
        }
    }
}

/// One call of a tool.
#[derive(Debug)]
pub struct Step {
    /// Whether the prompt is worth nothing without it.
    pub needed: bool,
    /// What it is for.
    pub what: &'static str,
    /// What is called.
    pub call: Uses,
    /// The arguments as JSON: `{name}` stands for an argument of the prompt, without which the value around it is left out;
    /// `<text>` for what an earlier step gave.
    pub arguments: &'static str,
}

/// What a step calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Uses {
    /// The tool that does this with documents of the DocType: its own, or the one for any.
    Documents(Verb, &'static str),
    /// A tool with a name of its own; its `doctype` must permit what it does.
    Tool(&'static str),
    /// A report.
    Report(&'static str),
}

/// Why there is no prompt to give.
pub type Refusal = String;

/// The prompts that the policy leaves, in the order of the list: a function of the configuration only.
pub fn offered(connection: &Connection) -> impl Iterator<Item = &'static Prompt> {
    table::all().filter(|prompt| render::is_offered(connection, prompt))
}

/// The prompt of that name.
///
/// # Errors
/// Where there is none, or none for this policy: the nearest there is.
pub fn find(connection: &Connection, name: &str) -> Result<&'static Prompt, Refusal> {
    offered(connection).find(|prompt| prompt.name == name).ok_or_else(|| {
        let near = erpnext_schema::nearest(name, offered(connection).map(|prompt| prompt.name));
        let near = near
            .map_or_else(|| "prompts/list shows those there are".to_owned(), |near| format!("did you mean {near}?"));
        format!("there is no prompt {name:?} under this configuration; {near}")
    })
}

/// The arguments of one prompt, as they were given.
pub type Given = BTreeMap<String, String>;
