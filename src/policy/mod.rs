//! Who may do what: pure decisions, no I/O. What the configuration does not permit is denied.

mod chosen;
mod closed;
mod compare;
mod conditions;
mod copies;
mod cut;
mod denial;
mod fields;
mod filter;
mod hung;
mod methods;
mod permit;
mod predict;
mod reports;
mod sight;
mod spelling;
#[cfg(test)]
mod tests;
mod validate;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use erpnext_schema::known_copies::WHOLE;
use erpnext_schema::{DocTypeDef, collation, doctype_flag, nearest};

use crate::config::{Condition, Config, DoctypePermissions, Method, Pattern, toolset};
use permit::Terms;
use spelling::fold;

pub use crate::config::{Operation, Operations};
pub use compare::equal;
pub use conditions::{Absent, Facts, Judge, Unmet};
pub use denial::{Denial, Reason};
pub use fields::{FieldRef, FieldRule, stands_for};
pub use filter::{Filter, Rows, Within};
pub use hung::{FileReach, hangs_on};
pub use methods::MethodPermit;
pub use permit::{Admitted, Permit, WriteState};
pub use predict::unpredictable;
pub use reports::Called;
pub use sight::may_be_mask;

/// What may be done on which DocType, and with which fields.
#[derive(Clone, Default, Debug)]
pub struct Policy {
    doctypes: BTreeMap<String, Rule>,
    /// What a fold makes of their names, in their order: every decision on another DocType looks through them.
    folded: Vec<String>,
    default: Operations,
    /// The field rule of DocTypes that are not named.
    fields: Arc<FieldRule>,
    /// The rule of DocTypes on which nothing is said: what needs naming stays withheld.
    open: Arc<FieldRule>,
    reports: Vec<Pattern>,
    methods: BTreeMap<String, Method>,
    refusals: BTreeMap<String, BTreeMap<Operation, String>>,
    /// The rules of DocTypes that are not named and hold copies of fields that are restricted elsewhere.
    copies: BTreeMap<&'static str, Arc<FieldRule>>,
    /// The operations that are done only once they were confirmed, beside those that always are.
    confirm: Operations,
    confirm_argument: bool,
    /// Whether there is a place for files of what is exported.
    exports: bool,
    /// The modules beyond which nothing is permitted, as toolsets.
    within: Option<Arc<BTreeSet<String>>>,
    facts: Option<Arc<Facts>>,
}

#[derive(Clone, Debug)]
struct Rule {
    operations: Operations,
    fields: Arc<FieldRule>,
    /// What of it the configuration restricts by name, without the copies of what it restricts elsewhere.
    restricted: BTreeSet<String>,
    conditions: BTreeMap<Operation, Arc<Condition>>,
}

impl Rule {
    /// The conditions of one operation. An amendment is a new document, and as such has to satisfy those of a create.
    fn terms(&self, operation: Operation) -> Terms {
        let condition = |operation| self.conditions.get(&operation).cloned();
        let own = match operation {
            Operation::Read => None,
            Operation::Amend => condition(Operation::Create),
            other => condition(other),
        };
        let written = [Operation::Create, Operation::Update].into_iter().filter(|_| operation == Operation::Submit);
        let written = written.filter_map(|operation| self.conditions.get(&operation));
        let is_worked_out = |part: &&Condition| part.fields().iter().any(|name| predict::is_worked_out(name));
        let worked_out = written.flat_map(|condition| condition.parts().iter().filter(is_worked_out));
        let worked_out = worked_out.map(|part| Arc::new(part.clone())).collect();
        Terms { own, scope: condition(Operation::Read), worked_out }
    }
}

/// What a configuration withholds, over all DocTypes.
struct Withheld {
    /// The fields that hold copies of restricted ones, by DocType.
    copies: BTreeMap<&'static str, BTreeSet<String>>,
    /// The names of restricted fields and of their copies: a field of the site's own that is fetched from one is a copy too.
    sources: Arc<BTreeSet<String>>,
    /// Whether anything at all may not be read.
    anything: bool,
}

impl Withheld {
    fn by(config: &Config) -> Self {
        let permissions = &config.permissions;
        let stated = |doctype: &str, field: &str| {
            let rule = permissions.doctypes.get(doctype);
            rule.is_some_and(|rule| rule.restricted_fields.iter().any(|name| stands_for(name, field)))
        };
        let restricted = permissions.doctypes.values().flat_map(|rule| rule.restricted_fields.iter().cloned());
        let mut sources: BTreeSet<String> = restricted.collect();
        let copies = if sources.is_empty() { BTreeMap::new() } else { copies::of(&stated) };
        sources.extend(copies.values().flatten().cloned());
        let withholds = |rule: &DoctypePermissions| {
            !rule.restricted_fields.is_empty()
                || rule.allowed_fields.is_some()
                || rule.conditions.contains_key(&Operation::Read)
                || !rule.operations.contains(Operation::Read)
        };
        let is_closed = config.tools.within.is_some() || !permissions.default.contains(Operation::Read);
        let anything = is_closed || permissions.doctypes.values().any(withholds);
        Self { copies, sources: Arc::new(sources), anything }
    }

    /// The fields that a rule leaves: without those that tell what is withheld elsewhere, unless the rule names them.
    fn fields(&self, doctype: &str, rule: &DoctypePermissions) -> FieldRule {
        // What is allowed by name is meant to be seen here.
        let meant =
            |copy: &&String| rule.allowed_fields.iter().flatten().chain(&rule.extra_fields).any(|name| name == *copy);
        let mut restricted = rule.restricted_fields.clone();
        restricted.extend(self.copies.get(doctype).into_iter().flatten().filter(|copy| !meant(copy)).cloned());
        let whole = WHOLE.iter().filter(|(on, _)| self.anything && *on == doctype);
        restricted.extend(whole.map(|(_, field)| (*field).to_owned()).filter(|field| !meant(&field)));
        FieldRule::new(rule.allowed_fields.as_deref(), &restricted).with(&rule.extra_fields).beside(&self.sources)
    }
}

impl Policy {
    /// The policy that a configuration states.
    pub fn from_config(config: &Config) -> Self {
        let permissions = &config.permissions;
        let withheld = Withheld::by(config);
        let left = |stated: Operations| match config.tools.read_only {
            true => stated.iter().filter(|operation| !operation.writes()).collect(),
            false => stated,
        };
        let rule = |doctype: &str, rule: &DoctypePermissions| {
            let is_within = is_within(config.tools.within.as_ref(), doctype);
            let operations = if is_within { left(rule.operations) } else { Operations::default() };
            let conditions =
                rule.conditions.iter().map(|(operation, condition)| (*operation, Arc::new(condition.clone())));
            Rule {
                operations,
                fields: Arc::new(readable_if(operations, withheld.fields(doctype, rule))),
                restricted: rule.restricted_fields.iter().cloned().collect(),
                conditions: conditions.collect(),
            }
        };
        let doctypes = permissions.doctypes.iter().map(|(name, stated)| (name.clone(), rule(name, stated)));
        let doctypes = doctypes.collect();
        let default = left(permissions.default);
        let copy = |(doctype, names): (&&'static str, &BTreeSet<String>)| {
            let names: Vec<String> = names.iter().cloned().collect();
            (*doctype, Arc::new(FieldRule::new(None, &names).beside(&withheld.sources)))
        };
        let open = FieldRule::default().beside(&withheld.sources);
        // Reports ignore conditions, and what they sum up does not show whose it is.
        let is_limited = permissions.doctypes.values().any(|rule| rule.conditions.contains_key(&Operation::Read));
        Self {
            fields: Arc::new(readable_if(default, open.clone())),
            open: Arc::new(open),
            reports: permissions.reports.iter().filter(|pattern| !is_limited || pattern.is_name()).cloned().collect(),
            methods: config.methods.clone(),
            copies: withheld.copies.iter().map(copy).collect(),
            confirm: permissions.confirm,
            confirm_argument: permissions.confirm_argument,
            exports: config.export.directory.is_some(),
            within: config.tools.within.clone().map(Arc::new),
            ..Self::new(doctypes, default)
        }
    }

    /// Everything is permitted: for programs that use this crate as their own client.
    pub fn full() -> Self {
        let all = Operation::ALL.iter().copied().collect();
        Self { reports: vec![Pattern::new("*")], confirm_argument: true, ..Self::new(BTreeMap::new(), all) }
    }

    fn new(doctypes: BTreeMap<String, Rule>, default: Operations) -> Self {
        let fields = Arc::new(readable_if(default, FieldRule::default()));
        let folded = doctypes.keys().map(|name| fold(name)).collect();
        Self { doctypes, folded, default, fields, ..Self::default() }
    }

    /// Leave to do the operation on documents of the DocType. DocTypes match by their exact name only.
    ///
    /// # Errors
    /// Why not.
    pub fn permit(&self, operation: Operation, doctype: &str) -> Result<Permit, Denial> {
        let denial = |reason| Denial { doctype: doctype.to_owned(), operation, reason };
        if let Some(why) = self.refusals.get(doctype).and_then(|refused| refused.get(&operation)) {
            return Err(denial(Reason::Refused(why.clone())));
        }
        let rule = self.rule(doctype).map_err(denial)?;
        let operations = rule.map_or(self.default, |rule| rule.operations);
        if !operations.contains(operation) {
            return Err(denial(Reason::NotPermitted(operations)));
        }
        let (fields, terms) = match rule {
            Some(rule) => (Arc::clone(&rule.fields), rule.terms(operation)),
            None => (self.fields_by_default(doctype), Terms::default()),
        };
        Ok(Permit::new(doctype, operation, fields, terms))
    }

    /// The DocType's own rule; none where the default holds.
    fn rule(&self, doctype: &str) -> Result<Option<&Rule>, Reason> {
        if !is_within(self.within.as_deref(), doctype) {
            return Err(Reason::NotConfigured);
        }
        if let Some(rule) = self.doctypes.get(doctype) {
            return Ok(Some(rule));
        }
        if let Some(right) = self.meant(doctype) {
            return Err(Reason::NotExact(right.to_owned()));
        }
        let is_open = !self.default.is_empty() && self.is_safe_beside_rules(doctype) && !self.is_withheld(doctype);
        if is_open { Ok(None) } else { Err(Reason::NotConfigured) }
    }

    /// The fields of a DocType that the configuration does not name.
    fn fields_by_default(&self, doctype: &str) -> Arc<FieldRule> {
        match self.copies.get(doctype) {
            Some(rule) if self.default.contains(Operation::Read) => Arc::clone(rule),
            Some(rule) => Arc::new(FieldRule::clone(rule).unreadable()),
            None => Arc::clone(&self.fields),
        }
    }

    /// Leave under the DocType's metadata, which tells more of one that no table knows than its name.
    ///
    /// # Errors
    /// That it is open only where it is named.
    pub fn admits(&self, permit: &Permit, def: &DocTypeDef) -> Result<(), Denial> {
        if def.is(doctype_flag::CUSTOM) || !self.is_closed(def.name, def.module) {
            return Ok(());
        }
        let (doctype, operation) = (def.name.to_owned(), permit.operation());
        Err(Denial { doctype, operation, reason: Reason::NotConfigured })
    }

    /// Switches an operation off from now on; `why` is told to whoever asks for it. For conditions that cannot be
    /// judged, such as one on a field that the site does not have: they fail closed.
    pub fn refuse(&mut self, doctype: &str, operation: Operation, why: impl Into<String>) {
        self.refusals.entry(doctype.to_owned()).or_default().insert(operation, why.into());
    }

    /// The same policy where it is known who asks and what day it is on the site, for [`Policy::validate_operation`].
    #[must_use]
    pub fn with_facts(self, facts: Facts) -> Self {
        Self { facts: Some(Arc::new(facts)), ..self }
    }

    /// What documents have to satisfy, by operation, in words.
    pub fn conditions(&self, doctype: &str) -> impl Iterator<Item = (Operation, String)> {
        let judge = Judge { facts: None, absent: Absent::IsEmpty, unknown: &[] };
        let stated = self.doctypes.get(doctype).map(|rule| rule.conditions.iter());
        stated.into_iter().flatten().map(move |(operation, condition)| (*operation, judge.words(condition)))
    }

    /// Whether the operation is done only once it was confirmed.
    pub fn confirms(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Delete | Operation::Cancel) || self.confirm.contains(operation)
    }

    /// Whether `confirm: true` among the arguments of a call is a confirmation.
    pub fn takes_confirm_argument(&self) -> bool {
        self.confirm_argument
    }

    /// The same policy for programs, whose calls are confirmations.
    #[must_use]
    pub fn for_programs(self) -> Self {
        Self { confirm_argument: true, ..self }
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

    /// Whether anything may be exported, and there is a place for it.
    pub fn opens_exports(&self) -> bool {
        self.exports && self.permits_somewhere(Operation::Export)
    }

    /// Whether any DocType permits the operation.
    pub fn permits_somewhere(&self, operation: Operation) -> bool {
        self.default.contains(operation) || self.doctypes.values().any(|rule| rule.operations.contains(operation))
    }

    /// Whether the operation is permitted on the DocType. Where none is, nobody looks for what else was meant.
    pub fn permits(&self, operation: Operation, doctype: &str) -> bool {
        (self.names(doctype) || !self.default.is_empty()) && self.permit(operation, doctype).is_ok()
    }

    /// What is permitted on the DocType; nothing where it is not available.
    pub fn operations(&self, doctype: &str) -> Operations {
        if !self.names(doctype) && self.default.is_empty() {
            return Operations::default();
        }
        let Ok(rule) = self.rule(doctype) else { return Operations::default() };
        let refused = self.refusals.get(doctype);
        let is_left = |operation: &Operation| refused.is_none_or(|refused| !refused.contains_key(operation));
        rule.map_or(self.default, |rule| rule.operations).iter().filter(is_left).collect()
    }

    /// The configured DocType that another name was probably meant to be, or that the site might take it for.
    fn meant(&self, doctype: &str) -> Option<&str> {
        let names = self.doctypes.keys().map(String::as_str);
        if self.default.is_empty() {
            return nearest(doctype, names);
        }
        // Where the other DocTypes are open, only what could be the same name to the site's database is held back.
        let same = fold(doctype);
        names.zip(&self.folded).find(|(_, folded)| **folded == same).map(|(name, _)| name)
    }

    /// The name of the DocType that the site's database takes this one for, by which its rule is found; what is not known stays
    /// as it is.
    pub fn exact_name<'a>(&'a self, doctype: &'a str) -> &'a str {
        if erpnext_doctypes::versioned(doctype).is_some() {
            return doctype;
        }
        let configured = || {
            let folded = collation::fold(doctype.trim());
            self.doctypes.keys().map(String::as_str).find(|name| collation::fold(name) == folded)
        };
        spelling::same(doctype).or_else(configured).unwrap_or(doctype)
    }

    /// Whether the DocType of an app is open only where it is named.
    fn is_closed(&self, doctype: &str, module: &str) -> bool {
        !self.names(doctype) && closed::is_closed(doctype, module, !self.doctypes.is_empty())
    }

    /// The same for a name, however it is spelt.
    fn is_withheld(&self, doctype: &str) -> bool {
        let alike = || spelling::alike(doctype).and_then(erpnext_doctypes::versioned);
        let table = erpnext_doctypes::versioned(doctype).or_else(alike);
        table.is_some_and(|table| !table.is(doctype_flag::CUSTOM) && self.is_closed(table.name(), table.module()))
    }

    /// The site's database ignores case, accents and characters that are not printed. Where rules stand on some
    /// DocTypes, a name that could slip by them that way is not open by default; it can be named.
    fn is_safe_beside_rules(&self, doctype: &str) -> bool {
        self.doctypes.is_empty() || doctype.bytes().all(|byte| matches!(byte, b' '..=b'~'))
    }
}

/// Whether the DocType's module is among the toolsets that are left; what no table knows is not.
fn is_within(left: Option<&BTreeSet<String>>, doctype: &str) -> bool {
    let module = || erpnext_doctypes::versioned(doctype).map(|table| toolset(table.module()));
    left.is_none_or(|left| module().is_some_and(|module| left.contains(&module)))
}

/// A caller that may write and not read sees no more of the answer than what the write needs.
fn readable_if(operations: Operations, fields: FieldRule) -> FieldRule {
    if operations.contains(Operation::Read) { fields } else { fields.unreadable() }
}
