//! A tool that the configuration publishes: what is behind one that is there already, under a name and a schema of its
//! own.

use std::fmt;

use serde_json::{Map, Value};

use super::input_schema::Arg;
use super::spec::Effect;
use crate::audit::Attempt;
use crate::config::{Gives, LIST_FILTER, Publication};
use crate::policy::{Operation, Policy};

/// One of them.
pub struct Published {
    /// The name on the wire.
    pub name: String,
    /// For people.
    pub title: String,
    /// What the configuration says of it.
    pub stated: Publication,
    /// What it does to documents, as the audit log names it.
    pub operation: Operation,
    /// What a client may expect of it.
    pub effect: Effect,
    /// What it takes.
    pub args: Vec<Arg>,
}

impl Published {
    /// Whether a policy lets it give anything; else it is not there.
    pub fn is_offered(&self, policy: &Policy) -> bool {
        let reads = |doctype: &str| policy.permits(Operation::Read, doctype);
        match &self.stated.gives {
            Gives::Report { report, .. } => policy.opens_report(report),
            Gives::List { doctype, .. } => reads(doctype) && reads(LIST_FILTER),
            Gives::Method { method } => policy.permit_method(method).is_ok(),
        }
    }

    /// The DocType of the documents that it lists.
    pub fn doctype(&self) -> Option<&str> {
        match &self.stated.gives {
            Gives::Report { .. } | Gives::Method { .. } => None,
            Gives::List { doctype, .. } => Some(doctype),
        }
    }

    /// Records a call as one of the tool behind it: the report, and the names of the filters that were given; the method.
    pub fn record(&self, attempt: &mut Attempt, arguments: &Map<String, Value>) {
        match &self.stated.gives {
            Gives::Report { report, filters } => {
                attempt.document = Some(report.clone());
                let given = filters.iter().map(|(name, _)| name).filter(|name| arguments.contains_key(*name));
                attempt.fields.extend(given.cloned());
            }
            Gives::Method { method } => attempt.document = Some(method.clone()),
            Gives::List { .. } => {}
        }
    }
}

impl PartialEq for Published {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Published {}

impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Published").field(&self.name).finish()
    }
}
