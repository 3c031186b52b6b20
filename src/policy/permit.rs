//! `Permit`: the policy's word that one caller may do one thing. Nothing reaches the site without one.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use erpnext_schema::DocTypeDef;
use serde_json::{Map, Value};

use super::conditions::{Absent, Facts, Judge, Unmet, has_variables};
use super::{Denial, FieldRule, Operation, Reason, Within, unpredictable};
use crate::config::Condition;

/// Leave to do one operation on documents of one DocType: with the fields that may be seen and set, and the conditions
/// that the documents have to satisfy. Only the policy makes one; there is no other way to have one:
///
/// ```compile_fail
/// use erpnext_mcp::policy::{FieldRule, Operation, Permit};
/// let permit = Permit::new("Customer", Operation::Delete, FieldRule::default().into());
/// ```
///
/// ```compile_fail
/// use erpnext_mcp::policy::{FieldRule, Operation, Permit};
/// let permit = Permit { doctype: "Customer".into(), operation: Operation::Delete, fields: FieldRule::default().into() };
/// ```
///
/// ```compile_fail
/// let permit: erpnext_mcp::policy::Permit = Default::default();
/// ```
///
/// This is the way:
///
/// ```
/// use erpnext_mcp::policy::{Operation, Policy};
/// assert!(Policy::full().permit(Operation::Delete, "Customer").is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct Permit {
    doctype: Arc<str>,
    operation: Operation,
    fields: Arc<FieldRule>,
    terms: Terms,
    facts: Option<Arc<Facts>>,
    /// The site's table of the DocType, if it is known.
    table: Option<&'static DocTypeDef>,
}

/// By all that it says: another rule makes another one.
impl Hash for Permit {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.doctype, self.operation, &self.fields).hash(state);
        // Patterns have no hash, but all of their text.
        let terms = self.is_conditional().then(|| format!("{:?} {:?}", self.terms, self.facts));
        terms.hash(state);
    }
}

/// The document that a write is about, as far as it is known before the site computes.
#[derive(Clone, Copy, Debug)]
pub enum WriteState<'a> {
    /// A new one.
    New(&'a Map<String, Value>),
    /// One that is stored and will be gone.
    Gone(&'a Map<String, Value>),
    /// One as it is stored, and as the write would leave it; for an amendment the cancelled one and the new one.
    Changed {
        /// Before.
        stored: &'a Map<String, Value>,
        /// After.
        result: &'a Map<String, Value>,
    },
}

impl<'a> WriteState<'a> {
    /// The document as it is stored, where there is one.
    pub fn stored(self) -> Option<&'a Map<String, Value>> {
        match self {
            Self::New(_) => None,
            Self::Gone(stored) | Self::Changed { stored, .. } => Some(stored),
        }
    }

    /// The same, where the write would leave it like this.
    #[must_use]
    pub fn with_result(self, result: &'a Map<String, Value>) -> Self {
        match self {
            Self::New(_) => Self::New(result),
            Self::Gone(stored) => Self::Gone(stored),
            Self::Changed { stored, .. } => Self::Changed { stored, result },
        }
    }

    /// The document as the write would leave it, where it leaves one.
    pub fn result(self) -> Option<&'a Map<String, Value>> {
        match self {
            Self::Gone(_) => None,
            Self::New(result) | Self::Changed { result, .. } => Some(result),
        }
    }
}

/// A permit whose conditions are satisfied by the document that a write is about. Only [`Permit::admits`] makes one.
#[derive(Debug)]
#[must_use]
pub struct Admitted<'a> {
    permit: &'a Permit,
}

impl<'a> Admitted<'a> {
    /// The permit.
    pub fn permit(&self) -> &'a Permit {
        self.permit
    }
}

/// The conditions on documents that a permit carries.
#[derive(Clone, Default, Debug)]
pub(super) struct Terms {
    /// What the operation itself asks for.
    pub(super) own: Option<Arc<Condition>>,
    /// Which documents there are for this caller at all.
    pub(super) scope: Option<Arc<Condition>>,
    /// What a submit asks for beside its own: of the conditions under which the draft was written, those on amounts that the
    /// site worked out after they were judged.
    pub(super) worked_out: Vec<Arc<Condition>>,
}

impl Permit {
    pub(super) fn new(doctype: &str, operation: Operation, fields: Arc<FieldRule>, terms: Terms) -> Self {
        Self { doctype: doctype.into(), operation, fields, terms, facts: None, table: None }
    }

    /// The DocType it is for.
    pub fn doctype(&self) -> &str {
        &self.doctype
    }

    /// What it allows to do.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// Which fields may be seen and set.
    pub fn fields(&self) -> &FieldRule {
        &self.fields
    }

    /// Whether its conditions speak of the user or the date. Until [`Permit::with_facts`] said them, they are satisfied by
    /// no document.
    pub fn needs_facts(&self) -> bool {
        self.facts.is_none() && self.conditions().any(has_variables)
    }

    /// The same permit where it is known who asks, and what day it is on the site.
    #[must_use]
    pub fn with_facts(self, facts: Arc<Facts>) -> Self {
        Self { facts: Some(facts), ..self }
    }

    /// The same permit where the site's table is known: by its fields' types the site is asked for what there is.
    #[must_use]
    pub fn with_table(self, table: Option<&'static DocTypeDef>) -> Self {
        Self { table, ..self }
    }

    /// Whether it carries any condition.
    pub fn is_conditional(&self) -> bool {
        self.conditions().next().is_some()
    }

    /// The names of the fields that its conditions look at.
    pub fn judged_by(&self) -> impl Iterator<Item = &str> {
        self.conditions().flat_map(|condition| condition.fields())
    }

    /// The names of the fields that decide whether the caller may see a document.
    pub fn scoped_by(&self) -> impl Iterator<Item = &str> {
        self.terms.scope.iter().flat_map(|condition| condition.fields())
    }

    /// Whether the caller is to see only part of the DocType's documents.
    pub fn is_row_filtered(&self) -> bool {
        self.terms.scope.is_some()
    }

    /// Whether the stored document is one of those that there are for this caller.
    pub fn sees(&self, stored: &Map<String, Value>) -> bool {
        self.terms.scope.as_ref().is_none_or(|scope| self.judge(Absent::IsEmpty).judge(scope, stored).is_ok())
    }

    /// The filters under which a list holds only documents that this caller may see; none where no filters say so, and then
    /// nothing may be listed.
    pub fn within(&self) -> Option<Within> {
        match &self.terms.scope {
            Some(scope) => {
                let def = self.table.or_else(|| erpnext_doctypes::any(self.doctype()));
                let within = self.judge(Absent::IsEmpty).within(scope)?;
                Some(within.of(|field| def?.field(field)))
            }
            None => Some(Within::default()),
        }
    }

    /// That the operation may be done with the document as it is stored, and may leave it like this; `def` and `children`
    /// tell what the site decides itself.
    ///
    /// # Errors
    /// What it does not satisfy.
    pub fn admits(
        &self,
        state: WriteState<'_>,
        def: &DocTypeDef,
        children: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
    ) -> Result<Admitted<'_>, Denial> {
        state.stored().map_or(Ok(()), |stored| self.admits_stored(stored))?;
        if let Some(result) = state.result() {
            let unknown = unpredictable(self.judged_by(), def, children, state.stored(), result);
            self.admits_result(result, &unknown)?;
        }
        Ok(Admitted { permit: self })
    }

    /// Whether the operation may be done with the document as it is stored.
    ///
    /// # Errors
    /// What it does not satisfy.
    pub fn admits_stored(&self, stored: &Map<String, Value>) -> Result<(), Denial> {
        let own = self.terms.own.iter().filter(|_| !makes(self.operation));
        let mut terms = self.terms.scope.iter().chain(own).chain(&self.terms.worked_out);
        terms
            .try_for_each(|term| self.judge(Absent::IsEmpty).judge(term, stored))
            .map_err(|unmet| self.no("stored", unmet))
    }

    /// Whether the operation may leave the document like this; of the fields in `unknown` nobody knows the values before.
    ///
    /// # Errors
    /// What it does not satisfy.
    pub fn admits_result(&self, result: &Map<String, Value>, unknown: &[&str]) -> Result<(), Denial> {
        let (which, absent) = if makes(self.operation) { ("new", Absent::Fails) } else { ("changed", Absent::IsEmpty) };
        let own = self.terms.own.as_ref().filter(|_| makes(self.operation) || self.operation == Operation::Update);
        let judge = Judge { unknown, ..self.judge(absent) };
        own.map_or(Ok(()), |own| judge.judge(own, result)).map_err(|unmet| self.no(which, unmet))
    }

    /// The same for a change of which only the changed fields are known: what looks at others is not judged.
    ///
    /// # Errors
    /// What they do not satisfy.
    pub fn admits_changes(&self, changes: &Map<String, Value>) -> Result<(), Denial> {
        self.judge_known(self.terms.own.as_deref(), changes).map_err(|unmet| self.no("changed", unmet))
    }

    /// Checks that the caller may see the document as it is made or left, as far as these fields tell; `which` says in a
    /// denial which of the two it is.
    ///
    /// # Errors
    /// What it does not satisfy.
    pub fn keeps_in_sight(&self, which: &'static str, doc: &Map<String, Value>) -> Result<(), Denial> {
        self.judge_known(self.terms.scope.as_deref(), doc).map_err(|unmet| self.no(which, unmet))
    }

    /// Whether the document satisfies the condition of the write that stored it; the site may have worked out other amounts
    /// than were sent.
    ///
    /// # Errors
    /// What it does not satisfy.
    pub fn admits_outcome(&self, stored: &Map<String, Value>) -> Result<(), Unmet> {
        let own = self.terms.own.as_ref().filter(|_| makes(self.operation) || self.operation == Operation::Update);
        own.map_or(Ok(()), |own| self.judge(Absent::IsEmpty).judge(own, stored))
    }

    fn judge_known(&self, condition: Option<&Condition>, doc: &Map<String, Value>) -> Result<(), Unmet> {
        let known = |part: &&Condition| part.fields().iter().all(|name| doc.contains_key(*name));
        let judge = |part| self.judge(Absent::IsEmpty).judge(part, doc);
        condition.map(Condition::parts).into_iter().flatten().filter(known).try_for_each(judge)
    }

    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.terms.own.iter().chain(&self.terms.scope).chain(&self.terms.worked_out).map(|condition| &**condition)
    }

    fn judge(&self, absent: Absent) -> Judge<'_> {
        Judge { facts: self.facts.as_deref(), absent, unknown: &[] }
    }

    fn no(&self, which: &'static str, unmet: Unmet) -> Denial {
        let reason = Reason::Unmet { which, unmet };
        Denial { doctype: self.doctype.to_string(), operation: self.operation, reason }
    }
}

/// Whether the operation makes a document.
const fn makes(operation: Operation) -> bool {
    matches!(operation, Operation::Create | Operation::Amend)
}

#[cfg(test)]
impl Permit {
    /// A permit for tests of what takes one.
    pub(crate) fn for_test(doctype: &str, operation: Operation) -> Self {
        Self::with_rule(doctype, operation, Arc::default())
    }

    /// The same with a rule for its fields.
    pub(crate) fn with_rule(doctype: &str, operation: Operation, fields: Arc<FieldRule>) -> Self {
        Self::new(doctype, operation, fields, Terms::default())
    }
}
