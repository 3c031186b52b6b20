//! Operations that a rule opens: those that documents of the kind do not have, and those that lead beyond every rule.

use erpnext_schema::{DocTypeDef, doctype_flag};

use super::{Finding, Tables};
use crate::config::{Config, DoctypePermissions};
use crate::policy::Operation;

/// Why documents of this kind do not have the operation; none where they have it.
pub fn why_void(def: &DocTypeDef, operation: Operation) -> Option<&'static str> {
    use Operation::{Amend, Cancel, Create, Delete, Export, Submit};
    match operation {
        _ if def.is(doctype_flag::CHILD) => Some("it is a child table"),
        Create | Delete | Submit | Cancel | Amend | Export if def.is(doctype_flag::SINGLE) => {
            Some("there is exactly one")
        }
        Submit | Cancel | Amend if !def.is(doctype_flag::SUBMITTABLE) => Some("it is not submittable"),
        _ => None,
    }
}

/// Operations that documents of this kind do not have.
pub(super) fn void(config: &Config, tables: &Tables<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (doctype, rule) in &config.permissions.doctypes {
        let Some(def) = (tables.lookup)(doctype) else { continue };
        let place = format!("permissions.doctypes.{doctype}");
        if def.is(doctype_flag::CHILD) && !rule.operations.is_empty() {
            let what = format!("{place}: is a child table; it is read and written with its parent documents");
            let fix = "remove it, and name its columns in the rule of the parent, such as items.rate";
            findings.push(Finding::warning(what, fix));
            continue;
        }
        let has_no_place = |operation: Operation| operation == Operation::Export && config.export.directory.is_none();
        let why = |operation: Operation| {
            let no_place = has_no_place(operation).then_some("export.directory names no place for files");
            why_void(def, operation).or(no_place)
        };
        for (operation, why) in rule.operations.iter().filter_map(|operation| Some((operation, why(operation)?))) {
            findings.push(Finding::warning(format!("{place}.{operation}: has no effect: {why}"), "remove it"));
        }
    }
    findings
}

/// What gives rights, or code to the site, to whoever writes it.
const POWERS: [&str; 9] = [
    "Client Script",
    "Custom DocPerm",
    "Custom Field",
    "DocType",
    "Property Setter",
    "Role",
    "Server Script",
    "User",
    "User Permission",
];

/// Rules by which a model may write that.
pub(super) fn powerful(config: &Config) -> Vec<Finding> {
    let writes = |rule: &DoctypePermissions| {
        [Operation::Create, Operation::Update].iter().any(|operation| rule.operations.contains(*operation))
    };
    let named = POWERS.into_iter().filter(|doctype| config.permissions.doctypes.get(*doctype).is_some_and(writes));
    let found = named.map(|doctype| {
        let what = format!(
            "permissions.doctypes.{doctype}: a model that writes it gives rights or code to the site, as far as the \
             key's user may"
        );
        Finding::warning(what, "take create and update out, unless just that is the work")
    });
    found.collect()
}
