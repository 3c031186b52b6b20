//! What is wrong, or probably not meant, in a configuration that can be read: against the snapshot, or against the tables
//! of a site. Pure: whoever asks brings the tables.

mod operations;
mod reports;

pub use operations::why_void;
pub use reports::meant_reports;

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::known_copies::NAMED;
use erpnext_schema::{DocTypeDef, FieldDef, Version, copies, doctype_flag};

use crate::config::{Config, ConfigLocation, DoctypePermissions, Gives, LIST_FILTER, UnknownName};
use crate::policy::{FieldRef, FieldRule, Operation, Policy, stands_for};

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
    findings.extend(operations::void(config, tables));
    findings.extend(operations::powerful(config));
    findings.extend(copies(config, tables));
    findings.extend(names(config, tables));
    findings.extend(reports::beside_withheld_fields(config));
    findings.extend(reports::beside_conditions(config));
    findings.extend(published(config));
    if config.permissions.doctypes.is_empty() && config.permissions.default.is_empty() {
        let what = "permissions: nothing is permitted, so there are no tools for documents";
        findings
            .push(Finding::warning(what, "name DocTypes under permissions.doctypes, or start with `erpnext-mcp init`"));
    }
    findings
}

/// Lists that are published, of what may not be read.
fn published(config: &Config) -> Vec<Finding> {
    let policy = Policy::from_config(config);
    let mut findings = Vec::new();
    for (name, stated) in &config.publish {
        let Gives::List { doctype, .. } = &stated.gives else { continue };
        let closed =
            [doctype.as_str(), LIST_FILTER].into_iter().filter(|doctype| !policy.permits(Operation::Read, doctype));
        findings.extend(closed.map(|closed| {
            Finding::error(
                format!("publish.{name}: reading {closed} is not permitted, so the tool is not there"),
                format!("permit it, permissions.doctypes: {{{closed:?}: {{\"read\": true}}}}, or take the tool out"),
            )
        }));
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
            let conditional = matches!(name.place, ConfigLocation::Condition(_));
            if let Some(version) = version_of(&name).filter(|_| !conditional) {
                let what = format!("{what} (ERPNext {version} has it, this site has not)");
                return Finding::warning(what, "take it out, unless the configuration serves other sites too");
            }
            let fix = match name.place {
                ConfigLocation::DocType => "correct the name, or give the site's user the right to read it",
                ConfigLocation::AllowedFields | ConfigLocation::ExtraFields => "correct the name: it grants nothing",
                ConfigLocation::RestrictedFields => "correct the name: it withholds nothing",
                ConfigLocation::Condition(_) => "correct the name: until then the operation is refused",
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

/// Fields that are withheld on one DocType and can be read as a copy on another; and what ERPNext's code copies from a
/// DocType that may not be read at all.
fn copies(config: &Config, tables: &Tables<'_>) -> Vec<Finding> {
    let policy = Policy::from_config(config);
    let named = policy.doctypes().map(|(name, _)| name);
    let unnamed = erpnext_doctypes::ALL.iter().map(|table| table.name());
    let unnamed = unnamed.filter(|name| !config.permissions.doctypes.contains_key(*name));
    let mut found: BTreeMap<(&str, String), Vec<(&str, String)>> = BTreeMap::new();
    for on in named.chain(unnamed) {
        let (Ok(permit), Some(def)) = (policy.permit(Operation::Read, on), (tables.lookup)(on)) else { continue };
        if def.is(doctype_flag::CHILD) {
            continue;
        }
        let copies = copies::on(def, tables.lookup);
        let reads = |doctype: &str| policy.permits(Operation::Read, doctype);
        // Where one of the documents that a field is filled from may be read, what is meant to be seen is seen.
        let shown: BTreeSet<&str> =
            copies.iter().filter(|copy| copy.filled && reads(copy.of)).map(|copy| copy.path.as_str()).collect();
        for copy in copies.iter().filter(|copy| copy.of != on) {
            let rule = config.permissions.doctypes.get(copy.of);
            let is_open = match reads(copy.of) {
                true => rule.is_some_and(|rule| withholds(rule, &copy.source)),
                false => copy.known && rule.is_some() || copy.filled && !shown.contains(copy.path.as_str()),
            };
            if is_open && is_seen(permit.fields(), def, &copy.path, tables) {
                let source = if reads(copy.of) { copy.source.clone() } else { String::new() };
                let at = found.entry((copy.of, source)).or_default();
                if !at.contains(&(on, copy.path.clone())) {
                    at.push((on, copy.path.clone()));
                }
            }
        }
    }
    let finding =
        |what| Finding::warning(what, "add the copies to restricted_fields of their DocTypes, unless they may be seen");
    let (mut findings, mut left_out) = (Vec::new(), BTreeMap::<&str, Vec<String>>::new());
    for ((of, field), at) in found {
        let listed: Vec<String> = at.iter().map(|(on, path)| format!("{on}.{path}")).collect();
        let listed = listed.join(", ");
        if field.is_empty() {
            findings.push(finding(format!(
                "{of} may not be read, and ERPNext copies from it what can be read as: {listed}"
            )));
        } else if config.permissions.doctypes.get(of).is_some_and(|rule| restricts(rule, &field)) {
            findings.push(finding(format!("{of}.{field} is restricted, and can be read as a copy: {listed}")));
        } else {
            left_out.entry(of).or_default().push(format!("{field} as {listed}"));
        }
    }
    // A short list leaves out many: that they are is one thing to know.
    findings.extend(left_out.into_iter().map(|(of, fields)| {
        finding(format!("{of}: what is not among the allowed fields can be read as copies: {}", fields.join("; ")))
    }));
    findings
}

/// Restricted fields that documents are named by: their names are shown, and stand in every link.
fn names(config: &Config, tables: &Tables<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (doctype, rule) in config.permissions.doctypes.iter().filter(|(_, rule)| !rule.operations.is_empty()) {
        let naming = (tables.lookup)(doctype).and_then(|def| def.autoname).unwrap_or_default();
        let by_code = NAMED.iter().find(|(named, _)| named == doctype).map_or(&[][..], |(_, fields)| *fields);
        let is_in = |field: &&String| {
            naming.strip_prefix("field:") == Some(field)
                || naming.contains(&format!("{{{field}}}"))
                || by_code.contains(&field.as_str())
        };
        findings.extend(rule.restricted_fields.iter().filter(is_in).map(|field| {
            Finding::warning(
                format!("permissions.doctypes.{doctype}.restricted_fields: {field}: names of {doctype} are made of it, and are shown"),
                "name the documents otherwise on the site, or take it for known",
            )
        }));
    }
    findings
}

/// Whether the rule shows the field, or the column of a table.
fn is_seen(rule: &FieldRule, def: &DocTypeDef, path: &str, tables: &Tables<'_>) -> bool {
    let Some((table, column)) = path.split_once('.') else { return rule.may_read(FieldRef::find(Some(def), path)) };
    let child = def.field(table).and_then(FieldDef::target).and_then(tables.lookup);
    rule.may_read_child(FieldRef::find(Some(def), table), FieldRef::find(child, column))
}

fn restricts(rule: &DoctypePermissions, field: &str) -> bool {
    rule.restricted_fields.iter().any(|name| stands_for(name, field))
}

/// Whether the rule's lists withhold the field, whatever else does.
fn withholds(rule: &DoctypePermissions, field: &str) -> bool {
    let always = matches!(field, "name" | "doctype" | "docstatus" | "modified");
    let listed = |names: &Vec<String>| names.iter().any(|name| stands_for(name, field));
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
        let copy = "Customer: what is not among the allowed fields can be read as copies: tax_id as Sales Order.tax_id";
        assert_eq!(lines, [copy]);
        let more = json!({
            "Customer": {"read": true, "allowed_fields": ["customer_name"]},
            "Sales Order": {"read": true, "allowed_fields": ["tax_id", "language"]},
        });
        let told = found(&more, false);
        let both = "language as Sales Order.language; tax_id as Sales Order.tax_id";
        assert!(told.len() == 1 && told[0].ends_with(both), "{told:?}");
        // What is restricted by name is withheld wherever it is copied.
        let orders =
            json!({"Customer": {"read": true, "restricted_fields": ["tax_id"]}, "Sales Order": {"read": true}});
        assert_eq!(found(&orders, false), Vec::<String>::new());
    }

    #[test]
    fn what_the_code_of_erpnext_copies_from_a_doctype_that_may_not_be_read_is_named_with_what_closes_it() {
        let lines = found(&json!({"Opportunity": {"read": true}}), false);
        let lead = lines.iter().find(|line| line.starts_with("Lead may not be read")).unwrap();
        for field in ["contact_mobile", "contact_email", "annual_revenue", "city"] {
            assert!(lead.contains(&format!("Opportunity.{field}")), "{lead}");
        }
        let restricted = lead.split("read as: ").nth(1).unwrap().replace("Opportunity.", "");
        let restricted: Vec<&str> = restricted.split(", ").collect();
        let closed = found(&json!({"Opportunity": {"read": true, "restricted_fields": restricted}}), false);
        assert!(!closed.iter().any(|line| line.starts_with("Lead")), "{closed:?}");
        let both = found(&json!({"Opportunity": {"read": true}, "Lead": {"read": true}}), false);
        assert!(!both.iter().any(|line| line.starts_with("Lead")), "{both:?}");
        // Whom a quotation is for is a customer or a lead.
        let quoted = found(&json!({"Quotation": {"read": true}, "Customer": {"read": true}}), false);
        assert!(!quoted.iter().any(|line| line.starts_with("Lead")), "{quoted:?}");
        let contact = found(&json!({"Contact": {"read": true}}), false);
        let lead = contact.iter().find(|line| line.starts_with("Lead may not be read")).unwrap();
        assert!(lead.contains("Contact.mobile_no") && lead.contains("Contact.designation"), "{lead}");
    }

    #[test]
    fn restricted_fields_that_names_are_made_of_are_named() {
        let lines = found(&json!({"Item": {"read": true, "restricted_fields": ["item_code", "brand"]}}), false);
        let line = "item_code: names of Item are made of it, and are shown";
        assert!(lines.len() == 1 && lines[0].contains(line), "{lines:?}");
        // No rule of naming tells these two.
        let rule = |field: &str| json!({"read": true, "restricted_fields": [field, "phone"]});
        let lines = found(&json!({"Contact": rule("last_name"), "Address": rule("address_title")}), false);
        let named = lines.iter().filter(|line| line.contains("names of")).collect::<Vec<_>>();
        assert_eq!(named.len(), 2, "{lines:?}");
        assert!(named[0].contains("address_title: names of Address"), "{lines:?}");
        assert!(named[1].contains("last_name: names of Contact are made of it"), "{lines:?}");
    }

    #[test]
    fn operations_that_a_doctype_does_not_have_are_named() {
        let rule = json!({"Customer": {"submit": true}, "Sales Order Item": {"read": true}, "Stock Settings": {"delete": true}, "ToDo": {"export": true}});
        let lines = found(&rule, false);
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(lines[3].ends_with("export: has no effect: export.directory names no place for files"), "{lines:?}");
        assert!(lines[0].ends_with("submit: has no effect: it is not submittable"), "{lines:?}");
    }

    #[test]
    fn what_gives_rights_or_code_to_the_site_is_named_where_a_model_may_write_it() {
        let rules = json!({"User": {"read": true}, "Server Script": {"create": true}, "ToDo": {"create": true}});
        let lines = found(&rules, false);
        let named: Vec<_> = lines.iter().filter(|line| line.contains(": a model that writes it")).collect();
        assert!(named.len() == 1 && named[0].starts_with("permissions.doctypes.Server Script: "), "{lines:?}");
    }

    #[test]
    fn an_empty_policy_is_said_to_be_one() {
        assert!(found(&json!({}), false)[0].contains("nothing is permitted"));
    }
}
