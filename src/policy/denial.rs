//! Why the policy says no: one message for the model, one for the log.

use std::fmt;

use super::conditions::Unmet;
use super::{Operation, Operations, fold};

/// The policy's no to one operation on one DocType. `Display` is [`Denial::for_model`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Denial {
    /// As the caller named it.
    pub doctype: String,
    /// What was asked for.
    pub operation: Operation,
    /// Why not.
    pub reason: Reason,
}

/// Why the policy says no.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The configuration permits only these operations on the DocType.
    NotPermitted(Operations),
    /// The configuration does not name the DocType, and its default does not open it.
    NotConfigured,
    /// Not the name of a configured DocType, but so close to this one that the site might take it for that.
    NotExact(String),
    /// The operation was switched off after the configuration was read, and this is why.
    Refused(String),
    /// A quota has no room for it, and this is why.
    Quota(String),
    /// These fields may not be named.
    Fields(Vec<String>),
    /// The document does not satisfy the condition of the operation.
    Unmet {
        /// Which state of it: as stored, changed, or new.
        which: &'static str,
        /// What it would have to satisfy.
        unmet: Unmet,
    },
}

impl Denial {
    /// What a model needs to correct itself. Says nothing about DocTypes that are not configured.
    pub fn for_model(&self) -> String {
        let Self { doctype, operation, reason } = self;
        match reason {
            Reason::NotPermitted(permitted) => format!(
                "{doctype}: {operation} is not permitted by this server's configuration; permitted: {permitted}"
            ),
            Reason::NotConfigured => format!("{doctype}: not available by this server's configuration"),
            Reason::NotExact(right) if fold(right) == fold(doctype) => {
                format!("{doctype}: names of DocTypes are exact; did you mean {right}?")
            }
            Reason::NotExact(right) => {
                format!("{doctype}: not available by this server's configuration; did you mean {right}?")
            }
            Reason::Refused(why) | Reason::Quota(why) => format!("{doctype}: {operation} is refused: {why}"),
            Reason::Fields(names) => format!(
                "{doctype}: {operation} with these fields is not permitted by this server's configuration: {}",
                names.join(", ")
            ),
            Reason::Unmet { which, unmet } => format!(
                "{doctype}: this server's configuration lets you {operation} only what satisfies its conditions, and the \
                 document as {which} does not: {unmet}. Nothing was sent"
            ),
        }
    }

    /// What can be done about it.
    pub fn next(&self) -> &'static str {
        match &self.reason {
            Reason::NotExact(right) if fold(right) == fold(&self.doctype) => "Call again with that name.",
            Reason::Quota(_) => {
                "Wait until there is room, if a time is told; else a person does it on the site, or an administrator \
                 changes permissions.quota."
            }
            _ => "list_doctypes shows what is permitted; an administrator can change the configuration.",
        }
    }

    /// What an administrator needs to change it: the key of the configuration that decided. One line, whatever the
    /// caller put into the name.
    pub fn for_log(&self) -> String {
        let Self { doctype, operation, reason } = self;
        let why = match reason {
            Reason::NotPermitted(_) => format!("permissions: {operation} is not set to true"),
            Reason::NotConfigured => {
                "permissions.doctypes: not named, and permissions.default does not open it".to_owned()
            }
            Reason::NotExact(right) => format!("permissions.doctypes: not the exact name, nearest is {right}"),
            Reason::Refused(why) | Reason::Quota(why) => why.clone(),
            Reason::Fields(names) => format!("restricted_fields, allowed_fields: {}", names.join(", ")),
            Reason::Unmet { which, unmet } => format!("conditions: the document as {which}: {unmet}"),
        };
        format!("{operation} on {doctype:?} denied: {}", why.escape_debug())
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.for_model())
    }
}

impl std::error::Error for Denial {}
