//! What is wrong, or probably not meant, in a configuration that can be read: against the snapshot, or against the tables
//! of a site. Pure: whoever asks brings the tables.

use std::collections::BTreeMap;

use erpnext_schema::{DocTypeDef, FieldDef, Version, doctype_flag};

use crate::config::{Config, DoctypePermissions, Place, UnknownName};
use crate::policy::{FieldRule, Operation, Policy};

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// As it should be.
    Ok,
    /// Probably not meant.
    Warning,
    /// It does not do what it says.
    Error,
}

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// How it is.
    pub level: Level,
    /// What was found, in one line.
    pub what: String,
    /// What mends it.
    pub fix: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn ok(what: impl Into<String>) -> Self {
        Self { level: Level::Ok, what: what.into(), fix: None }
    }

    /// Probably not meant.
    pub fn warning(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { level: Level::Warning, what: what.into(), fix: Some(fix.into()) }
    }

    /// It does not do what it says.
    pub fn error(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { level: Level::Error, what: what.into(), fix: Some(fix.into()) }
    }
}

/// The tables that a configuration is held against.
pub struct Tables<'a> {
    /// The table of a DocType.
    pub lookup: &'a dyn Fn(&str) -> Option<&'static DocTypeDef>,
    /// Whether they are the site's, so that what is not in them is not there.
    pub live: bool,
}

/// Everything that is wrong or probably not meant; empty where nothing is.
pub fn check(config: &Config, tables: &Tables<'_>) -> Vec<Finding> {
    let mut findings = unknown_names(config, tables);
    findings.extend(void_operations(config, tables));
    findings.extend(copies(config, tables));
    if config.permissions.doctypes.is_empty() && config.permissions.default.is_empty() {
        let what = "permissions: nothing is permitted, so there are no tools for documents";
        findings
            .push(Finding::warning(what, "name DocTypes under permissions.doctypes, or start with `erpnext-mcp init`"));
    }
    findings
}

fn unknown_names(config: &Config, tables: &Tables<'_>) -> Vec<Finding> {
    let known: Vec<&str> = erpnext_doctypes::ALL.iter().map(|table| table.name()).collect();
    let unknown = config.unknown_names(tables.lookup, &known);
    unknown
        .into_iter()
        .map(|name| {
            let what = name.to_string();
            if !tables.live {
                return Finding::warning(
                    format!("{what} (not in the snapshot)"),
                    "correct it; if it is the site's own, `erpnext-mcp check --live` looks there",
                );
            }
            let conditional = matches!(name.place, Place::Condition(_));
            if let Some(version) = version_of(&name).filter(|_| !conditional) {
                let what = format!("{what} (ERPNext {version} has it, this site has not)");
                return Finding::warning(what, "take it out, unless the configuration serves other sites too");
            }
            let fix = match name.place {
                Place::DocType => "correct the name, or give the site's user the right to read it",
                Place::AllowedFields => "correct the name: it grants nothing",
                Place::RestrictedFields => "correct the name: it withholds nothing",
                Place::Condition(_) => "correct the name: until then the operation is refused",
            };
            Finding::error(what, fix)
        })
        .collect()
}

/// The version whose stock has the name, if one has.
fn version_of(name: &UnknownName) -> Option<Version> {
    let has = |version: &&Version| {
        let Some(def) = erpnext_doctypes::get(**version, &name.doctype) else { return false };
        let Some(field) = &name.field else { return true };
        let Some((table, column)) = field.split_once('.') else { return def.field(field).is_some() };
        let child = def.field(table).and_then(FieldDef::target);
        child
            .and_then(|child| erpnext_doctypes::get(**version, child))
            .is_some_and(|child| child.field(column).is_some())
    };
    Version::ALL.iter().find(has).copied()
}

/// Operations that documents of this kind do not have.
fn void_operations(config: &Config, tables: &Tables<'_>) -> Vec<Finding> {
    use Operation::{Amend, Cancel, Create, Delete, Submit};
    let mut findings = Vec::new();
    for (doctype, rule) in &config.permissions.doctypes {
        let Some(def) = (tables.lookup)(doctype) else { continue };
        let place = format!("permissions.doctypes.{doctype}");
        if def.is(doctype_flag::CHILD) && !rule.operations.is_empty() {
            let what = format!("{place}: is a child table; it is read and written with its parent documents");
            findings.push(Finding::warning(
                what,
                "remove it, and name its columns in the rule of the parent, such as \
                                              items.rate",
            ));
            continue;
        }
        let void = rule.operations.iter().filter(|operation| match operation {
            Submit | Cancel | Amend => !def.is(doctype_flag::SUBMITTABLE),
            Create | Delete => def.is(doctype_flag::SINGLE),
            _ => false,
        });
        for operation in void {
            let kind = if def.is(doctype_flag::SINGLE) { "there is exactly one" } else { "it is not submittable" };
            findings.push(Finding::warning(format!("{place}.{operation}: has no effect: {kind}"), "remove it"));
        }
    }
    findings
}

/// Fields that are withheld on one DocType and can be read as a copy on another.
fn copies(config: &Config, tables: &Tables<'_>) -> Vec<Finding> {
    let policy = Policy::from_config(config);
    let named = policy.doctypes().map(|(name, _)| name);
    let unnamed = erpnext_doctypes::ALL.iter().map(|table| table.name());
    let unnamed = unnamed.filter(|name| !config.permissions.doctypes.contains_key(*name));
    let mut found: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for on in named.chain(unnamed) {
        let (Ok(permit), Some(def)) = (policy.permit(Operation::Read, on), (tables.lookup)(on)) else { continue };
        if def.is(doctype_flag::CHILD) {
            continue;
        }
        for copy in readable_copies(permit.fields(), def, tables) {
            let Some(rule) = config.permissions.doctypes.get(copy.of) else { continue };
            if withholds(rule, copy.field) {
                found.entry((copy.of, copy.field)).or_default().push(format!("{on}.{}", copy.path));
            }
        }
    }
    let finding = |((of, field), at): (_, Vec<String>)| {
        let by = if config.permissions.doctypes.get(of).is_some_and(|rule| restricts(rule, field)) {
            "restricted"
        } else {
            "not among the allowed fields"
        };
        let what = format!("{of}.{field} is {by}, and can be read as a copy: {}", at.join(", "));
        Finding::warning(what, "add the copies to restricted_fields of their DocTypes, unless they may be seen")
    };
    found.into_iter().map(finding).collect()
}

struct Copy<'a> {
    /// The DocType that the value comes from.
    of: &'a str,
    /// The field there.
    field: &'a str,
    /// `field` or `table.field`.
    path: String,
}

fn readable_copies(rule: &FieldRule, def: &'static DocTypeDef, tables: &Tables<'_>) -> Vec<Copy<'static>> {
    let mut found: Vec<Copy<'static>> = Vec::new();
    for field in def.fields.iter().filter(|field| rule.may_read(*field)) {
        found.extend(source(field, def).map(|(of, from)| Copy { of, field: from, path: field.fieldname.to_owned() }));
        let Some(child) = field.target().filter(|_| field.kind.is_table()).and_then(tables.lookup) else { continue };
        for column in child.fields.iter().filter(|column| rule.may_read_child(field, *column)) {
            let path = format!("{}.{}", field.fieldname, column.fieldname);
            found.extend(source(column, child).map(|(of, from)| Copy { of, field: from, path }));
        }
    }
    found
}

/// Where a field's value is fetched from: the DocType that its `link.field` leads to, and the field there.
fn source(field: &FieldDef, def: &DocTypeDef) -> Option<(&'static str, &'static str)> {
    let (link, from) = field.fetch_from?.split_once('.')?;
    Some((def.field(link)?.target()?, from))
}

fn restricts(rule: &DoctypePermissions, field: &str) -> bool {
    rule.restricted_fields.iter().any(|name| name == field)
}

/// Whether the rule's lists withhold the field, whatever else does.
fn withholds(rule: &DoctypePermissions, field: &str) -> bool {
    let always = matches!(field, "name" | "doctype" | "docstatus" | "modified");
    let listed = |names: &Vec<String>| names.iter().any(|name| name == field);
    !always && (restricts(rule, field) || rule.allowed_fields.as_ref().is_some_and(|names| !listed(names)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::{Level, Tables, check};
    use crate::config::Config;

    fn found(doctypes: &Value, live: bool) -> Vec<String> {
        let erpnext = json!({"url": "https://erp.example.com", "api_key": "k", "api_secret": "s"});
        let file = json!({"erpnext": erpnext, "permissions": {"doctypes": doctypes}});
        let config = Config::from_text(&file.to_string()).unwrap();
        let tables = Tables { lookup: &erpnext_doctypes::any, live };
        let findings = check(&config, &tables);
        assert!(findings.iter().all(|finding| finding.level > Level::Ok && finding.fix.is_some()));
        findings.into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn names_that_nobody_knows_are_doubted_in_the_snapshot_and_wrong_on_the_site() {
        let rule = json!({"Custmer": {"read": true}, "Item": {"read": true, "restricted_fields": ["valuation_rat"]}});
        let doubted = [
            "permissions.doctypes.Custmer: no such DocType; did you mean Customer? (not in the snapshot)",
            "permissions.doctypes.Item.restricted_fields: no field valuation_rat; did you mean valuation_rate? (not in the snapshot)",
        ];
        assert_eq!(found(&rule, false), doubted);
        assert_eq!(found(&rule, true), doubted.map(|line| line.replace(" (not in the snapshot)", "")));
    }

    #[test]
    fn a_field_that_is_not_allowed_and_that_another_doctype_copies_is_named_with_its_copies() {
        let orders = json!({
            "Customer": {"read": true, "allowed_fields": ["customer_name"]},
            "Sales Order": {"read": true, "allowed_fields": ["tax_id"]},
        });
        let lines = found(&orders, false);
        let copy = "Customer.tax_id is not among the allowed fields, and can be read as a copy: Sales Order.tax_id";
        assert_eq!(lines, [copy]);
        // What is restricted by name is withheld wherever it is copied.
        let orders =
            json!({"Customer": {"read": true, "restricted_fields": ["tax_id"]}, "Sales Order": {"read": true}});
        assert_eq!(found(&orders, false), Vec::<String>::new());
    }

    #[test]
    fn operations_that_a_doctype_does_not_have_are_named() {
        let rule = json!({"Customer": {"submit": true}, "Sales Order Item": {"read": true}, "Stock Settings": {"delete": true}});
        let lines = found(&rule, false);
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].ends_with("submit: has no effect: it is not submittable"), "{lines:?}");
    }

    #[test]
    fn an_empty_policy_is_said_to_be_one() {
        assert!(found(&json!({}), false)[0].contains("nothing is permitted"));
    }
}
