//! Who may do what: pure decisions, no I/O. What the configuration does not permit is denied.

mod cut;
mod denial;
mod fields;
mod permit;
mod reports;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use erpnext_schema::nearest;

use crate::config::{Config, DoctypePermissions, Pattern};

pub use crate::config::{Operation, Operations};
pub use denial::{Denial, Reason};
pub use fields::{FieldRef, FieldRule};
pub use permit::Permit;

/// DocTypes that hold keys and tokens in plain fields. `permissions.default` does not open them.
const CREDENTIALS: &[&str] = &[
    "Document Share Key",
    "OAuth Authorization Code",
    "OAuth Bearer Token",
    "OAuth Client",
    "Token Cache",
    "User Social Login",
];

/// DocTypes that keep copies of other documents' values. `permissions.default` does not open them where rules stand on
/// some DocTypes: what a rule withholds could be read there.
const COPIES: &[&str] = &[
    "Access Log",
    "Activity Log",
    "Communication",
    "Data Export",
    "Deleted Document",
    "Email Queue",
    "Error Log",
    "Integration Request",
    "Notification Log",
    "Prepared Report",
    "Transaction Log",
    "Version",
    "Webhook Request Log",
];

/// What may be done on which DocType, and with which fields.
#[derive(Clone, Default, Debug)]
pub struct Policy {
    doctypes: BTreeMap<String, Rule>,
    default: Operations,
    /// The field rule of DocTypes that are not named.
    fields: Arc<FieldRule>,
    /// The rule of DocTypes on which nothing is said: what needs naming stays withheld.
    open: Arc<FieldRule>,
    reports: Vec<Pattern>,
    refusals: BTreeMap<String, BTreeMap<Operation, String>>,
}

#[derive(Clone, Debug)]
struct Rule {
    operations: Operations,
    fields: Arc<FieldRule>,
}

impl Policy {
    /// The policy that a configuration states.
    pub fn from_config(config: &Config) -> Self {
        let left = |stated: Operations| match config.tools.read_only {
            true => stated.iter().filter(|operation| !operation.writes()).collect(),
            false => stated,
        };
        let rule = |rule: &DoctypePermissions| {
            let operations = left(rule.operations);
            let fields = FieldRule::new(rule.allowed_fields.as_deref(), &rule.restricted_fields);
            Rule { operations, fields: Arc::new(readable_if(operations, fields)) }
        };
        let permissions = &config.permissions;
        let doctypes = permissions.doctypes.iter().map(|(name, permissions)| (name.clone(), rule(permissions)));
        Self { reports: permissions.reports.clone(), ..Self::new(doctypes.collect(), left(permissions.default)) }
    }

    /// Everything is permitted: for programs that use this crate as their own client.
    pub fn full() -> Self {
        let all = Operation::ALL.iter().copied().collect();
        Self { reports: vec![Pattern::new("*")], ..Self::new(BTreeMap::new(), all) }
    }

    fn new(doctypes: BTreeMap<String, Rule>, default: Operations) -> Self {
        let fields = Arc::new(readable_if(default, FieldRule::default()));
        Self { doctypes, default, fields, open: Arc::default(), reports: Vec::new(), refusals: BTreeMap::new() }
    }

    /// Leave to do the operation on documents of the DocType. DocTypes match by their exact name only.
    ///
    /// # Errors
    /// Why not.
    pub fn permit(&self, operation: Operation, doctype: &str) -> Result<Permit, Denial> {
        let deny = |reason| Err(Denial { doctype: doctype.to_owned(), operation, reason });
        if let Some(why) = self.refusals.get(doctype).and_then(|refused| refused.get(&operation)) {
            return deny(Reason::Refused(why.clone()));
        }
        let (operations, fields) = match self.doctypes.get(doctype) {
            Some(rule) => (rule.operations, &rule.fields),
            None => match self.meant(doctype) {
                Some(right) => return deny(Reason::NotExact(right.to_owned())),
                None if self.default.is_empty() || !self.is_safe_beside_rules(doctype) || self.is_withheld(doctype) => {
                    return deny(Reason::NotConfigured);
                }
                None => (self.default, &self.fields),
            },
        };
        if !operations.contains(operation) {
            return deny(Reason::NotPermitted(operations));
        }
        Ok(Permit::new(doctype, operation, Arc::clone(fields)))
    }

    /// Switches an operation off from now on; `why` is told to whoever asks for it. For conditions that cannot be
    /// judged, such as one on a field that the site does not have: they fail closed.
    pub fn refuse(&mut self, doctype: &str, operation: Operation, why: impl Into<String>) {
        self.refusals.entry(doctype.to_owned()).or_default().insert(operation, why.into());
    }

    /// The DocTypes that the configuration names, with what it permits on them.
    pub fn doctypes(&self) -> impl Iterator<Item = (&str, Operations)> {
        self.doctypes.iter().map(|(name, rule)| (name.as_str(), rule.operations))
    }

    /// Whether the configuration names the DocType.
    pub fn names(&self, doctype: &str) -> bool {
        self.doctypes.contains_key(doctype)
    }

    /// What is permitted on DocTypes that the configuration does not name.
    pub fn default_operations(&self) -> Operations {
        self.default
    }

    /// Whether any DocType permits the operation.
    pub fn permits_somewhere(&self, operation: Operation) -> bool {
        self.default.contains(operation) || self.doctypes.values().any(|rule| rule.operations.contains(operation))
    }

    /// What is permitted on the DocType; nothing where it is not available.
    pub fn operations(&self, doctype: &str) -> Operations {
        Operation::ALL.iter().copied().filter(|operation| self.permit(*operation, doctype).is_ok()).collect()
    }

    /// The configured DocType that another name was probably meant to be, or that the site might take it for.
    fn meant(&self, doctype: &str) -> Option<&str> {
        let names = self.doctypes.keys().map(String::as_str);
        if self.default.is_empty() {
            return nearest(doctype, names);
        }
        // Where the other DocTypes are open, only what could be the same name to the site's database is held back.
        let folded = fold(doctype);
        names.into_iter().find(|name| fold(name) == folded)
    }

    /// Whether the DocType holds what rules on other DocTypes withhold: it is open only where it is named.
    fn is_withheld(&self, doctype: &str) -> bool {
        let is = |list: &[&str]| list.iter().any(|name| name.eq_ignore_ascii_case(doctype));
        is(CREDENTIALS) || !self.doctypes.is_empty() && is(COPIES)
    }

    /// The site's database ignores case, accents and characters that are not printed. Where rules stand on some
    /// DocTypes, a name that could slip by them that way is not open by default; it can be named.
    fn is_safe_beside_rules(&self, doctype: &str) -> bool {
        self.doctypes.is_empty() || doctype.bytes().all(|byte| matches!(byte, b' '..=b'~'))
    }
}

/// A caller that may write and not read sees no more of the answer than what the write needs.
fn readable_if(operations: Operations, fields: FieldRule) -> FieldRule {
    if operations.contains(Operation::Read) { fields } else { fields.unreadable() }
}

fn fold(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).flat_map(char::to_lowercase).collect()
}
