//! What a tool is: its spec, the arguments that it takes, its definition on the wire, and where it is listed and found.

pub mod arguments;
mod concepts;
pub mod definition;
pub mod desk_tools;
pub mod detail;
pub mod document_args;
mod implied;
pub mod input_schema;
pub mod kinds;
pub mod listing;
pub mod progress;
pub mod published;
mod registry;
pub(crate) mod search;
pub mod spec;
mod synonyms;

use erpnext_schema::{DocTypeDef, Verb};

use crate::policy::Operation;

pub use arguments::Arguments;
pub use published::Published;
pub use registry::{Registry, typed_tool};
pub use spec::{Call, Effect, Special, ToolSpec, Toolset};

/// One tool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tool {
    /// Does one thing with the documents of one DocType.
    Typed(Verb, &'static DocTypeDef),
    /// Does one thing with the documents of any DocType.
    Generic(Verb),
    /// Has a name of its own.
    Named(&'static ToolSpec),
    /// Has the name that the configuration gives it.
    Published(&'static Published),
}

/// The generic tools by their verbs.
pub const VERBS: [(Verb, &str); 9] = [
    (Verb::Get, "get_generic_document"),
    (Verb::List, "list_generic_documents"),
    (Verb::Search, "search_generic_documents"),
    (Verb::Create, "create_generic_document"),
    (Verb::Update, "update_generic_document"),
    (Verb::Delete, "delete_generic_document"),
    (Verb::Submit, "submit_document"),
    (Verb::Cancel, "cancel_document"),
    (Verb::Amend, "amend_document"),
];

impl Tool {
    /// The name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Typed(verb, def) => def.tools.iter().find(|tool| tool.verb == *verb).map_or("", |tool| tool.name),
            Self::Generic(verb) => VERBS.iter().find(|(known, _)| known == verb).map_or("", |(_, name)| name),
            Self::Named(spec) => spec.name,
            Self::Published(published) => &published.name,
        }
    }

    /// What it does to documents, if it is about documents.
    pub const fn verb(&self) -> Option<Verb> {
        match self {
            Self::Typed(verb, _) | Self::Generic(verb) => Some(*verb),
            Self::Named(_) | Self::Published(_) => None,
        }
    }

    /// The operation that it is.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Typed(verb, _) | Self::Generic(verb) => operation(*verb),
            Self::Named(spec) => spec.operation,
            Self::Published(published) => published.operation,
        }
    }

    /// The operations that it is confirmed as.
    pub fn confirmed_as(&self) -> &'static [Operation] {
        match self {
            Self::Typed(verb, _) | Self::Generic(verb) => std::slice::from_ref(operation_ref(*verb)),
            Self::Named(spec) if spec.special.confirm_as.is_empty() => std::slice::from_ref(&spec.operation),
            Self::Named(spec) => spec.special.confirm_as,
            Self::Published(published) => std::slice::from_ref(&published.operation),
        }
    }

    /// Whether it calls the tool that its arguments name.
    pub const fn is_proxy(&self) -> bool {
        matches!(self, Self::Named(spec) if spec.special.is_proxy)
    }

    /// What it does to what is stored.
    pub const fn effect(&self) -> Effect {
        match self {
            Self::Typed(verb, _) | Self::Generic(verb) => match verb {
                Verb::List | Verb::Get | Verb::Search => Effect::Reads,
                Verb::Create | Verb::Amend => Effect::Adds,
                Verb::Update | Verb::Delete | Verb::Submit | Verb::Cancel => Effect::Destroys,
            },
            Self::Named(spec) => spec.effect,
            Self::Published(published) => published.effect,
        }
    }
}

/// The operation that a verb needs leave for.
pub const fn operation(verb: Verb) -> Operation {
    *operation_ref(verb)
}

const fn operation_ref(verb: Verb) -> &'static Operation {
    match verb {
        Verb::List | Verb::Get | Verb::Search => &Operation::Read,
        Verb::Create => &Operation::Create,
        Verb::Update => &Operation::Update,
        Verb::Delete => &Operation::Delete,
        Verb::Submit => &Operation::Submit,
        Verb::Cancel => &Operation::Cancel,
        Verb::Amend => &Operation::Amend,
    }
}
